// Package parameterstore reads a secret from a parameter of type SecureString in AWS Systems
// Manager Parameter Store. A [Parameter] is a secrets.Source with the same time limit, attempts and
// errors as secrets.SecretsManager.
//
//	src := parameterstore.Parameter{
//		API:  parameterstore.NewClient(cfg),
//		Name: "/accounts/momento",
//	}
//	token, err := secrets.Load(ctx, src, "")
//
// The caller must have the permission ssm:GetParameter, and kms:Decrypt if the KMS key is
// customer-managed.
package parameterstore

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/warmclient/warmclient/internal/awscall"
	"github.com/warmclient/warmclient/secrets"
)

// API is the call that [Parameter] makes. *ssm.Client implements it. If an implementation also has
// the Options method of that client, the region of the client is checked against the parameter's
// ARN.
type API interface {
	GetParameter(ctx context.Context, in *ssm.GetParameterInput, opts ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

var _ API = (*ssm.Client)(nil)

// NewClient returns a client for calls that take at most one second, with the settings of
// secrets.NewClient: it connects within 500ms, makes up to three attempts with pauses of at most
// 100ms between them, and keeps no idle connection. The options are applied last.
//
// NewClient does no I/O and reads no environment.
func NewClient(cfg aws.Config, opts ...func(*ssm.Options)) *ssm.Client {
	limits := func(o *ssm.Options) {
		o.HTTPClient = awscall.HTTPClient(o.HTTPClient)
		o.Retryer = awscall.Retryer()
		// After all options have run, the client limits the retryer to this number.
		o.RetryMaxAttempts = 0
	}
	return ssm.NewFromConfig(cfg, append([]func(*ssm.Options){limits}, opts...)...)
}

// Parameter reads a secret from Parameter Store. A fetch is one GetParameter call, with decryption,
// and its retries. Parameter is safe for concurrent use by multiple goroutines.
type Parameter struct {
	// API makes the call; see [NewClient]. It is required.
	API API
	// Name is the parameter's name or ARN, optionally followed by :version or :label. The default
	// is the latest version. Name is required. For an ARN in another region than the client's,
	// Fetch returns ErrNotFound without a call.
	Name string
	// Timeout limits a whole fetch: credentials, connecting, every attempt, the pauses between
	// them, and reading the answer. An earlier deadline of the caller also applies. The default is
	// 1s.
	Timeout time.Duration
}

var _ secrets.Source = Parameter{}

var (
	errNoAPI       = errors.New("Parameter.API is not set")
	errNoName      = errors.New("no Name is set")
	errNoParameter = errors.New("the answer holds no parameter")
)

// Fetch reads the parameter. Its errors are *secrets.Error, with the same kinds, causes and texts
// as those of secrets.SecretsManager. The SDK logs nothing during the call.
func (p Parameter) Fetch(ctx context.Context) (secrets.Document, error) {
	region, err := p.check()
	if err != nil {
		return secrets.Document{}, err
	}
	out, failure := awscall.Do(ctx, p.Timeout, "ssm:GetParameter",
		func(ctx context.Context, w *awscall.Watch) (*ssm.GetParameterOutput, error) {
			in := &ssm.GetParameterInput{Name: &p.Name, WithDecryption: aws.Bool(true)}
			return p.API.GetParameter(ctx, in, func(o *ssm.Options) {
				w.Attach(&o.Logger, &o.ClientLogMode, &o.APIOptions)
			})
		})
	if failure != nil {
		return secrets.Document{}, p.fail(region, failure.Kind, failure.Cause)
	}
	if out.Parameter == nil || out.Parameter.Value == nil {
		return secrets.Document{}, p.fail(region, secrets.ErrUnavailable, errNoParameter)
	}
	return secrets.NewDocument(p.Name, *out.Parameter.Value), nil
}

// check returns an error if p cannot be fetched, and the region to name in errors.
func (p Parameter) check() (region string, err error) {
	var ofClient string
	if client, ok := p.API.(interface{ Options() ssm.Options }); ok {
		ofClient = client.Options().Region
	}
	region, err = awscall.Region(p.Name, ofClient)
	switch {
	case p.API == nil:
		return region, p.fail(region, nil, errNoAPI)
	case p.Name == "":
		return region, p.fail(region, secrets.ErrNotFound, errNoName)
	case err != nil:
		return region, p.fail(region, secrets.ErrNotFound, err)
	}
	return region, nil
}

func (p Parameter) fail(region string, kind, cause error) error {
	return &secrets.Error{Op: "fetch", Secret: p.Name, Region: region, Kind: kind, Err: cause}
}

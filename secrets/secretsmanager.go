package secrets

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/warmclient/warmclient/internal/awscall"
)

// API is the call that [SecretsManager] makes. *secretsmanager.Client implements it. If an
// implementation also has the Options method of that client, the region of the client is checked
// against the secret's ARN.
type API interface {
	GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput,
		opts ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

var _ API = (*secretsmanager.Client)(nil)

// NewClient returns a client for calls that take at most one second: it connects within 500ms and
// makes up to three attempts with pauses of at most 100ms between them. There is no retry quota. A
// single attempt has no limit, so that a slow answer is still used; [SecretsManager] limits the
// whole call.
//
// The client keeps no idle connection. It is used once per process or rotation, and an idle
// connection may be dead after a freeze. In addition, net/http writes data that arrives on an idle
// connection to the standard log.
//
// The retry settings of cfg (Retryer, RetryMode, RetryMaxAttempts) and its DefaultsMode do not
// apply. If cfg.HTTPClient is the SDK's BuildableClient or comes from awsconfig.Tune, the client
// keeps its settings except the limit of an attempt; any other HTTP client is used unchanged. The
// options are applied last.
//
// NewClient does no I/O and reads no environment.
func NewClient(cfg aws.Config, opts ...func(*secretsmanager.Options)) *secretsmanager.Client {
	limits := func(o *secretsmanager.Options) {
		o.HTTPClient = awscall.HTTPClient(o.HTTPClient)
		o.Retryer = awscall.Retryer()
		// After all options have run, the client limits the retryer to this number.
		o.RetryMaxAttempts = 0
	}
	return secretsmanager.NewFromConfig(cfg, append([]func(*secretsmanager.Options){limits}, opts...)...)
}

// SecretsManager reads a secret from AWS Secrets Manager. A fetch is one GetSecretValue call and
// its retries. It does not call DescribeSecret.
type SecretsManager struct {
	// API makes the call; see [NewClient]. It is required.
	API API
	// ID is the secret's name or ARN. It is required. For an ARN in another region than the
	// client's, Fetch returns ErrNotFound without a call.
	ID string
	// VersionStage is the staging label to read. The default is AWSCURRENT.
	VersionStage string
	// VersionID is the version to read. The default is the version with the label VersionStage.
	VersionID string
	// Timeout limits a whole fetch: credentials, connecting, every attempt, the pauses between
	// them, and reading the answer. An earlier deadline of the caller also applies. The default is
	// 1s.
	Timeout time.Duration
}

const permission = "secretsmanager:GetSecretValue"

var (
	errNoAPI = errors.New("SecretsManager.API is not set")
	errNoID  = errors.New("no ID is set")
)

// Fetch reads the secret. Its errors are *[Error]. They wrap the SDK's errors. A timeout also wraps
// the error of the last attempt. The text of a timeout says which host did not answer, and whether
// the fetch waited for credentials, for the connection or for the answer.
//
// Kinds: ErrNotFound, ErrAccessDenied, ErrDecrypt, ErrInvalidState, ErrThrottled, ErrUnavailable,
// ErrTimeout, or [context.Canceled] if ctx was canceled; nil for other errors of the API.
//
// Fetch disables the client's Logger and ClientLogMode for the call, because the SDK's log quotes
// answers.
func (s SecretsManager) Fetch(ctx context.Context) (Document, error) {
	region, err := s.check()
	if err != nil {
		return Document{}, err
	}
	out, failure := awscall.Do(ctx, s.Timeout, permission,
		func(ctx context.Context, w *awscall.Watch) (*secretsmanager.GetSecretValueOutput, error) {
			return s.API.GetSecretValue(ctx, s.input(), func(o *secretsmanager.Options) {
				w.Attach(&o.Logger, &o.ClientLogMode, &o.APIOptions)
			})
		})
	if failure != nil {
		return Document{}, s.fail(region, failure.Kind, failure.Cause)
	}
	return newDocument(s.ID, aws.ToString(out.VersionId), region, newContent(out.SecretString, out.SecretBinary)), nil
}

func (s SecretsManager) input() *secretsmanager.GetSecretValueInput {
	in := &secretsmanager.GetSecretValueInput{SecretId: &s.ID}
	if s.VersionStage != "" {
		in.VersionStage = &s.VersionStage
	}
	if s.VersionID != "" {
		in.VersionId = &s.VersionID
	}
	return in
}

// newContent returns the content of an answer, which has a text, binary data or neither.
func newContent(text *string, binary []byte) content {
	switch {
	case text != nil:
		return content{text: *text}
	case binary != nil:
		return content{binary: true, bytes: binary}
	default:
		return content{}
	}
}

// check returns an error if s cannot be fetched, and the region to name in errors.
func (s SecretsManager) check() (region string, err error) {
	var ofClient string
	if client, ok := s.API.(interface{ Options() secretsmanager.Options }); ok {
		ofClient = client.Options().Region
	}
	region, err = awscall.Region(s.ID, ofClient)
	switch {
	case s.API == nil:
		return region, s.fail(region, nil, errNoAPI)
	case s.ID == "":
		return region, s.fail(region, ErrNotFound, errNoID)
	case err != nil:
		return region, s.fail(region, ErrNotFound, err)
	}
	return region, nil
}

func (s SecretsManager) fail(region string, kind, cause error) error {
	return &Error{Op: opFetch, Secret: s.ID, Region: region, Kind: kind, Err: cause}
}

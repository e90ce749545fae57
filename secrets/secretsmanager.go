package secrets

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// SecretsManager reads a secret from AWS Secrets Manager, with one
// GetSecretValue for each fetch (and its retries), never DescribeSecret.
type SecretsManager struct {
	// API makes the call; see [NewClient]. Required.
	API API
	// ID is the secret's name or ARN. Required. An ARN of another region than
	// the client's is ErrNotFound before any call.
	ID string
	// VersionStage is the staging label to read; "": AWSCURRENT.
	VersionStage string
	// VersionID is the version to read; "": the one that has VersionStage.
	VersionID string
	// Timeout bounds a whole fetch: credentials, connecting, every attempt, the
	// pauses between them, and reading the answer. The caller's deadline holds
	// too if it is earlier. 0 or less: 1s.
	Timeout time.Duration
}

var (
	errNoAPI     = errors.New("SecretsManager.API is not set")
	errNoID      = errors.New("no ID is set")
	errNilOutput = errors.New("the API returned neither an output nor an error")
)

// Fetch reads the secret. Its errors are *[Error]; the SDK's own are in their
// chains, and so is the error of the last attempt where time ran out.
//
// Kinds: ErrNotFound, ErrAccessDenied, ErrDecrypt, ErrInvalidState,
// ErrThrottled, ErrUnavailable, ErrTimeout, or [context.Canceled] where ctx was
// cancelled; nil for other errors of the API.
func (s SecretsManager) Fetch(ctx context.Context) (Document, error) {
	region, err := s.check()
	if err != nil {
		return Document{}, err
	}
	b, cancel := newBudget(ctx, s.Timeout)
	defer cancel()

	var calls attempts
	out, err := within(b.ctx, func() (*secretsmanager.GetSecretValueOutput, error) {
		if b.ctx.Err() != nil {
			return nil, b.ctx.Err()
		}
		return s.API.GetSecretValue(b.ctx, s.input(), calls.options)
	})
	if err == nil && out == nil {
		err = errNilOutput
	}
	if err != nil {
		kind, cause := explain(b, &calls, withoutInput(err))
		return Document{}, s.fail(region, kind, cause)
	}
	return newDocument(s.ID, aws.ToString(out.VersionId), region, contentOf(out)), nil
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

func contentOf(out *secretsmanager.GetSecretValueOutput) content {
	switch {
	case out.SecretString != nil:
		return content{text: *out.SecretString}
	case out.SecretBinary != nil:
		return content{binary: true, bytes: out.SecretBinary}
	default:
		return content{}
	}
}

// check refuses what no call can answer, and returns the region to name in
// errors.
func (s SecretsManager) check() (region string, err error) {
	ofARN := regionOfARN(s.ID)
	region = ofARN
	client, ok := s.API.(interface{ Options() secretsmanager.Options })
	if ok && s.API != nil {
		if r := client.Options().Region; r != "" {
			region = r
		}
	}
	switch {
	case s.API == nil:
		return region, s.fail(region, nil, errNoAPI)
	case s.ID == "":
		return region, s.fail(region, ErrNotFound, errNoID)
	case ofARN != "" && ofARN != withoutFIPS(region):
		return region, s.fail(region, ErrNotFound,
			fmt.Errorf("the ARN is of region %s, the client of %s", ofARN, region))
	}
	return region, nil
}

// regionOfARN returns the fourth field of arn:partition:service:region:...,
// "" where id is a name.
func regionOfARN(id string) string {
	fields := strings.SplitN(id, ":", 5)
	if len(fields) < 5 || fields[0] != "arn" {
		return ""
	}
	return fields[3]
}

// withoutFIPS turns fips-us-east-1 and us-east-1-fips, which the SDK takes for
// a region and an endpoint's option, into the region.
func withoutFIPS(region string) string {
	return strings.TrimSuffix(strings.TrimPrefix(region, "fips-"), "-fips")
}

func (s SecretsManager) fail(region string, kind, cause error) error {
	return &Error{Op: opFetch, Secret: s.ID, Region: region, Kind: kind, Err: cause}
}

// explain turns the error of a call into a kind and a cause.
func explain(b budget, calls *attempts, err error) (kind, cause error) {
	last, unidentified := calls.result()
	hint, kind := kindOf(err)
	if cutShort(b.ctx, err) {
		what := "no answer"
		if unidentified {
			what = "no AWS credentials"
		}
		return b.ended(what, err, last)
	}
	if unidentified && kind != ErrThrottled && statusOf(err) < 500 {
		return ErrAccessDenied, hinted(hintNone, err)
	}
	return kind, hinted(hint, err)
}

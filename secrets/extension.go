package secrets

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"syscall"
	"time"
)

// Extension reads a secret from the AWS Parameters and Secrets Lambda
// Extension, or from the AWS Secrets Manager Agent, over HTTP on the loopback
// interface. Both answer from a cache of their own, so a value may be stale by
// up to its TTL, 300 s unless configured: a rotated secret is seen that late.
//
// The Lambda extension serves during invocations only. A fetch in the Init
// phase spends its budget on "not ready" and fails with ErrTimeout.
//
// The token that both ask for, to foil forged requests, is taken from AWS_TOKEN,
// AWS_SESSION_TOKEN or AWS_CONTAINER_AUTHORIZATION_TOKEN, the agent's order, on
// Lambda the second; file:// in front names a file. If none is set, it is read
// from /var/run/awssmatoken, where the agent's installer puts it.
type Extension struct {
	// ID is the secret's name or ARN. Required.
	ID string
	// VersionStage is the staging label to read; "": AWSCURRENT.
	VersionStage string
	// VersionID is the version to read; "": the one that has VersionStage.
	VersionID string
	// Endpoint is where the extension listens; the host must be localhost or a
	// loopback address, as the token goes there in plain text. "": the port in
	// PARAMETERS_SECRETS_EXTENSION_HTTP_PORT, or 2773, of localhost.
	Endpoint string
	// Timeout bounds a whole fetch, retries included; the caller's deadline
	// holds too if it is earlier. 0 or less: 1s.
	Timeout time.Duration
}

// Fetch reads the secret. While the extension is not ready, it is asked again
// until the budget ends; a refused or broken connection is tried three times.
// Other failures are final, since the extension retries on its side.
//
// The errors are *[Error], of the same kinds as those of [SecretsManager].
// ErrAccessDenied stands also for a missing or wrong token.
func (e Extension) Fetch(ctx context.Context) (Document, error) {
	if e.ID == "" {
		return Document{}, e.fail(ErrNotFound, errNoID)
	}
	target, err := e.url()
	if err != nil {
		return Document{}, e.fail(nil, err)
	}
	b, cancel := newBudget(ctx, e.Timeout)
	defer cancel()
	token, err := readExtensionToken(b.ctx)
	if err != nil && b.ctx.Err() == nil {
		return Document{}, e.fail(ErrAccessDenied, err)
	}

	var last error
	for attempt := 1; b.ctx.Err() == nil; attempt++ {
		got, err := getFromExtension(b.ctx, target, token)
		if err == nil {
			return newDocument(e.ID, got.VersionID, e.region(), got.content()), nil
		}
		if cutShort(b.ctx, err) {
			break
		}
		last = err
		if !errors.Is(err, errNotReady) && (attempt == maxAttempts || !isBrokenConnection(err)) {
			hint, kind := kindOfExtension(err)
			return Document{}, e.fail(kind, hinted(hint, err))
		}
		pause(b.ctx, maxBackoff>>max(0, 3-attempt))
	}
	kind, cause := b.ended("no answer of the extension", nil, last)
	return Document{}, e.fail(kind, cause)
}

func isBrokenConnection(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// url returns the address to read the secret at.
func (e Extension) url() (*url.URL, error) {
	target, err := e.endpoint()
	if err != nil {
		return nil, err
	}
	query := url.Values{"secretId": {e.ID}}
	if e.VersionStage != "" {
		query.Set("versionStage", e.VersionStage)
	}
	if e.VersionID != "" {
		query.Set("versionId", e.VersionID)
	}
	target = target.JoinPath("secretsmanager", "get")
	target.RawQuery = query.Encode()
	return target, nil
}

// region is only for errors: the extension takes its own from the environment.
func (e Extension) region() string {
	if region := regionOfARN(e.ID); region != "" {
		return region
	}
	return os.Getenv("AWS_REGION")
}

func (e Extension) fail(kind, cause error) error {
	return &Error{Op: opFetch, Secret: e.ID, Region: e.region(), Kind: kind, Err: cause}
}

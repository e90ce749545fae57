package secrets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/warmclient/warmclient/internal/awscall"
	"github.com/warmclient/warmclient/internal/awshttp"
)

// Extension reads a secret from the AWS Parameters and Secrets Lambda Extension, or from the AWS
// Workload Credentials Provider, formerly the AWS Secrets Manager Agent, over HTTP on the loopback
// interface. Both cache secrets: after a rotation they may return the old value for their TTL, 300s
// by default. The provider's query parameter refreshNow bypasses its cache. The Lambda extension
// does not have that parameter, so Extension does not send it. Use [SecretsManager] if a rotated
// secret must be visible at once.
//
// The Lambda extension answers only during invocations. A fetch in the Init phase retries until its
// time limit and fails with [ErrTimeout].
//
// Both require a token, which protects them against forged requests. Extension takes it from the
// first of AWS_TOKEN, AWS_SESSION_TOKEN and AWS_CONTAINER_AUTHORIZATION_TOKEN that is set. On
// Lambda that is AWS_SESSION_TOKEN. A value of the form file://path names a file that contains the
// token. If none is set, the token is read from /var/run/awssmatoken, where the provider's
// installer writes it.
type Extension struct {
	// ID is the secret's name or ARN. It is required.
	ID string
	// VersionStage is the staging label to read. The default is AWSCURRENT.
	VersionStage string
	// VersionID is the version to read. The default is the version with the label VersionStage.
	VersionID string
	// Endpoint is the URL of the extension. The host must be localhost or a loopback address,
	// because the token is sent in plain text. The default is the port in
	// PARAMETERS_SECRETS_EXTENSION_HTTP_PORT, or 2773, on localhost.
	Endpoint string
	// Timeout limits a whole fetch, retries included. An earlier deadline of the caller also
	// applies. The default is 1s.
	Timeout time.Duration
}

const (
	extensionPort        = "2773"
	extensionPortEnv     = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"
	extensionTokenHeader = "X-Aws-Parameters-Secrets-Token"
	extensionTokenFile   = "/var/run/awssmatoken"
)

var (
	errNotReady    = errors.New("the extension is not ready")
	errNotLoopback = errors.New("Extension.Endpoint must be an http URL of localhost or a loopback address")
)

// loopback is the client for the extension. It uses no proxy and follows no redirect, so that the
// token is sent only to the extension. It keeps no idle connection, which could be dead after a
// freeze.
var loopback = http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Fetch reads the secret. While the extension is not ready, Fetch retries until its time limit. It
// makes up to three attempts if the connection is refused or broken. It does not retry other
// failures, because the extension retries them itself.
//
// The errors are *[Error] of the same kinds as those of [SecretsManager]. A missing or wrong token
// is ErrAccessDenied.
func (e Extension) Fetch(ctx context.Context) (Document, error) {
	if e.ID == "" {
		return Document{}, e.fail(ErrNotFound, errNoID)
	}
	target, err := e.url()
	if err != nil {
		return Document{}, e.fail(nil, err)
	}
	b, cancel := awscall.NewBudget(ctx, e.Timeout)
	defer cancel()
	token, err := readExtensionToken()
	if err != nil && b.Ctx.Err() == nil {
		return Document{}, e.fail(ErrAccessDenied, err)
	}

	var progress awshttp.Progress
	var last error
	wait, broken := awscall.MaxBackoff/4, 0
	for b.Ctx.Err() == nil {
		got, err := getFromExtension(b.Ctx, &progress, target, token)
		if err == nil {
			return newDocument(e.ID, got.VersionID, e.region(), newContent(got.SecretString, got.SecretBinary)), nil
		}
		if awscall.CutShort(b.Ctx, err) {
			break
		}
		last = err
		progress.Enter(awshttp.Pausing)
		retry := errors.Is(err, errNotReady)
		if isBrokenConnection(err) {
			broken++
			retry = broken < awscall.MaxAttempts
		}
		if !retry {
			hint, kind := kindOfExtension(err)
			return Document{}, e.fail(kind, awscall.Hinted(hint, err))
		}
		pause(b.Ctx, wait)
		wait = min(2*wait, awscall.MaxBackoff)
	}
	failure := b.Ended(&progress, nil, last)
	return Document{}, e.fail(failure.Kind, failure.Cause)
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

// url returns the URL to read the secret from.
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

func (e Extension) endpoint() (*url.URL, error) {
	if e.Endpoint == "" {
		port := os.Getenv(extensionPortEnv)
		if port == "" {
			port = extensionPort
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("%s is %q, which is not a port", extensionPortEnv, port)
		}
		return &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", port)}, nil
	}
	target, err := url.Parse(e.Endpoint)
	if err != nil || target.Scheme != "http" || !isLoopback(target.Hostname()) {
		return nil, errNotLoopback
	}
	return target, nil
}

func isLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// readExtensionToken returns "" if there is no token. The request is then sent without one, and the
// extension rejects it.
func readExtensionToken() (string, error) {
	for _, name := range []string{"AWS_TOKEN", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"} {
		token := os.Getenv(name)
		if path, ok := strings.CutPrefix(token, "file://"); ok {
			token, err := readFile(path)
			return strings.TrimSpace(token), err
		}
		if token != "" {
			return strings.TrimSpace(token), nil
		}
	}
	token, err := readFile(extensionTokenFile)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(token), err
}

// region is only for errors: the extension reads its region from the environment.
func (e Extension) region() string {
	if region := awscall.RegionOfARN(e.ID); region != "" {
		return region
	}
	return os.Getenv("AWS_REGION")
}

func (e Extension) fail(kind, cause error) error {
	return &Error{Op: opFetch, Secret: e.ID, Region: e.region(), Kind: kind, Err: cause}
}

// Package awscall makes one call of an AWS service within a time budget, for the sources of
// packages secrets and parameterstore. Such a call reads a secret, so no part of its answer may
// appear in an error or a log. It is made once per process or rotation, so it keeps no idle
// connection.
//
//   - [Do] makes the call, and [Watch] records its progress from inside the SDK.
//   - [HTTPClient] and [Retryer] configure a client for such calls.
//   - [Clean] removes parts of an answer from an error.
//   - [KindOf] returns the kind of an error.
package awscall

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/warmclient/warmclient/internal/awshttp"
	"github.com/warmclient/warmclient/internal/guard"
)

const (
	defaultTimeout = time.Second
	// grace is how long Do waits for a call to return after ctx is done. The error that the call
	// returns says more than the error of ctx.
	grace = 20 * time.Millisecond
)

// A Budget is the time limit of one fetch: the smaller of its own limit and the time until the
// caller's deadline.
type Budget struct {
	Ctx   context.Context
	limit time.Duration // for the text of errors
}

// NewBudget returns a budget of limit, or of 1s if limit is 0 or less.
func NewBudget(ctx context.Context, limit time.Duration) (Budget, context.CancelFunc) {
	if limit <= 0 {
		limit = defaultTimeout
	}
	b := Budget{limit: limit}
	if deadline, ok := ctx.Deadline(); ok {
		b.limit = min(limit, max(0, time.Until(deadline)))
	}
	// The timeout is limit, not b.limit: if the caller's deadline is earlier, its cause is kept.
	ctx, cancel := context.WithTimeout(ctx, limit)
	b.Ctx = ctx
	return b, cancel
}

// A Failure says why a fetch has failed.
type Failure struct {
	Kind  error // a sentinel of this package, context.Canceled, or nil where none fits
	Cause error
}

// Ended returns the failure of a fetch whose budget has ended. p says what the call was waiting
// for. err is the error of the call, and last is the error of the last attempt that failed before
// the budget ended. Both may be nil.
func (b Budget) Ended(p *awshttp.Progress, err, last error) *Failure {
	return ended(b.Ctx, p.Timeout(b.limit), err, last)
}

// Stopped returns the failure of a source that did not begin because ctx is done.
func Stopped(ctx context.Context) *Failure {
	return ended(ctx, "ctx was done before the fetch", nil, nil)
}

func ended(ctx context.Context, text string, err, last error) *Failure {
	c := &chain{text: text, errs: []error{ctx.Err()}}
	kind := ErrTimeout
	if errors.Is(ctx.Err(), context.Canceled) {
		kind = context.Canceled
	}
	if reason := context.Cause(ctx); !errors.Is(ctx.Err(), reason) {
		c.add(": ", reason)
	}
	if last != nil {
		c.add("; the last attempt: ", last)
	}
	if err != nil {
		c.errs = append(c.errs, err)
	}
	return &Failure{kind, c}
}

// CutShort reports whether err was caused by the end of ctx: no answer arrived, or only a part of
// one. The transport may report the end of ctx as its error, as its cause, or as a closed
// connection.
func CutShort(ctx context.Context, err error) bool {
	if ctx.Err() == nil {
		return false
	}
	_, coded := errors.AsType[smithy.APIError](err)
	answered := coded || awshttp.StatusOf(err) > 0
	return !answered || errors.Is(err, ErrMalformed) || errors.Is(err, ctx.Err())
}

var errNilOutput = errors.New("the API returned neither an output nor an error")

// Do calls fn, which calls an API with the options of w. The time limit is limit, or 1s if limit is
// 0 or less, and the deadline of ctx. If fn does not return by then, it is abandoned and its result
// is dropped. A provider of credentials, for example, may ignore its context. Do panics if fn
// panics.
//
// The error for a missing permission names permission, such as secretsmanager:GetSecretValue.
func Do[T any](
	ctx context.Context, limit time.Duration, permission string, fn func(ctx context.Context, w *Watch) (*T, error),
) (*T, *Failure) {
	b, cancel := NewBudget(ctx, limit)
	defer cancel()
	w := &Watch{}
	out, err := within(b.Ctx, func() (*T, error) {
		if b.Ctx.Err() != nil {
			return nil, b.Ctx.Err()
		}
		return fn(b.Ctx, w)
	})
	if err == nil && out == nil {
		err = errNilOutput
	}
	if err != nil {
		return nil, w.explain(b, permission, err)
	}
	return out, nil
}

// within calls fn and returns its result, or ctx's error if fn does not return when ctx ends.
func within[T any](ctx context.Context, fn func() (*T, error)) (*T, error) {
	ch := guard.Go(fn)
	var done guard.Result[*T]
	select {
	case done = <-ch:
	case <-ctx.Done():
		select {
		case done = <-ch:
		case <-time.After(grace):
			done.Err = ctx.Err()
		}
	}
	if p, ok := done.Err.(*guard.PanicError); ok {
		panic(p.Unwrap())
	}
	return done.Value, done.Err
}

// Region returns the AWS region of a call, for errors: the client's region, or the region of id if
// id is an ARN and the client's region is "". It returns an error if the two differ.
func Region(id, client string) (region string, err error) {
	ofARN := RegionOfARN(id)
	if client == "" {
		return ofARN, nil
	}
	// The SDK accepts fips-us-east-1 and us-east-1-fips as the region us-east-1 with a FIPS
	// endpoint.
	bare := strings.TrimSuffix(strings.TrimPrefix(client, "fips-"), "-fips")
	if ofARN != "" && ofARN != bare {
		return client, fmt.Errorf("the ARN is of region %s, the client of %s", ofARN, client)
	}
	return client, nil
}

// RegionOfARN returns the fourth field of arn:partition:service:region:..., or "" if id is a name.
func RegionOfARN(id string) string {
	fields := strings.SplitN(id, ":", 5)
	if len(fields) < 5 || fields[0] != "arn" {
		return ""
	}
	return fields[3]
}

// chain is an error with its own text that wraps several errors, whose texts it does not repeat.
type chain struct {
	text string
	errs []error
}

func (c *chain) Error() string   { return c.text }
func (c *chain) Unwrap() []error { return c.errs }

func (c *chain) add(separator string, err error) {
	c.text += separator + err.Error()
	c.errs = append(c.errs, err)
}

// Hinted returns an error that wraps err and has hint before its text.
func Hinted(hint string, err error) error {
	if hint == "" {
		return err
	}
	return &chain{text: hint + ": " + err.Error(), errs: []error{err}}
}

// Package awscall makes one call of an AWS service within a time budget, for the sources of
// packages secrets and parameterstore. Such a call reads a secret, so nothing of its answer gets
// into an error or a log, and it is made once per process or rotation, so it keeps no connection.
//
//   - [Do] makes the call, and [Watch] follows it from inside the SDK.
//   - [HTTPClient] and [Retryer] are the settings of a client for such calls.
//   - [Clean] decides what may be said of an answer that cannot be used.
//   - [KindOf] tells the kinds of errors apart.
package awscall

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/warmclient/warmclient/internal/guard"
)

const (
	defaultTimeout = time.Second
	// grace is how long a call may take to notice that its time is over. A call that notices
	// explains itself better than its context can.
	grace = 20 * time.Millisecond
)

// A Budget is the time for one fetch: the smaller of its own limit and what the caller has left.
type Budget struct {
	Ctx   context.Context
	limit time.Duration // for the text of errors
}

// NewBudget returns a budget of limit, or of 1s where limit is 0 or less.
func NewBudget(ctx context.Context, limit time.Duration) (Budget, context.CancelFunc) {
	if limit <= 0 {
		limit = defaultTimeout
	}
	b := Budget{limit: limit}
	if deadline, ok := ctx.Deadline(); ok {
		b.limit = min(limit, max(0, time.Until(deadline)))
	}
	// The whole limit: where the caller's deadline is earlier, its cause stands.
	ctx, cancel := context.WithTimeout(ctx, limit)
	b.Ctx = ctx
	return b, cancel
}

// A Failure is why there is no answer.
type Failure struct {
	Kind  error // a sentinel of this package, context.Canceled, or nil where none fits
	Cause error
}

// Ended returns the failure of a fetch whose budget has ended. The call was waiting as p says, err
// is what it returned, and last the error of its last attempt that ended by itself. Both may be
// nil.
func (b Budget) Ended(p *Progress, err, last error) *Failure {
	return ended(b.Ctx, p.text(b.limit.Round(time.Millisecond)), err, last)
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

// CutShort reports whether err is no more than the sign of ctx's end: no answer came, or none that
// could be read. The transport may report ctx's end as its error, its cause, or a connection that
// it closed itself.
func CutShort(ctx context.Context, err error) bool {
	if ctx.Err() == nil {
		return false
	}
	_, coded := errors.AsType[smithy.APIError](err)
	answered := coded || StatusOf(err) > 0
	return !answered || errors.Is(err, ErrMalformed) || errors.Is(err, ctx.Err())
}

var errNilOutput = errors.New("the API returned neither an output nor an error")

// Do calls fn, which calls an API with the options of w, within limit (0 or less: 1s) and ctx. If
// fn does not return when the time is over, it is abandoned and its result is dropped: what it
// calls, such as a provider of credentials, may ignore its context. A panic in fn panics here.
//
// The permission, such as secretsmanager:GetSecretValue, is named where it is missing.
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

// Region returns the AWS region of a call, for errors: the client's, or that of id where it is an
// ARN and the client's is not known. It is an error if the two differ.
func Region(id, client string) (region string, err error) {
	ofARN := RegionOfARN(id)
	if client == "" {
		return ofARN, nil
	}
	// The SDK takes fips-us-east-1 and us-east-1-fips for a region and an endpoint's option.
	bare := strings.TrimSuffix(strings.TrimPrefix(client, "fips-"), "-fips")
	if ofARN != "" && ofARN != bare {
		return client, fmt.Errorf("the ARN is of region %s, the client of %s", ofARN, client)
	}
	return client, nil
}

// RegionOfARN returns the fourth field of arn:partition:service:region:..., or "" where id is a
// name.
func RegionOfARN(id string) string {
	fields := strings.SplitN(id, ":", 5)
	if len(fields) < 5 || fields[0] != "arn" {
		return ""
	}
	return fields[3]
}

// chain is an error with a text of its own and the chains of all its errors, for causes whose own
// texts would only repeat what has been said.
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

// Hinted returns err with hint before its text.
func Hinted(hint string, err error) error {
	if hint == "" {
		return err
	}
	return &chain{text: hint + ": " + err.Error(), errs: []error{err}}
}

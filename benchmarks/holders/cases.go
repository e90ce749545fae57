package holders

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// hardCase is a case that every contender runs.
type hardCase struct {
	name    string
	run     func(share func(open) shared) Outcome
	verdict func(Outcome) string
}

// The names of the cases.
const (
	FailureStorm    = "failure storm"
	CanceledFirst   = "first caller canceled"
	Panic           = "panic"
	Goexit          = "Goexit"
	InvalidatedOpen = "invalidate during an open"
)

func hardCases() []hardCase {
	return []hardCase{
		{FailureStorm, failureStorm, func(o Outcome) string {
			return fmt.Sprintf("%s, %s; %s", table.Plural(o.Opens, "open"), milliseconds(slowest(o)), later(o))
		}},
		{CanceledFirst, canceledFirst, func(o Outcome) string {
			first := "returns at once"
			if o.Callers[0].Took > cancelAfter+(slowOpen-cancelAfter)/2 {
				first = "waits for the open"
			}
			second := "the second gets the value"
			if !o.Callers[1].good() {
				second = "the second fails too"
			}
			return first + "; " + second
		}},
		{Panic, panicking, callersVerdict},
		{Goexit, goexiting, callersVerdict},
		{InvalidatedOpen, invalidatedOpen, func(o Outcome) string {
			if o.Missing {
				return "cannot be invalidated"
			}
			return "waiter: " + generation(o.Callers[0]) + "; later: " + generation(o.Later)
		}},
	}
}

const (
	stormCallers = 10
	failAfter    = 50 * time.Millisecond
	slowOpen     = 200 * time.Millisecond
	join         = 20 * time.Millisecond
	cancelAfter  = 50 * time.Millisecond
	pastBackoff  = 150 * time.Millisecond
)

// failureStorm: ten callers call concurrently while an open takes 50ms and fails. Later opens
// succeed.
func failureStorm(share func(open) shared) (o Outcome) {
	var opens atomic.Int32
	var well atomic.Bool
	s := share(func(context.Context) (int, error) {
		if well.Load() {
			return 1, nil
		}
		opens.Add(1)
		time.Sleep(failAfter)
		return 0, errors.New("no route to host")
	})
	calls := make([]<-chan Ending, stormCallers)
	for i := range calls {
		calls[i] = call(context.Background(), s)
	}
	o.Callers = wait(calls...)
	o.Opens = int(opens.Load())
	well.Store(true)
	time.Sleep(pastBackoff)
	o.Later = wait(call(context.Background(), s))[0]
	return o
}

// canceledFirst: two callers wait for one open, and the first is canceled.
func canceledFirst(share func(open) shared) (o Outcome) {
	var opens atomic.Int32
	s := share(func(ctx context.Context) (int, error) {
		opens.Add(1)
		select {
		case <-time.After(slowOpen):
			return 1, nil
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	time.AfterFunc(cancelAfter, cancel)
	first := call(ctx, s)
	time.Sleep(join)
	second := call(context.Background(), s)
	o.Callers = wait(first, second)
	o.Opens = int(opens.Load())
	o.Later = wait(call(context.Background(), s))[0]
	return o
}

// panicking: the first open panics while two callers wait for it.
func panicking(share func(open) shared) Outcome {
	return brokenFirst(share, func() { panic("broken invariant") })
}

// goexiting: the first open ends its goroutine, as testing.T.FailNow does.
func goexiting(share func(open) shared) Outcome {
	return brokenFirst(share, runtime.Goexit)
}

func brokenFirst(share func(open) shared, breakDown func()) (o Outcome) {
	var opens atomic.Int32
	var well atomic.Bool
	s := share(func(context.Context) (int, error) {
		if well.Load() {
			return 1, nil
		}
		opens.Add(1)
		time.Sleep(slowOpen) // until both callers wait
		breakDown()
		return 0, nil
	})
	first := call(context.Background(), s)
	time.Sleep(join)
	second := call(context.Background(), s)
	o.Callers = wait(first, second)
	o.Opens = int(opens.Load())
	well.Store(true)
	time.Sleep(pastBackoff)
	o.Later = wait(call(context.Background(), s))[0]
	return o
}

// invalidatedOpen: an in-flight open has already read the old token when the token is rotated and
// the value is invalidated. Values are the generations of that token.
func invalidatedOpen(share func(open) shared) (o Outcome) {
	var opens, token atomic.Int32
	token.Store(1)
	s := share(func(context.Context) (int, error) {
		opens.Add(1)
		v := int(token.Load())
		time.Sleep(slowOpen)
		return v, nil
	})
	if s.invalidate == nil {
		o.Missing = true
		return o
	}
	waiter := call(context.Background(), s)
	time.Sleep(join)
	token.Store(2)
	invalidated := make(chan struct{})
	go func() { // some wait for the open
		defer close(invalidated)
		s.invalidate()
	}()
	o.Callers = wait(waiter)
	<-invalidated
	o.Opens = int(opens.Load())
	o.Later = wait(call(context.Background(), s))[0]
	return o
}

func slowest(o Outcome) (d time.Duration) {
	for _, e := range o.Callers {
		d = max(d, e.Took)
	}
	return d
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

func later(o Outcome) string {
	if o.Later.good() {
		return "recovers"
	}
	return "later call: " + o.Later.kind()
}

// callersVerdict describes how the callers ended, once if all ended in the same way.
func callersVerdict(o Outcome) string {
	var kinds []string
	for _, e := range o.Callers {
		if k := e.kind(); len(kinds) == 0 || kinds[len(kinds)-1] != k {
			kinds = append(kinds, k)
		}
	}
	return "callers: " + strings.Join(kinds, ", then ") + "; " + later(o)
}

// kind describes the end of a call in one or two words.
func (e Ending) kind() string {
	switch {
	case e.Abandoned:
		return "hang"
	case e.Goexit:
		return "goroutine ended"
	case strings.HasPrefix(e.Panic, "runtime error"):
		return "nil dereference"
	case e.Panic != "":
		return "panic"
	case e.Err != "":
		return "error"
	case e.Value == 0:
		return "zero value, no error"
	default:
		return "value"
	}
}

func generation(e Ending) string {
	switch {
	case e.Value == 1 && e.good():
		return "old value"
	case e.good():
		return "new value"
	default:
		return e.kind()
	}
}

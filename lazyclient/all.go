package lazyclient

import (
	"context"
	"errors"
	"sync"
)

// A Warmer can be opened before its first use. A *Holder is one.
type Warmer interface {
	Warm(ctx context.Context) error
}

// A Closer can be closed for good. A *Holder is one.
type Closer interface {
	Close(ctx context.Context) error
}

// WarmAll warms all hs in parallel, waits for all of them, and returns their errors joined in the order of hs. A panic
// is returned as a *PanicError. A process may start in spite of an error: the next caller opens again.
func WarmAll(ctx context.Context, hs ...Warmer) error {
	return each(len(hs), func(i int) error { return hs[i].Warm(ctx) })
}

// CloseAll closes all hs in parallel, waits for all of them, and returns their errors joined in the order of hs, a
// panic as a *PanicError. It is for the end of the process, as in lambda.WithEnableSIGTERM.
func CloseAll(ctx context.Context, hs ...Closer) error {
	return each(len(hs), func(i int) error { return hs[i].Close(ctx) })
}

func each(n int, do func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { guard("", func() error { return do(i) }, func(err error, _ *PanicError) { errs[i] = err }) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

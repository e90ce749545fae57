package lazyclient

import (
	"context"
	"errors"
	"sync"
)

// Warmer is anything that can be opened ahead of its first use, such as a *Holder.
type Warmer interface {
	Warm(ctx context.Context) error
}

// Closer is anything that can be closed for good, such as a *Holder.
type Closer interface {
	Close(ctx context.Context) error
}

// WarmAll warms all hs in parallel, waits for all of them, and joins their errors in the order of hs. A panic,
// which Warm would let through, is returned as a *PanicError. Errors are no reason not to start: what failed is
// opened again by its next caller.
func WarmAll(ctx context.Context, hs ...Warmer) error {
	return each(len(hs), func(i int) error { return hs[i].Warm(ctx) })
}

// CloseAll closes all hs in parallel, waits for all of them, and joins their errors in the order of hs, a panic as a
// *PanicError. It is for the end of the process, as in lambda.WithEnableSIGTERM.
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

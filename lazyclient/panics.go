package lazyclient

import "runtime/debug"

// guard calls do, and then calls then with do's error, with ErrGoexit, or with a panic, which is both p and err.
func guard(holder string, do func() error, then func(err error, p *PanicError)) {
	err, p := ErrGoexit, (*PanicError)(nil) // unless do returns or panics
	defer func() {
		if r := recover(); r != nil {
			p = asPanicError(holder, r)
			err = p
		}
		then(err, p)
	}()
	err = do()
}

// asPanicError must be called by the deferred function that recovered r, while the stack still shows the panic. A
// *PanicError is returned as it is: it has the stack of its origin.
func asPanicError(holder string, r any) *PanicError {
	if p, ok := r.(*PanicError); ok {
		return p
	}
	return &PanicError{Holder: holder, Value: r, Stack: debug.Stack()}
}

// panicked marks, within this package, a panic of Open as distinct from a *PanicError that Open returned.
type panicked struct{ *PanicError }

// raise continues the panic of an open on the goroutine of a waiter. Any other err is returned.
func raise(err error) error {
	if p, ok := err.(panicked); ok {
		panic(p.PanicError)
	}
	return err
}

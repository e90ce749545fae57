package guard_test

import (
	"errors"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/internal/guard"
)

var errTest = errors.New("test error")

func TestCallReturnsWhatTheFunctionReturns(t *testing.T) {
	v, err := guard.Call(func() (int, error) { return 7, errTest })
	require.Equal(t, 7, v)
	require.Same(t, errTest, err)
}

func TestAPanicIsAnErrorWithItsValueAndItsStack(t *testing.T) {
	for _, value := range []any{errTest, "text"} {
		fails := func() (int, error) { panic(value) }
		_, called := guard.Call(fails)
		for _, err := range []error{called, (<-guard.Go(fails)).Err} {
			var p *guard.PanicError
			require.ErrorAs(t, err, &p)
			require.Equal(t, value == any(errTest), errors.Is(err, errTest))
			require.Contains(t, err.Error(), "panic: te")
			require.Contains(t, err.Error(), "guard_test.go", "the stack is that of the origin")
		}
	}
}

func TestAPanicThatIsRecoveredAndReturnedIsAnError(t *testing.T) {
	first := (<-guard.Go(func() (int, error) { panic(errTest) })).Err
	_, err := guard.Call(func() (_ int, err error) {
		defer func() { err, _ = recover().(error) }()
		panic(errors.Unwrap(first))
	})
	require.ErrorIs(t, err, errTest)
	require.NotErrorAs(t, err, new(*guard.PanicError))
	require.Contains(t, err.Error(), "guard_test.go", "the stack is that of the origin")
}

func TestAGoexitIsAnError(t *testing.T) {
	r := <-guard.Go(func() (int, error) { runtime.Goexit(); return 0, nil })
	require.Same(t, guard.ErrGoexit, r.Err)
}

func TestAResultThatIsNotReceivedLeavesNoGoroutine(t *testing.T) {
	synctest.Test(t, func(*testing.T) { // which fails if a goroutine is left
		guard.Go(func() (int, error) { return 7, nil })
	})
}

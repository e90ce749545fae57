package main

import "github.com/warmclient/warmclient/examples/internal/emulator"

// The values of -cache. Any other is the address of a Valkey or Redis server that runs already.
const (
	onMomento = "momento"
	onValkey  = "valkey"
)

// cacheServer is the cache of a tour. What is nil the tour does not do to it.
type cacheServer struct {
	environ  []string // of the functions, beside the stack's
	down, up func() error
	fromDown string // where an answer comes from when it goes down
	rotate   func() error
	close    func()
}

func startCache(name string, stack *emulator.Stack) (cacheServer, error) {
	switch name {
	case onMomento:
		return momentoOf(stack), nil
	case onValkey:
		return startValkey(stack)
	default:
		return cacheServer{environ: []string{"CACHE_ENDPOINT=" + name}, close: func() {}}, nil
	}
}

// momentoOf is the Momento server of a stack.
func momentoOf(stack *emulator.Stack) cacheServer {
	return cacheServer{
		down:     func() error { stack.Momento.Inject(emulator.Fault{Action: emulator.Refuse}); return nil },
		up:       func() error { stack.Momento.Heal(); return nil },
		fromDown: fromFailed,
		rotate:   func() error { stack.RotateKey(); return nil },
		close:    func() {},
	}
}

// startValkey starts a Valkey server beside a stack.
func startValkey(stack *emulator.Stack) (cacheServer, error) {
	v, err := stack.StartValkey()
	if err != nil {
		return cacheServer{}, err
	}
	return cacheServer{
		environ:  v.Environ(),
		down:     func() error { v.Down(); return nil },
		up:       v.Up,
		fromDown: fromSkipped, // a connection that was closed is no failure, and another is being opened
		rotate:   func() error { v.RotatePassword(); return v.Disconnect() },
		close:    v.Close,
	}, nil
}

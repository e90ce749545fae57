package main

import "github.com/warmclient/warmclient/examples/internal/emulator"

// The values of -cache. Any other value is the address of a running Valkey or Redis server.
const (
	onMomento = "momento"
	onValkey  = "valkey"
)

// cacheServer is the cache of a tour. The tour skips the steps whose function is nil.
type cacheServer struct {
	environ  []string // of the functions, in addition to the stack's
	down, up func() error
	fromDown string // source of an answer when the cache goes down
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
		fromDown: fromSkipped, // a closed connection is not a failure, and a new one is being opened
		rotate:   func() error { v.RotatePassword(); return v.Disconnect() },
		close:    v.Close,
	}, nil
}

package lazyclient

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
)

// node is one open in the chain of opens that wait for one another. It travels in the context given
// to Open, so that a call knows for which opens it is made.
type node struct {
	name     string
	holder   any   // the *Holder
	parent   *node // the open whose caller waits for this one; nil: none
	returned atomic.Bool
}

type nodeKey struct{}

func nodeOf(ctx context.Context) *node {
	n, _ := ctx.Value(nodeKey{}).(*node)
	return n
}

// cycle returns ErrCycle if ctx was given to an open of h that has not returned, or to one that
// such an open waits for.
func (h *Holder[T]) cycle(ctx context.Context) error {
	path := []string{h.name()}
	for n := nodeOf(ctx); n != nil; n = n.parent {
		if n.returned.Load() {
			continue
		}
		path = append(path, n.name)
		if n.holder == any(h) {
			slices.Reverse(path)
			return fmt.Errorf("%w: %s", ErrCycle, strings.Join(path, " -> "))
		}
	}
	return nil
}

package lazyclient

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// node is one open in the graph of opens that wait for opens. It travels in the context given to Open, so that
// a call knows which open it is made for. Calls from outside of any open never come here, nor do calls that
// find their value.
type node struct {
	name     string
	returned atomic.Bool
	on       []*node // opens that calls made for this one wait for; several if it asks in parallel
}

// graph guards the on fields of all nodes of the process: a cycle may pass through holders of any type.
var graph sync.Mutex

type nodeKey struct{}

// enter records that a call made with ctx is about to wait for the open n, or returns ErrCycle if n, directly or
// in the end, waits for the open that ctx was given to. The call must leave when it has waited.
func (n *node) enter(ctx context.Context) (leave func(), err error) {
	by, _ := ctx.Value(nodeKey{}).(*node)
	if by == nil || by.returned.Load() {
		return func() {}, nil
	}
	graph.Lock()
	defer graph.Unlock()
	if chain := n.path(by); chain != nil {
		return nil, fmt.Errorf("%w: %s -> %s", ErrCycle, by.name, strings.Join(chain, " -> "))
	}
	by.on = append(by.on, n)
	return func() {
		graph.Lock()
		defer graph.Unlock()
		i := slices.Index(by.on, n)
		by.on = slices.Delete(by.on, i, i+1)
	}, nil
}

// path returns the names along the waits from n to end, both included, or nil if there is no such path. It is
// called with the graph locked, and ends because a wait that would close a circle is never recorded.
func (n *node) path(end *node) []string {
	if n == end {
		return []string{n.name}
	}
	if n.returned.Load() {
		return nil // whatever still waits in its name, its result is near
	}
	for _, next := range n.on {
		if rest := next.path(end); rest != nil {
			return append([]string{n.name}, rest...)
		}
	}
	return nil
}

package accounts_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

// model is the service itself: a writer and some readers of one key, each held before every call of
// the table and of the cache, and let go one at a time, in every order there is. It is the table
// and the cache of its actors.
type model struct {
	*table
	*memory
	readers int
	alone   bool // each actor has a service of its own, as if in its own process
	naive   bool // the cache takes SetIfEqual for Set

	services []*accounts.Service // the writer's is the first
	choices  []int               // of this run: a given prefix, then always the first possible one
	options  []int               // what they were chosen from
	held     []chan struct{}     // by actor; nil while it is not before a call
}

type actorKey struct{}

func (m *model) hold(ctx context.Context, _ string) error {
	gate := make(chan struct{})
	m.held[ctx.Value(actorKey{}).(int)] = gate
	<-gate
	return nil
}

func (m *model) SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	if m.naive {
		return true, m.Set(ctx, key, value, ttl)
	}
	return m.memory.SetIfEqual(ctx, key, old, value, ttl)
}

// choose picks one of n.
func (m *model) choose(n int) int {
	at := len(m.options)
	m.options = append(m.options, n)
	if at == len(m.choices) {
		m.choices = append(m.choices, 0)
	}
	return m.choices[at]
}

// next moves on to the next run. It reports false after the last.
func (m *model) next() bool {
	for i, v := range slices.Backward(m.choices) {
		if v+1 < m.options[i] {
			m.choices = append(m.choices[:i], v+1)
			return true
		}
	}
	return false
}

// play lets the actors do their work on one user, and returns which readers missed the user though
// they set out after the writer had returned.
func (m *model) play(t *testing.T, user string) (late []int) {
	actors := 1 + m.readers
	m.options, m.held = m.options[:0], make([]chan struct{}, actors)
	m.table.before, m.memory.before = m.hold, m.hold
	done, found, setOut := make([]bool, actors), make([]bool, actors), make([]bool, actors)
	for i := range actors {
		s := m.services[i%len(m.services)]
		ctx := context.WithValue(t.Context(), actorKey{}, i)
		go func() {
			var err error
			if i == 0 {
				_, err = s.CreateUser(ctx, accounts.User{Username: user})
			} else if _, err = s.GetUser(ctx, user); accounts.HTTPStatus(err) == 404 {
				err = nil
			} else {
				found[i] = true
			}
			assert.NoError(t, err)
			done[i] = true
		}()
	}
	var after []int
	for {
		synctest.Wait()
		var ready []int
		for i, gate := range m.held {
			if gate == nil {
				continue
			}
			ready = append(ready, i)
			if i > 0 && !setOut[i] {
				break // readers are alike, so they may as well set out in order
			}
		}
		if len(ready) == 0 {
			break
		}
		i := ready[m.choose(len(ready))]
		if !setOut[i] && done[0] {
			after = append(after, i)
		}
		setOut[i] = true
		gate := m.held[i]
		m.held[i] = nil
		close(gate)
	}
	require.NotContains(t, done, false)
	m.table.before, m.memory.before = nil, nil
	return slices.DeleteFunc(after, func(i int) bool { return found[i] })
}

// outcome counts what all runs of a model came to.
type outcome struct {
	runs  int
	stale int // the cache was left with the not-found result
	late  int // a reader who set out after the writer had returned missed the user
}

func (m model) walk(t *testing.T) (total outcome) {
	synctest.Test(t, func(t *testing.T) {
		m.table, m.memory = newTable(), newMemory()
		for range 1 + m.readers {
			m.services = append(m.services, newService(t, &m, accounts.Options{Cache: &m}))
		}
		if !m.alone {
			m.services = m.services[:1]
		}
		witness := newService(t, m.table, accounts.Options{Cache: m.memory})
		for more := true; more; more = m.next() {
			user := fmt.Sprint("user ", total.runs)
			if len(m.play(t, user)) > 0 {
				total.late++
			}
			if _, err := witness.GetUser(t.Context(), user); err != nil {
				total.stale++
			}
			total.runs++
		}
	})
	return total
}

func TestNoInterleavingOfAWriterAndReadersLeavesAStaleEntry(t *testing.T) {
	for _, alone := range []bool{true, false} {
		t.Run(fmt.Sprintf("alone %v", alone), func(t *testing.T) {
			total := model{readers: 2, alone: alone}.walk(t)
			t.Logf("%+v", total)
			assert.Zero(t, total.stale)
			assert.Zero(t, total.late)
			assert.Greater(t, total.runs, 50)
		})
	}
}

// The model would find stale entries if there were any.
func TestACacheThatIgnoresConditionsLeavesStaleEntries(t *testing.T) {
	total := model{readers: 2, alone: true, naive: true}.walk(t)
	t.Logf("%+v", total)
	assert.Positive(t, total.stale)
	assert.Less(t, total.stale, total.runs)
}

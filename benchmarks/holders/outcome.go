package holders

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// abandonAfter is the maximum wait for a call. Cases take less than a tenth of it, except for a
// contender that runs the opens of a storm one after the other.
const abandonAfter = time.Second

// Outcome is the result of one contender in one case.
type Outcome struct {
	Contender string
	Case      string
	Opens     int      // how many opens the callers caused
	Callers   []Ending // of the calls that the case is about, in the order they were made
	Later     Ending   // of a later call, without a fault
	LastWords string   // of the process if it died; the other fields are then unknown
	Missing   bool     // the contender does not support the case
	Verdict   string   // the above in a few words
}

// Ending is how one call ended.
type Ending struct {
	Value     int           `json:",omitempty"`
	Err       string        `json:",omitempty"`
	Panic     string        `json:",omitempty"` // its value as %v prints it
	Goexit    bool          `json:",omitempty"` // the calling goroutine was ended
	Abandoned bool          `json:",omitempty"` // not ended within a second
	Took      time.Duration // until the end
}

func (e Ending) good() bool { return e.Value != 0 && e.Err == "" }

// call makes a call on a new goroutine and returns a channel for its end.
func call(ctx context.Context, s shared) <-chan Ending {
	ended := make(chan Ending, 1)
	go func() {
		start := time.Now()
		e := Ending{Goexit: true} // replaced if the call returns or panics
		defer func() {
			e.Took = time.Since(start)
			if p := recover(); p != nil {
				e.Goexit, e.Panic = false, panicText(p)
			}
			ended <- e
		}()
		v, err := s.get(ctx)
		e.Goexit, e.Value = false, v
		if err != nil {
			e.Err = err.Error()
		}
	}()
	return ended
}

func panicText(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return "runtime error: " + err.Error()
	}
	return fmt.Sprint(p)
}

// wait waits for calls to end.
func wait(calls ...<-chan Ending) []Ending {
	limit := time.After(abandonAfter)
	endings := make([]Ending, len(calls))
	for i, c := range calls {
		select {
		case endings[i] = <-c:
		case <-limit:
			// The timer channel is closed, so that the other calls are not waited for.
			closed := make(chan time.Time)
			close(closed)
			limit = closed
			select {
			case endings[i] = <-c:
			default:
				endings[i] = Ending{Abandoned: true, Took: abandonAfter}
			}
		}
	}
	return endings
}

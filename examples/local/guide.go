package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// guide runs the steps of a tour.
type guide struct {
	front http.Handler
	stack *emulator.Stack
	cache cacheServer
	out   io.Writer
	wrong []error
}

// answer is the result of a request.
type answer struct {
	status int
	from   string
	body   string
	took   time.Duration
}

// send sends one request through the HTTP front.
func (g *guide) send(ctx context.Context, a ask) (answer, error) {
	var s steps
	r, err := http.NewRequestWithContext(app.WithObserver(ctx, s.add), a.method, "http://localhost"+a.path, strings.NewReader(a.body))
	if err != nil {
		return answer{}, err
	}
	if a.caller != "" {
		r.Header.Set("Authorization", a.caller)
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	start := time.Now()
	g.front.ServeHTTP(w, r)
	took := time.Since(start)
	return answer{status: w.status, from: s.source(w.status), body: strings.TrimSpace(w.body.String()), took: took}, nil
}

// The number of retries of a read whose answer was correct but came from another source, and the
// pauses between them.
const (
	tries    = 3
	patience = 20 * time.Second
	pause    = 100 * time.Millisecond
)

// retryWaits are as long as the effects of one late answer of the cache may last: after failures
// the cache is skipped for a second, and a negative entry that a write could not replace expires
// after five seconds.
var retryWaits = map[string]time.Duration{
	fromFailed:   1200 * time.Millisecond,
	fromSkipped:  1200 * time.Millisecond,
	fromNegative: 2600 * time.Millisecond,
}

// show runs a step and prints its row. It retries a read if only the source differs: on a busy
// machine the cache may exceed its 50ms, and the request is then correctly served without it.
func (g *guide) show(ctx context.Context, s step) {
	if ctx.Err() != nil {
		return
	}
	end := time.Now().Add(patience)
	for try := 1; ; try++ {
		a, err := g.send(ctx, s.ask)
		if err == nil {
			err = s.fits(a)
		}
		elsewhere := s.from != "" && a.from != s.from && (a.status == s.status || a.from == fromNegative)
		again := s.ask.method == http.MethodGet && elsewhere &&
			(s.patient && time.Now().Before(end) || !s.patient && try < tries)
		if err == nil || !again || ctx.Err() != nil {
			g.row(s, a, a.from)
			if err != nil {
				g.fail("%s: %s %s: %w", s.name, s.ask.method, s.ask.path, err)
			}
			return
		}
		wait := pause
		if !s.patient {
			wait = max(wait, retryWaits[a.from])
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// showAll runs the same step n times concurrently and prints one row for all.
func (g *guide) showAll(ctx context.Context, s step, n int) {
	if ctx.Err() != nil {
		return
	}
	answers := make([]answer, n)
	errs := make([]error, n)
	start := time.Now()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if answers[i], errs[i] = g.send(ctx, s.ask); errs[i] == nil {
				errs[i] = s.fits(answers[i])
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	from := map[string]int{}
	for i, a := range answers {
		from[a.from]++
		if errs[i] != nil {
			g.fail("%s: %s %s: %w", s.name, s.ask.method, s.ask.path, errs[i])
			s.status = a.status
		}
	}
	var counts []string
	for _, name := range slices.Sorted(maps.Keys(from)) {
		counts = append(counts, fmt.Sprintf("%d %s", from[name], name))
	}
	s.ask.path += fmt.Sprintf(" x%d", n)
	g.row(s, answer{status: s.status, took: took}, strings.Join(counts, "; "))
}

const rowFormat = "%-16s %-46s %-7v %-32s %s\n"

func (g *guide) header() {
	fmt.Fprintf(g.out, rowFormat, "step", "request", "status", "answer from", "time")
}

func (g *guide) row(s step, a answer, from string) {
	fmt.Fprintf(g.out, rowFormat, s.name, s.ask.method+" "+s.ask.path, a.status, from, a.took.Round(10*time.Microsecond))
}

func (g *guide) fail(format string, args ...any) {
	g.wrong = append(g.wrong, fmt.Errorf(format, args...))
}

// recorder is an in-memory http.ResponseWriter.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

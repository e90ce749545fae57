package growth

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// Clients are the numbers of clients in the report.
var Clients = []int{1, 2, 4, 8, 16, 32, 64}

// Load is one run with a number of clients. Each client sends its next request as soon as it has an
// answer.
type Load struct {
	Clients  int
	Requests int
	Hits     int // requests answered by the cache, according to the service's log
	Took     time.Duration
	P50, P99 time.Duration // durations of a request
	Resident int64         // resident memory of the service after the run, in bytes; 0 means unknown
}

const (
	settle = 50 * time.Millisecond // wait for the log

	// calm is longer than the circuit breaker stays open after a run in which the slow cache has
	// tripped it.
	calm = 1100 * time.Millisecond
)

// PerSecond returns the throughput.
func (l Load) PerSecond() float64 { return float64(l.Requests) / l.Took.Seconds() }

// Loads makes each number of clients read a user from the service, runs times for about d each. The
// numbers alternate, so that the age of the service affects all of them equally.
func Loads(ctx context.Context, s *Service, clients []int, runs int, d time.Duration) ([]Load, error) {
	var all []Load
	for range runs {
		for _, n := range clients {
			before := s.log.count()
			l, err := load(ctx, s.URL+"/users/ann", n, d)
			if err != nil {
				return nil, fmt.Errorf("growth: %d clients: %w", n, err)
			}
			l.Resident = s.Resident()
			time.Sleep(settle)
			if l.Hits = s.log.count() - before; l.Hits < l.Requests {
				time.Sleep(calm)
			}
			all = append(all, l)
		}
	}
	slices.SortStableFunc(all, func(a, b Load) int { return a.Clients - b.Clients })
	return all, nil
}

func load(ctx context.Context, url string, clients int, d time.Duration) (Load, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	took := make([][]float64, clients)
	group, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	for i := range took {
		group.Go(func() error {
			for time.Since(start) < d {
				t, err := request(ctx, client, http.MethodGet, url, "")
				if err != nil {
					return err
				}
				took[i] = append(took[i], float64(t))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Load{}, err
	}
	l := Load{Clients: clients, Took: time.Since(start)}
	all := slices.Concat(took...)
	slices.Sort(all)
	l.Requests = len(all)
	l.P50, l.P99 = time.Duration(table.Quantile(all, 0.5)), time.Duration(table.Quantile(all, 0.99))
	return l, nil
}

func request(ctx context.Context, client *http.Client, method, url, body string) (time.Duration, error) {
	start := time.Now()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("growth: %s from %s", resp.Status, url)
	}
	return time.Since(start), nil
}

var hit = []byte(`"get user: hit"`)

// hits counts the lines of a service's log for reads that the cache answered.
type hits struct {
	mu   sync.Mutex
	rest []byte // an incomplete line
	n    int
}

func (h *hits) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rest = append(h.rest, b...)
	h.n += bytes.Count(h.rest, hit)
	h.rest = h.rest[max(0, len(h.rest)-len(hit)+1):]
	return len(b), nil
}

func (h *hits) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}

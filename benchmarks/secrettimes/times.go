package secrettimes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/warmclient/warmclient/benchmarks/internal/pictures"
	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// Sample is the result of one contender with one fault.
type Sample struct {
	Contender string
	Fault     string
	Limit     time.Duration   // of the caller's context
	Took      []time.Duration // of each run until the caller had an answer, ascending
	Requests  int             // at the server in the last run
	Err       string          // of the last run; "" if it got the secret
	Cause     bool            // Err contains the cause, or the fault has no cause besides time
}

// Median returns the median of Took.
func (s Sample) Median() time.Duration { return s.Took[len(s.Took)/2] }

const (
	atOnce = 24 // the runs mostly wait

	// A start takes CPU time, so the runs do not all start at once.
	apart     = 10 * time.Millisecond
	runsApart = 150 * time.Millisecond
)

// Times measures every contender with every fault, runs times, with a caller's deadline of limit,
// except for contenders with another deadline. It takes slightly longer than limit.
func Times(ctx context.Context, limit time.Duration, runs int) ([]Sample, error) {
	cs, fs := contenders(), faults()
	samples := make([]Sample, len(cs)*len(fs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, f := range fs {
		for j, c := range cs {
			time.Sleep(apart)
			group.Go(func() (err error) {
				samples[i*len(cs)+j], err = measure(ctx, c, f, limit, runs)
				return err
			})
		}
	}
	return samples, group.Wait()
}

func measure(ctx context.Context, c contender, f fault, limit time.Duration, runs int) (Sample, error) {
	sample := Sample{Contender: c.name, Fault: f.name, Limit: limit, Took: make([]time.Duration, runs)}
	if c.limit > 0 {
		sample.Limit = c.limit
	}
	// The runs of a slow fault overlap. Each has its own server and client.
	outcomes := make([]struct {
		err      error
		requests int
	}, runs)
	var group errgroup.Group
	for i := range runs {
		group.Go(func() error {
			time.Sleep(time.Duration(i) * runsApart)
			s, err := f.start()
			if err != nil {
				return err
			}
			defer s.end()
			read := c.new(s.url)
			start := time.Now()
			ctx, cancel := context.WithTimeout(ctx, sample.Limit)
			defer cancel()
			text, err := read(ctx)
			sample.Took[i] = time.Since(start)
			if err == nil && text != secret {
				return fmt.Errorf("secrettimes: %s, %s: read another secret", c.name, f.name)
			}
			outcomes[i].err, outcomes[i].requests = err, s.requests("")
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return sample, err
	}
	slices.Sort(sample.Took)
	last := outcomes[runs-1]
	sample.Requests = last.requests
	if last.err != nil {
		sample.Err = last.err.Error()
		sample.Cause = strings.Contains(sample.Err, f.shown)
	}
	return sample, nil
}

// TimesTable returns a table of samples, with a row for each fault and a column for each contender.
func TimesTable(samples []Sample) table.Table {
	cs := contenders()
	t := table.Table{Title: "Secrets: seconds until the caller has an answer", Columns: []string{"fault"}}
	for _, c := range cs {
		t.Columns = append(t.Columns, c.name)
	}
	var limit time.Duration
	runs := 0
	ours := map[string]table.Summary{}
	for _, s := range samples {
		limit, runs = max(limit, s.Limit), len(s.Took)
		if s.Contender == Ours {
			ours[s.Fault] = table.Of(s.Took)
		}
	}
	t.Rows = table.Grid(samples, len(cs), func(s Sample) string { return s.Fault }, func(s Sample) string { return s.cell(ours[s.Fault]) })
	t.Note = fmt.Sprintf("Median of %d runs (least to most), and as a multiple of ours; requests in brackets; the caller's deadline is %v where no other is named. "+
		"\"cause lost\": the error's text does not tell what the server did.", runs, limit)
	return t
}

func (s Sample) cell(ours table.Summary) string {
	took := table.Of(s.Took)
	precision := 2
	if took.Median < 100e6 {
		precision = 3
	}
	text := fmt.Sprintf("%.*f (%.*f-%.*f) %s [%d]", precision, took.Median/1e9, precision, took.Least/1e9, precision, took.Most/1e9,
		took.Ratio(ours), s.Requests)
	switch {
	case s.Err == "":
		text += " value"
	case !s.Cause:
		text += " cause lost"
	}
	return text
}

// Picture returns a plot of samples, with a row for each fault.
func Picture(samples []Sample) pictures.Dots {
	d := pictures.Dots{
		Title: "Secrets Manager at fault: time until the caller has an answer", Axis: "time (median, least to most)",
		Log: true, Format: pictures.Duration,
	}
	for _, c := range contenders() {
		d.Series = append(d.Series, pictures.Series{Name: c.name})
	}
	for i, s := range samples {
		if i%len(d.Series) == 0 {
			d.Rows = append(d.Rows, s.Fault)
		}
		took := table.Of(s.Took)
		label := pictures.Duration(took.Median)
		if s.Err != "" && !s.Cause {
			label += ", cause lost"
		}
		series := &d.Series[i%len(d.Series)]
		series.Ranges, series.Labels = append(series.Ranges, took), append(series.Labels, label)
	}
	return d
}

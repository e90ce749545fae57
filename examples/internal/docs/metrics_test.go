//go:build !race

package docs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/warmclient/warmclient/readaside"
)

// steps counts the steps of reads and writes by entity, such as "get hit".
type steps struct {
	mu     sync.Mutex
	counts map[string]map[string]int
}

// observe is for Options.Observe.
func (s *steps) observe(_ context.Context, e readaside.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts[e.Entity] == nil {
		if s.counts == nil {
			s.counts = make(map[string]map[string]int)
		}
		s.counts[e.Entity] = make(map[string]int)
	}
	s.counts[e.Entity][string(e.Op)+" "+e.Outcome.String()]++
}

// flush writes one line per entity in CloudWatch's embedded metric format. The handler calls it
// before it returns: a frozen process writes nothing.
func (s *steps) flush(w io.Writer, now time.Time) error {
	s.mu.Lock()
	counts := s.counts
	s.counts = nil
	s.mu.Unlock()
	for entity, byStep := range counts {
		line := map[string]any{"Entity": entity}
		var metrics []map[string]string
		for _, step := range slices.Sorted(maps.Keys(byStep)) {
			line[step] = byStep[step]
			metrics = append(metrics, map[string]string{"Name": step, "Unit": "Count"})
		}
		line["_aws"] = map[string]any{
			"Timestamp": now.UnixMilli(),
			"CloudWatchMetrics": []any{map[string]any{
				"Namespace": "warmclient", "Dimensions": [][]string{{"Entity"}}, "Metrics": metrics,
			}},
		}
		if err := json.NewEncoder(w).Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// observer returns a function for Options.Observe that records the duration of each step.
func observer(meter metric.Meter) (func(context.Context, readaside.Event), error) {
	took, err := meter.Float64Histogram("readaside.step.duration", metric.WithUnit("s"))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, e readaside.Event) {
		took.Record(ctx, e.Took.Seconds(), metric.WithAttributes(
			attribute.String("entity", e.Entity),
			attribute.String("op", string(e.Op)),
			attribute.String("outcome", e.Outcome.String()),
		))
	}, nil
}

func TestStepsBecomeEmbeddedMetrics(t *testing.T) {
	var s steps
	for _, outcome := range []readaside.Outcome{readaside.Hit, readaside.Hit, readaside.Miss} {
		s.observe(t.Context(), readaside.Event{Op: readaside.OpGet, Entity: "product", Outcome: outcome})
	}
	var out bytes.Buffer
	require.NoError(t, s.flush(&out, time.UnixMilli(1700000000000)))
	assert.JSONEq(t, `{
		"Entity": "product", "get hit": 2, "get miss": 1,
		"_aws": {"Timestamp": 1700000000000, "CloudWatchMetrics": [{
			"Namespace": "warmclient", "Dimensions": [["Entity"]],
			"Metrics": [{"Name": "get hit", "Unit": "Count"}, {"Name": "get miss", "Unit": "Count"}]
		}]}
	}`, out.String())

	out.Reset()
	require.NoError(t, s.flush(&out, time.Now()))
	assert.Empty(t, out.String(), "a step is reported once")
}

func TestStepsBecomeOpenTelemetryMetrics(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	observe, err := observer(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test"))
	require.NoError(t, err)
	observe(t.Context(), readaside.Event{Op: readaside.OpGet, Entity: "product", Outcome: readaside.Hit, Took: time.Second})

	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	points := all.ScopeMetrics[0].Metrics[0].Data.(metricdata.Histogram[float64]).DataPoints
	require.Len(t, points, 1)
	assert.EqualValues(t, 1, points[0].Count)
	assert.InDelta(t, 1.0, points[0].Sum, 1e-9)
	assert.Equal(t, attribute.NewSet(
		attribute.String("entity", "product"), attribute.String("op", "get"), attribute.String("outcome", "hit"),
	), points[0].Attributes)
}

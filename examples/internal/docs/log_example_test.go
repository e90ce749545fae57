//go:build !race

package docs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside"
)

// logClient is for Holder.Observe.
func logClient(e lazyclient.Event) {
	level := slog.LevelInfo
	if e.Err != nil {
		level = slog.LevelWarn
	}
	slog.Log(context.Background(), level, "client", "client", e.Holder, "event", e.Kind.String(), "error", e.Err)
}

// logStep is for Options.Observe. It leaves out skipped steps, which have an error, too.
func logStep(ctx context.Context, e readaside.Event) {
	switch e.Outcome {
	case readaside.CacheFailed, readaside.Unreadable, readaside.LoadFailed:
		slog.WarnContext(ctx, "cache", "op", e.Op, "entity", e.Entity, "outcome", e.Outcome.String(), "error", e.Err)
	}
}

func TestLoggersOfTheDocumentsLogWhatTheAlarmsLookFor(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	errTest := errors.New("test")
	logClient(lazyclient.Event{Holder: "momento", Kind: lazyclient.OpenFailed, Err: errTest})
	logStep(t.Context(), readaside.Event{Op: readaside.OpUnfence, Entity: "user", Outcome: readaside.CacheFailed, Err: errTest})
	logStep(t.Context(), readaside.Event{Op: readaside.OpGet, Entity: "user", Outcome: readaside.CacheSkipped, Err: errTest})
	assert.Contains(t, log.String(), `"level":"WARN","msg":"client","client":"momento","event":"OpenFailed","error":"test"`)
	assert.Contains(t, log.String(), `"msg":"cache","op":"unfence","entity":"user","outcome":"cache failed","error":"test"`)
	assert.Equal(t, 2, strings.Count(log.String(), "\n"))
}

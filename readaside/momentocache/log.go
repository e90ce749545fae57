package momentocache

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/momentohq/client-sdk-go/config/logger"
)

// slogFactory sends the SDK's log to slog.Default. The SDK logs details such as the settings of
// each new client at Info. They are logged at Debug here.
type slogFactory struct{}

func (slogFactory) GetLogger(name string) logger.MomentoLogger { return slogLogger{name} }
func (slogFactory) String() string                             { return "slog" }

type slogLogger struct{ name string }

func (l slogLogger) Trace(format string, args ...any) { l.log(slog.LevelDebug-4, format, args) }
func (l slogLogger) Debug(format string, args ...any) { l.log(slog.LevelDebug, format, args) }
func (l slogLogger) Info(format string, args ...any)  { l.log(slog.LevelDebug, format, args) }
func (l slogLogger) Warn(format string, args ...any)  { l.log(slog.LevelWarn, format, args) }
func (l slogLogger) Error(format string, args ...any) { l.log(slog.LevelError, format, args) }
func (l slogLogger) String() string                   { return l.name }

func (l slogLogger) log(level slog.Level, format string, args []any) {
	ctx, out := context.Background(), slog.Default()
	if out.Enabled(ctx, level) {
		out.LogAttrs(ctx, level, "momento: "+fmt.Sprintf(format, args...), slog.String("logger", l.name))
	}
}

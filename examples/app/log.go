package app

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/warmclient/warmclient/lazyclient"
)

// NewLogger returns a logger that writes JSON lines with Lambda's names for the common fields. The
// field cold is true until the first request has arrived. Lines logged with the context of a
// request also have its ID and its route.
func NewLogger(w io.Writer) *slog.Logger {
	return slog.New(requestHandler{slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level:       logLevel(os.Getenv("AWS_LAMBDA_LOG_LEVEL")),
		ReplaceAttr: lambdacontext.ReplaceAttr,
	})})
}

// logLevel returns slog's level for a level of Lambda, which has two additional levels.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func logLevel(name string) (level slog.Level) {
	switch name {
	case "TRACE":
		return slog.LevelDebug - 4
	case "FATAL":
		return slog.LevelError + 4
	}
	_ = level.UnmarshalText([]byte(name)) // the level stays Info if name is empty or unknown
	return level
}

// requestHandler adds the attributes of the request in the context.
type requestHandler struct{ slog.Handler }

func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	cold := !warm.Load()
	if req := requestFrom(ctx); req != nil {
		if req.id != "" {
			r.AddAttrs(slog.String("requestId", req.id))
		}
		r.AddAttrs(slog.String("route", req.route))
		cold = req.cold
	}
	r.AddAttrs(slog.Bool("cold", cold))
	return h.Handler.Handle(ctx, r)
}

func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}

// logHolder logs the events of a holder. They belong to no request, because several requests may
// wait for the same open.
func logHolder(e lazyclient.Event) { logClient(e) }

// logMomento also logs the name of the secret, because Momento's answer that refuses the API key
// does not contain it.
func logMomento(e lazyclient.Event) {
	logClient(e, slog.String("secret", secretID()), slog.String("key", secretKey()))
}

func logClient(e lazyclient.Event, attrs ...slog.Attr) {
	level := slog.LevelInfo
	if e.Err != nil {
		level = levelOf(e.Err)
		attrs = append(attrs, slog.String("error", e.Err.Error()))
	}
	attrs = append(attrs, slog.String("client", e.Holder), slog.String("event", e.Kind.String()), millis("took", e.Took))
	slog.LogAttrs(context.Background(), level, "client", attrs...)
}

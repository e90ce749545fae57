package app

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/warmclient/warmclient/lazyclient"
)

// NewLogger returns a logger that writes JSON lines under the names that Lambda gives the common
// fields. Each line tells whether the process was cold, which it is until its first request comes;
// lines logged with the context of a request also tell its id and its route.
func NewLogger(w io.Writer) *slog.Logger {
	return slog.New(requestHandler{slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level:       logLevel(os.Getenv("AWS_LAMBDA_LOG_LEVEL")),
		ReplaceAttr: lambdacontext.ReplaceAttr,
	})})
}

// logLevel returns slog's level for one of Lambda's, which has two more.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func logLevel(name string) (level slog.Level) {
	switch name {
	case "TRACE":
		return slog.LevelDebug - 4
	case "FATAL":
		return slog.LevelError + 4
	}
	_ = level.UnmarshalText([]byte(name)) // none, or an unknown one: Info
	return level
}

// requestHandler adds what the context knows of the request.
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

// logHolder logs the life of a client. It belongs to no request: all wait for the same open.
func logHolder(e lazyclient.Event) { logClient(e) }

// logMomento also names the secret: an answer of Momento that refuses the API key does not.
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

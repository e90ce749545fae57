package momentocache

import (
	"fmt"
	"strings"

	"github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/config/logger"
	"github.com/momentohq/client-sdk-go/momento"

	"github.com/warmclient/warmclient/secrets"
)

const redacted = "REDACTED"

// A scrubber removes an API key from texts that the service or the SDK wrote.
type scrubber struct{ key secrets.Token }

// text replaces the key itself, and whatever may be a key or the beginning of one: all kinds but
// opaque keys are base64 of JSON objects, and base64 of `{"` is `eyJ`.
func (s scrubber) text(text string) string {
	if key := s.key.Reveal(); key != "" {
		text = strings.ReplaceAll(text, key, redacted)
	}
	const start = "eyJ"
	before, after, found := strings.Cut(text, start)
	if !found {
		return text
	}
	rest := strings.TrimLeftFunc(after, func(r rune) bool {
		return !notInHost(r) || strings.ContainsRune(".+/=", r)
	})
	return before + redacted + s.text(rest)
}

// err returns err, or the same error of the SDK without what may be a key.
func (s scrubber) err(err error) error {
	m, ok := err.(momento.MomentoError)
	if !ok {
		return err
	}
	// Of an answer that refuses the key, a piece of the key may be quoted that looks like nothing in
	// particular.
	if m.Code() == momento.AuthenticationError {
		return momento.NewMomentoError(m.Code(), "the service does not accept the API key", nil)
	}
	if text := err.Error(); s.text(text) == text {
		return err
	}
	return momento.NewMomentoError(m.Code(), s.text(m.Message()), nil)
}

// quiet is a Configuration whose loggers are scrubbed.
type quiet struct {
	config.Configuration
	scrub scrubber
}

func (q quiet) GetLoggerFactory() logger.MomentoLoggerFactory {
	return scrubbedFactory{q.Configuration.GetLoggerFactory(), q.scrub}
}

type scrubbedFactory struct {
	logger.MomentoLoggerFactory
	scrub scrubber
}

func (f scrubbedFactory) GetLogger(name string) logger.MomentoLogger {
	return scrubbedLogger{f.MomentoLoggerFactory.GetLogger(name), f.scrub, name == "data-client"}
}

// A scrubbedLogger passes lines on without the key. From 1.38.1 on the SDK logs each failed call of
// the data client at ERROR; the call returns that error, so here it is DEBUG.
type scrubbedLogger struct {
	to         logger.MomentoLogger
	scrub      scrubber
	dataClient bool
}

func (l scrubbedLogger) Trace(format string, args ...any) { l.to.Trace("%s", l.line(format, args)) }
func (l scrubbedLogger) Debug(format string, args ...any) { l.to.Debug("%s", l.line(format, args)) }
func (l scrubbedLogger) Info(format string, args ...any)  { l.to.Info("%s", l.line(format, args)) }
func (l scrubbedLogger) Warn(format string, args ...any)  { l.to.Warn("%s", l.line(format, args)) }

func (l scrubbedLogger) Error(format string, args ...any) {
	if l.dataClient {
		l.to.Debug("%s", l.line(format, args))
		return
	}
	l.to.Error("%s", l.line(format, args))
}

func (l scrubbedLogger) line(format string, args []any) fmt.Stringer {
	return logLine{format, args, l.scrub}
}

// A logLine is formatted only where it is written.
type logLine struct {
	format string
	args   []any
	scrub  scrubber
}

func (l logLine) String() string { return l.scrub.text(fmt.Sprintf(l.format, l.args...)) }

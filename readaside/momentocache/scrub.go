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

// A scrubber removes an API key from texts of the service or the SDK.
type scrubber struct{ key secrets.Token }

// text replaces the key, and any text that may be a key or the beginning of one: all keys except
// opaque ones contain base64 of JSON objects, and base64 of `{"` is `eyJ`.
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

// err returns err, or the same error of the SDK without any text that may be a key.
func (s scrubber) err(err error) error {
	m, ok := err.(momento.MomentoError)
	if !ok {
		return err
	}
	// An answer that refuses the key may quote a part of it that does not look like a key.
	if m.Code() == momento.AuthenticationError {
		return momento.NewMomentoError(m.Code(), "the service does not accept the API key", nil)
	}
	if text := err.Error(); s.text(text) == text {
		return err
	}
	return momento.NewMomentoError(m.Code(), s.text(m.Message()), nil)
}

// scrubbedConfig is a Configuration whose loggers are scrubbed.
type scrubbedConfig struct {
	config.Configuration
	scrub scrubber
}

func (c scrubbedConfig) GetLoggerFactory() logger.MomentoLoggerFactory {
	return scrubbedFactory{c.Configuration.GetLoggerFactory(), c.scrub}
}

type scrubbedFactory struct {
	logger.MomentoLoggerFactory
	scrub scrubber
}

func (f scrubbedFactory) GetLogger(name string) logger.MomentoLogger {
	return scrubbedLogger{f.MomentoLoggerFactory.GetLogger(name), f.scrub, name == "data-client"}
}

// A scrubbedLogger forwards lines without the key. Since version 1.38.1, the SDK logs each failed
// call of the data client at ERROR. The call also returns that error, so it is logged at DEBUG
// here.
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

// A logLine is formatted only when it is written.
type logLine struct {
	format string
	args   []any
	scrub  scrubber
}

func (l logLine) String() string { return l.scrub.text(fmt.Sprintf(l.format, l.args...)) }

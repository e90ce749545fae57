package momentocache

import (
	"github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/config/logger"

	"github.com/warmclient/warmclient/secrets"
)

// Args returns what a line of the SDK's log is made of.
func Args(line any) []any {
	l, _ := line.(logLine)
	return l.args
}

// LoggerFactory returns the factory that a client with this configuration and key is made with.
func LoggerFactory(o Opener, cfg config.Configuration, key string) logger.MomentoLoggerFactory {
	token, err := secrets.Static(key).Text()
	if err != nil {
		panic(err)
	}
	o.Config = cfg
	return o.configuration(scrubber{token}).GetLoggerFactory()
}

package momentocache

import (
	"github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/config/logger"

	"github.com/warmclient/warmclient/secrets"
)

// Args returns the arguments of a line of the SDK's log.
func Args(line any) []any {
	l, _ := line.(logLine)
	return l.args
}

// LoggerFactory returns the logger factory of a client with this configuration and key.
func LoggerFactory(o Opener, cfg config.Configuration, key string) logger.MomentoLoggerFactory {
	token, err := secrets.Static(key).Text()
	if err != nil {
		panic(err)
	}
	o.Config = cfg
	return o.configuration(scrubber{token}).GetLoggerFactory()
}

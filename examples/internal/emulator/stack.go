package emulator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/warmclient/warmclient/readaside/momentocache/momentotest"
	"github.com/warmclient/warmclient/secrets/secretstest"
)

// Region is the AWS region of the stack.
const Region = "us-east-1"

// Options are the options of [Start]. The zero value is valid.
type Options struct {
	Table     string // DynamoDB table with keys PK and SK; default "accounts"
	Cache     string // Momento cache; default "accounts"
	SecretID  string // secret that holds Momento's API key; default "accounts/MomentoAuthToken"
	SecretKey string // member of that secret; default "MOMENTO_AUTH_TOKEN"
}

// A Stack is the three servers with the resources of the examples: a table, a cache, and a secret
// with the API key that the cache accepts.
type Stack struct {
	DynamoDB       *DynamoDB
	SecretsManager *secretstest.Server
	Momento        *momentotest.Server

	options Options
}

// Start starts the three servers on free ports. The caller must call Close.
func Start(o Options) (*Stack, error) {
	o.Table = cmp.Or(o.Table, "accounts")
	o.Cache = cmp.Or(o.Cache, "accounts")
	o.SecretID = cmp.Or(o.SecretID, "accounts/MomentoAuthToken")
	o.SecretKey = cmp.Or(o.SecretKey, "MOMENTO_AUTH_TOKEN")
	s := &Stack{options: o}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stack) start() (err error) {
	if s.DynamoDB, err = StartDynamoDB(); err != nil {
		return err
	}
	s.SecretsManager = secretstest.NewServer()
	s.Momento = momentotest.NewServer(s.options.Cache)
	s.SecretsManager.Put(s.options.SecretID, s.secret(s.Momento.Key()))
	return s.DynamoDB.CreateTable(s.options.Table)
}

// Close stops all servers and returns when all of their goroutines have ended. Further calls do
// nothing.
func (s *Stack) Close() error {
	var errs []error
	if s.DynamoDB != nil {
		errs = append(errs, s.DynamoDB.Close())
	}
	if s.SecretsManager != nil {
		s.SecretsManager.Close()
	}
	if s.Momento != nil {
		s.Momento.Close()
	}
	return errors.Join(errs...)
}

// RotateKey stores a new API key in the secret. Momento then accepts only that key.
func (s *Stack) RotateKey() {
	key := NewKey(time.Time{})
	s.SecretsManager.Put(s.options.SecretID, s.secret(key))
	s.Momento.Accept(key)
}

// Environ returns the environment, in the form of os.Environ, that connects a function of the
// examples to the stack. Its AWS keys are only valid for the stack.
func (s *Stack) Environ() []string {
	return []string{
		"AWS_REGION=" + Region,
		"AWS_ACCESS_KEY_ID=emulator",
		"AWS_SECRET_ACCESS_KEY=emulator",
		"AWS_SESSION_TOKEN=emulator",
		"AWS_ENDPOINT_URL_DYNAMODB=" + s.DynamoDB.URL(),
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + s.SecretsManager.URL,
		"MOMENTO_ENDPOINT=" + s.Momento.Addr(),
		"MOMENTO_SECRET_ID=" + s.options.SecretID,
		"MOMENTO_SECRET_KEY=" + s.options.SecretKey,
		"TABLE_NAME=" + s.options.Table,
		"CACHE_NAME=" + s.options.Cache,
	}
}

func (s *Stack) secret(key string) string {
	text, err := json.Marshal(map[string]string{s.options.SecretKey: key})
	if err != nil {
		panic(fmt.Sprintf("emulator: a map of strings always encodes: %v", err))
	}
	return string(text)
}

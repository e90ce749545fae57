package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// witness stands between one function and the two services of AWS, and notes the actions that IAM
// would have to allow.
type witness struct {
	dynamoDB, secretsManager *httptest.Server

	mu      sync.Mutex
	actions map[string]string // to the resource
}

func startWitness(t *testing.T, s *services) *witness {
	t.Helper()
	w := &witness{actions: map[string]string{}}
	w.dynamoDB = w.forward(t, s.DynamoDB.URL(), w.noteDynamoDB)
	w.secretsManager = w.forward(t, s.SecretsManager.URL, w.noteSecretsManager)
	return w
}

func (w *witness) environ() []string {
	return []string{"AWS_ENDPOINT_URL_DYNAMODB=" + w.dynamoDB.URL, "AWS_ENDPOINT_URL_SECRETS_MANAGER=" + w.secretsManager.URL}
}

func (w *witness) forward(t *testing.T, to string, note func(operation string, body []byte) error) *httptest.Server {
	t.Helper()
	target, err := url.Parse(to)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
			err = note(operation, body)
		}
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	return server
}

// noteDynamoDB notes the actions of a transaction for what they are: IAM has no TransactWriteItems.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
func (w *witness) noteDynamoDB(operation string, body []byte) error {
	type target struct{ TableName string }
	var in struct {
		TableName     string
		TransactItems []map[string]target
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	if operation != "TransactWriteItems" {
		w.note("dynamodb:"+operation, in.TableName)
		return nil
	}
	for _, item := range in.TransactItems {
		for kind, on := range item { // Put, ConditionCheck...
			w.note("dynamodb:"+kind+"Item", on.TableName)
		}
	}
	return nil
}

func (w *witness) noteSecretsManager(operation string, body []byte) error {
	var in struct{ SecretId string }
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	w.note("secretsmanager:"+operation, in.SecretId)
	return nil
}

func (w *witness) note(action, resource string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.actions[action] = resource
}

func (w *witness) noted() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.actions)
}

package guide_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// serveSecretsManager puts in front of a local Secrets Manager, which can only be read over the wire,
// the operations by which the page's commands change it. It returns the URL.
func serveSecretsManager(t *testing.T, m *emulator.SecretsManager) string {
	t.Helper()
	target, err := url.Parse(m.URL())
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has gone
		}
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if operation == "GetSecretValue" {
			r.Body = io.NopCloser(bytes.NewReader(body))
			proxy.ServeHTTP(w, r)
			return
		}
		status, answer := change(m, operation, body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// change does as the service does for the members that the page's commands send.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
func change(m *emulator.SecretsManager, operation string, body []byte) (status int, answer map[string]any) {
	refuse := func(code string) (int, map[string]any) {
		return http.StatusBadRequest, map[string]any{"__type": code, "message": "refused: " + operation}
	}
	var in struct {
		Name, SecretId, SecretString string
		RecoveryWindowInDays         int
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return refuse("SerializationException")
	}
	name := in.Name + in.SecretId
	answer = map[string]any{"Name": name}
	switch exists := m.ARN(name) != ""; {
	case operation == "CreateSecret" && exists:
		return refuse("ResourceExistsException")
	case operation != "CreateSecret" && !exists:
		return refuse("ResourceNotFoundException")
	case operation == "CreateSecret" || operation == "PutSecretValue":
		answer["VersionId"] = m.Put(name, in.SecretString)
	case operation == "DeleteSecret" && in.RecoveryWindowInDays >= 7 && in.RecoveryWindowInDays <= 30:
		m.Delete(name)
	default:
		return refuse("InvalidParameterException")
	}
	answer["ARN"] = m.ARN(name)
	return http.StatusOK, answer
}

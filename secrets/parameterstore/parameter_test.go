package parameterstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/internal/faults"
	"github.com/warmclient/warmclient/secrets"
	"github.com/warmclient/warmclient/secrets/parameterstore"
)

const name = "/accounts/momento"

func config(endpoint string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}),
	}
}

// serve answers GetParameter with value, and notes the requests.
func serve(t *testing.T, value any) (server *faults.AWSServer, requests *[]map[string]any) {
	t.Helper()
	requests = new([]map[string]any)
	server, err := faults.StartAWS("application/x-amz-json-1.1", func(op string, body []byte) faults.Reply {
		var in map[string]any
		_ = json.Unmarshal(body, &in)
		in["op"] = op
		*requests = append(*requests, in)
		return faults.Encode(http.StatusOK, value)
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	return server, requests
}

func parameterOf(value string) map[string]any {
	return map[string]any{"Parameter": map[string]any{"Name": name, "Type": "SecureString", "Value": value, "Version": 3}}
}

func source(server *faults.AWSServer) parameterstore.Parameter {
	return parameterstore.Parameter{API: parameterstore.NewClient(config(server.URL())), Name: name}
}

func TestFetchIsOneGetParameterWithDecryption(t *testing.T) {
	t.Parallel()
	server, requests := serve(t, parameterOf(`{"a":"x"}`))
	token, err := secrets.Load(t.Context(), source(server), "a")
	require.NoError(t, err)
	assert.Equal(t, "x", token.Reveal())
	assert.Equal(t, []map[string]any{{"op": "GetParameter", "Name": name, "WithDecryption": true}}, *requests)

	doc, err := source(server).Fetch(t.Context())
	require.NoError(t, err)
	assert.Equal(t, name, doc.Name())
}

func TestAnErrorOfTheServiceKeepsItsKindItsHintAndTheSDKsError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status        int
		code, message string
		kind          error
		hint          string
		attempts      int
	}{
		{400, "ParameterNotFound", "", secrets.ErrNotFound, "", 1},
		{400, "ParameterVersionNotFound", "no version 7", secrets.ErrNotFound, "", 1},
		{400, "InvalidKeyId", "the key is disabled", secrets.ErrDecrypt, "", 1},
		{400, "AccessDeniedException", "User is not authorized to perform: ssm:GetParameter", secrets.ErrAccessDenied, "needs ssm:GetParameter, and kms", 1},
		{400, "AccessDeniedException", "The ciphertext refers to a customer master key that does not exist", secrets.ErrAccessDenied, "needs kms:Decrypt on", 1},
		{400, "ExpiredTokenException", "expired", secrets.ErrAccessDenied, "have expired", 1},
		{400, "ThrottlingException", "Rate exceeded", secrets.ErrThrottled, "", 3},
		{500, "InternalServerError", "sorry", secrets.ErrUnavailable, "", 3},
		{400, "ValidationException", "bad name", nil, "", 1},
	} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			server, _ := serve(t, nil)
			server.Inject(faults.Fault{Action: faults.Fail, Status: c.status, Code: c.code, Message: c.message})

			_, err := secrets.Load(t.Context(), source(server), "key")

			var failure *secrets.Error
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, c.kind, failure.Kind)
			assert.Equal(t, "key", failure.Key)
			assert.Equal(t, name, failure.Secret)
			assert.Equal(t, "us-east-1", failure.Region)
			assert.ErrorContains(t, err, c.hint)
			assert.ErrorContains(t, err, c.message)
			var api smithy.APIError
			require.ErrorAs(t, err, &api)
			assert.Equal(t, c.code, api.ErrorCode())
			assert.Equal(t, c.attempts, server.Requests("GetParameter"))
		})
	}
}

func TestFaultsOfTheConnectionHaveTheKindsOfASecret(t *testing.T) {
	t.Parallel()
	for action, kind := range map[faults.Action]error{
		faults.Hang: secrets.ErrTimeout, faults.Reset: secrets.ErrUnavailable,
		faults.Refuse: secrets.ErrUnavailable, faults.Garbage: secrets.ErrUnavailable,
	} {
		server, _ := serve(t, parameterOf("x"))
		server.Inject(faults.Fault{Action: action})
		src := source(server)
		src.Timeout = 300 * time.Millisecond
		_, err := src.Fetch(t.Context())
		assert.ErrorIs(t, err, kind, "%v", action)
		if action == faults.Hang {
			assert.ErrorContains(t, err, "no answer from "+server.Addr()+" within 300ms (waiting for the answer)")
		}
	}
}

func TestTheBudgetIsOneSecondByDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := parameterstore.Parameter{Name: name, API: fakeAPI(func(ctx context.Context) (*ssm.GetParameterOutput, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})}.Fetch(t.Context())
		require.ErrorIs(t, err, secrets.ErrTimeout)
		assert.Equal(t, time.Second, time.Since(began))
	})
}

type fakeAPI func(ctx context.Context) (*ssm.GetParameterOutput, error)

func (f fakeAPI) GetParameter(ctx context.Context, _ *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	return f(ctx)
}

func TestTheClientKeepsNoConnectionAndTheSDKLogsNothing(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.True(t, r.Close)
		_ = json.NewEncoder(w).Encode(parameterOf("tOpSeCrEt"))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	logged := &counter{}
	cfg := config(server.URL)
	cfg.Logger, cfg.ClientLogMode = logged, aws.LogResponseWithBody|aws.LogRequest|aws.LogRetries
	src := parameterstore.Parameter{API: parameterstore.NewClient(cfg), Name: name}
	for range 3 {
		_, err := src.Fetch(t.Context())
		require.NoError(t, err)
	}
	assert.Equal(t, int32(3), connections.Load())
	assert.Zero(t, logged.lines.Load())
}

type counter struct{ lines atomic.Int32 }

func (c *counter) Logf(logging.Classification, string, ...any) { c.lines.Add(1) }

func TestWhatIsNotSetIsSaid(t *testing.T) {
	t.Parallel()
	unused := fakeAPI(func(context.Context) (*ssm.GetParameterOutput, error) { return nil, errors.New("must not be called") })
	client := parameterstore.NewClient(config("http://127.0.0.1:1"))
	nothing := fakeAPI(func(context.Context) (*ssm.GetParameterOutput, error) { return &ssm.GetParameterOutput{}, nil })
	for text, c := range map[string]struct {
		src  parameterstore.Parameter
		kind error
	}{
		"Parameter.API is not set": {parameterstore.Parameter{Name: name}, nil},
		"no Name is set":           {parameterstore.Parameter{API: unused}, secrets.ErrNotFound},
		"the ARN is of region eu-west-1, the client of us-east": {parameterstore.Parameter{API: client, Name: "arn:aws:ssm:eu-west-1:1:parameter/x"}, secrets.ErrNotFound},
		"the answer holds no parameter":                         {parameterstore.Parameter{API: nothing, Name: name}, secrets.ErrUnavailable},
	} {
		_, err := c.src.Fetch(t.Context())
		var failure *secrets.Error
		require.ErrorAs(t, err, &failure)
		assert.Equal(t, c.kind, failure.Kind)
		assert.ErrorContains(t, err, text)
	}
}

package secrets_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
	"github.com/warmclient/warmclient/secrets/secretstest"
)

func TestAnErrorOfTheServiceKeepsItsKindItsHintAndTheSDKsError(t *testing.T) {
	t.Parallel()
	const (
		permission = "secretsmanager:GetSecretValue, and kms:Decrypt"
		kms        = "needs kms:Decrypt on"
	)
	for _, c := range []struct {
		status  int
		code    string
		message string
		kind    error
		hint    string
	}{
		{400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.", secrets.ErrNotFound, ""},
		{400, "AccessDeniedException", "User is not authorized to perform it", secrets.ErrAccessDenied, permission},
		{400, "AccessDeniedException", "Access to KMS is not allowed", secrets.ErrAccessDenied, kms},
		{400, "AccessDeniedException", "User is not authorized to perform: kms:Decrypt on the key", secrets.ErrAccessDenied, kms},
		{400, "AccessDeniedException", "User is not authorized to perform it on secret:prod/KMS-token", secrets.ErrAccessDenied, permission},
		{400, "KMSAccessDeniedException", "no", secrets.ErrAccessDenied, kms},
		{400, "ExpiredTokenException", "The security token is expired", secrets.ErrAccessDenied, "have expired"},
		{400, "UnrecognizedClientException", "The security token is invalid", secrets.ErrAccessDenied, "not known"},
		{403, "InvalidClientTokenId", "no such key", secrets.ErrAccessDenied, "not known"},
		{400, "InvalidSignatureException", "does not match", secrets.ErrAccessDenied, "wrong clock"},
		{403, "SignatureDoesNotMatch", "does not match", secrets.ErrAccessDenied, "wrong clock"},
		{400, "MissingAuthenticationTokenException", "Missing Authentication Token", secrets.ErrAccessDenied, "not signed"},
		{400, "DecryptionFailure", "key is disabled", secrets.ErrDecrypt, ""},
		{400, "InvalidRequestException", "scheduled for deletion", secrets.ErrInvalidState, ""},
		{400, "ThrottlingException", "Rate exceeded", secrets.ErrThrottled, ""},
		{429, "TooManyRequestsException", "Rate exceeded", secrets.ErrThrottled, ""},
		{503, "ThrottlingException", "Rate exceeded", secrets.ErrThrottled, ""},
		{500, "InternalServiceError", "sorry", secrets.ErrUnavailable, ""},
		{503, "ServiceUnavailable", "sorry", secrets.ErrUnavailable, ""},
		{502, "Unheard-of", "sorry", secrets.ErrUnavailable, ""},
		{400, "InvalidParameterException", "bad id", nil, ""},
		{413, "RequestEntityTooLarge", "too large", nil, ""},
	} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			s := refuse(t, c.status, c.code, c.message)

			_, err := source(s.url).Fetch(t.Context())

			var failure *secrets.Error
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, c.kind, failure.Kind)
			if c.kind != nil {
				assert.ErrorIs(t, err, c.kind)
			}
			assert.Equal(t, secretID, failure.Secret)
			assert.Equal(t, region, failure.Region)
			assert.ErrorContains(t, err, secretID)
			assert.ErrorContains(t, err, region)
			assert.ErrorContains(t, err, c.message)
			assert.ErrorContains(t, err, c.hint)
			var api smithy.APIError
			require.ErrorAs(t, err, &api)
			assert.Equal(t, c.code, api.ErrorCode())
			var operation *smithy.OperationError
			require.ErrorAs(t, err, &operation)
			assert.Equal(t, "GetSecretValue", operation.Operation())
		})
	}
}

func TestTheSDKsOwnTypeIsInTheChain(t *testing.T) {
	t.Parallel()
	_, err := source(refuse(t, 400, "ResourceNotFoundException", "gone").url).Fetch(t.Context())
	var sdk *types.ResourceNotFoundException
	require.ErrorAs(t, err, &sdk)
	assert.Equal(t, "gone", sdk.ErrorMessage())
}

func TestAMalformedAnswersTextIsNowhereInTheChain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"not JSON":                 {200, "tOpSeCrEt"},
		"cut off":                  {200, `{"SecretString":"tOpSeCrEt`},
		"wrong type":               {200, `{"SecretString":["tOpSeCrEt"]}`},
		"bad base64":               {200, `{"SecretBinary":"tOpSeCrEt!"}`},
		"bad escape":               {200, `{"SecretString":"tOpSeCrEt\q"}`},
		"an error that is no JSON": {400, "tOpSeCrEt"},
		"a 503 that is no JSON":    {503, "<html>tOpSeCrEt</html>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answer(t, c.status, c.body)

			_, err := source(s.url).Fetch(t.Context())

			require.ErrorIs(t, err, secrets.ErrUnavailable)
			var decoding *smithy.DeserializationError
			require.NotErrorAs(t, err, &decoding)
			noLeak(t, "tOpSeCrEt", err.Error())
			if c.status == 200 {
				noLeak(t, "tOpSeCrEt", walk(err))
			}
		})
	}
}

func TestAnARNOfAnotherRegionIsNotFoundBeforeAnyCall(t *testing.T) {
	t.Parallel()
	s := manage(t, "x")
	src := source(s.url)
	src.ID = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf"

	_, err := src.Fetch(t.Context())

	require.ErrorIs(t, err, secrets.ErrNotFound)
	assert.ErrorContains(t, err, "eu-west-1")
	assert.ErrorContains(t, err, region)
	assert.Zero(t, s.requests.Load())
}

func TestAnARNOfTheClientsRegionIsFetched(t *testing.T) {
	t.Parallel()
	for _, clientRegion := range []string{"eu-west-1", "fips-eu-west-1", "eu-west-1-fips"} {
		t.Run(clientRegion, func(t *testing.T) {
			t.Parallel()
			cfg := aws.Config{Region: clientRegion, Credentials: keys, HTTPClient: doFunc(func(*http.Request) (*http.Response, error) {
				recorder := httptest.NewRecorder()
				write(recorder, 200, valueOf("x"))
				return recorder.Result(), nil
			})}
			_, err := secrets.SecretsManager{
				API: secrets.NewClient(cfg),
				ID:  "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf",
			}.Fetch(t.Context())
			assert.NoError(t, err)
		})
	}
}

type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

func TestWhereTheClientsRegionIsUnknownTheARNIsAsked(t *testing.T) {
	t.Parallel()
	_, err := secrets.SecretsManager{
		API: failing(errors.New("asked")),
		ID:  "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf",
	}.Fetch(t.Context())

	require.ErrorContains(t, err, "asked")
	var failure *secrets.Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, "eu-west-1", failure.Region)
}

func failing(err error) fakeAPI {
	return func(context.Context, *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
		return nil, err
	}
}

func TestMissingCredentialsAreAccessDeniedAndNameTheProvidersError(t *testing.T) {
	t.Parallel()
	noRole := errors.New("no EC2 IMDS role found")
	for name, c := range map[string]struct {
		err  error
		kind error
	}{
		"none":                       {noRole, secrets.ErrAccessDenied},
		"refused":                    {&smithy.GenericAPIError{Code: "AccessDenied", Message: "sts:AssumeRole"}, secrets.ErrAccessDenied},
		"their service is throttled": {&smithy.GenericAPIError{Code: "Throttling"}, secrets.ErrThrottled},
		"their service is not there": {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, secrets.ErrAccessDenied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := manage(t, "x")
			cfg := config(s.url)
			cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, c.err
			})

			_, err := secrets.SecretsManager{API: secrets.NewClient(cfg), ID: secretID}.Fetch(t.Context())

			require.ErrorIs(t, err, c.kind)
			assert.ErrorIs(t, err, c.err)
			assert.ErrorContains(t, err, "credentials")
			assert.NotContains(t, err.Error(), "secretsmanager:GetSecretValue", "it is not a missing permission")
			assert.Zero(t, s.requests.Load())
		})
	}
}

func TestWhatIsNotSetIsSaid(t *testing.T) {
	t.Parallel()
	api := failing(errors.New("must not be called"))
	for _, c := range []struct {
		src  secrets.Source
		kind error
		text string
	}{
		{secrets.SecretsManager{ID: "x"}, nil, "SecretsManager.API is not set"},
		{secrets.SecretsManager{API: api}, secrets.ErrNotFound, "no ID is set"},
		{secrets.Extension{}, secrets.ErrNotFound, "no ID is set"},
		{nil, nil, "no source is set"},
	} {
		_, err := secrets.Load(t.Context(), c.src, "key")
		var failure *secrets.Error
		require.ErrorAs(t, err, &failure)
		assert.Equal(t, c.kind, failure.Kind)
		assert.ErrorContains(t, err, c.text)
	}
}

func TestAnAPIThatReturnsNothingIsAnError(t *testing.T) {
	t.Parallel()
	_, err := secrets.SecretsManager{API: failing(nil), ID: "x"}.Fetch(t.Context())
	assert.ErrorContains(t, err, "neither an output nor an error")
}

func TestOneGetSecretValueForAFetch(t *testing.T) {
	t.Parallel()
	server := secretstest.NewServer()
	t.Cleanup(server.Close)
	versions := map[string]string{"before": server.Put(secretID, "before"), "now": server.Put(secretID, "now")}
	versions["next"] = server.PutPending(secretID, "next")
	for name, c := range map[string]struct {
		set  func(*secrets.SecretsManager)
		want string
	}{
		"the current version": {func(*secrets.SecretsManager) {}, "now"},
		"a stage":             {func(s *secrets.SecretsManager) { s.VersionStage = "AWSPREVIOUS" }, "before"},
		"a version":           {func(s *secrets.SecretsManager) { s.VersionID = versions["next"] }, "next"},
	} {
		before := server.Requests("")
		src := source(server.URL)
		c.set(&src)
		doc, err := src.Fetch(t.Context())
		require.NoError(t, err, name)
		assert.Equal(t, secretID, doc.Name())
		assert.Equal(t, versions[c.want], doc.VersionID())
		token, err := doc.Text()
		require.NoError(t, err)
		assert.Equal(t, c.want, token.Reveal())
		assert.Equal(t, 1, server.Requests("")-before)
	}
	assert.Equal(t, server.Requests(""), server.Requests("GetSecretValue"))
}

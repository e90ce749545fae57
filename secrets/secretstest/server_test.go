package secretstest_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
	"github.com/warmclient/warmclient/secrets/secretstest"
)

const secretID = "accounts/MomentoAuthToken"

var keys = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
})

func start(t *testing.T) (*secretstest.Server, *secretsmanager.Client) {
	t.Helper()
	server := secretstest.NewServer()
	t.Cleanup(server.Close)
	return server, secretsmanager.New(secretsmanager.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: keys, RetryMaxAttempts: 1,
	})
}

type input = secretsmanager.GetSecretValueInput

func get(t *testing.T, client *secretsmanager.Client, in input) (*secretsmanager.GetSecretValueOutput, error) {
	t.Helper()
	if in.SecretId == nil {
		in.SecretId = aws.String(secretID)
	}
	return client.GetSecretValue(t.Context(), &in)
}

func requireCode(t *testing.T, err error, code string) smithy.APIError {
	t.Helper()
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	require.Equal(t, code, api.ErrorCode())
	return api
}

func TestSecretIsFoundByNameAndByARN(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	id := server.Put(secretID, `{"k":"v"}`)
	first, err := get(t, client, input{})
	require.NoError(t, err)
	arn := aws.ToString(first.ARN)
	require.Regexp(t, `^arn:aws:secretsmanager:us-east-1:\d{12}:secret:accounts/MomentoAuthToken-\w{6}$`, arn)

	for _, ref := range []string{secretID, arn, arn[:len(arn)-7]} {
		out, err := get(t, client, input{SecretId: &ref})
		require.NoError(t, err, ref)
		assert.Equal(t, `{"k":"v"}`, aws.ToString(out.SecretString))
		assert.Equal(t, secretID, aws.ToString(out.Name))
		assert.Equal(t, id, aws.ToString(out.VersionId))
		assert.Equal(t, []string{"AWSCURRENT"}, out.VersionStages)
		assert.WithinDuration(t, time.Now(), aws.ToTime(out.CreatedDate), time.Minute)
	}
}

func TestVersionIDsHaveTheLengthOfTheServices(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	id := server.Put(secretID, "one")
	assert.GreaterOrEqual(t, len(id), 32)
	assert.LessOrEqual(t, len(id), 64)
	assert.NotEqual(t, id, server.Put(secretID, "one"))
	_, err := get(t, client, input{VersionId: aws.String("v1")})
	requireCode(t, err, "ValidationException")
}

func TestPutMovesTheStages(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	first := server.Put(secretID, "one")
	second := server.Put(secretID, "two")
	third := server.Put(secretID, "three")
	fourth := server.PutPending(secretID, "four")

	for stage, want := range map[string]string{"AWSCURRENT": "three", "AWSPREVIOUS": "two", "AWSPENDING": "four"} {
		out, err := get(t, client, input{VersionStage: &stage})
		require.NoError(t, err, stage)
		assert.Equal(t, want, aws.ToString(out.SecretString), stage)
	}
	out, err := get(t, client, input{VersionId: &second})
	require.NoError(t, err)
	assert.Equal(t, "two", aws.ToString(out.SecretString))
	assert.Equal(t, []string{"AWSPREVIOUS"}, out.VersionStages)

	described, err := client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(secretID)})
	require.NoError(t, err)
	assert.Equal(t, map[string][]string{second: {"AWSPREVIOUS"}, third: {"AWSCURRENT"}, fourth: {"AWSPENDING"}}, described.VersionIdsToStages)

	_, err = get(t, client, input{VersionId: &first})
	requireCode(t, err, "ResourceNotFoundException")
	_, err = get(t, client, input{VersionId: &third, VersionStage: aws.String("AWSPREVIOUS")})
	requireCode(t, err, "InvalidRequestException")
}

func TestPromoteEndsARotation(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	server.Promote(secretID) // there is nothing to promote yet
	server.Put(secretID, "one")
	server.PutPending(secretID, "two")
	server.Promote(secretID)
	server.Promote(secretID)

	out, err := get(t, client, input{})
	require.NoError(t, err)
	assert.Equal(t, "two", aws.ToString(out.SecretString))
	out, err = get(t, client, input{VersionStage: aws.String("AWSPREVIOUS")})
	require.NoError(t, err)
	assert.Equal(t, "one", aws.ToString(out.SecretString))
	_, err = get(t, client, input{VersionStage: aws.String("AWSPENDING")})
	requireCode(t, err, "ResourceNotFoundException")
}

func TestUnknownSecretAndOperationAreErrorsOfTheService(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	_, err := get(t, client, input{})
	requireCode(t, err, "ResourceNotFoundException")
	_, err = client.ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{})
	requireCode(t, err, "UnknownOperationException")
}

func TestErrorsOfTheServiceReachTheSDK(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	server.Put(secretID, "text")
	for code, status := range map[string]int{"AccessDeniedException": 400, "DecryptionFailure": 400, "ServiceUnavailable": 503} {
		server.Inject(secretstest.Fault{Action: secretstest.Fail, Status: status, Code: code, Message: "said " + code, Times: 1})
		_, err := get(t, client, input{})
		assert.Equal(t, "said "+code, requireCode(t, err, code).ErrorMessage())
		var response *smithyhttp.ResponseError
		require.ErrorAs(t, err, &response)
		assert.Equal(t, status, response.HTTPStatusCode())
		_, err = get(t, client, input{})
		require.NoError(t, err, "the fault was for one request")
	}
	assert.Equal(t, 6, server.Requests("GetSecretValue"))
	assert.Equal(t, 6, server.Requests(""))
}

// The documentation's client.
func TestTokenIsLoadedFromTheServerAndSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	server := secretstest.NewServer()
	t.Cleanup(server.Close)
	id := server.Put("accounts/db", `{"password":"x"}`)
	src := secrets.SecretsManager{
		API: secrets.NewClient(aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: keys}),
		ID:  "accounts/db",
	}
	doc, err := src.Fetch(t.Context())
	require.NoError(t, err)
	assert.Equal(t, id, doc.VersionID())

	server.Inject(secretstest.Fault{Action: secretstest.Refuse})
	_, err = src.Fetch(t.Context())
	require.ErrorIs(t, err, secrets.ErrUnavailable)
	server.Heal()
	token, err := secrets.Load(t.Context(), src, "password")
	require.NoError(t, err)
	assert.Equal(t, "x", token.Reveal())
	server.Close()
	server.Close()
}

package emulator_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

const secretID = "accounts/MomentoAuthToken"

func fetch(t *testing.T, client *secretsmanager.Client, in secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
	t.Helper()
	if in.SecretId == nil {
		in.SecretId = aws.String(secretID)
	}
	return client.GetSecretValue(t.Context(), &in)
}

func TestSecretIsFoundByNameAndByARN(t *testing.T) {
	server, client := startSecretsManager(t)
	id := server.Put(secretID, `{"k":"v"}`)
	arn := server.ARN(secretID)
	require.Regexp(t, `^arn:aws:secretsmanager:us-east-1:\d{12}:secret:accounts/MomentoAuthToken-\w{6}$`, arn)

	for _, ref := range []string{secretID, arn, arn[:len(arn)-7]} {
		out, err := fetch(t, client, secretsmanager.GetSecretValueInput{SecretId: aws.String(ref)})
		require.NoError(t, err, ref)
		assert.Equal(t, `{"k":"v"}`, aws.ToString(out.SecretString))
		assert.Nil(t, out.SecretBinary)
		assert.Equal(t, secretID, aws.ToString(out.Name))
		assert.Equal(t, arn, aws.ToString(out.ARN))
		assert.Equal(t, id, aws.ToString(out.VersionId))
		assert.Equal(t, []string{"AWSCURRENT"}, out.VersionStages)
		assert.WithinDuration(t, time.Now(), aws.ToTime(out.CreatedDate), time.Minute)
	}
}

func TestPutMovesTheStages(t *testing.T) {
	server, client := startSecretsManager(t)
	first := server.Put(secretID, "one")
	second := server.Put(secretID, "two")
	third := server.Put(secretID, "three")
	server.PutPending(secretID, "four")

	for stage, want := range map[string]string{"": "three", "AWSCURRENT": "three", "AWSPREVIOUS": "two", "AWSPENDING": "four"} {
		in := secretsmanager.GetSecretValueInput{}
		if stage != "" {
			in.VersionStage = aws.String(stage)
		}
		out, err := fetch(t, client, in)
		require.NoError(t, err, stage)
		assert.Equal(t, want, aws.ToString(out.SecretString), stage)
	}
	out, err := fetch(t, client, secretsmanager.GetSecretValueInput{VersionId: aws.String(second)})
	require.NoError(t, err)
	assert.Equal(t, "two", aws.ToString(out.SecretString))
	assert.Equal(t, []string{"AWSPREVIOUS"}, out.VersionStages)

	_, err = fetch(t, client, secretsmanager.GetSecretValueInput{VersionId: aws.String(first)})
	requireCode(t, err, "ResourceNotFoundException")
	_, err = fetch(t, client, secretsmanager.GetSecretValueInput{VersionId: aws.String(third), VersionStage: aws.String("AWSPREVIOUS")})
	requireCode(t, err, "InvalidRequestException")
}

func TestPromoteEndsARotation(t *testing.T) {
	server, client := startSecretsManager(t)
	server.Promote(secretID) // there is nothing to promote yet
	server.Put(secretID, "one")
	server.PutPending(secretID, "two")
	server.Promote(secretID)

	out, err := fetch(t, client, secretsmanager.GetSecretValueInput{})
	require.NoError(t, err)
	assert.Equal(t, "two", aws.ToString(out.SecretString))
	out, err = fetch(t, client, secretsmanager.GetSecretValueInput{VersionStage: aws.String("AWSPREVIOUS")})
	require.NoError(t, err)
	assert.Equal(t, "one", aws.ToString(out.SecretString))
	_, err = fetch(t, client, secretsmanager.GetSecretValueInput{VersionStage: aws.String("AWSPENDING")})
	requireCode(t, err, "ResourceNotFoundException")
}

func TestBinarySecretHasNoText(t *testing.T) {
	server, client := startSecretsManager(t)
	value := []byte{0, 0xff, 1}
	server.PutBinary(secretID, value)
	out, err := fetch(t, client, secretsmanager.GetSecretValueInput{})
	require.NoError(t, err)
	assert.Nil(t, out.SecretString)
	assert.Equal(t, value, out.SecretBinary)
}

func TestDeletedSecretCannotBeReadUntilPutRestoresIt(t *testing.T) {
	server, client := startSecretsManager(t)
	server.Put(secretID, "one")
	server.Delete(secretID)
	_, err := fetch(t, client, secretsmanager.GetSecretValueInput{})
	requireCode(t, err, "InvalidRequestException")

	server.Put(secretID, "two")
	out, err := fetch(t, client, secretsmanager.GetSecretValueInput{})
	require.NoError(t, err)
	assert.Equal(t, "two", aws.ToString(out.SecretString))
}

func TestUnknownSecretAndOperationAreErrorsOfTheService(t *testing.T) {
	server, client := startSecretsManager(t)
	_, err := fetch(t, client, secretsmanager.GetSecretValueInput{})
	requireCode(t, err, "ResourceNotFoundException")
	assert.Empty(t, server.ARN(secretID))

	_, err = client.ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{})
	requireCode(t, err, "UnknownOperationException")
}

func TestReadsAreCountedBySecretAndStage(t *testing.T) {
	server, client := startSecretsManager(t)
	server.Put(secretID, "one")
	pending := server.PutPending(secretID, "two")
	server.Put("other", "three")

	for _, in := range []secretsmanager.GetSecretValueInput{
		{}, {VersionStage: aws.String("AWSCURRENT")}, {SecretId: aws.String(server.ARN(secretID))}, {SecretId: aws.String("other")},
	} {
		_, err := fetch(t, client, in)
		require.NoError(t, err)
	}
	assert.Equal(t, 3, server.Reads(secretID, "AWSCURRENT"))
	assert.Equal(t, 1, server.Reads("other", "AWSCURRENT"))
	assert.Zero(t, server.Reads(secretID, "AWSPENDING"))

	// A version asked for by its id counts under the label that it carries.
	_, err := fetch(t, client, secretsmanager.GetSecretValueInput{VersionId: aws.String(pending)})
	require.NoError(t, err)
	assert.Equal(t, 1, server.Reads(secretID, "AWSPENDING"))

	server.Inject(emulator.Fault{Action: emulator.Fail})
	_, err = fetch(t, client, secretsmanager.GetSecretValueInput{})
	require.Error(t, err)
	assert.Equal(t, 3, server.Reads(secretID, "AWSCURRENT"))
	assert.Equal(t, 6, server.Requests("GetSecretValue"))
}

func TestErrorsOfTheServiceReachTheSDK(t *testing.T) {
	server, client := startSecretsManager(t)
	server.Put(secretID, "text")
	for code, status := range map[string]int{
		"ResourceNotFoundException":   400,
		"AccessDeniedException":       400,
		"InvalidRequestException":     400,
		"InvalidParameterException":   400,
		"DecryptionFailure":           400,
		"ThrottlingException":         400,
		"UnrecognizedClientException": 400,
		"ExpiredTokenException":       400,
		"InternalServiceError":        500,
		"ServiceUnavailable":          503,
	} {
		t.Run(code, func(t *testing.T) {
			server.Inject(emulator.Fault{Action: emulator.Fail, Status: status, Code: code, Message: "said " + code, Times: 1})
			_, err := fetch(t, client, secretsmanager.GetSecretValueInput{})
			apiErr := requireCode(t, err, code)
			assert.Equal(t, "said "+code, apiErr.ErrorMessage())
			assert.Equal(t, status, httpStatus(t, err))

			_, err = fetch(t, client, secretsmanager.GetSecretValueInput{})
			require.NoError(t, err, "the fault was for one request")
		})
	}
}

func requireCode(t *testing.T, err error, code string) smithy.APIError {
	t.Helper()
	var apiErr smithy.APIError
	require.ErrorAs(t, err, &apiErr)
	require.Equal(t, code, apiErr.ErrorCode())
	return apiErr
}

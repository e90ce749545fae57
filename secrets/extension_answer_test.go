package secrets_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
)

func TestARefusalOfTheExtensionKeepsItsKindAndIsFinal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		kind   error
		text   string
	}{
		{400, `{"__type":"ResourceNotFoundException","message":"not there"}`, secrets.ErrNotFound, "not there"},
		{400, `{"__type":"AccessDeniedException","Message":"Access to KMS is not allowed"}`, secrets.ErrAccessDenied, "kms:Decrypt"},
		{400, `GetSecretValue: https response error StatusCode: 400, api error DecryptionFailure: no`, secrets.ErrDecrypt, "DecryptionFailure"},
		{500, `operation error: api error AccessDeniedException: not authorized`, secrets.ErrAccessDenied, "secretsmanager:GetSecretValue"},
		{400, `{"__type":"ThrottlingException"}`, secrets.ErrThrottled, "ThrottlingException"},
		{429, "Connection limit exceeded", secrets.ErrThrottled, "429"},
		{403, "Bad Token", secrets.ErrAccessDenied, "did not accept the token"},
		{401, "", secrets.ErrAccessDenied, "did not accept the token"},
		{404, "Not found", nil, "404"},
		{400, "Forwarded", nil, "400"},
		{500, `{"__type":"InternalFailure"}`, secrets.ErrUnavailable, "InternalFailure"},
		{502, "", secrets.ErrUnavailable, "502"},
		{204, "", secrets.ErrUnavailable, "204"},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			s := answer(t, c.status, c.body)

			_, err := secrets.Extension{ID: secretID, Endpoint: s.url}.Fetch(t.Context())

			var failure *secrets.Error
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, c.kind, failure.Kind)
			assert.ErrorContains(t, err, c.text)
			assert.ErrorContains(t, err, secretID)
			assert.Equal(t, int32(1), s.requests.Load(), "the extension retries on its side")
		})
	}
}

func TestACodeOfTheExtensionIsTheSDKsError(t *testing.T) {
	t.Parallel()
	s := refuse(t, 400, "ResourceNotFoundException", "not there")
	_, err := secrets.Extension{ID: secretID, Endpoint: s.url}.Fetch(t.Context())
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "ResourceNotFoundException", api.ErrorCode())
}

func TestAMalformedAnswerOfTheExtensionIsNotQuoted(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no JSON":    topSecret,
		"cut off":    `{"SecretString":"` + topSecret,
		"wrong type": `{"SecretString":["` + topSecret + `"]}`,
		"bad base64": `{"SecretBinary":"` + topSecret + `!"}`,
		"null":       `null`,
		"empty":      ``,
		"too large":  `{"SecretString":"` + topSecret + strings.Repeat("x", 1<<20) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := secrets.Extension{ID: secretID, Endpoint: answer(t, 200, body).url}.Fetch(t.Context())
			require.ErrorIs(t, err, secrets.ErrUnavailable)
			noLeak(t, topSecret, err.Error())
			noLeak(t, topSecret, walk(err))
		})
	}
}

func TestABinarySecretOfTheExtension(t *testing.T) {
	t.Parallel()
	body := `{"ARN":null,"Name":null,"VersionId":"v1","SecretBinary":"` + base64.StdEncoding.EncodeToString([]byte{0, 255}) + `"}`
	doc, err := secrets.Extension{ID: secretID, Endpoint: answer(t, 200, body).url}.Fetch(t.Context())
	require.NoError(t, err)
	b, err := doc.Bytes()
	require.NoError(t, err)
	assert.Equal(t, []byte{0, 255}, b)
	_, err = doc.Text()
	assert.ErrorIs(t, err, secrets.ErrNotText)
}

func TestAnErrorOfTheExtensionNamesTheRegion(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-south-1")
	s := refuse(t, 400, "ResourceNotFoundException", "not there")
	_, err := secrets.Extension{ID: secretID, Endpoint: s.url}.Fetch(t.Context())
	assert.ErrorContains(t, err, "in ap-south-1")
	_, err = secrets.Extension{ID: "arn:aws:secretsmanager:eu-west-1:1:secret:x", Endpoint: s.url}.Fetch(t.Context())
	assert.ErrorContains(t, err, "in eu-west-1")
}

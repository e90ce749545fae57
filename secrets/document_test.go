package secrets_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
)

const bom = "\uFEFF"

func TestKeyReturnsExactlyTheTopLevelStringMember(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		document, key, want string
		kind                error
	}{
		"plain":                       {`{"a":"x"}`, "a", "x", nil},
		"spaced":                      {" {\n\"a\" :\t\"x\"} \n", "a", "x", nil},
		"escaped":                     {`{"a":"\u0078\n\ud83d\ude00y"}`, "a", "x\n\U0001F600y", nil},
		"an escaped escape":           {`{"a":"\\ud800"}`, "a", `\ud800`, nil},
		"others are not checked":      {"{\"b\":\"\xff\",\"a\":\"x\"}", "a", "x", nil},
		"the last of a repeated key":  {`{"a":"x","a":"y"}`, "a", "y", nil},
		"the empty key":               {`{"":"x"}`, "", "x", nil},
		"other members may be broken": {`{"b":"\ud800","a":"x"}`, "a", "x", nil},

		"no JSON":        {`MOMENTO`, "a", "", secrets.ErrNotJSON},
		"cut off":        {`{"a":"x"`, "a", "", secrets.ErrNotJSON},
		"null":           {`null`, "a", "", secrets.ErrNotJSON},
		"array":          {`[{"a":"x"}]`, "a", "", secrets.ErrNotJSON},
		"string":         {`"a"`, "a", "", secrets.ErrNotJSON},
		"number":         {`1`, "a", "", secrets.ErrNotJSON},
		"trailing data":  {`{"a":"x"} {"a":"y"}`, "a", "", secrets.ErrNotJSON},
		"trailing comma": {`{"a":"x",}`, "a", "", secrets.ErrNotJSON},
		"BOM in front":   {bom + `{"a":"x"}`, "a", "", secrets.ErrNotJSON},
		"only a blank":   {" ", "a", "", secrets.ErrNotJSON},

		"absent":      {`{"a":"x"}`, "b", "", secrets.ErrNoKey},
		"case counts": {`{"a":"x"}`, "A", "", secrets.ErrNoKey},
		"nested":      {`{"b":{"a":"x"}}`, "a", "", secrets.ErrNoKey},
		"empty":       {`{}`, "a", "", secrets.ErrNoKey},

		"number member": {`{"a":1}`, "a", "", secrets.ErrNotString},
		"null member":   {`{"a":null}`, "a", "", secrets.ErrNotString},
		"object member": {`{"a":{"b":"x"}}`, "a", "", secrets.ErrNotString},
		"array member":  {`{"a":["x"]}`, "a", "", secrets.ErrNotString},
		"bool member":   {`{"a":true}`, "a", "", secrets.ErrNotString},

		"empty member":          {`{"a":""}`, "a", "", secrets.ErrEmpty},
		"empty document":        {``, "a", "", secrets.ErrEmpty},
		"trailing newline":      {`{"a":"x\n"}`, "a", "", secrets.ErrWhitespace},
		"leading blank":         {`{"a":" x"}`, "a", "", secrets.ErrWhitespace},
		"only blanks":           {`{"a":"\t \r"}`, "a", "", secrets.ErrWhitespace},
		"BOM in the member":     {`{"a":"\ufeffx"}`, "a", "", secrets.ErrWhitespace},
		"no-break space":        {`{"a":"x\u00a0"}`, "a", "", secrets.ErrWhitespace},
		"invalid UTF-8":         {"{\"a\":\"x\xff\"}", "a", "", secrets.ErrNotText},
		"U+FFFD":                {"{\"a\":\"x\uFFFD\"}", "a", "", secrets.ErrNotText},
		"U+FFFD, escaped":       {`{"a":"x\ufffd"}`, "a", "", secrets.ErrNotText},
		"half a surrogate pair": {`{"a":"x\ud800"}`, "a", "", secrets.ErrNotText},
		"the wrong half":        {`{"a":"\udc00\ud800"}`, "a", "", secrets.ErrNotText},
		"half, then an escape":  {`{"a":"\ud800\n"}`, "a", "", secrets.ErrNotText},
		"half, then text":       {`{"a":"\ud800xxxxxx"}`, "a", "", secrets.ErrNotText},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token, err := secrets.Static(c.document).Key(c.key)
			if c.kind == nil {
				require.NoError(t, err)
				assert.Equal(t, c.want, token.Reveal())
				assert.False(t, token.IsZero())
				return
			}
			var failure *secrets.Error
			require.ErrorAs(t, err, &failure)
			assert.ErrorIs(t, err, c.kind)
			assert.Equal(t, c.key, failure.Key)
			assert.Equal(t, "static", failure.Secret)
			assert.True(t, token.IsZero())
		})
	}
}

func TestTextIsTheWholeDocument(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		document string
		kind     error
	}{
		"a text":           {"x y\nz", nil},
		"JSON":             {`{"a":"x"}`, nil},
		"empty":            {"", secrets.ErrEmpty},
		"trailing newline": {"x\n", secrets.ErrWhitespace},
		"leading tab":      {"\tx", secrets.ErrWhitespace},
		"BOM":              {bom + "x", secrets.ErrWhitespace},
		"trailing BOM":     {"x" + bom, secrets.ErrWhitespace},
		"invalid UTF-8":    {"x\xffy", secrets.ErrNotText},
		"U+FFFD":           {"x\uFFFDy", secrets.ErrNotText},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token, err := secrets.Static(c.document).Text()
			if c.kind == nil {
				require.NoError(t, err)
				assert.Equal(t, c.document, token.Reveal())
				return
			}
			assert.ErrorIs(t, err, c.kind)
		})
	}
}

// fetched is a document that Secrets Manager returned.
func fetched(t *testing.T, out *output) secrets.Document {
	t.Helper()
	api := fakeAPI(func(context.Context, *secretsmanager.GetSecretValueInput) (*output, error) { return out, nil })
	doc, err := secrets.SecretsManager{
		API: api, ID: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token",
	}.Fetch(t.Context())
	require.NoError(t, err)
	return doc
}

func TestABinarySecretIsBytesAndNoText(t *testing.T) {
	t.Parallel()
	doc := fetched(t, &output{SecretBinary: []byte(`{"a":"x"}`)})

	_, err := doc.Text()
	assert.ErrorIs(t, err, secrets.ErrNotText)
	_, err = doc.Key("a")
	assert.ErrorIs(t, err, secrets.ErrNotText)
	b, err := doc.Bytes()
	require.NoError(t, err)
	assert.Equal(t, `{"a":"x"}`, string(b))

	clear(b)
	again, err := doc.Bytes()
	require.NoError(t, err)
	assert.Equal(t, `{"a":"x"}`, string(again), "each caller has a copy")
}

func TestASecretWithNeitherFieldSetIsEmpty(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]secrets.Document{
		"fetched":       fetched(t, &output{}),
		"zero document": {},
		"empty text":    secrets.Static(""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := doc.Text()
			assert.ErrorIs(t, err, secrets.ErrEmpty)
			_, err = doc.Key("a")
			assert.ErrorIs(t, err, secrets.ErrEmpty)
			_, err = doc.Bytes()
			assert.ErrorIs(t, err, secrets.ErrEmpty)
		})
	}
}

func TestTheBytesOfATextAreItsBytes(t *testing.T) {
	t.Parallel()
	b, err := secrets.Static("x\xff").Bytes()
	require.NoError(t, err)
	assert.Equal(t, []byte("x\xff"), b)
}

func TestAnErrorOfADocumentNamesSecretRegionAndKey(t *testing.T) {
	t.Parallel()
	text := `{"a":"x"}`
	_, err := fetched(t, &output{SecretString: &text}).Key("MOMENTO_AUTH_TOKEN")
	assert.EqualError(t, err, `secrets: read key "MOMENTO_AUTH_TOKEN" of `+
		`"arn:aws:secretsmanager:eu-west-1:123456789012:secret:token" in eu-west-1: no such key`)
}

func TestLoadTakesTheWholeTextWhereKeyIsEmpty(t *testing.T) {
	t.Parallel()
	src := secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
		return secrets.Static(`{"a":"x"}`), nil
	})
	token, err := secrets.Load(t.Context(), src, "a")
	require.NoError(t, err)
	assert.Equal(t, "x", token.Reveal())
	token, err = secrets.Load(t.Context(), src, "")
	require.NoError(t, err)
	assert.Equal(t, `{"a":"x"}`, token.Reveal())
}

func TestNoErrorOfADocumentHoldsAPieceOfIt(t *testing.T) {
	t.Parallel()
	const secret = "tOpSeCrEt"
	for _, document := range []string{
		secret, `{"a":"` + secret, `{"a":` + secret + `}`, `["` + secret + `"]`, `{"a":["` + secret + `"]}`,
		`{"a":"` + secret + `\n"}`, "{\"a\":\"" + secret + "\xff\"}", `{"a":"` + secret + `\ud800"}`, secret + "\n",
		`{"` + secret + `":"x"}`, `{"b":"` + secret + `"}`, strings.Repeat("[", 20000) + secret,
	} {
		_, err := secrets.Static(document).Key("a")
		require.Error(t, err, "%q", document)
		noLeak(t, secret, err.Error())
		noLeak(t, secret, walk(err))
	}
	_, err := secrets.Static(secret + "\n").Text()
	require.Error(t, err)
	noLeak(t, secret, walk(err))
}

package secrets_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
)

// rds is the form of a secret of Amazon RDS.
type rds struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Username string `json:"username"`
	Password string `json:"password"`
}

func TestDecodeReadsASecretThatHoldsANumber(t *testing.T) {
	t.Parallel()
	doc := secrets.NewDocument("db", `{"engine":"postgres","host":"db.internal","port":5432,"username":"app","password":"x"}`)
	var v rds
	require.NoError(t, doc.Decode(&v))
	assert.Equal(t, rds{"db.internal", 5432, "app", "x"}, v)
	token, err := doc.Key("password")
	require.NoError(t, err)
	assert.Equal(t, "x", token.Reveal())
}

// stubborn refuses and quotes.
type stubborn struct{}

func (stubborn) UnmarshalJSON(b []byte) error { return errors.New("cannot take " + string(b)) }

func TestDecodeRefusesWhatCannotBeRightAndQuotesNoneOfIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		document string
		into     any
		kind     error
		text     string
	}{
		"no JSON":                {"tOpSeCrEt", new(rds), secrets.ErrNotJSON, "not a JSON object"},
		"trailing data":          {`{"host":"tOpSeCrEt"} {"tOpSeCrEt"}`, new(rds), secrets.ErrNotJSON, ""},
		"null":                   {" null ", new(rds), secrets.ErrNotJSON, ""},
		"a byte order mark":      {bom + `{}`, new(rds), secrets.ErrNotJSON, "byte order mark"},
		"empty":                  {"", new(rds), secrets.ErrEmpty, ""},
		"invalid UTF-8":          {"{\"other\":\"tOpSeCrEt\xff\"}", new(rds), secrets.ErrNotText, "U+FFFD"},
		"half a surrogate pair":  {`{"other":["tOpSeCrEt\ud800"]}`, new(rds), secrets.ErrNotText, "U+FFFD"},
		"U+FFFD in a key":        {`{"\ufffd":1}`, new(rds), secrets.ErrNotText, "U+FFFD"},
		"a text for a number":    {`{"port":"tOpSeCrEt"}`, new(rds), nil, "a JSON string does not fit type int in *secrets_test.rds"},
		"a number for a text":    {`{"host":314159265358979}`, new(rds), nil, "a JSON number does not fit type string"},
		"too large a number":     {`{"port":314159265358979e40}`, new(rds), nil, "a JSON number does not fit type int"},
		"a map's key":            {`{"tOpSeCrEt":1}`, new(map[int]string), nil, "does not fit"},
		"a member under a key":   {`{"tOpSeCrEt":{"port":"x"}}`, new(map[string]rds), nil, "a JSON string does not fit type int"},
		"bad base64":             {`{"a":"tOpSeCrEt!"}`, new(struct{ A []byte }), nil, "does not fit"},
		"a decoder of one's own": {`{"a":"tOpSeCrEt"}`, new(struct{ A stubborn }), nil, "does not fit"},
		"a time":                 {`{"a":"tOpSeCrEt"}`, new(struct{ A time.Time }), nil, "does not fit"},
		"no pointer":             {`{}`, rds{}, nil, "non-pointer"},
		"nil":                    {`{}`, nil, nil, "Unmarshal(nil)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := secrets.NewDocument("db", c.document).Decode(c.into)
			var failure *secrets.Error
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, c.kind, failure.Kind)
			assert.Equal(t, "db", failure.Secret)
			assert.ErrorContains(t, err, c.text)
			for _, secret := range []string{"tOpSeCrEt", "314159265358979"} {
				noLeak(t, secret, err.Error())
				noLeak(t, secret, walk(err))
			}
		})
	}
	assert.ErrorIs(t, fetched(t, &output{SecretBinary: []byte(`{}`)}).Decode(new(rds)), secrets.ErrNotText)
	var list []string
	require.NoError(t, secrets.Static(`["a"]`).Decode(&list))
	assert.Equal(t, []string{"a"}, list)
}

func TestBytesAreNotChecked(t *testing.T) {
	t.Parallel()
	b, err := secrets.NewDocument("db", "x\uFFFD\xff").Bytes()
	require.NoError(t, err)
	assert.Equal(t, "x\uFFFD\xff", string(b))
}

// What a decoder made of a broken token would be refused by the service, without a word why.
func TestATokenThatArrivesMangledIsNotTextWhateverTheSource(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"half a surrogate pair": `{"SecretString":"{\"a\":\"x\ud800\"}"}`,
		"invalid UTF-8":         "{\"SecretString\":\"{\\\"a\\\":\\\"x\xff\\\"}\"}",
	} {
		s := answer(t, 200, body)
		for _, src := range []secrets.Source{source(s.url), secrets.Extension{ID: secretID, Endpoint: s.url}} {
			_, err := secrets.Load(t.Context(), src, "a")
			assert.ErrorIs(t, err, secrets.ErrNotText, "%s, %T", name, src)
			_, err = secrets.Load(t.Context(), src, "")
			assert.ErrorIs(t, err, secrets.ErrNotText, "%s, %T", name, src)
		}
	}
}

func TestLoadsErrorsAreOfThisPackageAndCarryTheKey(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	own := &secrets.Error{Op: "fetch", Secret: "vault/db", Region: "eu-west-1", Kind: secrets.ErrThrottled, Err: boom}
	for name, c := range map[string]struct {
		err  error
		text string
		kind error
	}{
		"any other": {boom, `secrets: fetch key "a": boom`, nil},
		"its own":   {own, `secrets: fetch key "a" of "vault/db" in eu-west-1: throttled: boom`, secrets.ErrThrottled},
	} {
		t.Run(name, func(t *testing.T) {
			src := secrets.SourceFunc(func(context.Context) (secrets.Document, error) { return secrets.Document{}, c.err })
			_, err := secrets.Load(t.Context(), src, "a")
			var failure *secrets.Error
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, "a", failure.Key)
			assert.Equal(t, c.kind, failure.Kind)
			assert.ErrorIs(t, err, boom)
			assert.EqualError(t, err, c.text)
			_, err = secrets.Load(t.Context(), src, "")
			require.ErrorAs(t, err, &failure)
			assert.ErrorIs(t, err, boom)
		})
	}
	assert.Empty(t, own.Key, "the source's error is not written to")
}

func TestADocumentOfASourceOfOnesOwnIsNamedInErrors(t *testing.T) {
	t.Parallel()
	src := secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
		return secrets.NewDocument("vault/db", `{}`), nil
	})
	_, err := secrets.Load(t.Context(), src, "password")
	assert.EqualError(t, err, `secrets: read key "password" of "vault/db": no such key`)
}

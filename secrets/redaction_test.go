package secrets_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
)

const topSecret = "tOpSeCrEt/VaLuE+=~"

// Exported and unexported hold a secret as a caller's struct might.
type Exported struct {
	Name     string
	Token    secrets.Token
	Document secrets.Document
}

type unexported struct {
	name     string
	token    secrets.Token
	document secrets.Document
}

func tokenOf(t testing.TB, text string) secrets.Token {
	t.Helper()
	token, err := secrets.Static(text).Text()
	require.NoError(t, err)
	return token
}

// shapes are the ways in which a value may hold a secret.
func shapes(token secrets.Token, document secrets.Document) map[string]any {
	exported := Exported{"name", token, document}
	hidden := unexported{"name", token, document}
	return map[string]any{
		"token":              token,
		"*token":             &token,
		"document":           document,
		"*document":          &document,
		"exported fields":    exported,
		"*exported fields":   &exported,
		"unexported fields":  hidden,
		"*unexported fields": &hidden,
		"slice":              []secrets.Token{token},
		"slice of pointers":  []*secrets.Token{&token},
		"array":              [1]secrets.Document{document},
		"map":                map[string]secrets.Token{"a": token},
		"map key":            map[secrets.Token]secrets.Document{token: document},
		"any":                []any{token, document, hidden, &hidden},
		"func field":         struct{ reveal func() string }{token.Reveal},
		"error":              fmt.Errorf("with %v and %+v", token, hidden),
	}
}

func TestNoVerbPrintsASecret(t *testing.T) {
	t.Parallel()
	flags := []string{"", "+", "#", "-", " ", "0", "+#", "# ", "20", "-20", ".3", "20.3", "#20.30"}
	for name, value := range shapes(tokenOf(t, topSecret), secrets.Static(topSecret)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			for verb := 'A'; verb <= 'z'; verb++ {
				for _, flag := range flags {
					fmt.Fprintf(&out, "%"+flag+string(verb)+"\n", value)
				}
			}
			fmt.Fprint(&out, value)
			fmt.Fprintln(&out, value)
			noLeak(t, topSecret, out.String())
		})
	}
}

func TestATokenPrintsAsREDACTEDUnderEveryVerb(t *testing.T) {
	t.Parallel()
	token, document := tokenOf(t, topSecret), secrets.Static(topSecret)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%t", "%20s", "%.2s"} {
		assert.Equal(t, "REDACTED", fmt.Sprintf(verb, token), verb)
		assert.Equal(t, "REDACTED", fmt.Sprintf(verb, &token), verb)
		assert.Equal(t, "REDACTED", fmt.Sprintf(verb, document), verb)
		assert.Equal(t, "REDACTED", fmt.Sprintf(verb, secrets.Token{}), verb)
	}
	assert.Equal(t, "REDACTED", token.String())
	assert.Equal(t, "REDACTED", token.GoString())
	assert.Equal(t, "REDACTED", token.LogValue().String())
	assert.Equal(t, "{name REDACTED REDACTED}", fmt.Sprint(Exported{"name", token, document}))
}

func TestReflectionFindsNoSecret(t *testing.T) {
	t.Parallel()
	for name, value := range shapes(tokenOf(t, topSecret), secrets.Static(topSecret)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			noLeak(t, topSecret, walk(value))
		})
	}
	require.Contains(t, walk(&unexported{name: topSecret}), topSecret, "the walk works")
}

// recorder is a testing.T that records the output of testify.
type recorder struct{ bytes.Buffer }

func (r *recorder) Errorf(format string, args ...any) { fmt.Fprintf(r, format, args...) }

func TestAFailedAssertionPrintsNoSecret(t *testing.T) {
	t.Parallel()
	var printed recorder
	mine := unexported{"mine", tokenOf(t, topSecret), secrets.Static(topSecret)}
	other := unexported{"other", tokenOf(t, "other"), secrets.Static("other")}
	assert.Equal(&printed, other, mine)
	assert.Equal(&printed, &other, &mine)
	assert.Nil(&printed, mine)
	assert.Contains(t, printed.String(), "mine", "it prints")
	noLeak(t, topSecret, printed.String())
}

func TestNoEncoderWritesASecret(t *testing.T) {
	t.Parallel()
	for name, value := range shapes(tokenOf(t, topSecret), secrets.Static(topSecret)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			for _, err := range []error{
				json.NewEncoder(&out).Encode(value),
				xml.NewEncoder(&out).Encode(value),
				gob.NewEncoder(&out).Encode(value),
				template.Must(template.New("").Parse(`{{.}} {{printf "%q" .}} {{js .}}`)).Execute(&out, value),
			} {
				if err != nil {
					out.WriteString(err.Error())
				}
			}
			noLeak(t, topSecret, out.String())
		})
	}
}

func TestAnEncodedTokenIsREDACTED(t *testing.T) {
	t.Parallel()
	token := tokenOf(t, topSecret)
	b, err := json.Marshal(map[secrets.Token]any{token: Exported{"name", token, secrets.Static(topSecret)}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"REDACTED":{"Name":"name","Token":"REDACTED","Document":"REDACTED"}}`, string(b))
	b, err = token.MarshalText()
	require.NoError(t, err)
	assert.Equal(t, "REDACTED", string(b))
}

// Otherwise a decoded REDACTED would be used as a token.
func TestGobRefusesAToken(t *testing.T) {
	t.Parallel()
	for _, value := range []any{tokenOf(t, topSecret), secrets.Static(topSecret), Exported{Token: tokenOf(t, topSecret)}} {
		var out bytes.Buffer
		assert.ErrorContains(t, gob.NewEncoder(&out).Encode(value), "no exported fields")
	}
}

func TestNoHandlerOfSlogLogsASecret(t *testing.T) {
	t.Parallel()
	for name, value := range shapes(tokenOf(t, topSecret), secrets.Static(topSecret)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
				slog.New(handler).With("with", value).Info("message", "value", value, slog.Group("group", "value", value))
			}
			assert.Contains(t, out.String(), "message")
			noLeak(t, topSecret, out.String())
		})
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("loaded", "token", tokenOf(t, topSecret))
	assert.Contains(t, out.String(), "token=REDACTED")
}

func TestTokensCompare(t *testing.T) {
	t.Parallel()
	one, two := tokenOf(t, topSecret), tokenOf(t, topSecret)
	same := one
	assert.True(t, one == same)
	assert.False(t, one == two, "of the same text, but two")
	var zero, none secrets.Token
	assert.True(t, zero == none)
	assert.False(t, one == zero)
	seen := map[secrets.Token]bool{one: true}
	assert.True(t, seen[same])
	assert.False(t, seen[two])
}

func TestTheZeroTokenHoldsNothing(t *testing.T) {
	t.Parallel()
	assert.True(t, secrets.Token{}.IsZero())
	assert.Empty(t, secrets.Token{}.Reveal())
	assert.False(t, tokenOf(t, "x").IsZero())
}

package secrets_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"github.com/warmclient/warmclient/secrets"
)

// FuzzRedaction prints secrets under formats it makes up, and reads them from documents it breaks.
// The secret is made from a hash, so that no input can hold a piece of it by design; around it
// stands what the fuzzer likes.
func FuzzRedaction(f *testing.F) {
	f.Fuzz(func(t *testing.T, seed, format, before, after string) {
		secret := generate(seed)
		text := before + secret + after
		document := secrets.Static(text)
		var out bytes.Buffer

		token, err := document.Text()
		report(&out, err)
		keyed, err := document.Key("a")
		report(&out, err)
		var decoded struct {
			A string
			B int
			C []byte
			D map[string]stubborn
		}
		report(&out, document.Decode(&decoded))
		report(&out, document.Decode(new([]int)))
		_, err = secrets.SecretsManager{API: echo(text), ID: "id"}.Fetch(context.Background())
		report(&out, err)

		for _, value := range shapes(token, document) {
			if out.Len() > 1<<18 {
				t.Skip("widths of a million blanks only take time")
			}
			fmt.Fprintf(&out, format, value, keyed)
			report(&out, json.NewEncoder(&out).Encode(value))
			report(&out, gob.NewEncoder(&out).Encode(value))
			slog.New(slog.NewTextHandler(&out, nil)).Info("", "value", value)
		}
		if what := leaked(secret, out.String(), 8); what != "" {
			t.Errorf("%s leaked in %q", what, out.String())
		}
		if !token.IsZero() && token.Reveal() != text {
			t.Errorf("revealed %q, want %q", token.Reveal(), text)
		}
	})
}

// generate makes a secret without digits, of which addresses consist.
func generate(seed string) string {
	const letters = "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ"
	sum := sha256.Sum256([]byte(seed))
	for i, b := range sum {
		sum[i] = letters[int(b)%len(letters)]
	}
	return string(sum[:])
}

func report(out io.Writer, err error) {
	if err != nil {
		fmt.Fprintf(out, "%v %+v %#v %s", err, err, err, walk(err))
	}
}

// echo fails as the SDK does on an answer it cannot read.
func echo(text string) fakeAPI {
	return func(context.Context, *secretsmanager.GetSecretValueInput) (*output, error) {
		return nil, &smithy.OperationError{ServiceID: "Secrets Manager", OperationName: "GetSecretValue", Err: &smithy.DeserializationError{
			Err:      fmt.Errorf("invalid character %q", text),
			Snapshot: []byte(text),
		}}
	}
}

package secrets_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/secrets"
)

// vault is Secrets Manager with one secret.
type vault struct{ id, text string }

func (v vault) GetSecretValue(
	_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options),
) (*secretsmanager.GetSecretValueOutput, error) {
	fmt.Println("GetSecretValue", *in.SecretId)
	if *in.SecretId != v.id {
		return nil, &types.ResourceNotFoundException{Message: aws.String("Secrets Manager can't find the specified secret.")}
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: &v.text}, nil
}

var api = vault{id: "accounts/MomentoAuthToken", text: `{"MOMENTO_AUTH_TOKEN":"tOpSeCrEt"}`}

// client stands for one that is made from a token.
type client struct{ token secrets.Token }

func (c *client) call() error {
	if c.token.Reveal() != "tOpSeCrEt" {
		return errUnauthorized
	}
	fmt.Println("called with", c.token)
	return nil
}

var errUnauthorized = errors.New("unauthorized")

// A client is opened once per process. Its Open reads the secret itself, so that a client opened
// after a rotation has the new token. A token in a holder of its own would be the old one.
func Example() {
	holder := lazyclient.Holder[*client]{
		Name: "client",
		Open: func(ctx context.Context) (*client, error) {
			src := secrets.SecretsManager{API: api, ID: "accounts/MomentoAuthToken"}
			token, err := secrets.Load(ctx, src, "MOMENTO_AUTH_TOKEN")
			if err != nil {
				return nil, err
			}
			return &client{token}, nil
		},
		Stale: func(err error) bool { return errors.Is(err, errUnauthorized) },
	}
	for range 2 {
		err := holder.Use(context.Background(), func(_ context.Context, c *client) error { return c.call() })
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// GetSecretValue accounts/MomentoAuthToken
	// called with REDACTED
	// called with REDACTED
}

func ExampleSecretsManager() {
	src := secrets.SecretsManager{API: api, ID: "accounts/MomentAuthToken"}
	_, err := src.Fetch(context.Background())
	fmt.Println(errors.Is(err, secrets.ErrNotFound))
	fmt.Println(err)
	// Output:
	// GetSecretValue accounts/MomentAuthToken
	// true
	// secrets: fetch "accounts/MomentAuthToken": not found: ResourceNotFoundException: Secrets Manager can't find the specified secret.
}

func ExampleLoad() {
	_, err := secrets.Load(context.Background(), secrets.SecretsManager{API: api, ID: "accounts/MomentoAuthToken"}, "momento_auth_token")

	var failure *secrets.Error
	switch {
	case errors.Is(err, secrets.ErrNoKey) && errors.As(err, &failure):
		fmt.Printf("%s has no key %s\n", failure.Secret, failure.Key)
	case err != nil:
		fmt.Println(err)
	}
	// Output:
	// GetSecretValue accounts/MomentoAuthToken
	// accounts/MomentoAuthToken has no key momento_auth_token
}

func ExampleEnv() {
	os.Setenv("MOMENTO_AUTH_TOKEN", "tOpSeCrEt")
	defer os.Unsetenv("MOMENTO_AUTH_TOKEN")

	token, err := secrets.Load(context.Background(), secrets.Env{Name: "MOMENTO_AUTH_TOKEN"}, "")
	fmt.Println(token, token.Reveal() == "tOpSeCrEt", err)
	// Output: REDACTED true <nil>
}

func ExampleFile() {
	path := filepath.Join(os.TempDir(), "warmclient-example.json")
	if err := os.WriteFile(path, []byte("{\"MOMENTO_AUTH_TOKEN\":\"tOpSeCrEt\"}\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(path)

	token, err := secrets.Load(context.Background(), secrets.File{Path: path}, "MOMENTO_AUTH_TOKEN")
	fmt.Println(token, token.Reveal() == "tOpSeCrEt", err)
	// Output: REDACTED true <nil>
}

// A source of one's own, here one that tests use.
func ExampleSourceFunc() {
	src := secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
		return secrets.Static(`{"MOMENTO_AUTH_TOKEN":"tOpSeCrEt\n"}`), nil
	})
	_, err := secrets.Load(context.Background(), src, "MOMENTO_AUTH_TOKEN")
	fmt.Println(err)
	// Output: secrets: read key "MOMENTO_AUTH_TOKEN" of "static": white space around the text
}

func ExampleToken() {
	token, err := secrets.Static("tOpSeCrEt").Text()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v %q %x %+v\n", token, token, token, struct{ Token secrets.Token }{token})
	b, _ := json.Marshal(map[string]any{"token": token})
	fmt.Println(string(b))
	slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})).Info("loaded", "token", token)
	fmt.Println(token.Reveal())
	// Output:
	// REDACTED REDACTED REDACTED {Token:REDACTED}
	// {"token":"REDACTED"}
	// level=INFO msg=loaded token=REDACTED
	// tOpSeCrEt
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

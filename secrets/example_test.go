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

// A holder reads the token once per process, on first use.
func Example() {
	token := lazyclient.Holder[secrets.Token]{
		Name: "momento token",
		Open: func(ctx context.Context) (secrets.Token, error) {
			src := secrets.SecretsManager{API: api, ID: "accounts/MomentoAuthToken"}
			return secrets.Load(ctx, src, "MOMENTO_AUTH_TOKEN")
		},
	}
	for range 2 {
		t, err := token.Get(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(t, len(t.Reveal()))
	}
	// Output:
	// GetSecretValue accounts/MomentoAuthToken
	// REDACTED 9
	// REDACTED 9
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

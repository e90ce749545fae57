package app_test

import (
	"context"
	"log/slog"
	"os"
	"testing"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

// asFunction is the environment variable that makes the test binary run as a function.
const asFunction = "APP_TEST_AS_FUNCTION"

func TestMain(m *testing.M) {
	if os.Getenv(asFunction) != "" {
		app.Start("GET /users/{username}", app.With(&app.Accounts, getUser))
	}
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the tests that read the log set their own
	os.Exit(m.Run())
}

func getUser(ctx context.Context, service *accounts.Service, r *app.Request) (any, error) {
	user, err := service.GetUser(ctx, r.PathValue("username"))
	if err != nil {
		return nil, err
	}
	return map[string]accounts.User{"user": user}, nil
}

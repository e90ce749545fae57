// Command getuser is the function behind GET /users/{username}.
package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

func main() { app.Start("GET /users/{username}", getUser) }

func getUser(ctx context.Context, r *app.Request) (any, error) {
	service, err := app.Accounts.Get(ctx)
	if err != nil {
		return nil, err
	}
	user, err := service.GetUser(ctx, r.PathValue("username"))
	if err != nil {
		return nil, err
	}
	return map[string]accounts.User{"user": user}, nil
}

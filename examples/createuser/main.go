// Command createuser is the function behind POST /users: anybody can sign up.
package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

func main() { app.Start("POST /users", createUser) }

func createUser(ctx context.Context, r *app.Request) (any, error) {
	var user accounts.User
	if err := r.Decode(&user); err != nil {
		return nil, err
	}
	service, err := app.Accounts.Get(ctx)
	if err != nil {
		return nil, err
	}
	user, err = service.CreateUser(ctx, user)
	if err != nil {
		return nil, err
	}
	return map[string]accounts.User{"user": user}, nil
}

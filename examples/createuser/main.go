// Command createuser is the function for POST /users. It requires no authentication.
package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

func main() { app.Start("POST /users", app.With(&app.Accounts, createUser)) }

func createUser(ctx context.Context, service *accounts.Service, r *app.Request) (any, error) {
	var in accounts.User
	if err := r.Decode(&in); err != nil {
		return nil, err
	}
	user, err := service.CreateUser(ctx, in)
	if err != nil {
		return nil, err
	}
	return map[string]accounts.User{"user": user}, nil
}

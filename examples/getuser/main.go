// Command getuser is the function for GET /users/{username}.
package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

func main() { app.Start("GET /users/{username}", app.With(&app.Accounts, getUser)) }

func getUser(ctx context.Context, service *accounts.Service, r *app.Request) (any, error) {
	user, err := service.GetUser(ctx, r.PathValue("username"))
	if err != nil {
		return nil, err
	}
	return map[string]accounts.User{"user": user}, nil
}

// Command getmembership is the function behind GET /organizations/{organization}/members/{username}.
package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

func main() { app.Start("GET /organizations/{organization}/members/{username}", getMembership) }

func getMembership(ctx context.Context, r *app.Request) (any, error) {
	service, err := app.Accounts.Get(ctx)
	if err != nil {
		return nil, err
	}
	m, err := service.GetMembership(ctx, r.PathValue("organization"), r.PathValue("username"))
	if err != nil {
		return nil, err
	}
	return map[string]accounts.Membership{"membership": m}, nil
}

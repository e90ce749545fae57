// Command getmembership is the function for GET /organizations/{organization}/members/{username}.
package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

func main() {
	app.Start("GET /organizations/{organization}/members/{username}", app.With(&app.Accounts, getMembership))
}

func getMembership(ctx context.Context, service *accounts.Service, r *app.Request) (any, error) {
	m, err := service.GetMembership(ctx, r.PathValue("organization"), r.PathValue("username"))
	if err != nil {
		return nil, err
	}
	return map[string]accounts.Membership{"membership": m}, nil
}

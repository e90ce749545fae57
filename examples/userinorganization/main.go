// Command userinorganization is the function behind GET /organizations/{organization}/members/{username}.
package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/internal/app"
)

func main() { app.Start("GET /organizations/{organization}/members/{username}", userInOrganization) }

func userInOrganization(ctx context.Context, r *app.Request) (any, error) {
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

// Command getorganization is the function behind GET /organizations/{organization}.
package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

func main() { app.Start("GET /organizations/{organization}", getOrganization) }

func getOrganization(ctx context.Context, r *app.Request) (any, error) {
	service, err := app.Accounts.Get(ctx)
	if err != nil {
		return nil, err
	}
	organization, err := service.GetOrganization(ctx, r.PathValue("organization"))
	if err != nil {
		return nil, err
	}
	return map[string]accounts.Organization{"organization": organization}, nil
}

// Command getorganization is the function for GET /organizations/{organization}.
package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

func main() { app.Start("GET /organizations/{organization}", app.With(&app.Accounts, getOrganization)) }

func getOrganization(ctx context.Context, service *accounts.Service, r *app.Request) (any, error) {
	organization, err := service.GetOrganization(ctx, r.PathValue("organization"))
	if err != nil {
		return nil, err
	}
	return map[string]accounts.Organization{"organization": organization}, nil
}

// Command createorganization is the function for POST /organizations. It creates an organization.
// The caller becomes its first owner.
package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

func main() { app.Start("POST /organizations", app.With(&app.Accounts, createOrganization)) }

func createOrganization(ctx context.Context, service *accounts.Service, r *app.Request) (any, error) {
	founder, err := r.Caller()
	if err != nil {
		return nil, err
	}
	var in struct {
		Name string `json:"organizationName"`
	}
	if err := r.Decode(&in); err != nil {
		return nil, err
	}
	organization, err := service.CreateOrganization(ctx, in.Name, founder)
	if err != nil {
		return nil, err
	}
	return map[string]accounts.Organization{"organization": organization}, nil
}

// Command addusertoorganization is the function for POST /organizations/{organization}/members. It
// adds a user. The caller must be an owner or an admin.
package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

func main() {
	app.Start("POST /organizations/{organization}/members", app.With(&app.Accounts, addUserToOrganization))
}

func addUserToOrganization(ctx context.Context, service *accounts.Service, r *app.Request) (any, error) {
	caller, err := r.Caller()
	if err != nil {
		return nil, err
	}
	var in struct {
		Username string        `json:"memberUsername"`
		Role     accounts.Role `json:"role"`
	}
	if err := r.Decode(&in); err != nil {
		return nil, err
	}
	m := accounts.Membership{Organization: r.PathValue("organization"), Username: in.Username, Role: in.Role}
	if m, err = service.AddUserToOrganization(ctx, m, caller); err != nil {
		return nil, err
	}
	return map[string]accounts.Membership{"membership": m}, nil
}

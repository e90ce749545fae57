// Code generated from the main.go of the six functions by go test -update; DO NOT EDIT.

package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

// functions are the six functions with their routes. They are copied since a main package cannot be
// imported, and each should be readable in one file; a test compares.
var functions = []struct {
	route   string
	handler app.Handler
}{
	{"POST /users", createUser},
	{"GET /users/{username}", getUser},
	{"POST /organizations", createOrganization},
	{"GET /organizations/{organization}", getOrganization},
	{"POST /organizations/{organization}/members", addUserToOrganization},
	{"GET /organizations/{organization}/members/{username}", getMembership},
}

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

func getUser(ctx context.Context, r *app.Request) (any, error) {
	service, err := app.Accounts.Get(ctx)
	if err != nil {
		return nil, err
	}
	user, err := service.GetUser(ctx, r.PathValue("username"))
	if err != nil {
		return nil, err
	}
	return map[string]accounts.User{"user": user}, nil
}

func createOrganization(ctx context.Context, r *app.Request) (any, error) {
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
	service, err := app.Accounts.Get(ctx)
	if err != nil {
		return nil, err
	}
	organization, err := service.CreateOrganization(ctx, in.Name, founder)
	if err != nil {
		return nil, err
	}
	return map[string]accounts.Organization{"organization": organization}, nil
}

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

func addUserToOrganization(ctx context.Context, r *app.Request) (any, error) {
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
	service, err := app.Accounts.Get(ctx)
	if err != nil {
		return nil, err
	}
	m := accounts.Membership{Organization: r.PathValue("organization"), Username: in.Username, Role: in.Role}
	if m, err = service.AddUserToOrganization(ctx, m, caller); err != nil {
		return nil, err
	}
	return map[string]accounts.Membership{"membership": m}, nil
}

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

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
	{"POST /users", app.With(&app.Accounts, createUser)},
	{"GET /users/{username}", app.With(&app.Accounts, getUser)},
	{"POST /organizations", app.With(&app.Accounts, createOrganization)},
	{"GET /organizations/{organization}", app.With(&app.Accounts, getOrganization)},
	{"POST /organizations/{organization}/members", app.With(&app.Accounts, addUserToOrganization)},
	{"GET /organizations/{organization}/members/{username}", app.With(&app.Accounts, getMembership)},
}

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

func getUser(ctx context.Context, service *accounts.Service, r *app.Request) (any, error) {
	user, err := service.GetUser(ctx, r.PathValue("username"))
	if err != nil {
		return nil, err
	}
	return map[string]accounts.User{"user": user}, nil
}

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

func getOrganization(ctx context.Context, service *accounts.Service, r *app.Request) (any, error) {
	organization, err := service.GetOrganization(ctx, r.PathValue("organization"))
	if err != nil {
		return nil, err
	}
	return map[string]accounts.Organization{"organization": organization}, nil
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

func getMembership(ctx context.Context, service *accounts.Service, r *app.Request) (any, error) {
	m, err := service.GetMembership(ctx, r.PathValue("organization"), r.PathValue("username"))
	if err != nil {
		return nil, err
	}
	return map[string]accounts.Membership{"membership": m}, nil
}

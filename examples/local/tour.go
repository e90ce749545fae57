package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// tour demonstrates the service and prints a row for each step. The error lists the expected and
// the actual result of each failed step.
func tour(ctx context.Context, stack *emulator.Stack, cache cacheServer, stdout io.Writer) error {
	g := &guide{front: newFront(), stack: stack, cache: cache, out: stdout}
	g.header()
	for _, s := range healthySteps {
		g.show(ctx, s)
	}
	if cache.down != nil {
		g.showOutage(ctx)
	}
	if cache.rotate != nil {
		g.showRotation(ctx)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the tour was interrupted: %w", context.Cause(ctx))
	}
	return errors.Join(g.wrong...)
}

// healthySteps are the steps while all servers work.
var healthySteps = []step{
	// No client is open: this request opens all of them.
	{name: "cold request", ask: post("/users", "", `{"username":"ada","firstName":"Ada","lastName":"Lovelace"}`),
		status: 200, from: fromTable, want: `"username":"ada"`},
	{name: "warm request", ask: post("/users", "", `{"username":"grace","firstName":"Grace","lastName":"Hopper"}`),
		status: 200, from: fromTable, want: `"lastName":"Hopper"`},
	{name: "cache hit", ask: get("/users/grace"),
		status: 200, from: fromHit, want: `"firstName":"Grace"`},
	{name: "not found", ask: get("/users/nobody"),
		status: 404, from: fromMiss, want: "not found"},
	{name: "not found again", ask: get("/users/nobody"),
		status: 404, from: fromNegative, want: "not found"},
	{name: "then created", ask: post("/users", "", `{"username":"nobody","firstName":"Odysseus","lastName":""}`),
		status: 200, from: fromTable},
	{name: "seen at once", ask: get("/users/nobody"),
		status: 200, from: fromHit, want: "Odysseus"},
	{name: "duplicate", ask: post("/users", "", `{"username":"ada","firstName":"A","lastName":"L"}`),
		status: 409, from: fromTable, want: "already exists"},
	{name: "organization", ask: post("/organizations", "ada", `{"organizationName":"Tech Corp"}`),
		status: 200, from: fromTable, want: `"organizationName":"tech-corp"`},
	{name: "cache hit", ask: get("/organizations/tech-corp"),
		status: 200, from: fromHit, want: `"foundingUser":"ada"`},
	{name: "member", ask: post("/organizations/tech-corp/members", "ada", `{"memberUsername":"grace","role":"Member"}`),
		status: 200, from: fromTable, want: `"role":"Member"`},
	{name: "cache hit", ask: get("/organizations/tech-corp/members/grace"),
		status: 200, from: fromHit, want: `"memberUsername":"grace"`},
	{name: "forbidden", ask: post("/organizations/tech-corp/members", "grace", `{"memberUsername":"nobody","role":"Admin"}`),
		status: 403, from: fromTable, want: "forbidden"},
	{name: "no caller", ask: post("/organizations", "", `{"organizationName":"Acme"}`),
		status: 401, from: fromFunction},
	{name: "bad request", ask: post("/users", "", `{"username":"bob"}`),
		status: 400, from: fromFunction, want: "firstName"},
}

// showOutage takes the cache down and brings it back.
func (g *guide) showOutage(ctx context.Context) {
	g.do(g.cache.down)
	g.show(ctx, step{name: "cache outage", ask: get("/users/ada"), status: 200, from: g.cache.fromDown})
	// After a few failures the cache is skipped.
	g.show(ctx, step{name: "outage goes on", ask: get("/users/ada"), status: 200, from: fromSkipped, patient: true})
	g.show(ctx, step{name: "write in outage", ask: post("/users", "", `{"username":"alan","firstName":"Alan","lastName":"Turing"}`),
		status: 200, from: fromTable})
	g.do(g.cache.up)
	g.show(ctx, step{name: "outage over", ask: get("/users/ada"), status: 200, from: fromHit, patient: true})
}

// showRotation replaces the token during concurrent requests. No request may fail.
func (g *guide) showRotation(ctx context.Context) {
	const requests = 100
	reads := g.stack.SecretsManager.Requests("GetSecretValue")
	g.do(g.cache.rotate)
	g.showAll(ctx, step{name: "token rotation", ask: get("/users/ada"), status: 200, want: "Lovelace"}, requests)
	g.show(ctx, step{name: "rotated", ask: get("/users/ada"), status: 200, from: fromHit, patient: true})
	// One read of the secret suffices. A client that is presumed dead, for example because the
	// machine stalled for longer than the cache's 50ms, is also replaced.
	if n := g.stack.SecretsManager.Requests("GetSecretValue") - reads; n < 1 || n > 5 {
		g.fail("token rotation: expected one read of the secret for %d requests, got %d", requests, n)
	}
}

// do changes the state of a server.
func (g *guide) do(what func() error) {
	if err := what(); err != nil {
		g.fail("%w", err)
	}
}

// ask is a request of the tour.
type ask struct{ method, path, caller, body string }

func get(path string) ask { return ask{method: http.MethodGet, path: path} }

func post(path, caller, body string) ask {
	return ask{method: http.MethodPost, path: path, caller: caller, body: body}
}

// step is a request and its expected result.
type step struct {
	name   string
	ask    ask
	status int
	from   string // "" means any source
	want   string // part of the body

	// patient means that the service reaches the expected result only after some time and some
	// requests.
	patient bool
}

func (s step) fits(a answer) error {
	if a.status != s.status || s.from != "" && a.from != s.from {
		return fmt.Errorf("expected %d from %s, got %d from %s: %s", s.status, cmp.Or(s.from, "anywhere"), a.status, a.from, a.body)
	}
	if !strings.Contains(a.body, s.want) {
		return fmt.Errorf("expected a body with %s, got %s", s.want, a.body)
	}
	return nil
}

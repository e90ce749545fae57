package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/truora/minidyn/server"

	"github.com/warmclient/warmclient/awsconfig"
	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside/cachetest"
	"github.com/warmclient/warmclient/readaside/momentocache/momentotest"
	"github.com/warmclient/warmclient/secrets"
	"github.com/warmclient/warmclient/secrets/secretstest"
)

const tea, dearTea = `{"name":"Tea","priceCents":350}`, `{"name":"Tea","priceCents":400}`

// newTestCatalog returns a catalog with an empty table in a fake DynamoDB on loopback. It counts
// the reads.
func newTestCatalog(t *testing.T) (c *catalog, reads *atomic.Int32) {
	t.Helper()
	reads = new(atomic.Int32)
	engine := server.NewServer()
	loopback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetItem") {
			reads.Add(1)
		}
		engine.ServeHTTP(w, r)
	}))
	t.Cleanup(loopback.Close)
	for name, value := range map[string]string{
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_ENDPOINT_URL_DYNAMODB": loopback.URL, "TABLE_NAME": "products", "CACHE_NAME": "products",
	} {
		t.Setenv(name, value)
	}
	cfg, err := awsconfig.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c, err = newCatalog(cfg); err != nil {
		t.Fatal(err)
	}
	_, err = c.db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("products"), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, reads
}

// send sends a request and checks its answer.
func send(t *testing.T, c *catalog, method, id, body string, status int, want string) {
	t.Helper()
	id, currency, _ := strings.Cut(id, "?currency=")
	resp, err := c.handle(t.Context(), events.APIGatewayV2HTTPRequest{
		RouteKey: method + " /products/{id}", PathParameters: map[string]string{"id": id},
		QueryStringParameters: map[string]string{"currency": currency}, Body: body,
	})
	if err != nil || resp.StatusCode != status || want != "" && resp.Body != want {
		t.Errorf("%s %s %s = %d %s, %v; want %d %s", method, id, body, resp.StatusCode, resp.Body, err, status, want)
	}
}

func TestProductIsCreatedReadUpdatedAndDeleted(t *testing.T) {
	c, reads := newTestCatalog(t)
	if err := c.useCache(cachetest.NewMemory()); err != nil {
		t.Fatal(err)
	}
	send(t, c, "GET", "tea", "", 404, "")
	send(t, c, "PATCH", "tea", `{"priceCents":400}`, 404, "")
	for _, body := range []string{"", `{"priceCents":400}`, `{"name":"Tea","priceCents":"400"}`, `{"name":"Tea","priceCents":-1}`} {
		send(t, c, "PUT", "tea", body, 400, "")
	}
	for _, step := range []struct {
		method, body string
		status       int    // of the reads after the write
		want         string // the body of these reads
		loads        int32  // how many of these reads load from the table
	}{
		{"PUT", tea, 200, tea, 0}, // a put replaces the cache entry
		{"PATCH", `{"priceCents":400}`, 200, dearTea, 1},
		{"PUT", tea, 200, tea, 0},
		{"DELETE", "", 404, "", 1},
	} {
		send(t, c, step.method, "tea", step.body, 204, "")
		before := reads.Load()
		for range 3 {
			send(t, c, "GET", "tea", "", step.status, step.want)
		}
		if loads := reads.Load() - before; loads != step.loads {
			t.Errorf("after %s %s: %d loads, want %d", step.method, step.body, loads, step.loads)
		}
	}
}

func TestFailureOfTheThirdPartyIsAnError(t *testing.T) {
	c, _ := newTestCatalog(t)
	if err := c.useCache(cachetest.NewMemory()); err != nil {
		t.Fatal(err)
	}
	token, err := secrets.Static("key").Text()
	if err != nil {
		t.Fatal(err)
	}
	c.ratesKey = lazyclient.Of(token) // an open holder, so that no secret is read
	third := httptest.NewServer(http.NotFoundHandler())
	defer third.Close()
	c.rates = third.URL
	send(t, c, "PUT", "tea", tea, 204, "")
	_, err = c.handle(t.Context(), events.APIGatewayV2HTTPRequest{
		RouteKey: "GET /products/{id}", PathParameters: map[string]string{"id": "tea"},
		QueryStringParameters: map[string]string{"currency": "EUR"},
	})
	if err == nil || err.Error() != "rates: Not Found" {
		t.Errorf("GET = %v", err)
	}
}

// This test uses the clients that main opens, with servers on loopback, and rotates the keys of
// both.
func TestRotationFailsNoRequest(t *testing.T) {
	cache := momentotest.NewServer("products")
	defer cache.Close()
	var ratesKey atomic.Value
	ratesKey.Store("first")
	third := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+ratesKey.Load().(string) || r.FormValue("to") != "EUR" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprint(w, 0.9)
	}))
	defer third.Close()
	t.Setenv("RATES_URL", third.URL)
	t.Setenv("MOMENTO_ENDPOINT", cache.Addr())
	t.Setenv("SECRET_ID", "catalog")
	vault := secretstest.NewServer()
	defer vault.Close()
	put := func(ratesKey string) {
		vault.Put("catalog", fmt.Sprintf(`{"MOMENTO_API_KEY": %q, "RATES_API_KEY": %q}`, cache.Key(), ratesKey))
	}
	put("first")
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", vault.URL)
	c, reads := newTestCatalog(t)
	if err := lazyclient.WarmAll(t.Context(), c, c.cache, c.ratesKey); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lazyclient.CloseAll(context.Background(), c.cache, c.ratesKey); err != nil {
			t.Error(err)
		}
	})
	send(t, c, "PUT", "tea", tea, 204, "")
	send(t, c, "GET", "tea?currency=EUR", "", 200, `{"name":"Tea","priceCents":315}`)
	cache.Rotate()
	ratesKey.Store("second")
	put("second")
	send(t, c, "GET", "tea?currency=EUR", "", 200, `{"name":"Tea","priceCents":315}`)
	send(t, c, "PUT", "tea", dearTea, 204, "")
	send(t, c, "GET", "tea", "", 200, dearTea)

	cache.SetLag(time.Hour) // of replicas, which a consistent read does not ask
	for start, before := time.Now(), int32(-1); before != reads.Load(); {
		if time.Since(start) > 20*time.Second {
			t.Fatal("the cache answers no read")
		}
		before = reads.Load()
		send(t, c, "GET", "tea", "", 200, dearTea)
	}
}

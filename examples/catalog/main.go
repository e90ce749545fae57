// Command catalog is a function to copy, in one file: an HTTP API for products in DynamoDB, cached
// on Momento. PUT /products/{id} creates or replaces a product, PATCH changes its price, GET reads
// it, with ?currency=EUR in that currency, and DELETE deletes it. SECRET_ID names a JSON secret
// with MOMENTO_API_KEY and RATES_API_KEY. The table's key is the string id.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/warmclient/warmclient/awsconfig"
	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

func main() {
	cfg, loadErr := awsconfig.Load(context.Background())
	c, err := newCatalog(cfg)
	if err = errors.Join(loadErr, err); err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // after that, opens continue during the first request
	log.Println("warm-up:", lazyclient.WarmAll(ctx, c, c.cache, c.ratesKey))
	cancel()
	lambda.StartWithOptions(c.handle, lambda.WithEnableSIGTERM(func() { // half a second before SIGKILL
		ctx, cancel := context.WithTimeout(context.Background(), 250*time.Millisecond)
		log.Println("end:", lazyclient.CloseAll(ctx, c.cache, c.ratesKey))
		cancel()
		os.Exit(0)
	}))
}

type product struct {
	Name       string `json:"name"`
	PriceCents int    `json:"priceCents"`
}

type catalog struct {
	db           *dynamodb.Client
	table, rates string // the table's name, and the URL of the third party's exchange rates
	cache        *lazyclient.Holder[momento.CacheClient]
	ratesKey     *lazyclient.Holder[secrets.Token]
	store        *readaside.Store
	products     *readaside.Reader[string, product]
}

// newCatalog does not connect. A holder opens a client once, and again after its key is rotated.
func newCatalog(cfg aws.Config) (*catalog, error) {
	secret := secrets.SecretsManager{API: secrets.NewClient(cfg), ID: os.Getenv("SECRET_ID")}
	c := &catalog{table: os.Getenv("TABLE_NAME"), rates: os.Getenv("RATES_URL")}
	c.db = dynamodb.NewFromConfig(awsconfig.Tune(cfg, awsconfig.Options{AttemptTimeout: 400 * time.Millisecond}))
	c.cache = &lazyclient.Holder[momento.CacheClient]{
		Name: "momento", Release: momentocache.Release, Stale: momentocache.IsStale, Observe: observe,
		Open: momentocache.Opener{Source: secret, Key: "MOMENTO_API_KEY", Endpoint: os.Getenv("MOMENTO_ENDPOINT"), Cache: os.Getenv("CACHE_NAME"), ConsistentReads: true}.Open,
	}
	c.ratesKey = &lazyclient.Holder[secrets.Token]{
		Name: "rates", Stale: func(err error) bool { return errors.Is(err, ratesError(http.StatusUnauthorized)) }, Observe: observe,
		Open: func(ctx context.Context) (secrets.Token, error) { return secrets.Load(ctx, secret, "RATES_API_KEY") },
	}
	return c, c.useCache(&momentocache.Cache{Client: c.cache, Name: os.Getenv("CACHE_NAME")})
}

func (c *catalog) useCache(cache readaside.Cache) (err error) {
	if c.store, err = readaside.NewStore(readaside.Options{Cache: cache, Prefix: "catalog"}); err == nil {
		c.products, err = readaside.NewReader(c.store, readaside.Entity[string, product]{Name: "product", Load: c.load})
	}
	return err
}

func (c *catalog) Warm(ctx context.Context) error { // connects to the table
	_, _, err := c.load(ctx, "none")
	return err
}

var errNotFound = errors.New("no such product")

type ratesError int // a status of the third party
type item = map[string]types.AttributeValue

func observe(e lazyclient.Event)         { log.Println(e.Holder, e.Kind, e.Err) }
func (e ratesError) Error() string       { return "rates: " + http.StatusText(int(e)) }
func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func number(n int) types.AttributeValue  { return &types.AttributeValueMemberN{Value: strconv.Itoa(n)} }

func (c *catalog) load(ctx context.Context, id string) (p product, found bool, err error) {
	out, err := c.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &c.table, Key: item{"id": text(id)}, ConsistentRead: aws.Bool(true)})
	if err != nil || out.Item == nil {
		return p, false, err
	}
	name, named := out.Item["name"].(*types.AttributeValueMemberS)
	price, priced := out.Item["priceCents"].(*types.AttributeValueMemberN)
	if !named || !priced {
		return p, false, errors.New("the item is no product: " + id)
	}
	cents, err := strconv.Atoi(price.Value)
	return product{name.Value, cents}, true, err
}

// put creates or replaces a product. The new value is known, so the cache gets it.
func (c *catalog) put(ctx context.Context, id string, p product) error {
	return c.store.Write(ctx, func(ctx context.Context) error {
		i := item{"id": text(id), "name": text(p.Name), "priceCents": number(p.PriceCents)}
		_, err := c.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &c.table, Item: i})
		return err
	}, c.products.ChangedTo(id, p))
}

// reprice changes one attribute. The other attributes are not known, so the cache entry is deleted.
func (c *catalog) reprice(ctx context.Context, id string, cents int) error {
	return c.store.Write(ctx, func(ctx context.Context) error {
		_, err := c.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &c.table, Key: item{"id": text(id)}, ConditionExpression: aws.String("attribute_exists(id)"),
			UpdateExpression: aws.String("SET priceCents = :p"), ExpressionAttributeValues: item{":p": number(cents)},
		})
		if _, none := errors.AsType[*types.ConditionalCheckFailedException](err); none {
			return readaside.Unchanged(errNotFound)
		}
		return err
	}, c.products.Changed(id))
}

func (c *catalog) remove(ctx context.Context, id string) error {
	return c.store.Write(ctx, func(ctx context.Context) error {
		_, err := c.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &c.table, Key: item{"id": text(id)}})
		return err
	}, c.products.Changed(id))
}

// convert gets the rate from the third party. If it refuses the key, Use reads the secret again.
func (c *catalog) convert(ctx context.Context, cents int, currency string) (int, error) {
	var rate float64
	err := c.ratesKey.Use(ctx, func(ctx context.Context, key secrets.Token) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.rates+"?to="+url.QueryEscape(currency), nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+key.Reveal())
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return ratesError(resp.StatusCode)
		}
		return json.NewDecoder(resp.Body).Decode(&rate)
	})
	return int(float64(cents)*rate + 0.5), err
}

func (c *catalog) get(ctx context.Context, id, currency string) (product, error) {
	p, found, err := c.products.Get(ctx, id)
	switch {
	case err == nil && !found:
		err = errNotFound
	case err == nil && currency != "":
		p.PriceCents, err = c.convert(ctx, p.PriceCents, currency)
	}
	return p, err
}

func (c *catalog) handle(ctx context.Context, r events.APIGatewayV2HTTPRequest) (resp events.APIGatewayV2HTTPResponse, err error) {
	var p product
	valid := json.Unmarshal([]byte(r.Body), &p) == nil && p.PriceCents > 0
	resp.StatusCode = http.StatusNoContent
	switch id := r.PathParameters["id"]; {
	case r.RouteKey == "DELETE /products/{id}":
		err = c.remove(ctx, id)
	case r.RouteKey == "PATCH /products/{id}" && valid:
		err = c.reprice(ctx, id, p.PriceCents)
	case r.RouteKey == "PUT /products/{id}" && valid && p.Name != "":
		err = c.put(ctx, id, p)
	case r.RouteKey != "GET /products/{id}":
		resp.StatusCode = http.StatusBadRequest
	default:
		p, err = c.get(ctx, id, r.QueryStringParameters["currency"])
		body, _ := json.Marshal(p)
		resp = events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"content-type": "application/json"}, Body: string(body)}
	}
	if errors.Is(err, errNotFound) {
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusNotFound}, nil
	}
	return resp, err // an error is a 500
}

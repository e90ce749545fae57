package readaside_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
)

type Product struct {
	ID, Name   string
	PriceCents int
}

// productTable stands for the program's own.
type productTable struct {
	mu   sync.Mutex
	rows map[string]Product
}

func (d *productTable) load(_ context.Context, id string) (Product, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Println("load", id)
	p, found := d.rows[id]
	return p, found, nil
}

func (d *productTable) put(_ context.Context, p Product) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rows[p.ID] = p
	return nil
}

func (d *productTable) remove(_ context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.rows, id)
	return nil
}

// catalog is the products behind a cache.
type catalog struct {
	db       *productTable
	store    *readaside.Store
	products *readaside.Reader[string, Product]
}

func newCatalog(db *productTable, cache readaside.Cache) (*catalog, error) {
	store, err := readaside.NewStore(readaside.Options{Cache: cache, Prefix: "shop"})
	if err != nil {
		return nil, err
	}
	products, err := readaside.NewReader(store, readaside.Entity[string, Product]{Name: "product", Load: db.load})
	return &catalog{db, store, products}, err
}

func (c *catalog) get(ctx context.Context, id string) (Product, bool, error) {
	return c.products.Get(ctx, id)
}

func (c *catalog) put(ctx context.Context, p Product) error {
	return c.store.Write(ctx, func(ctx context.Context) error { return c.db.put(ctx, p) }, c.products.ChangedTo(p.ID, p))
}

func (c *catalog) remove(ctx context.Context, id string) error {
	return c.store.Write(ctx, func(ctx context.Context) error { return c.db.remove(ctx, id) }, c.products.Changed(id))
}

// A catalog of products that are updated and deleted, cached in memory.
func Example() {
	ctx := context.Background()
	c, err := newCatalog(&productTable{rows: make(map[string]Product)}, cachetest.NewMemory())
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = c.put(ctx, Product{"tea", "Green tea", 350})
	fmt.Println(c.get(ctx, "tea"))
	_ = c.put(ctx, Product{"tea", "Green tea", 400})
	fmt.Println(c.get(ctx, "tea"))
	_ = c.remove(ctx, "tea")
	fmt.Println(c.get(ctx, "tea"))
	fmt.Println(c.get(ctx, "tea"))
	// Output:
	// {tea Green tea 350} true <nil>
	// {tea Green tea 400} true <nil>
	// load tea
	// {  0} false <nil>
	// {  0} false <nil>
}

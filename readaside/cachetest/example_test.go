package cachetest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/warmclient/warmclient/readaside/cachetest"
)

func ExampleNewMemory() {
	ctx := context.Background()
	cache := cachetest.NewMemory()

	_ = cache.Set(ctx, "greeting", []byte("hello"), time.Minute)
	stored, _ := cache.SetIfEqual(ctx, "greeting", []byte("hello"), []byte("good morning"), time.Minute)
	value, _ := cache.Get(ctx, "greeting")
	fmt.Printf("%t %s\n", stored, value)

	value, _ = cache.Get(ctx, "farewell")
	fmt.Println(value == nil)

	// Output:
	// true good morning
	// true
}

package lazyclient_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/warmclient/warmclient/lazyclient"
)

// conn stands for any client that is expensive to make.
type conn struct{ token string }

func (c *conn) query() (string, error) {
	if c.token == "expired" {
		return "", errUnauthorized
	}
	return "42 rows", nil
}

func (c *conn) close() error { return nil }

var errUnauthorized = errors.New("unauthorized")

func ExampleHolder_Get() {
	database := lazyclient.Holder[*conn]{
		Name: "database",
		Open: func(context.Context) (*conn, error) {
			fmt.Println("opening")
			return &conn{}, nil
		},
	}
	ctx := context.Background()
	for range 2 {
		c, err := database.Get(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(c.query())
	}
	// Output:
	// opening
	// 42 rows <nil>
	// 42 rows <nil>
}

func ExampleHolder_Use() {
	tokens := []string{"expired", "good"} // what the secret holds now, and after its rotation
	database := lazyclient.Holder[*conn]{
		Name: "database",
		Open: func(context.Context) (*conn, error) {
			token := tokens[0]
			tokens = tokens[1:]
			return &conn{token: token}, nil
		},
		Release: func(_ context.Context, c *conn) error { return c.close() },
		Stale:   func(err error) bool { return errors.Is(err, errUnauthorized) },
	}
	err := database.Use(context.Background(), func(_ context.Context, c *conn) error {
		rows, err := c.query()
		fmt.Printf("%s: %q, %v\n", c.token, rows, err)
		return err
	})
	fmt.Println("result:", err)
	// Output:
	// expired: "", unauthorized
	// good: "42 rows", <nil>
	// result: <nil>
}

// pool stands for a pool of database connections, such as a *sql.DB.
type pool struct{ password string }

func (p *pool) query(current string) (string, error) {
	if p.password != current {
		return "", errUnauthorized
	}
	return "42 rows", nil
}

func (p *pool) close() error {
	fmt.Println("closed the pool with", p.password)
	return nil
}

// A pool of connections is opened with a password that is rotated. Open reads the secret itself, so
// a new pool has the new password.
func ExampleHolder_rotatingPassword() {
	ctx := context.Background()
	secret := "spring" // in Secrets Manager
	database := lazyclient.Holder[*pool]{
		Name:    "database",
		Open:    func(context.Context) (*pool, error) { return &pool{password: secret}, nil },
		Release: func(_ context.Context, p *pool) error { return p.close() },
		Stale:   func(err error) bool { return errors.Is(err, errUnauthorized) },
	}
	count := func(_ context.Context, p *pool) error {
		rows, err := p.query(secret)
		fmt.Printf("%q with %s\n", rows, p.password)
		return err
	}
	_ = database.Use(ctx, count)
	secret = "summer"
	fmt.Println(database.Use(ctx, count))
	_ = database.Close(ctx)
	// Unordered output:
	// "42 rows" with spring
	// "" with spring
	// closed the pool with spring
	// "42 rows" with summer
	// <nil>
	// closed the pool with summer
}

// token is one that expires, as an IAM token for RDS or ElastiCache does after 15 minutes.
type token struct {
	text    string
	expires time.Time
}

// A token is never served past its end. With a smaller MaxAge it is replaced in the background
// before that, and no caller waits.
func ExampleHolder_expires() {
	iam := lazyclient.Holder[token]{
		Name: "iam token",
		Open: func(context.Context) (token, error) {
			return token{text: "signed", expires: time.Now().Add(15 * time.Minute)}, nil
		},
		Expires: func(t token) time.Time { return t.expires },
		MaxAge:  10 * time.Minute,
	}
	t, err := iam.Get(context.Background())
	fmt.Println(t.text, err)
	// Output: signed <nil>
}

// A request that can do without the cache does not wait for it to open.
func ExampleHolder_TryUse() {
	opened := make(chan struct{})
	cache := lazyclient.Holder[*conn]{
		Name: "cache",
		Open: func(context.Context) (*conn, error) { return &conn{}, nil },
		Observe: func(e lazyclient.Event) {
			if e.Kind == lazyclient.Opened {
				close(opened)
			}
		},
	}
	answer := func() string {
		rows := ""
		err := cache.TryUse(context.Background(), func(_ context.Context, c *conn) (err error) {
			rows, err = c.query()
			return err
		})
		if err != nil {
			return "from the database: " + err.Error()
		}
		return "from the cache: " + rows
	}
	fmt.Println(answer())
	<-opened
	_ = cache.Warm(context.Background())
	fmt.Println(answer())
	// Output:
	// from the database: lazyclient: value is being opened: cache
	// from the cache: 42 rows
}

// A failed warm-up is no reason not to start: what failed is opened again by its first caller.
func ExampleWarmAll() {
	database := lazyclient.Holder[*conn]{
		Name: "database",
		Open: func(context.Context) (*conn, error) { return &conn{}, nil },
	}
	cache := lazyclient.Holder[*conn]{
		Name: "cache",
		Open: func(context.Context) (*conn, error) { return nil, errors.New("connection refused") },
	}
	// In main, before lambda.Start. The Init phase of a function may take 10 s.
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	if err := lazyclient.WarmAll(ctx, &database, &cache); err != nil {
		fmt.Println("warming up:", err)
	}
	// Output:
	// warming up: lazyclient: open cache: connection refused
}

// Lambda sends SIGTERM, to functions that have an extension, some hundred milliseconds before it
// ends the process.
func ExampleCloseAll() {
	database := lazyclient.Holder[*conn]{
		Name:    "database",
		Open:    func(context.Context) (*conn, error) { return &conn{}, nil },
		Release: func(_ context.Context, c *conn) error { return c.close() },
		Observe: func(e lazyclient.Event) { fmt.Println(e.Holder, e.Kind) },
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	_ = database.Warm(ctx)

	self, _ := os.FindProcess(os.Getpid()) // for the sake of the example, what Lambda would do
	_ = self.Signal(syscall.SIGTERM)
	<-ctx.Done()

	end, cancel := context.WithTimeout(context.Background(), 250*time.Millisecond)
	defer cancel()
	fmt.Println(lazyclient.CloseAll(end, &database))
	// Output:
	// database Opened
	// database Released
	// <nil>
}

// service takes its holder as a field, so a test can hand it a value of its own.
type service struct{ database *lazyclient.Holder[*conn] }

func (s *service) count(ctx context.Context) (string, error) {
	c, err := s.database.Get(ctx)
	if err != nil {
		return "", err
	}
	return c.query()
}

func ExampleOf() {
	fake := &conn{token: "test"}
	s := service{database: lazyclient.Of(fake)}
	fmt.Println(s.count(context.Background()))
	// Output: 42 rows <nil>
}

func ExampleInvalidate() {
	opened := 0
	database := lazyclient.Holder[*conn]{Open: func(context.Context) (*conn, error) {
		opened++
		return &conn{}, nil
	}}
	ctx := context.Background()
	bad, _ := database.Get(ctx)
	fmt.Println(lazyclient.Invalidate(&database, bad))
	_ = database.Warm(ctx)
	fmt.Println(lazyclient.Invalidate(&database, bad), opened) // the newer one stays
	// Output:
	// true
	// false 2
}

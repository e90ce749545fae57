// Command local runs the whole service of the examples on one machine: the six functions, with the
// real AWS and Momento SDKs, and DynamoDB, Secrets Manager and Momento servers on loopback. A
// Valkey server can replace Momento. No account is required.
//
//	go run ./examples/local                          # a tour: what it asks, and where each answer came from
//	go run ./examples/local -serve                   # the six routes over HTTP, on 127.0.0.1:8080
//	go run ./examples/local -cache valkey            # the tour with Valkey
//	go run ./examples/local -cache 127.0.0.1:6379    # ... or with a server that runs already
//
// The tour exits with 0 only if every step has the expected result. With -serve, the Authorization
// header is the caller's username:
//
//	curl -d '{"username":"ada","firstName":"Ada","lastName":"Lovelace"}' http://127.0.0.1:8080/users
//	curl -H 'Authorization: ada' -d '{"organizationName":"Tech Corp"}' http://127.0.0.1:8080/organizations
//	curl http://127.0.0.1:8080/organizations/tech-corp/members/ada
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/examples/internal/emulator"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "local: %v (see -help)\n", err)
		return exitUsage
	}
	log := io.Discard
	if o.serve || o.verbose {
		log = stderr
	}
	slog.SetDefault(app.NewLogger(log))
	if err := start(ctx, o, stdout); err != nil {
		fmt.Fprintf(stderr, "local: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func start(ctx context.Context, o options, stdout io.Writer) (err error) {
	options := emulator.Options{}
	if o.cache != onMomento && o.cache != onValkey {
		// The table's name is the prefix of the keys in the cache. A random name keeps the keys
		// separate from those of earlier tours.
		options.Table = "accounts-" + rand.Text()
	}
	stack, err := emulator.Start(options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stack.Close()) }()
	cache, err := startCache(o.cache, stack)
	if err != nil {
		return err
	}
	defer cache.close()
	if err := setEnvironment(stack, cache.environ...); err != nil {
		return err
	}
	defer func() {
		if err := app.Close(context.WithoutCancel(ctx)); err != nil {
			slog.Warn("close", "error", err.Error()) // does not fail the tour
		}
	}()
	if o.serve {
		return serve(ctx, o.addr, stdout)
	}
	return tour(ctx, stack, cache, stdout)
}

const usage = `usage: local [-cache momento|valkey|host:port] [-v]
       local -serve [-addr host:port] [-cache momento|valkey|host:port]

  -cache  the cache: Momento, Valkey, or a Valkey or Redis server that runs already; the tour breaks
          neither that one nor its password (default momento)
  -serve  keep serving the six routes over HTTP, until SIGINT or SIGTERM
  -addr   where to serve; port 0 picks a free one (default 127.0.0.1:8080)
  -v      write the log of the functions to stderr; -serve always does
`

type options struct {
	serve, verbose bool
	addr, cache    string
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run prints its errors on one line
	flags.BoolVar(&o.serve, "serve", false, "")
	flags.BoolVar(&o.verbose, "v", false, "")
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "")
	flags.StringVar(&o.cache, "cache", onMomento, "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if given["addr"] && !o.serve {
		return o, errors.New("-addr is for -serve only")
	}
	if _, _, err := net.SplitHostPort(o.cache); err != nil && o.cache != onMomento && o.cache != onValkey {
		return o, fmt.Errorf("-cache %q: want momento, valkey or host:port", o.cache)
	}
	// ResolveTCPAddr accepts "", which means every interface and any port.
	if _, _, err := net.SplitHostPort(o.addr); err != nil {
		return o, fmt.Errorf("-addr %q: %w", o.addr, err)
	}
	if _, err := net.ResolveTCPAddr("tcp", o.addr); err != nil {
		return o, fmt.Errorf("-addr %q: %w", o.addr, err)
	}
	return o, nil
}

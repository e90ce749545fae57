// Command zip builds the six functions and packs each as Lambda takes it: a zip with one executable,
// bootstrap. The same sources and the same Go make the same bytes, wherever and whenever they are
// built, so a deployment without a change is one that changes nothing.
//
//	go run ./examples/zip               # examples/dist/createuser.zip and five more, for arm64
//	go run ./examples/zip -arch amd64 -o /tmp/functions
//
// It prints each file with its SHA-256 in base64, which is what Lambda tells of deployed code
// (CodeSha256).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "zip: %v (see -help)\n", err)
		return 2
	}
	if err := zipAll(ctx, o, stdout); err != nil {
		fmt.Fprintf(stderr, "zip: %v\n", err)
		return 1
	}
	return 0
}

const usage = `usage: zip [-arch arm64|amd64] [-o directory]

  -arch  of the functions, as in the deployment (default arm64)
  -o     where to write the zips (default: dist, beside the functions)
`

type options struct {
	arch string
	out  string // "": dist in the directory of the functions
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("zip", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // its errors are printed by run, on one line
	flags.StringVar(&o.arch, "arch", "arm64", "")
	flags.StringVar(&o.out, "o", "", "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if !slices.Contains([]string{"arm64", "amd64"}, o.arch) {
		return o, fmt.Errorf("-arch %q: Lambda has arm64 and amd64 (which it calls x86_64)", o.arch)
	}
	return o, nil
}

// functions are the directories of the six main packages.
var functions = []string{
	"createuser", "getuser", "createorganization", "getorganization", "addusertoorganization", "getmembership",
}

// zipAll builds all functions before it writes the first zip, so a build that fails writes none.
func zipAll(ctx context.Context, o options, stdout io.Writer) error {
	module, err := moduleDir(ctx)
	if err != nil {
		return err
	}
	if o.out == "" {
		o.out = filepath.Join(module, "dist")
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	binaries, err := os.MkdirTemp("", "zip")
	if err != nil {
		return err
	}
	defer os.RemoveAll(binaries)
	if err := build(ctx, module, o.arch, binaries, functions...); err != nil {
		return err
	}
	for _, name := range functions {
		sum, err := pack(filepath.Join(binaries, name), filepath.Join(o.out, name+".zip"))
		if err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
		fmt.Fprintf(stdout, "%s  %s\n", sum, filepath.Join(o.out, name+".zip"))
	}
	return nil
}

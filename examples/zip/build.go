package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// moduleDir finds the functions from wherever in the workspace this program was started.
func moduleDir(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}",
		"github.com/warmclient/warmclient/examples/"+functions[0]).Output()
	if err != nil {
		var why []byte // what go says itself
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			why = failed.Stderr
		}
		return "", fmt.Errorf("find the functions: go list: %w\n%s", err, why)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// build compiles functions of the module into a directory. What could make two builds differ is
// turned off: paths, the state of the repository, a build id, a workspace, flags from the environment.
func build(ctx context.Context, module, arch, into string, functions ...string) error {
	args := []string{
		"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=",
		"-tags=lambda.norpc", // leaves out what only the runtime go1.x used
		"-o", into + string(filepath.Separator),
	}
	for _, name := range functions {
		args = append(args, "./"+name)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOWORK=off",
		"GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off", "GOARM64=", "GOAMD64=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

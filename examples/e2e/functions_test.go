package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// examples is the directory of the module.
const examples = ".."

var binaries string // the directory that build fills

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	// Most of these tests wait most of the time, for what is frozen or times out.
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("8"); err != nil {
			panic(err)
		}
	}
	var err error
	if binaries, err = os.MkdirTemp("", "e2e"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(binaries)
	return m.Run()
}

// routes returns the route of each function, by its directory's name, as its main hands it to
// Start.
var routes = sync.OnceValues(func() (map[string]string, error) {
	found := map[string]string{}
	start := regexp.MustCompile(`app\.Start\("([A-Z]+ /[^"]*)", `)
	mains, err := filepath.Glob(filepath.Join(examples, "*", "main.go"))
	if err != nil {
		return nil, err
	}
	for _, path := range mains {
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if match := start.FindSubmatch(source); match != nil {
			found[filepath.Base(filepath.Dir(path))] = string(match[1])
		}
	}
	if len(found) != 6 {
		return nil, fmt.Errorf("found %d functions: %v", len(found), found)
	}
	return found, nil
})

func routeOf(t testing.TB, function string) (method, path string) {
	t.Helper()
	all, err := routes()
	require.NoError(t, err)
	method, path, ok := strings.Cut(all[function], " ")
	require.True(t, ok, function)
	return method, path
}

var builds struct {
	sync.Mutex
	done map[string]func() error
}

// binary returns the path of a compiled program of the module, such as "getuser". Each is compiled
// once per run of the tests, when the first test needs it: meanwhile others go on.
func binary(t testing.TB, program string) string {
	t.Helper()
	builds.Lock()
	build, ok := builds.done[program]
	if !ok {
		build = sync.OnceValue(func() error { return compile(program) })
		if builds.done == nil {
			builds.done = map[string]func() error{}
		}
		builds.done[program] = build
	}
	builds.Unlock()
	require.NoError(t, build())
	return filepath.Join(binaries, filepath.Base(program))
}

func compile(program string) error {
	args := []string{"build", "-tags=lambda.norpc", "-ldflags=-s -w", "-o", binaries + string(filepath.Separator)}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./"+program)...)
	cmd.Dir = examples
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile %s: %w\n%s", program, err, out)
	}
	return nil
}

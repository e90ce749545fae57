package apicheck_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// importable is a package that other modules can import: what the compiler exports of it, and what its
// documentation says.
type importable struct {
	path string // relative to the module, with slashes
	api  *types.Package
	doc  *doc.Package
	fset *token.FileSet
}

var load = sync.OnceValues(loadAll)

// packages returns the packages of the module that have exported names.
func packages(t *testing.T) []importable {
	t.Helper()
	all, err := load()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

type listed struct {
	ImportPath, Name, Dir, Export string
	DepOnly                       bool
	Module                        struct{ Path string }
}

func loadAll() ([]importable, error) {
	lines, err := list()
	if err != nil {
		return nil, err
	}
	exports := make(map[string]string)
	for _, p := range lines {
		exports[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	compiled := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(exports[path])
	})

	var all []importable
	for _, p := range lines {
		if p.DepOnly || p.Name == "main" || slices.Contains(strings.Split(p.ImportPath, "/"), "internal") {
			continue
		}
		api, err := compiled.Import(p.ImportPath)
		if err != nil {
			return nil, err
		}
		text, err := readDoc(fset, p)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(api.Scope().Names(), token.IsExported) {
			if text.Doc == "" {
				return nil, fmt.Errorf("package %s is not documented", p.ImportPath)
			}
			continue // a map of the others
		}
		path := strings.TrimPrefix(p.ImportPath, p.Module.Path+"/")
		all = append(all, importable{path: path, api: api, doc: text, fset: fset})
	}
	return all, nil
}

// list asks the go command for the module's packages and for all that they depend on, compiled.
func list() ([]listed, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Name,Dir,Export,DepOnly,Module", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", cmd, err, &stderr)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}

// readDoc reads the sources, tests too, since examples are in them. As this process opens them itself, the go
// command knows that a cached result of these tests is no longer good when they change.
func readDoc(fset *token.FileSet, p listed) (*doc.Package, error) {
	entries, err := os.ReadDir(p.Dir)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".go" {
			continue
		}
		if ours, err := build.Default.MatchFile(p.Dir, e.Name()); err != nil || !ours {
			if err != nil {
				return nil, err
			}
			continue
		}
		name := filepath.Join(p.Dir, e.Name())
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return doc.NewFromFiles(fset, files, p.ImportPath)
}

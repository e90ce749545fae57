package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write functions.go anew from the six main.go files")

var directories = []string{
	"createuser", "getuser", "createorganization", "getorganization", "addusertoorganization", "getmembership",
}

func TestFunctionsAreThoseOfTheSixMains(t *testing.T) {
	want := bundle(t)
	if *update {
		require.NoError(t, os.WriteFile("functions.go", want, 0o644))
	}
	got, err := os.ReadFile("functions.go")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "run: go test ./examples/local -run TestFunctionsAreThose -update")
}

// bundle returns one file with the handlers of the six main packages, which cannot be imported.
func bundle(t *testing.T) []byte {
	var table, handlers bytes.Buffer
	for _, dir := range directories {
		name := filepath.Join("..", dir, "main.go")
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.LessOrEqual(t, bytes.Count(source, []byte("\n")), 40, "a main.go is short: %s", name)
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, source, parser.ParseComments)
		require.NoError(t, err)
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue // the imports are the same in all
			}
			if f.Name.Name == "main" {
				call, ok := f.Body.List[0].(*ast.ExprStmt).X.(*ast.CallExpr)
				require.True(t, ok, name)
				text := source[fset.Position(call.Args[0].Pos()).Offset:fset.Position(call.End()).Offset]
				fmt.Fprintf(&table, "{%s},\n", bytes.TrimSuffix(text, []byte(")")))
				continue
			}
			handlers.WriteString("\n")
			handlers.Write(source[fset.Position(f.Pos()).Offset:fset.Position(f.End()).Offset])
			handlers.WriteString("\n")
		}
	}
	out, err := format.Source(fmt.Appendf(nil, `// Code generated from the main.go of the six functions by go test -update; DO NOT EDIT.

package main

import (
	"context"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

// functions are the six functions with their routes. They are copied since a main package cannot be
// imported, and each should be readable in one file; a test compares.
var functions = []struct {
	route   string
	handler app.Handler
}{
%s}
%s`, &table, &handlers))
	require.NoError(t, err)
	return out
}

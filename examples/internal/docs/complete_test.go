//go:build !race

package docs_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// usual are the imports that a fragment may use without naming them.
var usual = map[string]string{
	"accounts":       "github.com/warmclient/warmclient/accounts",
	"assert":         "github.com/stretchr/testify/assert",
	"aws":            "github.com/aws/aws-sdk-go-v2/aws",
	"config":         "github.com/aws/aws-sdk-go-v2/config",
	"context":        "context",
	"dynamodb":       "github.com/aws/aws-sdk-go-v2/service/dynamodb",
	"errors":         "errors",
	"fmt":            "fmt",
	"http":           "net/http",
	"lambda":         "github.com/aws/aws-lambda-go/lambda",
	"lazyclient":     "github.com/warmclient/warmclient/lazyclient",
	"log":            "log",
	"momento":        "github.com/momentohq/client-sdk-go/momento",
	"momentocache":   "github.com/warmclient/warmclient/readaside/momentocache",
	"os":             "os",
	"readaside":      "github.com/warmclient/warmclient/readaside",
	"require":        "github.com/stretchr/testify/require",
	"secrets":        "github.com/warmclient/warmclient/secrets",
	"secretsmanager": "github.com/aws/aws-sdk-go-v2/service/secretsmanager",
	"slog":           "log/slog",
	"strings":        "strings",
	"sync":           "sync",
	"testing":        "testing",
	"time":           "time",
	"valkey":         "github.com/valkey-io/valkey-go",
	"valkeycache":    "github.com/warmclient/warmclient/readaside/valkeycache",
}

// given are the variables that the statements of a fragment may use without declaring them.
var given = map[string]string{
	"cfg":     "aws.Config",
	"ctx":     "context.Context",
	"service": "*accounts.Service",
	"t":       "*testing.T",
}

// complete makes the block a file of a package of its own. It reports whether that is a file of
// tests.
func (b block) complete() (source string, test bool, err error) {
	fset := token.NewFileSet()
	source = b.text
	if _, err := parser.ParseFile(fset, "", source, parser.PackageClauseOnly); err != nil {
		if source, err = fragment(fset, b.text); err != nil {
			return "", false, err
		}
	}
	parsed, err := parser.ParseFile(fset, "", source, parser.ImportsOnly)
	if err != nil {
		return "", false, err
	}
	importsTesting := slices.ContainsFunc(parsed.Imports, func(i *ast.ImportSpec) bool {
		return i.Path.Value == `"testing"`
	})
	return source, importsTesting || strings.HasSuffix(parsed.Name.Name, "_test"), nil
}

// fragment completes code that has no package clause. The compiler's messages still have the code's
// own lines, as what precedes it is on its first line.
func fragment(fset *token.FileSet, code string) (string, error) {
	const clause = "package snippet; "
	if file, err := parser.ParseFile(fset, "", clause+code, 0); err == nil {
		if len(file.Imports) > 0 {
			return clause + code, nil
		}
		return clause + imports(file, nil) + code, nil
	}
	wrapped := clause + "func _() {\n" + code + "\n}"
	file, err := parser.ParseFile(fset, "", wrapped, 0)
	if err != nil {
		return "", fmt.Errorf("neither declarations nor statements: %w", err)
	}
	body := file.Decls[0].(*ast.FuncDecl).Body
	var parameters []string
	used := make(map[string]bool)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if slices.ContainsFunc(file.Unresolved, func(id *ast.Ident) bool { return id.Name == name }) {
			parameters = append(parameters, name+" "+given[name])
			kind, _, _ := strings.Cut(strings.TrimPrefix(given[name], "*"), ".")
			used[kind] = true
		}
	}
	head := "func _(" + strings.Join(parameters, ", ") + ") { "
	return clause + imports(file, used) + head + code + "\n" + uses(body) + "}", nil
}

// imports has those of the usual imports that file needs, and those that are used already.
func imports(file *ast.File, used map[string]bool) string {
	needed := maps.Clone(used)
	if needed == nil {
		needed = make(map[string]bool)
	}
	for _, id := range file.Unresolved {
		if _, ok := usual[id.Name]; ok {
			needed[id.Name] = true
		}
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(needed)) {
		fmt.Fprintf(&b, "import %q; ", usual[name])
	}
	return b.String()
}

// uses mentions the variables that the statements of body declare: a fragment may end before it
// uses them.
func uses(body *ast.BlockStmt) string {
	var names []string
	add := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok && id.Name != "_" {
			names = append(names, id.Name)
		}
	}
	for _, statement := range body.List {
		switch s := statement.(type) {
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				for _, e := range s.Lhs {
					add(e)
				}
			}
		case *ast.DeclStmt:
			for _, spec := range s.Decl.(*ast.GenDecl).Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					for _, id := range v.Names {
						add(id)
					}
				}
			}
		}
	}
	slices.SortFunc(names, cmp.Compare)
	var b strings.Builder
	for _, name := range slices.Compact(names) {
		b.WriteString("_ = &" + name + "\n")
	}
	return b.String()
}

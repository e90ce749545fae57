package apicheck_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write api/ anew instead of comparing with it")

func TestExportedNamesAreThoseOfTheListing(t *testing.T) {
	dir := filepath.Join(root, "api")
	known := make(map[string]bool)
	for _, p := range packages(t) {
		name := filepath.Join(dir, filepath.FromSlash(p.path)+".txt")
		known[name] = true
		got := listing(p.api)
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
			require.NoError(t, os.WriteFile(name, []byte(strings.Join(got, "\n")+"\n"), 0o644))
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			require.NoError(t, err)
		}
		want := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if d := diff(want, got); d != "" {
			t.Errorf("%s differs from the code:\n%sIf that is meant: go test ./internal/apicheck -update", name, d)
		}
	}

	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || known[name] {
			return err
		}
		if *update {
			return os.Remove(name)
		}
		t.Errorf("%s lists a package that is not there", name)
		return nil
	})
	require.NoError(t, err)
}

// diff has the lines that only one of the two has, in the order of the listing.
func diff(want, got []string) string {
	var lines []string
	for _, line := range want {
		if line != "" && !slices.Contains(got, line) {
			lines = append(lines, line+"\n- ")
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			lines = append(lines, line+"\n+ ")
		}
	}
	slices.Sort(lines) // an old line beside the new one of the same name
	var b strings.Builder
	for _, line := range lines {
		text, sign, _ := strings.Cut(line, "\n")
		b.WriteString(sign + text + "\n")
	}
	return b.String()
}

func TestDiffShowsWhatWasRemovedAndAdded(t *testing.T) {
	old := []string{"func A()", "func B(x int)", "func C()"}
	now := []string{"func A()", "func B(x string)", "func D()"}
	assert.Equal(t, "- func B(x int)\n+ func B(x string)\n- func C()\n+ func D()\n", diff(old, now))
	assert.Empty(t, diff(now, now))
}

// listing has one line for each exported name of the package, and for each exported field and method, with
// promoted ones; and one for each other package that they mention.
func listing(pkg *types.Package) []string {
	l := lister{pkg: pkg}
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() {
			l.object(obj)
		}
	}
	slices.Sort(l.lines)
	return slices.Compact(l.lines)
}

type lister struct {
	pkg   *types.Package
	lines []string
}

func (l *lister) add(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

// text writes a type as the package's own source would.
func (l *lister) text(t types.Type) string {
	return types.TypeString(t, func(other *types.Package) string {
		if other == l.pkg {
			return ""
		}
		l.add("import %q", other.Path())
		return other.Name()
	})
}

func (l *lister) object(obj types.Object) {
	switch obj := obj.(type) {
	case *types.Const:
		l.add("const %s %s = %s", obj.Name(), l.text(obj.Type()), obj.Val().ExactString())
	case *types.Var:
		l.add("var %s %s", obj.Name(), l.text(obj.Type()))
	case *types.Func:
		l.add("func %s%s", obj.Name(), strings.TrimPrefix(l.text(obj.Type()), "func"))
	case *types.TypeName:
		l.typeName(obj)
	}
}

func (l *lister) typeName(obj *types.TypeName) {
	if obj.IsAlias() {
		l.add("type %s = %s", obj.Name(), l.text(types.Unalias(obj.Type())))
		return
	}
	head := "type " + l.text(obj.Type())
	switch t := obj.Type().Underlying().(type) {
	case *types.Struct:
		l.add("%s struct", head)
		for i := range t.NumFields() {
			if f := t.Field(i); f.Exported() {
				l.add("%s struct, %s", head, l.field(f, t.Tag(i)))
			}
		}
	case *types.Interface:
		l.add("%s interface", head)
		for m := range t.Methods() {
			if !m.Exported() {
				l.add("%s interface, unexported methods", head)
				continue
			}
			l.add("%s interface, %s%s", head, m.Name(), strings.TrimPrefix(l.text(m.Type()), "func"))
		}
		return // its method set is what was listed
	default:
		l.add("%s %s", head, l.text(t))
	}
	l.methods(obj)
}

func (l *lister) field(f *types.Var, tag string) string {
	text := f.Name() + " " + l.text(f.Type())
	if f.Embedded() {
		text = "embedded " + l.text(f.Type())
	}
	if tag != "" {
		text += " `" + tag + "`"
	}
	return text
}

func (l *lister) methods(obj *types.TypeName) {
	byValue := types.NewMethodSet(obj.Type())
	for m := range types.NewMethodSet(types.NewPointer(obj.Type())).Methods() {
		if !m.Obj().Exported() {
			continue
		}
		receiver := obj.Name() + parameters(obj.Type())
		if byValue.Lookup(m.Obj().Pkg(), m.Obj().Name()) == nil {
			receiver = "*" + receiver
		}
		l.add("method (%s) %s%s", receiver, m.Obj().Name(), strings.TrimPrefix(l.text(m.Type()), "func"))
	}
}

// parameters names the type parameters of a generic type: "[K, V]".
func parameters(t types.Type) string {
	named, ok := t.(*types.Named)
	if !ok || named.TypeParams().Len() == 0 {
		return ""
	}
	var names []string
	for p := range named.TypeParams().TypeParams() {
		names = append(names, p.Obj().Name())
	}
	return "[" + strings.Join(names, ", ") + "]"
}

func TestListingHasEveryExportedNameOfAPackage(t *testing.T) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", `package p
import "io"
const A, b = 1, 2
const C Kind = 3
var E error
type Kind uint8
func (Kind) String() string { return "" }
type Alias = io.Reader
type hidden struct{}
func (hidden) Promoted() {}
type S[T any] struct { hidden; X T `+"`json:\"x\"`"+`; y int; io.Writer }
func (s *S[T]) M(n int) (T, error) { return s.X, nil }
func (s *S[T]) m() {}
type I interface { Do(w io.Writer); undo() }
func F[T comparable](a, b T) bool { return a == b }
func f() {}
`, parser.SkipObjectResolution)
	require.NoError(t, err)
	conf := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	pkg, err := conf.Check("p", fset, []*ast.File{file}, nil)
	require.NoError(t, err)

	assert.Equal(t, []string{
		`const A untyped int = 1`,
		`const C Kind = 3`,
		`func F[T comparable](a T, b T) bool`,
		`import "io"`,
		`method (*S[T]) M(n int) (T, error)`,
		`method (Kind) String() string`,
		`method (S[T]) Promoted()`,
		`method (S[T]) Write(p []byte) (n int, err error)`,
		`type Alias = io.Reader`,
		`type I interface`,
		`type I interface, Do(w io.Writer)`,
		`type I interface, unexported methods`,
		`type Kind uint8`,
		`type S[T any] struct`,
		`type S[T any] struct, X T ` + "`json:\"x\"`",
		`type S[T any] struct, embedded io.Writer`,
		`var E error`,
	}, listing(pkg))
}

package apicheck_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, p := range packages(t) {
		t.Run(p.path, func(t *testing.T) {
			assert.Empty(t, undocumented(p.doc, p.fset))
		})
	}
}

func TestEveryLinkOfTheDocumentationLeadsSomewhere(t *testing.T) {
	for _, p := range packages(t) {
		t.Run(p.path, func(t *testing.T) {
			assert.Empty(t, deadLinks(p.doc))
		})
	}
}

func TestEveryPackageHasAnExampleThatRuns(t *testing.T) {
	for _, p := range packages(t) {
		t.Run(p.path, func(t *testing.T) {
			assert.True(t, slices.ContainsFunc(examples(p.doc), func(e *doc.Example) bool {
				return e.Output != ""
			}), "no Example function with an // Output: comment")
		})
	}
}

// undocumented names what is exported without a comment. A constant or a variable may share the comment of its
// group. A field may share that of the field on the line above. The comment of an interface is for its methods, too.
func undocumented(p *doc.Package, fset *token.FileSet) []string {
	var missing []string
	need := func(text, format string, args ...any) {
		if strings.TrimSpace(text) == "" {
			missing = append(missing, fmt.Sprintf(format, args...))
		}
	}
	need(p.Doc, "package %s", p.Name)
	values := slices.Concat(p.Consts, p.Vars)
	funcs := slices.Clone(p.Funcs)
	for _, t := range p.Types {
		need(t.Doc, "type %s", t.Name)
		values = slices.Concat(values, t.Consts, t.Vars)
		funcs = slices.Concat(funcs, t.Funcs)
		for _, m := range t.Methods {
			need(m.Doc, "method %s.%s", t.Name, m.Name)
		}
		for _, f := range undocumentedFields(t, fset) {
			missing = append(missing, "field "+t.Name+"."+f)
		}
	}
	for _, f := range funcs {
		need(f.Doc, "func %s", f.Name)
	}
	for _, v := range values {
		for _, spec := range v.Decl.Specs {
			spec := spec.(*ast.ValueSpec)
			need(v.Doc+spec.Doc.Text()+spec.Comment.Text(), "%s %s", v.Decl.Tok, spec.Names[0])
		}
	}
	return missing
}

func undocumentedFields(t *doc.Type, fset *token.FileSet) []string {
	var missing []string
	for _, spec := range t.Decl.Specs {
		s, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType)
		if !ok {
			continue
		}
		documented, line := false, 0 // of the field above
		for _, f := range s.Fields.List {
			own := f.Doc.Text()+f.Comment.Text() != ""
			documented = own || documented && fset.Position(f.Pos()).Line == line+1
			line = fset.Position(f.End()).Line
			for _, name := range f.Names {
				if !documented {
					missing = append(missing, name.Name)
				}
			}
		}
	}
	return missing
}

// examples has those of the package and of everything in it.
func examples(p *doc.Package) []*doc.Example {
	all := slices.Clone(p.Examples)
	funcs := slices.Clone(p.Funcs)
	for _, t := range p.Types {
		all = append(all, t.Examples...)
		funcs = slices.Concat(funcs, t.Funcs, t.Methods)
	}
	for _, f := range funcs {
		all = append(all, f.Examples...)
	}
	return all
}

// link is what an author writes as a link. One that leads nowhere stays plain text.
var link = regexp.MustCompile(`(?:^|[\s(])\[\*?(?:[a-z]\w*(?:/\w+)*\.)?[A-Z]\w*(?:\.[A-Z]\w*)?\](?:$|[\s).,:;\x27])`)

func deadLinks(p *doc.Package) []string {
	texts := []string{p.Doc}
	funcs := slices.Clone(p.Funcs)
	values := slices.Concat(p.Consts, p.Vars)
	for _, t := range p.Types {
		texts = append(texts, t.Doc)
		funcs = slices.Concat(funcs, t.Funcs, t.Methods)
		values = slices.Concat(values, t.Consts, t.Vars)
		ast.Inspect(t.Decl, func(n ast.Node) bool {
			if f, ok := n.(*ast.Field); ok {
				texts = append(texts, f.Doc.Text())
			}
			return true
		})
	}
	for _, f := range funcs {
		texts = append(texts, f.Doc)
	}
	for _, v := range values {
		texts = append(texts, v.Doc)
	}

	var dead []string
	for _, text := range texts {
		for _, plain := range plainTexts(p.Parser().Parse(text)) {
			for _, l := range link.FindAllString(plain, -1) {
				dead = append(dead, strings.TrimSpace(l))
			}
		}
	}
	return dead
}

// plainTexts has what is neither a link nor code.
func plainTexts(d *comment.Doc) []string {
	var all []string
	var walk func(blocks []comment.Block)
	add := func(texts []comment.Text) {
		for _, t := range texts {
			if plain, ok := t.(comment.Plain); ok {
				all = append(all, string(plain))
			}
		}
	}
	walk = func(blocks []comment.Block) {
		for _, b := range blocks {
			switch b := b.(type) {
			case *comment.Paragraph:
				add(b.Text)
			case *comment.Heading:
				add(b.Text)
			case *comment.List:
				for _, item := range b.Items {
					walk(item.Content)
				}
			}
		}
	}
	walk(d.Content)
	return all
}

func parse(t *testing.T, source string) (*doc.Package, *token.FileSet) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", source, parser.ParseComments)
	require.NoError(t, err)
	p, err := doc.NewFromFiles(fset, []*ast.File{file}, "p")
	require.NoError(t, err)
	return p, fset
}

func TestWhatLacksACommentIsFound(t *testing.T) {
	p, fset := parse(t, `package p

// Grouped.
const (
	A = 1
	B = 2
)

const C = 3 // own

var (
	// D is commented.
	D int
	E int
)

// S is commented, and its first two fields share a comment.
type S struct {
	X int // both
	Y int

	Z int
	z int
}

func (S) M() {}

type hidden struct{ X int }

// I is for its methods, too.
type I interface{ Do() }

type T int

func F() {}

func f() {}
`)
	assert.ElementsMatch(t, []string{
		"package p", "var E", "field S.Z", "method S.M", "type T", "func F",
	}, undocumented(p, fset))
}

func TestALinkThatLeadsNowhereIsFound(t *testing.T) {
	p, _ := parse(t, `// Package p has [S], [S.M], [io.Reader], a []byte, a Holder[T], and [Gone].
package p

// S is not [S.Gone], nor [json.Marshaler]:
//
//   - [Lost]
type S struct {
	// X is [Absent].
	X int
}

// M is of [*S].
func (S) M() {}
`)
	assert.Equal(t, []string{"[Gone].", "[S.Gone],", "[json.Marshaler]:", "[Lost]", "[Absent]."}, deadLinks(p))
}

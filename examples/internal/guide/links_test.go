package guide_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryLinkOfThePageLeadsSomewhere(t *testing.T) {
	page := regexp.MustCompile("(?ms)^```.*?^```").ReplaceAllString(readPage(t), "")
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(page, -1) {
		anchors["#"+anchor(heading[1])] = true
	}
	links := regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(page, -1)
	require.NotEmpty(t, links)
	for _, link := range links {
		switch target := link[1]; {
		case strings.HasPrefix(target, "https://"):
		case strings.HasPrefix(target, "#"):
			assert.True(t, anchors[target], target)
		default:
			_, err := os.Stat(filepath.Join(root, "docs", target))
			assert.NoError(t, err)
		}
	}
}

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	text := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(text, " ", "-")
}

func TestEveryNameInTheTextIsThatOfAnExportedThing(t *testing.T) {
	directories := map[string]string{
		"lazyclient": "lazyclient", "secrets": "secrets", "accounts": "accounts",
		"momentocache": "readaside/momentocache", "app": "examples/app",
	}
	exported := map[string]map[string]bool{}
	for name, directory := range directories {
		exported[name] = exportedBy(t, filepath.Join(root, directory))
	}
	fields := exported["lazyclient"]
	names := regexp.MustCompile("`(\\w+)\\.([A-Z]\\w*)`").FindAllStringSubmatch(readPage(t), -1)
	require.NotEmpty(t, names)
	for _, name := range names {
		switch {
		case name[1] == "Holder":
			assert.True(t, fields["Holder."+name[2]], name[0])
		case name[1] == "r":
			assert.True(t, exported["app"]["Request."+name[2]], name[0])
		case name[1] != "config": // the AWS SDK's
			assert.True(t, exported[name[1]][name[2]], name[0])
		}
	}
}

// exportedBy returns what a package exports: Name, and Type.Name for fields and methods.
func exportedBy(t *testing.T, directory string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*.go"))
	require.NoError(t, err)
	names := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				names[receiver(d)+d.Name.Name] = true
			case *ast.GenDecl:
				for _, s := range d.Specs {
					addSpec(names, s)
				}
			}
		}
	}
	return names
}

func addSpec(names map[string]bool, s ast.Spec) {
	switch s := s.(type) {
	case *ast.ValueSpec:
		for _, name := range s.Names {
			names[name.Name] = true
		}
	case *ast.TypeSpec:
		names[s.Name.Name] = true
		if body, ok := s.Type.(*ast.StructType); ok {
			for _, f := range body.Fields.List {
				for _, name := range f.Names {
					names[s.Name.Name+"."+name.Name] = true
				}
			}
		}
	}
}

// receiver returns the name of a method's type with a dot, "" for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	kind := d.Recv.List[0].Type
	if pointer, ok := kind.(*ast.StarExpr); ok {
		kind = pointer.X
	}
	if generic, ok := kind.(*ast.IndexExpr); ok {
		kind = generic.X
	}
	if name, ok := kind.(*ast.Ident); ok {
		return name.Name + "."
	}
	return ""
}

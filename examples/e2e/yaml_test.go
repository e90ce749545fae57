package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// object is a YAML mapping.
type object = map[string]any

// readYAML reads a file beside the functions. CloudFormation's short forms become the long ones:
// !Ref Table is {Ref: Table}, !Sub text is {Fn::Sub: text}.
func readYAML(t *testing.T, name string) object {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(examples, name))
	require.NoError(t, err)
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(content, &document), name)
	require.Equal(t, yaml.DocumentNode, document.Kind, name)
	tree, ok := valueOf(t, document.Content[0]).(object)
	require.True(t, ok, name)
	return tree
}

func valueOf(t *testing.T, n *yaml.Node) any {
	t.Helper()
	if n.Kind == yaml.AliasNode {
		return valueOf(t, n.Alias)
	}
	if function, short := strings.CutPrefix(n.Tag, "!"); short && !strings.HasPrefix(function, "!") {
		if function != "Ref" {
			function = "Fn::" + function
		}
		return object{function: n.Value}
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := object{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i].Value
			require.NotContains(t, m, key, "line %d", n.Line)
			m[key] = valueOf(t, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		s := []any{}
		for _, item := range n.Content {
			s = append(s, valueOf(t, item))
		}
		return s
	default:
		var v any
		require.NoError(t, n.Decode(&v), "line %d", n.Line)
		return v
	}
}

// resolve replaces the variables of a tree with their values: the matches of name in a text, by the
// first group, and {Ref: name}. Unknown variables are not replaced.
func resolve(tree any, name *regexp.Regexp, values map[string]string) any {
	switch v := tree.(type) {
	case object:
		if ref, ok := v["Ref"].(string); ok && len(v) == 1 {
			if value, ok := values[ref]; ok {
				return value
			}
		}
		m := object{}
		for key, value := range v {
			m[key] = resolve(value, name, values)
		}
		return m
	case []any:
		s := []any{}
		for _, item := range v {
			s = append(s, resolve(item, name, values))
		}
		return s
	case string:
		return name.ReplaceAllStringFunc(v, func(text string) string {
			if value, ok := values[name.FindStringSubmatch(text)[1]]; ok {
				return value
			}
			return text
		})
	default:
		return tree
	}
}

// into converts a tree to a struct.
func into[T any](t *testing.T, tree any) T {
	t.Helper()
	encoded, err := json.Marshal(tree)
	require.NoError(t, err)
	var v T
	require.NoError(t, json.Unmarshal(encoded, &v))
	return v
}

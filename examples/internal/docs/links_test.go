//go:build !race

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	fenced  = regexp.MustCompile("(?ms)^ *```.*?^ *```|`[^`\n]*\\]\\([^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	link    = regexp.MustCompile(`\]\(([^)]+)\)`)
)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	all := documents(t)
	anchors := map[string]bool{} // file#anchor
	for file, text := range all {
		for _, h := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			anchors[file+"#"+anchor(h[1])] = true
		}
	}
	for file, text := range all {
		for _, l := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			path, fragment, _ := strings.Cut(l[1], "#")
			if strings.HasPrefix(path, "https://") {
				continue
			}
			target := file
			if path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(file), path))
				_, err := os.Stat(filepath.Join(root, target))
				assert.NoError(t, err, "%s: %s", file, l[1])
			}
			if fragment != "" {
				assert.True(t, anchors[target+"#"+fragment], "%s: no heading for %s", file, l[1])
			}
		}
	}
}

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	text := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(text, " ", "-")
}

// TestEveryNameInTheTextIsExported looks names such as `lazyclient.Holder` up in the listing of
// exported names.
func TestEveryNameInTheTextIsExported(t *testing.T) {
	exported := map[string]string{} // the listing, by the package's name
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "api"), func(path string, _ os.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".txt"); ok && err == nil {
			text, err := os.ReadFile(path)
			exported[name] = string(text)
			return err
		}
		return err
	}))
	require.Contains(t, exported, "lazyclient")
	name := regexp.MustCompile("`([a-z]+)\\.([A-Z]\\w*)(?:\\.([A-Z]\\w*))?")
	for file, text := range documents(t) {
		if file == "CHANGELOG.md" {
			continue // which names what is gone, too
		}
		for _, n := range name.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			listing, ok := exported[n[1]]
			for _, part := range n[2:] {
				if ok && part != "" {
					assert.Regexp(t, `\b`+part+`\b`, listing, "%s: %s", file, n[0])
				}
			}
		}
	}
}

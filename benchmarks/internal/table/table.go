// Package table prints results, as text and as Markdown.
package table

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Table has a row for each contender or fault, and a column for each question.
type Table struct {
	Title   string
	Columns []string
	Rows    [][]string
	Note    string // what was measured, on what, how often; one paragraph
}

// String returns the table as aligned text.
func (t Table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", t.Title)
	t.write(&b, "  ", "  ", "")
	if t.Note != "" {
		fmt.Fprintf(&b, "\n%s\n", t.Note)
	}
	return b.String()
}

// Markdown returns the table under a heading of the second level.
func (t Table) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", t.Title)
	t.write(&b, "| ", " | ", " |")
	if t.Note != "" {
		fmt.Fprintf(&b, "\n%s\n", t.Note)
	}
	return b.String()
}

func (t Table) write(b *strings.Builder, left, between, right string) {
	widths := make([]int, len(t.Columns))
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rule := make([]string, len(widths))
	for i, w := range widths {
		rule[i] = strings.Repeat("-", max(w, 3))
	}
	for _, row := range append([][]string{t.Columns, rule}, t.Rows...) {
		var line strings.Builder
		line.WriteString(left)
		for i, cell := range row {
			if i > 0 {
				line.WriteString(between)
			}
			line.WriteString(cell + strings.Repeat(" ", max(widths[i], 3)-utf8.RuneCountInString(cell)))
		}
		b.WriteString(strings.TrimRight(line.String()+right, " ") + "\n")
	}
}

// Package table prints results as Markdown.
package table

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// Table has a row for each contender or fault, and a column for each question.
type Table struct {
	Title   string
	Columns []string
	Rows    [][]string
	Note    string // one paragraph: the measurement, its environment and its number of runs
}

// String returns the table in Markdown, under a heading of the second level.
func (t Table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", t.Title)
	w := tabwriter.NewWriter(&b, 0, 0, 0, ' ', tabwriter.Debug) // Debug draws the lines between the columns
	rule := slices.Repeat([]string{"---"}, len(t.Columns))
	for _, row := range append([][]string{t.Columns, rule}, t.Rows...) {
		fmt.Fprintf(w, "| %s \t\n", strings.Join(row, " \t "))
	}
	_ = w.Flush() // writes to a Builder do not fail
	fmt.Fprintf(&b, "\n%s\n", wrap(t.Note))
	return b.String()
}

// wrap breaks text into lines of at most 100 characters.
func wrap(text string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		if column+1+n > 100 {
			b.WriteByte('\n')
			column = 0
		} else if column > 0 {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// Grid returns rows of width cells each, with a name for each row. The cells are in order.
func Grid[T any](cells []T, width int, name, text func(T) string) (rows [][]string) {
	for group := range slices.Chunk(cells, width) {
		row := []string{name(group[0])}
		for _, c := range group {
			row = append(row, text(c))
		}
		rows = append(rows, row)
	}
	return rows
}

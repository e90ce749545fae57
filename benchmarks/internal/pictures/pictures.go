// Package pictures draws what was measured: ranges in rows, curves, and waterfalls.
package pictures

import (
	"bytes"
	"fmt"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	_ "gonum.org/v1/plot/vg/vgimg" // PNG
	_ "gonum.org/v1/plot/vg/vgsvg" // SVG
)

// Range is the middle of a number of measurements, and how far they spread.
type Range struct{ Least, Median, Most float64 }

// Picture is a number of plots, one below the other, under one title and legend.
type Picture struct {
	title  string
	legend []entry
	plots  []*plot.Plot
	width  vg.Length
	height vg.Length // of one plot
}

type entry struct {
	name  string
	color color.Color
}

// The colours of Okabe and Ito, which nobody takes for each other.
var palette = []color.Color{
	color.RGBA{0x56, 0xb4, 0xe9, 0xff},
	color.RGBA{0xe6, 0x9f, 0x00, 0xff},
	color.RGBA{0xcc, 0x79, 0xa7, 0xff},
	color.RGBA{0x99, 0x99, 0x99, 0xff},
	color.RGBA{0xd5, 0x5e, 0x00, 0xff},
}

var (
	ours = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	grid = color.Gray{0xe0}
	ink  = color.Gray{0x30}
)

// colorOf returns the colour of the i-th of n. The last one is ours.
func colorOf(i, n int) color.Color {
	if i == n-1 {
		return ours
	}
	return palette[i%len(palette)]
}

const (
	titleHeight = 1.1 * vg.Centimeter
	lineHeight  = 0.55 * vg.Centimeter // of the legend
	legendDot   = 11
	legendGap   = 18
	margin      = 0.4 * vg.Centimeter
)

func newPlot() *plot.Plot {
	p := plot.New()
	for _, f := range []*font.Font{
		&p.Title.TextStyle.Font, &p.X.Label.TextStyle.Font, &p.Y.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font,
	} {
		f.Typeface, f.Variant = "Liberation", "Sans"
	}
	p.X.Label.TextStyle.Font.Size, p.Y.Label.TextStyle.Font.Size = 10, 10
	return p
}

func style(size vg.Length) draw.TextStyle {
	s := newPlot().X.Tick.Label
	s.Font.Size, s.Color = size, ink
	s.XAlign, s.YAlign = draw.XLeft, draw.YCenter
	return s
}

// Save draws the picture into a file. Its format is "svg" or "png".
func (p Picture) Save(file, format string) error {
	height := titleHeight + p.height*vg.Length(len(p.plots)) + margin
	if lines := p.legendLines(); len(lines) > 0 {
		height += vg.Length(len(lines)) * lineHeight
	}
	canvas, err := draw.NewFormattedCanvas(p.width, height, format)
	if err != nil {
		return fmt.Errorf("pictures: %s: %w", file, err)
	}
	p.draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return fmt.Errorf("pictures: %s: %w", file, err)
	}
	// Not everybody has the font; the others are as wide.
	drawn := bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif"))
	return os.WriteFile(file, drawn, 0o644)
}

func (p Picture) draw(c draw.Canvas) {
	c.FillPolygon(color.White, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	c = draw.Crop(c, margin, -margin, margin, 0)
	top := c.Max.Y - titleHeight/2
	title := style(13)
	c.FillText(title, vg.Point{X: c.Min.X, Y: top}, p.title)
	used := titleHeight
	if lines := p.legendLines(); len(lines) > 0 {
		for i, line := range lines {
			drawLegend(c, c.Max.Y-titleHeight-(vg.Length(i)+0.3)*lineHeight, line)
		}
		used += vg.Length(len(lines)) * lineHeight
	}
	c = draw.Crop(c, 0, 0, 0, -used)
	rows := make([][]*plot.Plot, len(p.plots))
	for i := range p.plots {
		rows[i] = p.plots[i : i+1]
	}
	tiles := draw.Tiles{Rows: len(rows), Cols: 1, PadY: margin}
	for i, row := range plot.Align(rows, tiles, c) {
		p.plots[i].Draw(row[0])
	}
}

// legendLines breaks the legend into lines.
func (p Picture) legendLines() (lines [][]entry) {
	text := style(9)
	var used vg.Length
	for _, e := range p.legend {
		width := legendDot + text.Width(e.name) + legendGap
		if len(lines) == 0 || used+width-legendGap > p.width-2*margin {
			lines = append(lines, nil)
			used = 0
		}
		last := &lines[len(lines)-1]
		*last = append(*last, e)
		used += width
	}
	return lines
}

func drawLegend(c draw.Canvas, y vg.Length, line []entry) {
	text := style(9)
	x := c.Min.X
	for _, e := range line {
		c.DrawGlyph(draw.GlyphStyle{Color: e.color, Radius: 3.5, Shape: draw.CircleGlyph{}}, vg.Point{X: x + 4, Y: y})
		c.FillText(text, vg.Point{X: x + legendDot, Y: y}, e.name)
		x += legendDot + text.Width(e.name) + legendGap
	}
}

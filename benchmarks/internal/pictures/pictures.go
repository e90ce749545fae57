// Package pictures draws plots of measurements.
package pictures

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	_ "gonum.org/v1/plot/vg/vgsvg" // the file format

	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// Dots is a plot with a row for each case. A row has a dot for the median of each contender, on a
// line from the minimum to the maximum.
type Dots struct {
	Title  string
	Axis   string
	Log    bool
	Format func(float64) string // of ticks and labels
	Rows   []string             // from the top
	Series []Series             // the last one is ours
}

// Series is one contender. A range without measurements is left out.
type Series struct {
	Name   string
	Ranges []table.Summary // by row
	Labels []string        // by row, instead of the median; nil means none
}

// The colors of Okabe and Ito, which color-blind readers can distinguish. The last one is ours.
var palette = []color.Color{
	color.RGBA{0x56, 0xb4, 0xe9, 0xff},
	color.RGBA{0xe6, 0x9f, 0x00, 0xff},
	color.RGBA{0xcc, 0x79, 0xa7, 0xff},
	color.RGBA{0x99, 0x99, 0x99, 0xff},
	color.RGBA{0x00, 0x72, 0xb2, 0xff},
}

const (
	width  = 21 * vg.Centimeter
	dot    = 0.45 * vg.Centimeter // the height of one series in a row, and of a line of the legend
	frame  = 2.8 * vg.Centimeter  // title and axis
	margin = 0.2 * vg.Centimeter
	family = "font-family:Liberation Sans"
)

// Save writes the plot to an SVG file.
func (d Dots) Save(file string) error {
	p := plot.New()
	for _, f := range []*font.Font{
		&p.Title.TextStyle.Font, &p.X.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font, &p.Legend.TextStyle.Font,
	} {
		f.Typeface, f.Variant, f.Size = "Liberation", "Sans", 10
	}
	p.Title.Text, p.X.Label.Text, p.Legend.Top = d.Title, d.Axis, true
	p.Title.TextStyle.Font.Size, p.Title.Padding, p.Legend.Padding = 13, margin, 2
	names := slices.Clone(d.Rows)
	slices.Reverse(names)
	p.NominalY(names...)
	var ticks plot.Ticker = plot.DefaultTicks{}
	if d.Log {
		p.X.Scale, ticks = plot.LogScale{}, plot.LogTicks{}
	}
	p.X.Tick.Marker = plot.TickerFunc(func(low, high float64) []plot.Tick {
		marks := ticks.Ticks(low, high)
		for i := range marks {
			if marks[i].Label != "" {
				marks[i].Label = d.Format(marks[i].Value)
			}
		}
		return marks
	})
	grid := plotter.NewGrid()
	grid.Horizontal.Color = nil
	p.Add(grid)
	for i, s := range d.Series {
		if err := d.add(p, i, s); err != nil {
			return fmt.Errorf("pictures: draw %s: %w", s.Name, err)
		}
	}
	row := vg.Length(len(d.Series)+1) * dot
	legend := vg.Length(len(d.Series)) * dot
	p.Y.Min, p.Y.Max = -0.5, float64(len(d.Rows))-0.5+float64(legend/row)

	if !d.Log {
		p.X.Min = 0
	}

	canvas, err := draw.NewFormattedCanvas(width, vg.Length(len(d.Rows))*row+legend+frame, "svg")
	if err != nil {
		return fmt.Errorf("pictures: draw %s: %w", file, err)
	}
	c := draw.New(canvas)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	p.Draw(draw.Crop(c, margin, -margin, margin, -margin))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return fmt.Errorf("pictures: draw %s: %w", file, err)
	}
	// The other fonts have the same metrics as the first, which is not installed on every machine.
	return os.WriteFile(file, bytes.ReplaceAll(b.Bytes(), []byte(family), []byte(family+",Arial,Helvetica,sans-serif")), 0o644)
}

func (d Dots) add(p *plot.Plot, i int, s Series) error {
	hue := palette[len(palette)-len(d.Series)+i]
	var bars struct {
		plotter.XYs
		plotter.XErrors
	}
	var labels plotter.XYLabels
	for row, r := range s.Ranges {
		if r.N == 0 {
			continue
		}
		offset := (float64(i) + 1) / (float64(len(d.Series)) + 1)
		at := plotter.XY{X: r.Median, Y: float64(len(d.Rows)-1-row) + 0.5 - offset}
		bars.XYs = append(bars.XYs, at)
		bars.XErrors = append(bars.XErrors, struct{ Low, High float64 }{r.Median - r.Least, r.Most - r.Median})
		label := d.Format(r.Median)
		if s.Labels != nil {
			label = s.Labels[row]
		}
		labels.XYs = append(labels.XYs, plotter.XY{X: r.Most, Y: at.Y})
		labels.Labels = append(labels.Labels, label)
	}
	dots, err := plotter.NewScatter(bars.XYs)
	if err != nil {
		return err
	}
	dots.GlyphStyle = draw.GlyphStyle{Color: hue, Radius: 3, Shape: draw.CircleGlyph{}}
	lines, err := plotter.NewXErrorBars(bars)
	if err != nil {
		return err
	}
	lines.LineStyle, lines.CapWidth = draw.LineStyle{Color: hue, Width: 2}, 0
	text, err := plotter.NewLabels(labels)
	if err != nil {
		return err
	}
	text.Offset.X = 6
	for j := range text.TextStyle {
		text.TextStyle[j].Font, text.TextStyle[j].YAlign = p.X.Tick.Label.Font, draw.YCenter
		text.TextStyle[j].Font.Size = 8
	}
	p.Add(lines, dots, text)
	if len(d.Series) > 1 {
		p.Legend.Add(s.Name, dots)
	}
	return nil
}

// Duration prints nanoseconds in the unit that suits them: "1.2 ms".
func Duration(ns float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "\u00b5s"}} {
		if math.Abs(ns) >= 0.9995*u.size {
			return fmt.Sprintf("%.3g %s", ns/u.size, u.name)
		}
	}
	return fmt.Sprintf("%.3g ns", ns)
}

// Whole prints a number without a fraction.
func Whole(n float64) string { return fmt.Sprintf("%.0f", n) }

package pictures

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Dots are ranges in rows, on an axis to the right: a dot is the median, and the
// line through it goes from the least to the most. Of a single series the last row
// is ours.
type Dots struct {
	Title  string
	Axis   string
	Rows   []string // from the top
	Series []Series // the last one is ours
	Scale  Scale
}

// Series is one contender's ranges. One whose median is NaN is missing.
type Series struct {
	Name   string
	Ranges []Range  // by row
	Labels []string // by row, in place of the median; nil: none
}

// Picture draws them.
func (d Dots) Picture() Picture {
	p := newPlot()
	p.X.Label.Text = d.Axis
	p.Y.Padding = 0
	ticks := make([]plot.Tick, len(d.Rows))
	for i, name := range d.Rows {
		ticks[i] = plot.Tick{Value: float64(-i), Label: name}
	}
	p.Y.Tick.Marker = plot.ConstantTicks(ticks)
	p.Y.Tick.Length = 0
	p.Y.LineStyle.Width = 0
	d.Scale.apply(&p.X)
	plotter := &dots{Dots: d}
	p.Add(plotter)
	p.Y.Min, p.Y.Max = float64(-len(d.Rows))+0.5, 0.5
	d.Scale.room(&p.X)

	picture := Picture{
		title: d.Title, plots: []*plot.Plot{p}, width: 21 * vg.Centimeter,
		height: vg.Length(len(d.Rows))*(0.35+0.38*vg.Length(len(d.Series)))*vg.Centimeter + 1.6*vg.Centimeter,
	}
	if len(d.Series) > 1 {
		for i, s := range d.Series {
			picture.legend = append(picture.legend, entry{s.Name, plotter.color(i, 0)})
		}
	}
	return picture
}

type dots struct{ Dots }

// color tells series apart, or rows where there is one series.
func (d *dots) color(series, row int) color.Color {
	switch {
	case len(d.Series) > 1:
		return colorOf(series, len(d.Series))
	case row < len(d.Rows)-1:
		return palette[0]
	default:
		return ours
	}
}

// Plot is plot.Plotter.
func (d *dots) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if t.Label != "" {
			c.StrokeLine2(draw.LineStyle{Color: grid, Width: 0.5}, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
	}
	for row := 1; row < len(d.Rows); row++ {
		at := y(float64(-row) + 0.5)
		c.StrokeLine2(draw.LineStyle{Color: grid, Width: 0.5}, c.Min.X, at, c.Max.X, at)
	}
	text := style(8)
	for i, s := range d.Series {
		offset := (float64(i)+0.5)/float64(len(d.Series)) - 0.5
		for row, r := range s.Ranges {
			if math.IsNaN(r.Median) {
				continue
			}
			at := y(float64(-row) - 0.85*offset)
			c.StrokeLine2(draw.LineStyle{Color: d.color(i, row), Width: 2}, x(r.Least), at, x(r.Most), at)
			c.DrawGlyph(draw.GlyphStyle{Color: d.color(i, row), Radius: 3, Shape: draw.CircleGlyph{}}, vg.Point{X: x(r.Median), Y: at})
			label := d.Scale.Format(r.Median)
			if s.Labels != nil && s.Labels[row] != "" {
				label = s.Labels[row]
			}
			left := x(r.Most) + 6
			if width := text.Width(label); left+width > c.Max.X {
				left = x(r.Least) - 6 - width
			}
			c.FillText(text, vg.Point{X: left, Y: at}, label)
		}
	}
}

// DataRange is plot.DataRanger.
func (d *dots) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax = math.Inf(1), math.Inf(-1)
	for _, s := range d.Series {
		for _, r := range s.Ranges {
			if !math.IsNaN(r.Median) {
				xmin, xmax = min(xmin, r.Least), max(xmax, r.Most)
			}
		}
	}
	return xmin, xmax, float64(-len(d.Rows)), 0
}

package pictures

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curves tell how something grows, one curve for each contender: the points are
// medians, and the lines through them go from the least to the most.
type Curves struct {
	Axis   string // of what is measured
	Scale  Scale
	Series []Series // the last one is ours; their ranges are by At
}

// Growth draws curves, one plot below the other, over the same numbers at, which
// are given as name tells. All have the same series.
func Growth(title, name string, at []float64, all ...Curves) Picture {
	picture := Picture{title: title, width: 21 * vg.Centimeter, height: 7 * vg.Centimeter}
	if len(all) > 1 {
		picture.height = 5 * vg.Centimeter
	}
	for i, c := range all {
		p := newPlot()
		p.X.Scale = plot.LogScale{}
		p.X.Tick.Marker = marks(at)
		if i == len(all)-1 {
			p.X.Label.Text = name
		}
		p.Y.Label.Text = c.Axis
		c.Scale.apply(&p.Y)
		p.Add(&curves{c, at})
		c.Scale.room(&p.Y)
		span := at[len(at)-1] / at[0]
		p.X.Min, p.X.Max = at[0]*math.Pow(span, -0.02), at[len(at)-1]*math.Pow(span, 0.12)
		picture.plots = append(picture.plots, p)
	}
	if series := all[0].Series; len(series) > 1 {
		for i, s := range series {
			picture.legend = append(picture.legend, entry{s.Name, colorOf(i, len(series))})
		}
	}
	return picture
}

func marks(at []float64) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, n := range at {
		ticks = append(ticks, plot.Tick{Value: n, Label: Plain(n)})
	}
	return ticks
}

type curves struct {
	Curves
	at []float64
}

// Plot is plot.Plotter.
func (d *curves) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if t.Label != "" {
			c.StrokeLine2(draw.LineStyle{Color: grid, Width: 0.5}, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
	var ends []end
	for i, s := range d.Series {
		color := colorOf(i, len(d.Series))
		var line []vg.Point
		for j, r := range s.Ranges {
			if math.IsNaN(r.Median) {
				continue
			}
			point := vg.Point{X: x(d.at[j]), Y: y(r.Median)}
			line = append(line, point)
			c.StrokeLine2(draw.LineStyle{Color: color, Width: 1}, point.X, y(r.Least), point.X, y(r.Most))
			c.DrawGlyph(draw.GlyphStyle{Color: color, Radius: 3, Shape: draw.CircleGlyph{}}, point)
			if j == len(d.at)-1 {
				ends = append(ends, end{point, d.Scale.Format(r.Median)})
			}
		}
		c.StrokeLines(draw.LineStyle{Color: color, Width: 1.5}, line)
	}
	label(c, ends)
}

// end is the last point of a curve.
type end struct {
	at   vg.Point
	text string
}

// label writes what the curves end with beside them, from below, each clear of the
// one before.
func label(c draw.Canvas, ends []end) {
	slices.SortFunc(ends, func(a, b end) int { return cmp.Compare(a.at.Y, b.at.Y) })
	text := style(8)
	low := c.Min.Y
	for _, e := range ends {
		y := max(e.at.Y, low)
		c.FillText(text, vg.Point{X: e.at.X + 7, Y: y}, e.text)
		low = y + text.Font.Size + 1
	}
}

// DataRange is plot.DataRanger.
func (d *curves) DataRange() (xmin, xmax, ymin, ymax float64) {
	ymin, ymax = math.Inf(1), math.Inf(-1)
	for _, s := range d.Series {
		for _, r := range s.Ranges {
			if !math.IsNaN(r.Median) {
				ymin, ymax = min(ymin, r.Least), max(ymax, r.Most)
			}
		}
	}
	return d.at[0], d.at[len(d.at)-1], ymin, ymax
}

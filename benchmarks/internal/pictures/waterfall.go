package pictures

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Lane is one line of a waterfall: what went on, and when, in nanoseconds.
type Lane struct {
	Name string
	Kind int // index into the kinds of the waterfall, for the colour
	Bars []Bar
}

// Bar is one stretch of time.
type Bar struct{ From, To float64 }

// Fall is the lanes of one program, from the top.
type Fall struct {
	Name  string
	Lanes []Lane
}

// Waterfall draws programs one below the other, on one axis of time from 0 to end.
func Waterfall(title string, kinds []string, end float64, falls ...Fall) Picture {
	picture := Picture{title: title, width: 21 * vg.Centimeter}
	for i, kind := range kinds {
		picture.legend = append(picture.legend, entry{kind, colorOf(i, len(kinds))})
	}
	lanes := 0
	for i, f := range falls {
		p := newPlot()
		p.Y.Label.Text = f.Name
		ticks := make([]plot.Tick, len(f.Lanes))
		for j, l := range f.Lanes {
			ticks[j] = plot.Tick{Value: float64(-j), Label: l.Name}
		}
		p.Y.Tick.Marker = plot.ConstantTicks(ticks)
		p.Y.Tick.Length = 0
		p.X.Tick.Marker = linear(Duration)
		if i == len(falls)-1 {
			p.X.Label.Text = "since the start of the process"
		}
		p.Add(&waterfall{f, len(kinds), end})
		p.X.Min, p.X.Max = 0, end
		p.Y.Min, p.Y.Max = float64(-len(f.Lanes))+0.4, 0.6
		picture.plots = append(picture.plots, p)
		lanes = max(lanes, len(f.Lanes))
	}
	picture.height = vg.Length(lanes)*0.75*vg.Centimeter + 1.4*vg.Centimeter
	return picture
}

type waterfall struct {
	Fall
	kinds int
	end   float64
}

// Plot is plot.Plotter.
func (w *waterfall) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if t.Label != "" {
			c.StrokeLine2(draw.LineStyle{Color: grid, Width: 0.5}, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
	}
	text := style(8)
	for i, l := range w.Lanes {
		low, high := y(float64(-i)-0.3), y(float64(-i)+0.3)
		for _, b := range l.Bars {
			from, to := x(b.From), x(min(b.To, w.end))
			to = max(to, from+1) // even what is over at once is seen
			bar(c, colorOf(l.Kind, w.kinds), from, to, low, high)
			label := Duration(b.To - b.From)
			if b.To > w.end {
				label = "no end"
			}
			at := to + 4
			if width := text.Width(label); at+width > c.Max.X {
				at = from - 4 - width
			}
			c.FillText(text, vg.Point{X: at, Y: (low + high) / 2}, label)
		}
	}
}

func bar(c draw.Canvas, color color.Color, left, right, low, high vg.Length) {
	c.FillPolygon(color, []vg.Point{{X: left, Y: low}, {X: right, Y: low}, {X: right, Y: high}, {X: left, Y: high}})
}

// DataRange is plot.DataRanger.
func (w *waterfall) DataRange() (xmin, xmax, ymin, ymax float64) {
	return 0, w.end, float64(-len(w.Lanes)), 0
}

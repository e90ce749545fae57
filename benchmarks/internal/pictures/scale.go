package pictures

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
)

// Scale says how an axis runs.
type Scale struct {
	Log    bool
	Format func(float64) string // of ticks and labels; nil: as %g
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
	if ns == 0 {
		return "0"
	}
	if ns < 9.95 {
		return fmt.Sprintf("%.2g ns", ns)
	}
	return fmt.Sprintf("%.0f ns", ns)
}

// Plain prints a number as it is.
func Plain(n float64) string { return fmt.Sprintf("%.4g", n) }

func (s Scale) apply(a *plot.Axis) {
	if s.Log {
		a.Scale = plot.LogScale{}
		a.Tick.Marker = powers(s.Format)
		return
	}
	a.Tick.Marker = linear(s.Format)
}

// room widens the axis for the labels at its end.
func (s Scale) room(a *plot.Axis) {
	if s.Log {
		span := math.Log10(a.Max / a.Min)
		a.Min, a.Max = a.Min*math.Pow(10, -0.04*span), a.Max*math.Pow(10, 0.12*span)
		return
	}
	a.Min = 0
	a.Max *= 1.15
}

// powers marks the powers of ten and their multiples.
type powers func(float64) string

// Ticks is plot.Ticker.
func (format powers) Ticks(low, high float64) (ticks []plot.Tick) {
	first, last := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	for e := first; e <= last; e++ {
		for m := 1.0; m < 10; m++ {
			t := plot.Tick{Value: m * math.Pow(10, e)}
			// On a short axis the powers alone would say too little.
			if m == 1 || last-first <= 2 && (m == 2 || m == 5) {
				t.Label = format(t.Value)
			}
			if t.Value >= low && t.Value <= high {
				ticks = append(ticks, t)
			}
		}
	}
	return ticks
}

// linear marks round numbers.
type linear func(float64) string

// Ticks is plot.Ticker.
func (format linear) Ticks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = format(ticks[i].Value)
		}
	}
	return ticks
}

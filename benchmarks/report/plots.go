package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/warmclient/warmclient/benchmarks/coldstart"
	"github.com/warmclient/warmclient/benchmarks/growth"
	"github.com/warmclient/warmclient/benchmarks/internal/pictures"
	"github.com/warmclient/warmclient/benchmarks/internal/stats"
)

var (
	logTime    = pictures.Scale{Log: true, Format: pictures.Duration}
	linearTime = pictures.Scale{Format: pictures.Duration}
	whole      = pictures.Scale{Format: func(n float64) string { return fmt.Sprintf("%.0f", n) }}
)

func warmPlot(r *results) pictures.Picture {
	d := pictures.Dots{
		Title: "A warm read of each holder", Axis: "time of a read (median, least to most)", Scale: logTime,
		Series: []pictures.Series{{Name: "8 processors, all reading"}, {Name: "one goroutine"}},
	}
	for _, c := range warmContenders {
		d.Rows = append(d.Rows, c.name)
		d.Series[0].Ranges = append(d.Series[0].Ranges, rangeOf(r.of("WarmParallel/"+c.bench, 8, "ns/op")))
		d.Series[1].Ranges = append(d.Series[1].Ranges, rangeOf(r.of("Warm/"+c.bench, 1, "ns/op")))
	}
	return d.Picture()
}

func faultsPlot(r *results) pictures.Picture {
	d := pictures.Dots{
		Title: "Secrets Manager at fault: time until the caller has an answer", Axis: "time (median, least to most)", Scale: logTime,
	}
	series := map[string]int{}
	for _, s := range r.Faults {
		if !slices.Contains(d.Rows, s.Fault) {
			d.Rows = append(d.Rows, s.Fault)
		}
		i, ok := series[s.Contender]
		if !ok {
			i = len(d.Series)
			series[s.Contender] = i
			d.Series = append(d.Series, pictures.Series{Name: s.Contender})
		}
		label := pictures.Duration(float64(s.Median()))
		if s.Err != "" && !s.Cause {
			label += ", cause lost"
		}
		d.Series[i].Ranges = append(d.Series[i].Ranges, rangeOf(stats.Of(s.Took)))
		d.Series[i].Labels = append(d.Series[i].Labels, label)
	}
	return d.Picture()
}

func hitPlot(r *results) pictures.Picture {
	d := pictures.Dots{
		Title: "A hit: what is paid above the cache itself", Axis: "time (median, least to most)", Scale: linearTime,
		Series: []pictures.Series{{Name: "hit"}},
	}
	for _, c := range hitContenders {
		d.Rows = append(d.Rows, c.name)
		d.Series[0].Ranges = append(d.Series[0].Ranges, rangeOf(r.above(c.bench, c.raw, "ns/op")))
	}
	return d.Picture()
}

func coldStartPlot(r *results) pictures.Picture {
	d := pictures.Dots{
		Title: "Cold start: from the start of the process to the first answer", Axis: "time (median, least to most)", Scale: logTime,
	}
	scenarios := []string{coldstart.Healthy, coldstart.Refused, coldstart.Mute}
	d.Rows = scenarios
	for _, program := range []string{coldstart.Tutorial, coldstart.Ours} {
		s := pictures.Series{Name: program}
		for _, scenario := range scenarios {
			total := stats.Of(coldstart.Totals(r.Starts, scenario, program))
			s.Ranges = append(s.Ranges, rangeOf(total))
			s.Labels = append(s.Labels, pictures.Duration(total.Median)+firstAnswers(r.Starts, scenario, program))
		}
		d.Series = append(d.Series, s)
	}
	return d.Picture()
}

// firstAnswers says what became of first requests that did not get their user.
func firstAnswers(starts []coldstart.Start, scenario, program string) string {
	failed, silent := 0, 0
	for _, s := range starts {
		if s.Scenario != scenario || s.Program != program {
			continue
		}
		switch {
		case s.First.Status == 0:
			silent++
		case !s.First.Good():
			failed++
		}
	}
	switch {
	case silent > 0:
		return ", no answer"
	case failed > 0:
		return ", an error"
	default:
		return ""
	}
}

// waterfallPlot draws the start of each function that was the middle one of all.
func waterfallPlot(r *results) pictures.Picture {
	kinds := []string{"outside: network and services", "the function starts", "a request"}
	var falls []pictures.Fall
	end := 0.0
	for _, program := range []string{coldstart.Tutorial, coldstart.Ours} {
		s, ok := middle(r.Starts, coldstart.Healthy, program)
		if !ok {
			continue
		}
		falls = append(falls, fall(s))
		end = max(end, float64(s.Second.To))
	}
	return pictures.Waterfall("One cold start of each function (the middle one of all), all well", kinds, 1.08*end, falls...)
}

func middle(starts []coldstart.Start, scenario, program string) (coldstart.Start, bool) {
	var of []coldstart.Start
	for _, s := range starts {
		if s.Scenario == scenario && s.Program == program {
			of = append(of, s)
		}
	}
	if len(of) == 0 {
		return coldstart.Start{}, false
	}
	slices.SortFunc(of, func(a, b coldstart.Start) int { return int(a.First.To - b.First.To) })
	return of[len(of)/2], true
}

func fall(s coldstart.Start) pictures.Fall {
	bar := func(from, to time.Duration) pictures.Bar { return pictures.Bar{From: float64(from), To: float64(to)} }
	const outside, inside, asked = 0, 1, 2
	f := pictures.Fall{Name: s.Program, Lanes: []pictures.Lane{{Name: "Init phase", Kind: inside, Bars: []pictures.Bar{bar(0, s.Ready)}}}}
	lanes := map[string]int{}
	for _, span := range s.Spans {
		i, ok := lanes[span.What]
		if !ok {
			i = len(f.Lanes)
			lanes[span.What] = i
			f.Lanes = append(f.Lanes, pictures.Lane{Name: span.What, Kind: outside})
		}
		f.Lanes[i].Bars = append(f.Lanes[i].Bars, bar(span.From, span.To))
	}
	f.Lanes = append(f.Lanes,
		pictures.Lane{Name: "first request", Kind: asked, Bars: []pictures.Bar{bar(s.First.From, s.First.To)}},
		pictures.Lane{Name: "second request", Kind: asked, Bars: []pictures.Bar{bar(s.Second.From, s.Second.To)}})
	return f
}

func readersPlot(r *results) pictures.Picture {
	c := pictures.Curves{Axis: "time of a read", Scale: logTime}
	at := make([]float64, len(readers))
	for i, n := range readers {
		at[i] = float64(n)
	}
	for _, contender := range growthContenders {
		s := pictures.Series{Name: contender.name}
		for _, n := range readers {
			s.Ranges = append(s.Ranges, rangeOf(r.readersOf(contender.bench, n)))
		}
		c.Series = append(c.Series, s)
	}
	return pictures.Growth("Warm reads by many goroutines", "goroutines", at, c)
}

func servicePlot(r *results) pictures.Picture {
	var at []float64
	one := func(of func(growth.Load) float64) []pictures.Series {
		s := pictures.Series{Name: "the local service"}
		for _, group := range growth.ByClients(r.Loads) {
			var values []float64
			for _, l := range group {
				values = append(values, of(l))
			}
			s.Ranges = append(s.Ranges, rangeOf(stats.Of(values)))
		}
		return []pictures.Series{s}
	}
	for _, group := range growth.ByClients(r.Loads) {
		at = append(at, float64(group[0].Clients))
	}
	return pictures.Growth("The local service on its hit path", "clients", at,
		pictures.Curves{Axis: "requests per second", Scale: whole, Series: one(growth.Load.PerSecond)},
		pictures.Curves{Axis: "99% within", Scale: linearTime, Series: one(func(l growth.Load) float64 { return float64(l.P99) })},
		pictures.Curves{Axis: "memory, MiB", Scale: whole, Series: one(func(l growth.Load) float64 { return float64(l.Resident) / (1 << 20) })})
}

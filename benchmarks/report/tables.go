package main

import (
	"fmt"
	"strings"

	"github.com/warmclient/warmclient/benchmarks/internal/pictures"
	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// contender is a row of a table of benchmarks: its name in the benchmarks and in the table. The
// former replaces "*" in the name or the unit of a column's benchmark.
type contender struct{ bench, name string }

// column is a column of a table of benchmarks. A time is followed by its ratio to our contender's,
// if there is one.
type column struct {
	name  string
	bench bench
	ours  string
}

func took(name, of, ours string, procs int) column {
	return column{name, bench{of, procs, "ns/op"}, ours}
}

func count(name, of, unit string, procs int) column {
	return column{name, bench{of, procs, unit}, ""}
}

func (r *results) benchmarks(title, note string, contenders []contender, columns ...column) table.Table {
	t := table.Table{Title: title, Columns: []string{""}, Note: note}
	for _, c := range columns {
		t.Columns = append(t.Columns, c.name)
	}
	for _, contender := range contenders {
		row := []string{contender.name}
		measured := false
		for _, c := range columns {
			s := r.value(c, contender.bench)
			measured = measured || s.N > 0
			switch {
			case c.bench.unit != "ns/op" && !strings.HasSuffix(c.bench.unit, "-ns/op"):
				row = append(row, s.Count())
			case c.ours == "":
				row = append(row, s.Spread())
			default:
				row = append(row, s.Beside(r.value(c, c.ours)))
			}
		}
		if measured {
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

func (r *results) value(c column, contender string) table.Summary {
	c.bench.name = strings.Replace(c.bench.name, "*", contender, 1)
	c.bench.unit = strings.Replace(c.bench.unit, "*", contender, 1)
	return r.of[c.bench]
}

var warmContenders = []contender{
	{"AtomicPointer", "atomic.Pointer, bare"},
	{"OnceValues", "sync.OnceValues"},
	{"SyncValue", "tailscale lazy.SyncValue"},
	{"Synctrack", "k8s synctrack.Lazy"},
	{"CredentialsCache", "aws.CredentialsCache"},
	{"Singleflight", "singleflight.Do"},
	{"SamberDo", "samber/do Invoke"},
	{"HolderGet", "Holder.Get"},
	{"HolderGetMaxAge", "Holder.Get, with MaxAge"},
	{"HolderGetExpires", "Holder.Get, with Expires"},
	{"HolderUse", "Holder.Use"},
	{"HolderTryUse", "Holder.TryUse"},
	{"HolderFailed", "Holder.Get, after a failed open"},
}

var warmColumns = []column{
	took("1 processor", "WarmParallel/*", "HolderGet", 1),
	took("2 processors", "WarmParallel/*", "HolderGet", 2),
	took("8 processors", "WarmParallel/*", "HolderGet", 8),
	count("allocations", "WarmParallel/*", "allocs/op", 1),
}

func warmTable(r *results) table.Table {
	return r.benchmarks("Holders: reading a value that is there",
		fmt.Sprintf("Median (least to most) of %d runs of %s, and as a multiple of Holder.Get. One goroutine on each of GOMAXPROCS processors; "+
			"the time is that of a read, with all of them reading. The machine has %d processors.",
			r.Plan.Count, r.Plan.Time, r.Machine.Processors), warmContenders, warmColumns...)
}

func warmPicture(r *results) pictures.Dots {
	d := pictures.Dots{Title: "A warm read of each holder", Axis: "time of a read (median, least to most)", Log: true, Format: pictures.Duration}
	d.Series = []pictures.Series{{Name: warmColumns[2].name}, {Name: warmColumns[0].name}}
	for _, c := range warmContenders {
		if one := r.value(warmColumns[0], c.bench); one.N > 0 {
			d.Rows = append(d.Rows, c.name)
			d.Series[0].Ranges = append(d.Series[0].Ranges, r.value(warmColumns[2], c.bench))
			d.Series[1].Ranges = append(d.Series[1].Ranges, one)
		}
	}
	return d
}

func readersTable(r *results) table.Table {
	return r.benchmarks("Holders: warm reads by many goroutines",
		fmt.Sprintf("Time of a read, with all goroutines reading: median (least to most) of %d runs of %s on %d processors, and as a "+
			"multiple of Holder.Get. The start of the goroutines is part of it.", r.Plan.Count, r.Plan.Time, r.Machine.Processors), warmContenders,
		took("1 goroutine", "WarmReaders/*/readers=1", "HolderGet", 0),
		took("10 goroutines", "WarmReaders/*/readers=10", "HolderGet", 0),
		took("100 goroutines", "WarmReaders/*/readers=100", "HolderGet", 0),
		took("1000 goroutines", "WarmReaders/*/readers=1000", "HolderGet", 0))
}

func coldTable(r *results) table.Table {
	return r.benchmarks("Holders: callers who come while it is opened",
		fmt.Sprintf("Time until the last caller is done: median (least to most) of %d runs of %s, and as a multiple of Holder.Get. The "+
			"allocations include those of the 64 goroutines. The 10,000 callers meet the open that fails after 50 ms.", r.Plan.Count, rounds(r.Plan.StormTime)),
		[]contender{
			{"OnceValues", "sync.OnceValues"},
			{"SyncValue", "tailscale lazy.SyncValue"},
			{"Synctrack", "k8s synctrack.Lazy"},
			{"CredentialsCache", "aws.CredentialsCache"},
			{"Singleflight", "singleflight"},
			{"SamberDo", "samber/do Invoke"},
			{"Holder", "Holder.Get"},
		},
		took("64 callers, open of 1 ms", "ColdStampede/*", "Holder", 0),
		count("opens", "ColdStampede/*", "opens/op", 0),
		count("allocations", "ColdStampede/*", "allocs/op", 0),
		took("10 callers, open that fails after 50 ms", "FailureStorm/*", "Holder", 0),
		count("opens", "FailureStorm/*", "opens/op", 0),
		took("10,000 callers", "FailureCrowd/*", "Holder", 0),
		count("opens", "FailureCrowd/*", "opens/op", 0))
}

func cachedTable(r *results) table.Table {
	return r.benchmarks("Secrets: reading one that has been read before",
		fmt.Sprintf("Median (least to most) of %d runs of %s, and as a multiple of ours; one goroutine on each of GOMAXPROCS processors, "+
			"of which the machine has %d.", r.Plan.Count, r.Plan.Time, r.Machine.Processors),
		[]contender{
			{"CachingV1", "secretsmanager-caching-go v1.2.0"},
			{"CachingV2", "secretsmanager-caching-go v2.0.0"},
			{"Holder", "warmclient/secrets in a Holder"},
		},
		took("1 processor", "CachedRead/*", "Holder", 1),
		took("2 processors", "CachedRead/*", "Holder", 2),
		took("8 processors", "CachedRead/*", "Holder", 8),
		count("allocations", "CachedRead/*", "allocs/op", 1))
}

// hitTable returns the table of hits. The cache itself is in the first rows. The other rows show
// the overhead.
func hitTable(r *results) table.Table {
	return r.benchmarks("Read-aside: a hit",
		fmt.Sprintf("One goroutine reads a user from one and the same cache in memory. Median (least to most) of %d runs of %s, and as a "+
			"multiple of ours. A cache that may ignore its context is called through readaside.Detach, on a goroutine for each call.",
			r.Plan.Count, r.Plan.Time),
		[]contender{
			{"Raw", "the cache itself"},
			{"RawRedis", "the cache as go-redis/cache calls it"},
			{"Plain", "plain read-aside"},
			{"RedisCacheOnce", "go-redis/cache Once"},
			{"Sturdyc", "sturdyc, remote tier"},
			{"Service", "accounts.Service"},
			{"ServiceDetached", "accounts.Service, cache detached"},
		},
		took("hit", "Hit/*", "Service", 0),
		count("allocations", "Hit/*", "allocs/op", 0))
}

func protocolTable(r *results) table.Table {
	return r.benchmarks("Read-aside: hits, misses and writes with leases and fences",
		fmt.Sprintf("From and to a Momento server on loopback; the table takes no time. Median (least to most) of %d runs of %s, and as a "+
			"multiple of readaside with JSON. Calls are those of the cache. Allocations are those with a cache in memory: what remains is the "+
			"protocol's own. Plain read-aside deletes after the write.", r.Plan.Count, r.Plan.Time),
		[]contender{
			{"Plain", "plain read-aside"},
			{"JSON", "readaside, ChangedTo"},
			{"Codec", "readaside with a codec of its own, ChangedTo"},
			{"Changed", "readaside, Changed"},
		},
		took("hit", "Protocol/Hit/*/cache=loopback", "JSON", 0),
		count("allocations", "Protocol/Hit/*/cache=memory", "allocs/op", 0),
		took("miss", "Protocol/Miss/*/cache=loopback", "JSON", 0),
		count("calls", "Protocol/Miss/*/cache=loopback", "calls/op", 0),
		count("allocations", "Protocol/Miss/*/cache=memory", "allocs/op", 0),
		took("write", "Protocol/Write/*/cache=loopback", "JSON", 0),
		count("calls", "Protocol/Write/*/cache=loopback", "calls/op", 0),
		count("allocations", "Protocol/Write/*/cache=memory", "allocs/op", 0))
}

func loopbackTable(r *results) table.Table {
	ours := r.of[bench{"LoopbackHit", 0, "x-sdk"}]
	return r.benchmarks("Read-aside: a hit over gRPC",
		fmt.Sprintf("From a Momento server on loopback, %s of each by turns. Each run gives the median of its calls and the ratio of the "+
			"two; here is the median (least to most) of %d runs. The ratio is %.3fx (%.3f-%.3f).", rounds(r.Plan.LoopbackTime), r.Plan.Count,
			ours.Median, ours.Least, ours.Most),
		[]contender{{"sdk", "the Momento SDK's Get"}, {"service", "accounts.Service"}},
		column{"hit", bench{"LoopbackHit", 0, "*-ns/op"}, ""})
}

// rounds returns a description of a benchtime such as "10x".
func rounds(benchtime string) string {
	if benchtime == "1x" {
		return "1 round"
	}
	return benchtime[:len(benchtime)-1] + " rounds"
}

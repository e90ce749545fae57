package main

import (
	"fmt"

	"github.com/warmclient/warmclient/benchmarks/internal/stats"
	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// contender is a row of a table of benchmarks: what it is called there and here.
type contender struct{ bench, name string }

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
	{"HolderUse", "Holder.Use"},
}

func warmTable(r *results) table.Table {
	t := table.Table{
		Title:   "Holders: reading a value that is there",
		Columns: []string{"", "one goroutine", "allocations", "1 processor", "2 processors", "8 processors"},
		Note: fmt.Sprintf("Median (least to most) of %d runs of %s, and as a multiple of Holder.Get. On the right, one goroutine on each "+
			"of GOMAXPROCS processors, where each round costs the loop's own nanosecond more; the time is that of a read, with all of them "+
			"reading. The machine has %d processors.", r.Plan.Count, r.Plan.Time, r.Machine.Processors),
	}
	for _, c := range warmContenders {
		row := []string{
			c.name,
			cell(r.of("Warm/"+c.bench, 1, "ns/op"), r.of("Warm/HolderGet", 1, "ns/op")),
			count(r.of("Warm/"+c.bench, 1, "allocs/op")),
		}
		for _, procs := range []int{1, 2, 8} {
			row = append(row, cell(r.of("WarmParallel/"+c.bench, procs, "ns/op"), r.of("WarmParallel/HolderGet", procs, "ns/op")))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

var coldContenders = []contender{
	{"OnceValues", "sync.OnceValues"},
	{"Synctrack", "k8s synctrack.Lazy"},
	{"CredentialsCache", "aws.CredentialsCache"},
	{"Singleflight", "singleflight.Do"},
	{"SamberDo", "samber/do Invoke"},
	{"Holder", "Holder.Get"},
}

func coldTable(r *results) table.Table {
	t := table.Table{
		Title: "Holders: callers who come while it is opened",
		Columns: []string{
			"", "64 callers, open of 1 ms", "opens", "allocations", "10 callers, open that fails after 50 ms", "opens",
		},
		Note: fmt.Sprintf("Time until the last caller is done: median (least to most) of %d runs of %s, and as a multiple of Holder.Get. The "+
			"allocations include those of the 64 goroutines.", r.Plan.Count, rounds(r.Plan.StormTime)),
	}
	for _, c := range coldContenders {
		stampede, storm := "ColdStampede/", "FailureStorm/"
		t.Rows = append(t.Rows, []string{
			c.name,
			cell(r.of(stampede+c.bench, 0, "ns/op"), r.of(stampede+"Holder", 0, "ns/op")),
			count(r.of(stampede+c.bench, 0, "opens/op")),
			count(r.of(stampede+c.bench, 0, "allocs/op")),
			cell(r.of(storm+c.bench, 0, "ns/op"), r.of(storm+"Holder", 0, "ns/op")),
			count(r.of(storm+c.bench, 0, "opens/op")),
		})
	}
	return t
}

var cachedContenders = []contender{
	{"CachingV1", "secretsmanager-caching-go v1.2.0"},
	{"CachingV2", "secretsmanager-caching-go v2.0.0"},
	{"Holder", "warmclient/secrets in a Holder"},
}

func cachedTable(r *results) table.Table {
	t := table.Table{
		Title:   "Secrets: reading one that has been read before",
		Columns: []string{"", "1 processor", "2 processors", "8 processors", "allocations"},
		Note: fmt.Sprintf("Median (least to most) of %d runs of %s, and as a multiple of ours; one goroutine on each of GOMAXPROCS processors, "+
			"of which the machine has %d.", r.Plan.Count, r.Plan.Time, r.Machine.Processors),
	}
	for _, c := range cachedContenders {
		row := []string{c.name}
		for _, procs := range []int{1, 2, 8} {
			row = append(row, cell(r.of("CachedRead/"+c.bench, procs, "ns/op"), r.of("CachedRead/Holder", procs, "ns/op")))
		}
		t.Rows = append(t.Rows, append(row, count(r.of("CachedRead/"+c.bench, 1, "allocs/op"))))
	}
	return t
}

// hitContenders are told with the raw cache that each of them reads from.
var hitContenders = []struct {
	contender
	raw string
}{
	{contender{"Plain", "plain read-aside"}, "Raw"},
	{contender{"RedisCacheOnce", "go-redis/cache Once"}, "RawRedis"},
	{contender{"Sturdyc", "sturdyc, remote tier"}, "Raw"},
	{contender{"Service", "accounts.Service"}, "Raw"},
	{contender{"ServiceDetached", "accounts.Service, cache detached"}, "Raw"},
}

func hitTable(r *results) table.Table {
	t := table.Table{
		Title:   "Read-aside: what a hit costs above the cache",
		Columns: []string{"", "hit", "above the cache", "to ours", "allocations", "above the cache"},
		Note: fmt.Sprintf("One goroutine reads a user from one and the same cache in memory. Median (least to most) of %d runs of %s. "+
			"\"Above the cache\" is less the cache's median. A cache that may ignore its context is called through "+
			"readaside.Detach, on a goroutine for each call. The cache alone takes %s, with what go-redis/cache needs around it %s.",
			r.Plan.Count, r.Plan.Time, table.Spread(r.of("Hit/Raw", 0, "ns/op")), table.Spread(r.of("Hit/RawRedis", 0, "ns/op"))),
	}
	ours := r.above("Service", "Raw", "ns/op")
	for _, c := range hitContenders {
		above := r.above(c.bench, c.raw, "ns/op")
		t.Rows = append(t.Rows, []string{
			c.name,
			table.Spread(r.of("Hit/"+c.bench, 0, "ns/op")),
			table.Spread(above),
			table.Ratio(above, ours),
			count(r.of("Hit/"+c.bench, 0, "allocs/op")),
			fmt.Sprintf("%.0f", r.above(c.bench, c.raw, "allocs/op").Median),
		})
	}
	return t
}

// above returns what a hit costs less what the raw cache does in the middle.
func (r *results) above(bench, raw, unit string) stats.Summary {
	s, cache := r.of("Hit/"+bench, 0, unit), r.of("Hit/"+raw, 0, unit).Median
	s.Least, s.Median, s.P95, s.Most = s.Least-cache, s.Median-cache, s.P95-cache, s.Most-cache
	return s
}

func loopbackTable(r *results) table.Table {
	x := r.of("LoopbackHit", 0, "x-sdk")
	sdk, service := r.of("LoopbackHit", 0, "sdk-ns/op"), r.of("LoopbackHit", 0, "service-ns/op")
	return table.Table{
		Title:   "Read-aside: a hit over gRPC",
		Columns: []string{"", "hit", "to the SDK's call"},
		Rows: [][]string{
			{"the Momento SDK's Get", table.Spread(sdk), "1.00x"},
			{"accounts.Service", table.Spread(service), fmt.Sprintf("%.3fx (%.3f-%.3f)", x.Median, x.Least, x.Most)},
		},
		Note: fmt.Sprintf("From a Momento server on loopback, %s of each by turns. Each run gives the median of its calls and the ratio of the "+
			"two; here is the median (least to most) of %d runs.", rounds(r.Plan.LoopbackTime), r.Plan.Count),
	}
}

var readers = []int{1, 10, 100, 1000}

var growthContenders = []contender{
	{"AtomicPointer", "atomic.Pointer, bare"},
	{"OnceValues", "sync.OnceValues"},
	{"CredentialsCache", "aws.CredentialsCache"},
	{"HolderUse", "Holder.Use"},
	{"HolderGet", "Holder.Get"},
}

func readersTable(r *results) table.Table {
	t := table.Table{
		Title:   "Growth: warm reads by many goroutines",
		Columns: []string{""},
		Note: fmt.Sprintf("Time of a read, with all goroutines reading: median (least to most) of %d runs of %s on %d processors, and as a "+
			"multiple of Holder.Get. The start of the goroutines is part of it.", r.Plan.Count, r.Plan.Time, r.Machine.Processors),
	}
	for _, n := range readers {
		t.Columns = append(t.Columns, fmt.Sprintf("%d goroutines", n))
	}
	t.Columns[1] = "1 goroutine"
	for _, c := range growthContenders {
		row := []string{c.name}
		for _, n := range readers {
			row = append(row, cell(r.readersOf(c.bench, n), r.readersOf("HolderGet", n)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (r *results) readersOf(bench string, n int) stats.Summary {
	return r.of(fmt.Sprintf("WarmReaders/%s/readers=%d", bench, n), 0, "ns/op")
}

// rounds returns a benchtime such as "10x" in words.
func rounds(benchtime string) string {
	if benchtime == "1x" {
		return "1 round"
	}
	return benchtime[:len(benchtime)-1] + " rounds"
}

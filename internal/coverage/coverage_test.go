package coverage

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

var now = time.Date(2026, 3, 4, 12, 30, 0, 0, time.UTC)

// rig is a model of the tables of the bucket data, each in a folder of its name.
func rig(*testing.T) *Model { return New(rigRouter().Place) }

func rigRouter() *table.Router {
	r, err := table.New([]table.Bucket{
		{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}},
		{Name: "days", Rules: []table.Rule{{Layout: "hive", Keys: []string{"region", "dt"}, Table: "days"}}},
	})
	if err != nil {
		panic(err)
	}
	return r
}

func (m *Model) placed(bucket, key string, at, landed time.Time, added bool) {
	m.Note(refresh.Noted{At: at, Landed: landed, Outcome: "partition", Added: added, Message: key, Bucket: bucket, Key: key, Records: 1})
}

func (m *Model) putOff(key string, at, landed time.Time) {
	m.Note(refresh.Noted{At: at, Landed: landed, Outcome: "retry", Reason: refresh.TableMissing, Message: key, Bucket: "data", Key: key, Records: 1})
}

// watch has messages be received from a time on until now.
func (m *Model) watch(from time.Time) {
	for at := from; !at.After(now); at = at.Add(time.Minute) {
		m.Watch(at)
	}
}

func row(t *testing.T, m *Model, span, name string) Row {
	t.Helper()
	for _, r := range m.Map(SpanOf(span), now) {
		if r.Table == name {
			return r
		}
	}
	t.Fatalf("no row of %s", name)
	return Row{}
}

// states is a row's, a letter each: S searchable, L late, M missing, E elsewhere,
// P parked, g gap, . nothing, blank not watched.
func states(r Row) string {
	letters := map[State]byte{Searchable: 'S', Late: 'L', Missing: 'M', Elsewhere: 'E', Parked: 'P', Gap: 'g', Nothing: '.', Unwatched: ' '}
	var b []byte
	for _, c := range r.Cells {
		b = append(b, letters[c.State])
	}
	return string(b)
}

// catalog is tables with the partitions that the catalog has of them.
type catalog struct {
	keys  []refresh.Key
	parts []Partition
}

func (c *catalog) Table(_ context.Context, name string) (refresh.Table, error) {
	return refresh.Table{ID: refresh.TableID{Name: name}, Keys: c.keys}, nil
}

func (c *catalog) Dated(context.Context, refresh.Table, string) iter.Seq2[Partition, error] {
	return func(yield func(Partition, error) bool) {
		for _, p := range c.parts {
			if !yield(p, nil) {
				return
			}
		}
	}
}

func (c *catalog) add(location string, created time.Time, values ...string) {
	c.parts = append(c.parts, Partition{refresh.Partition{Values: values, Location: location}, created})
}

// bucket is folders: those that hold nothing.
type bucket map[string]bool

func (b bucket) Empty(_ context.Context, location string) (bool, error) { return b[location], nil }

var dt = []refresh.Key{{Name: "dt", Type: "string"}}

func TestWhatNobodyLookedAtIsNotClaimed(t *testing.T) {
	m := rig(t)
	m.placed("data", "t/2026/03/04/08/x", now.Add(-4*time.Hour), now.Add(-4*time.Hour), true)
	if got := states(row(t, m, "24h", "t")); got != "                   S    " {
		t.Errorf("%q", got)
	}
	m.watch(time.Date(2026, 3, 4, 9, 40, 0, 0, time.UTC)) // the hour that had begun by then is not watched
	if got := states(row(t, m, "24h", "t")); got != "                   S ..." {
		t.Errorf("%q", got)
	}
	m.Compared(time.Date(2026, 3, 4, 3, 0, 0, 0, time.UTC), nil)
	if got := states(row(t, m, "24h", "t")); got != "..............     S ..." {
		t.Errorf("%q", got)
	}
}

func TestADayIsACellOfATableByDays(t *testing.T) {
	m := rig(t)
	for _, region := range []string{"eu", "us"} {
		m.placed("days", "region="+region+"/dt=2026-03-04/x", now, now.Add(-3*time.Second), true)
	}
	r := row(t, m, "24h", "days")
	if len(r.Cells) != 2 || r.Grain != reconcile.Day || states(r) != " S" {
		t.Fatalf("%+v", r)
	}
	c := r.Cells[1]
	if !c.Begin.Equal(time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)) || c.Have != 2 || c.Objects != 2 || c.Worst != 3*time.Second {
		t.Errorf("regions are folded: %+v", c)
	}
	if got := states(row(t, m, "30d", "days")); got != "                             S" {
		t.Errorf("%q", got)
	}
}

// TestTheTwoClocksAreNotMixed: an object of today that is of last week.
func TestTheTwoClocksAreNotMixed(t *testing.T) {
	m := rig(t)
	m.watch(now.Add(-5 * time.Hour))
	m.placed("data", "t/2026/02/28/08/x", now, now.Add(-time.Hour), true)
	r := row(t, m, "24h", "t")
	if got := states(r); got != "                   ....." {
		t.Errorf("%q", got)
	}
	if r.Arrived[22] != 1 || r.Arrived[21] != 0 || r.Arrived[0] != -1 {
		t.Errorf("%v", r.Arrived)
	}
	if got := states(row(t, m, "30d", "t")); got != "                         S    " {
		t.Errorf("%q", got)
	}
}

func TestAnObjectThatIsTriedAgainIsLateUntilItIsThere(t *testing.T) {
	m := rig(t)
	for i := range 5 { // tries
		m.putOff("t/2026/03/04/11/x", now.Add(time.Duration(i-5)*time.Minute), now.Add(-time.Hour))
	}
	r := row(t, m, "24h", "t")
	if c := r.Cells[22]; c.State != Late || c.Waiting != 1 || c.Objects != 1 || r.Arrived[22] != 1 {
		t.Errorf("%+v %v", c, r.Arrived)
	}
	if v := m.Tables(now)[0]; v.Behind.Duration() != time.Hour || v.Waiting != 1 || v.Reason != refresh.TableMissing {
		t.Errorf("%+v", v)
	}
	m.placed("data", "t/2026/03/04/11/x", now, now.Add(-time.Hour), true)
	r = row(t, m, "24h", "t")
	if c := r.Cells[22]; c.State != Searchable || c.Waiting != 0 || c.Objects != 1 || r.Arrived[22] != 1 || c.Worst != time.Hour {
		t.Errorf("%+v %v", c, r.Arrived)
	}
	if v := m.Tables(now)[0]; v.Behind != 0 || v.Last != 0 || v.P99 == nil || v.P99.Duration() < time.Hour || v.P99.Duration() > 2*time.Hour {
		t.Errorf("%+v", v)
	}
}

// TestAnObjectOfWhichNothingIsHeardIsForgotten: another worker settled it.
func TestAnObjectOfWhichNothingIsHeardIsForgotten(t *testing.T) {
	m := rig(t)
	m.putOff("t/2026/03/04/08/x", now.Add(-3*time.Hour), now.Add(-4*time.Hour))
	if v := m.Tables(now)[0]; v.Waiting != 0 || v.Behind != 0 {
		t.Errorf("%+v", v)
	}
}

// TestTheCatalogSaysWhatIsThere: partitions that nobody here added, those that were
// dropped though objects are in their folder, and those that were moved.
func TestTheCatalogSaysWhatIsThere(t *testing.T) {
	m := rig(t)
	for h := 5; h <= 9; h++ {
		m.placed("data", fmt.Sprintf("t/2026/03/04/%02d/x", h), now.Add(-time.Hour), now.Add(-time.Hour), true)
	}
	c := &catalog{keys: dt}
	created := now.Add(-2 * time.Hour)
	c.add("s3://data/t/2026/03/04/04/", created, "2026-03-04-04")
	c.add("s3://data/t/2026/03/04/05", created, "2026-03-04-05")
	c.add("s3://data/elsewhere/", created, "2026-03-04-06")
	if err := m.Read(t.Context(), c, bucket{"s3://data/t/2026/03/04/08/": true}, "t", now); err != nil {
		t.Fatal(err)
	}
	r := row(t, m, "24h", "t")
	if got := states(r); got != "               SSEM M   " {
		t.Errorf("%q", got)
	}
	if got := r.Cells[15].Since; !got.Equal(created) {
		t.Errorf("since %s", got)
	}
	if f := m.Found("t"); len(f) != 3 || f[0].Catalog != "s3://data/elsewhere/" || f[1].Location != "s3://data/t/2026/03/04/07/" || f[1].Catalog != "" {
		t.Errorf("%+v", f)
	}

	// They are mended: the next reading says so.
	c.parts = nil
	for h := 4; h <= 9; h++ {
		c.add(fmt.Sprintf("s3://data/t/2026/03/04/%02d/", h), created, fmt.Sprintf("2026-03-04-%02d", h))
	}
	if err := m.Read(t.Context(), c, bucket{}, "t", now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := states(row(t, m, "24h", "t")); got != "               SSSSSS   " || len(m.Found("t")) != 0 {
		t.Errorf("%q %v", got, m.Found("t"))
	}
}

// TestWhatWaitsIsNotMissing: the catalog doesn't have it yet, and nobody lost it.
func TestWhatWaitsIsNotMissing(t *testing.T) {
	m := rig(t)
	m.putOff("t/2026/03/04/05/x", now.Add(-time.Minute), now.Add(-time.Hour))
	if err := m.Read(t.Context(), &catalog{keys: dt}, bucket{}, "t", now); err != nil {
		t.Fatal(err)
	}
	if got := states(row(t, m, "24h", "t")); got != "                L       " || len(m.Found("t")) != 0 {
		t.Errorf("%q %v", got, m.Found("t"))
	}
}

// TestWhatIsSettledWhileTheCatalogIsReadCounts: it may not have been read.
func TestWhatIsSettledWhileTheCatalogIsReadCounts(t *testing.T) {
	m := rig(t)
	m.placed("data", "t/2026/03/04/05/x", now.Add(-time.Hour), now, true)
	m.placed("data", "t/2026/03/04/06/x", now.Add(time.Second), now, true)
	c := &catalog{keys: dt}
	c.add("s3://data/t/2026/03/04/05/", now, "2026-03-04-05")
	if err := m.Read(t.Context(), c, bucket{}, "t", now); err != nil {
		t.Fatal(err)
	}
	if got := states(row(t, m, "24h", "t")); got != "                SS      " {
		t.Errorf("%q %v", got, m.Found("t"))
	}
}

func TestAComparisonsFindingsAreFacts(t *testing.T) {
	m := rig(t)
	f := reconcile.Finding{Kind: reconcile.Missing, Table: "t", Keys: []string{"dt"}, Values: []string{"2026-03-04-05"}, Location: "s3://data/t/2026/03/04/05/"}
	mended := f
	mended.Mended, mended.Values, mended.Location = true, []string{"2026-03-04-06"}, "s3://data/t/2026/03/04/06/"
	m.Compared(now.Add(-time.Hour), []reconcile.Finding{f, mended})
	if got := states(row(t, m, "24h", "t")); got != "................M..... "+" " {
		t.Errorf("%q", got)
	}
	m.placed("data", "t/2026/03/04/05/y", now, now, true)
	if got := states(row(t, m, "24h", "t"))[16]; got != 'S' {
		t.Errorf("%c: it was added", got)
	}
	m.Compared(now, nil)
	if len(m.Found("t")) != 0 {
		t.Errorf("%v", m.Found("t"))
	}
}

func TestAGapIsAGuess(t *testing.T) {
	m := rig(t)
	for _, h := range []int{4, 5, 7, 8, 11} {
		m.placed("data", fmt.Sprintf("t/2026/03/04/%02d/x", h), now, now, true)
	}
	if got := states(row(t, m, "24h", "t")); got != "               SSgSSg S " {
		t.Errorf("%q", got)
	}
}

func TestWhatIsParkedHasItsTime(t *testing.T) {
	m := rig(t)
	m.placed("data", "t/2026/03/04/05/x", now, now, true)
	m.Park([]DeadLetter{{Table: "t", Location: "s3://data/t/2026/03/04/05/", Reason: refresh.LocationConflict}})
	r := row(t, m, "24h", "t")
	if got := states(r); got != "                P       " || m.Tables(now)[0].Parked != 1 {
		t.Errorf("%q", got)
	}
	if f := m.Folders("t", r.Cells[16].Begin, r.Cells[16].End); len(f) != 1 || f[0].State != Parked || f[0].Why != "location_conflict" {
		t.Errorf("%+v", f)
	}
	m.Park(nil)
	if got := states(row(t, m, "24h", "t")); got != "                S       " {
		t.Errorf("%q", got)
	}
}

// TestAKeyOfAnotherCenturyForgetsNothing: strangers write keys.
func TestAKeyOfAnotherCenturyForgetsNothing(t *testing.T) {
	m := rig(t)
	m.placed("data", "t/2026/03/04/05/x", now, now, true)
	for _, key := range []string{"t/2126/03/04/05/x", "t/0001/01/01/00/x", "t/9999/12/31/23/x", "t/2026/03/06/05/x"} {
		m.placed("data", key, now, now, true)
		m.putOff(key, now, time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC))
	}
	if got := states(row(t, m, "24h", "t")); got != "                S       " {
		t.Errorf("%q", got)
	}
}

// TestAFileKeepsIt, and a model that lost it claims nothing.
func TestAFileKeepsIt(t *testing.T) {
	m := rig(t)
	m.watch(now.Add(-3 * time.Hour))
	m.placed("data", "t/2026/03/04/11/x", now, now.Add(-time.Hour), true)
	m.placed("days", "region=eu/dt=2026-03-04/x", now, now.Add(-time.Hour), true)
	m.Compared(now.Add(-10*time.Hour), []reconcile.Finding{{Kind: reconcile.Missing, Table: "t", Keys: []string{"dt"}, Values: []string{"2026-03-04-01"}, Location: "s3://data/t/2026/03/04/01/"}})
	want := []string{states(row(t, m, "24h", "t")), states(row(t, m, "30d", "days"))}
	name := filepath.Join(t.TempDir(), "new", "kept")
	if err := m.Save(name, now); err != nil {
		t.Fatal(err)
	}
	again := rig(t)
	if stopped, err := again.Load(name); err != nil || !stopped.Equal(now) {
		t.Fatal(stopped, err)
	}
	got := []string{states(row(t, again, "24h", "t")), states(row(t, again, "30d", "days"))}
	if d := cmp.Diff(want, got) + cmp.Diff(row(t, m, "24h", "t").Arrived, row(t, again, "24h", "t").Arrived); d != "" {
		t.Errorf("what was kept (-), and what came back (+):\n%s", d)
	}
	if f := again.Folders("t", now.Add(-2*time.Hour), now); len(f) != 1 || f[0].Since.IsZero() {
		t.Errorf("%+v", f)
	}
	lost := rig(t)
	if stopped, err := lost.Load(name + ".gone"); err != nil || !stopped.IsZero() {
		t.Fatal(stopped, err)
	}
	if rows := lost.Map(SpanOf("24h"), now); len(rows) != 0 {
		t.Errorf("%+v", rows)
	}
	if _, err := lost.Load("coverage_test.go"); err == nil {
		t.Error("a file that is none was read")
	}
}

// TestAThousandTablesFitIn32MiB, every cell and every folder of each in use.
func TestAThousandTablesFitIn32MiB(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it fills 720,000 cells")
	}
	m := rig(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	first := now.Add(-719 * time.Hour)
	for i := range 1000 {
		for h := range 720 {
			at := first.Add(time.Duration(h) * time.Hour)
			m.placed("data", fmt.Sprintf("table_%03d_of_a_team/%s/object-%d.json.gz", i, at.Format("2006/01/02/15"), i), at, at.Add(-time.Second), true)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := float64(after.HeapAlloc-before.HeapAlloc) / (1 << 20)
	t.Logf("%.1f MiB", used)
	if used > 32 {
		t.Errorf("1,000 tables with 720 cells each take %.1f MiB", used)
	}
	begun := time.Now()
	rows := m.Map(SpanOf("30d"), now)
	t.Logf("30 days of %d tables in %s", len(rows), time.Since(begun))
	if len(rows) != 1000 || states(rows[999]) != "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSS" {
		t.Errorf("%d rows, %q", len(rows), states(rows[999]))
	}
	runtime.KeepAlive(m)
}

func TestWhatLeavesOutOldPartitions(t *testing.T) {
	from := time.Date(2026, 2, 3, 4, 5, 0, 0, time.UTC)
	for _, c := range []struct {
		key  refresh.Key
		want string
	}{
		{refresh.Key{Name: "dt", Type: "string"}, "dt >= '2026-02' OR dt = '2026'"},
		{refresh.Key{Name: "year", Type: "int"}, "year >= 2026"},
		{refresh.Key{Name: "year", Type: "string"}, "year >= '2026'"},
		{refresh.Key{Name: "region", Type: "string"}, ""},
		{refresh.Key{Name: "dt", Type: "int"}, ""},
	} {
		if got := Since([]refresh.Key{c.key}, from); got != c.want {
			t.Errorf("%v: %q, want %q", c.key, got, c.want)
		}
	}
}

package reconcile_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// world is an S3 and a catalog in memory, strict about what they are asked.
type world struct {
	t *testing.T
	// before is called before every call has its effect, for one at a time; what
	// it changes counts.
	before  func(call string)
	oneCall sync.Mutex
	slow    time.Duration // how long S3 takes

	mu       sync.Mutex
	buckets  map[string][]string // keys, sorted
	tables   map[string]refresh.Table
	parts    map[string]map[string]refresh.Partition // table → values → partition
	listings int
	asked    int   // keys, of listings
	fault    error // of every change

	unreadable string // a table
}

func newWorld(t *testing.T) *world {
	return &world{t: t, buckets: map[string][]string{}, tables: map[string]refresh.Table{}, parts: map[string]map[string]refresh.Partition{}}
}

func (w *world) put(bucket string, keys ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := append(w.buckets[bucket], keys...)
	slices.Sort(all)
	w.buckets[bucket] = slices.Compact(all)
}

// table makes a table with keys of the type string, or as "name type".
func (w *world) table(name, location string, keys ...string) {
	t := refresh.Table{ID: refresh.TableID{Database: "db", Name: name, Location: location}}
	for _, k := range keys {
		name, typ, ok := strings.Cut(k, " ")
		if !ok {
			typ = "string"
		}
		t.Keys = append(t.Keys, refresh.Key{Name: name, Type: typ})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tables[name], w.parts[name] = t, map[string]refresh.Partition{}
}

func (w *world) add(name, location string, values ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.parts[name][strings.Join(values, "\x00")] = refresh.Partition{Values: values, Location: location}
}

// locations are a table's partitions.
func (w *world) locations(name string) map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := map[string]string{}
	for values, p := range w.parts[name] {
		at[strings.ReplaceAll(values, "\x00", ",")] = p.Location
	}
	return at
}

func (w *world) call(format string, args ...any) {
	if w.before != nil {
		w.oneCall.Lock()
		defer w.oneCall.Unlock()
		w.before(fmt.Sprintf(format, args...))
	}
}

// List implements reconcile.Objects.
func (w *world) List(ctx context.Context, in reconcile.Listing) (reconcile.Page, error) {
	w.call("List %s/%s", in.Bucket, in.Prefix)
	time.Sleep(w.slow)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listings++
	if in.Max < 1 || in.Max > 1000 {
		w.t.Errorf("a listing of %d keys", in.Max)
	}
	keys, ok := w.buckets[in.Bucket]
	if !ok {
		return reconcile.Page{}, fmt.Errorf("list bucket %s: no such bucket", in.Bucket)
	}
	var page reconcile.Page
	last := ""
	from, _ := slices.BinarySearch(keys, max(in.Prefix, in.After))
	for _, k := range keys[from:] {
		switch {
		case k <= in.After || !strings.HasPrefix(k, in.Prefix) || last != "" && strings.HasPrefix(k, last):
			if k > in.Prefix && !strings.HasPrefix(k, in.Prefix) {
				return page, ctx.Err()
			}
			continue
		case len(page.Keys)+len(page.Folders) == in.Max:
			page.More = true
			return page, ctx.Err()
		}
		w.asked++
		if i := strings.IndexByte(k[len(in.Prefix):], '/'); in.Folders && i >= 0 {
			last = k[:len(in.Prefix)+i+1]
			page.Folders = append(page.Folders, last)
			continue
		}
		page.Keys = append(page.Keys, k)
	}
	return page, ctx.Err()
}

// Tables implements refresh.Reader.
func (w *world) Tables(context.Context) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.tables)), nil
}

// Table implements refresh.Reader.
func (w *world) Table(_ context.Context, name string) (refresh.Table, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, ok := w.tables[name]
	if !ok {
		return t, fmt.Errorf("table %s: %w", name, refresh.ErrTableMissing)
	}
	return t, nil
}

// Partitions implements refresh.Reader.
func (w *world) Partitions(_ context.Context, t refresh.Table, values [][]string) (found []refresh.Partition, err error) {
	w.call("Partitions %s", t.ID.Name)
	if len(values) > 1000 {
		w.t.Errorf("a look-up of %d partitions", len(values))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range values {
		if p, ok := w.parts[t.ID.Name][strings.Join(v, "\x00")]; ok {
			found = append(found, p)
		}
	}
	return found, nil
}

// All implements reconcile.Catalog.
func (w *world) All(_ context.Context, t refresh.Table, _ string) iter.Seq2[refresh.Partition, error] {
	return func(yield func(refresh.Partition, error) bool) {
		w.call("All %s", t.ID.Name)
		if t.ID.Name == w.unreadable {
			yield(refresh.Partition{}, refresh.ErrAccessDenied)
			return
		}
		w.mu.Lock()
		all := slices.Collect(maps.Values(w.parts[t.ID.Name]))
		w.mu.Unlock()
		for _, p := range all {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// Check implements refresh.Writer.
func (w *world) Check(context.Context) error { return nil }

// Fits implements refresh.Writer.
func (w *world) Fits(_ refresh.Table, parts []refresh.Partition) int { return min(len(parts), 100) }

// Add implements refresh.Writer.
func (w *world) Add(_ context.Context, t refresh.Table, parts []refresh.Partition) error {
	w.call("Add %s %d", t.ID.Name, len(parts))
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range parts {
		k := strings.Join(p.Values, "\x00")
		if _, ok := w.parts[t.ID.Name][k]; !ok && w.fault == nil {
			w.parts[t.ID.Name][k] = p
		}
	}
	return w.fault
}

// Relocate implements reconcile.Mender.
func (w *world) Relocate(_ context.Context, t refresh.Table, parts []refresh.Partition) []error {
	w.call("Relocate %s %d", t.ID.Name, len(parts))
	return w.change(t, parts, func(k string, p refresh.Partition) { w.parts[t.ID.Name][k] = p })
}

// Drop implements reconcile.Mender.
func (w *world) Drop(_ context.Context, t refresh.Table, parts []refresh.Partition) []error {
	w.call("Drop %s %d", t.ID.Name, len(parts))
	return w.change(t, parts, func(k string, _ refresh.Partition) { delete(w.parts[t.ID.Name], k) })
}

func (w *world) change(t refresh.Table, parts []refresh.Partition, f func(string, refresh.Partition)) []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	errs := make([]error, len(parts))
	for i, p := range parts {
		k := strings.Join(p.Values, "\x00")
		if _, ok := w.parts[t.ID.Name][k]; !ok {
			w.t.Errorf("a change of %q of %s, which does not exist", p.Values, t.ID.Name)
		}
		if errs[i] = w.fault; errs[i] == nil {
			f(k, p)
		}
	}
	return errs
}

// reconciler compares the world, and reports into found.
func (w *world) reconciler(router *table.Router, found *[]reconcile.Finding) *reconcile.Reconciler {
	return &reconcile.Reconciler{
		Router: router, Objects: w, Catalog: w, Mender: w, Batch: 100, Tables: 2,
		Report: func(f reconcile.Finding) error {
			*found = append(*found, f)
			return nil
		},
	}
}

// fix is a Settler on the world.
func (w *world) fix(router *table.Router) *refresh.Refresher {
	r := refresh.New(refresh.Options{Router: router, Catalog: refresh.Catalog{Reader: w, Writer: w}, DeadLetters: refresh.Nowhere{}, Statements: 2, MaxInHand: 1000})
	w.t.Cleanup(func() { r.Close(context.Background()) })
	return r
}

func routerOf(t *testing.T, buckets ...table.Bucket) *table.Router {
	t.Helper()
	r, err := table.New(buckets)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// run compares once.
func (w *world) run(r *reconcile.Reconciler) *reconcile.Summary {
	w.t.Helper()
	sum, err := r.Run(w.t.Context(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return sum
}

// said is findings as lines, sorted: "missing alerts 2026-01-02-03".
func said(found []reconcile.Finding) []string {
	var lines []string
	for _, f := range found {
		line := strings.Join([]string{string(f.Kind), f.Table, strings.Join(f.Values, ",")}, " ")
		if f.Kind == reconcile.Unplaced {
			line = fmt.Sprintf("unplaced %s %s", f.Key, f.Reason)
		} else if f.Reason != "" {
			line += " " + string(f.Reason)
		}
		if f.Mended {
			line += " mended"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

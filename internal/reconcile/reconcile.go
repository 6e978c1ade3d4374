// Package reconcile compares the folders in S3 with the partitions in the
// catalog, and mends what differs as far as it is told to.
//
// # The law
//
//   - It finds what a notification would have found. Folders are judged by
//     [table.Router], and what is missing is added by package refresh, with the
//     same reasons, budget and reading back: a reconcile can't add what a
//     notification couldn't.
//   - What it read a while ago decides nothing. Before a partition is reported,
//     relocated or dropped it is read again, and before one is dropped its
//     folder is listed again. What a notification adds meanwhile, or lands
//     meanwhile, is no difference.
//   - It relocates and drops only what a person asked for, and never a
//     partition whose folder holds objects of its own.
//   - It remembers nothing. Killed anywhere, the next run finds what is left, by
//     reading it all again; what was mended is mended.
//
// # How
//
//	catalog ──► known: two hashes a partition ◄── the buckets, leapt through (scan.go)
//	                     │                              │
//	      partitions that no folder shows     folders that are not known so
//	                     │                              │
//	             looked at once more        read again, in batches of a table
//	                     ▼                              ▼
//	             Empty ─► Drop            Missing ─► Settler, Elsewhere ─► Relocate
//
// Memory is about 25 bytes a partition and what a few batches take.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"golang.org/x/sync/errgroup"
)

// Reconciler says what to compare, and what to do about it. It runs as often as
// is wanted, one run at a time.
type Reconciler struct {
	Router  *table.Router
	Objects Objects
	Catalog Catalog
	Settler Settler // adds what is missing; nil: it is only reported
	Mender  Mender  // needed for Relocate and Drop

	Relocate bool // partitions that are elsewhere
	Drop     bool // partitions with an empty folder

	Scope Scope

	// Wait is called before every listing, and before every 1,000 partitions
	// that are read of the catalog as a whole, to keep their pace; nil: none.
	Wait func(context.Context) error
	// Report is told of every difference, one after the other; nil: nobody is.
	Report func(Finding) error
	// Batch is how many partitions of a table are settled together: a statement
	// holds no more, and a new partition of the same table waits for it.
	Batch int
	// Tables is how many tables are added to at once.
	Tables int

	// Forward says that the catalog is not read as a whole: what S3 shows is
	// looked up in it. Then no Empty is found, and a run may be ended and gone
	// on with: memory is what S3 shows, and the time until a folder is looked at
	// doesn't depend on how many partitions there are.
	Forward bool
	// Stop ends the listing where it is, after the page at hand; what was seen
	// until then is mended. Zero: it goes to the end. For Forward only.
	Stop time.Time
	// Rest is where to go on, of an earlier run's Summary; nil: everything.
	Rest *Rest
}

// Rest is what a run did not come to.
type Rest struct{ spans []span }

// run is one comparison.
type run struct {
	*Reconciler
	known  *known
	adding chan struct{}
	exist  map[string]bool // tables; nil: they were not listed

	listed   atomic.Int64
	progress *Progress // of this run alone

	mu     sync.Mutex
	tables map[string]*tableRun
	sum    Summary
	rest   []span  // that the listing did not come to
	unread []error // of tables
}

// tableRun is one table of a run.
type tableRun struct {
	name    string // in our database; a link's facts are those of its target
	facts   refresh.Table
	why     refresh.Answer // no partition can be added at all
	pending []*candidate   // to be looked at together
	sum     *TableSummary
}

// Progress says how far a run is; its methods may be called at any time.
type Progress struct {
	inCatalog, folders, listings, added atomic.Int64
	begun                               atomic.Int64 // the listing, unix nanoseconds
}

// Run compares once. Its error says what could not be compared, or joins what
// could not; the Summary is of the rest.
func (r *Reconciler) Run(ctx context.Context, p *Progress) (*Summary, error) {
	begun := time.Now()
	if p == nil {
		p = &Progress{}
	}
	n := &run{Reconciler: r, known: newKnown(), adding: make(chan struct{}, max(r.Tables, 1)), progress: p, tables: map[string]*tableRun{}}
	n.sum = Summary{Tables: map[string]*TableSummary{}, Unplaced: map[refresh.Reason]int{}, Ignored: map[refresh.Reason]int{}}
	err := n.compare(ctx)
	n.sum.Listings, n.sum.Listed, n.sum.Took = int(p.listings.Load()), int(n.listed.Load()), time.Since(begun)
	if len(n.rest) > 0 {
		n.sum.Rest = &Rest{n.rest}
	}
	if ctx.Err() != nil {
		err = ctx.Err() // the others only say so too
	}
	return &n.sum, err
}

func (r *run) compare(ctx context.Context) error {
	if err := r.openTables(ctx); err != nil {
		return err
	}
	var errs []error
	if !r.Forward {
		errs = append(errs, r.readCatalog(ctx))
	}
	r.progress.begun.Store(time.Now().UnixNano())
	errs = append(errs, r.scan(ctx), r.flush(ctx))
	if ctx.Err() == nil && !r.Forward {
		errs = append(errs, r.vanished(ctx))
	}
	return errors.Join(append(errs, r.unread...)...)
}

// openTables reads the facts of the tables that may have partitions which S3
// doesn't show: those that the configuration or the scope names and, if others
// are read out of keys, those that lie in a configured bucket. All others are
// read when S3 shows one of theirs.
func (r *run) openTables(ctx context.Context) error {
	named := append(r.Router.Tables(), r.Scope.Tables...)
	names := slices.Clone(named)
	if r.Router.Captures() {
		all, err := r.Catalog.Tables(ctx)
		if err != nil {
			return fmt.Errorf("list the tables: %w", err)
		}
		r.exist = map[string]bool{}
		for _, name := range all {
			r.exist[name] = true
		}
		names = append(names, all...)
	}
	if r.Forward {
		return nil
	}
	slices.Sort(names)
	var group errgroup.Group
	group.SetLimit(listers)
	for _, name := range slices.Compact(names) {
		if !r.Scope.hasTable(name) {
			continue
		}
		group.Go(func() error {
			t, err := r.read(ctx, name)
			if err == nil && (slices.Contains(named, name) || r.ours(t.facts.ID.Location)) {
				r.keep(t)
			}
			return err
		})
	}
	return group.Wait()
}

// tableOf returns a table that S3 speaks of.
func (r *run) tableOf(ctx context.Context, name string) (*tableRun, error) {
	r.mu.Lock()
	t := r.tables[name]
	r.mu.Unlock()
	if t != nil {
		return t, nil
	}
	t, err := r.read(ctx, name)
	if err != nil {
		return nil, err
	}
	return r.keep(t), nil
}

// read reads the facts of a table. One that doesn't exist is a table too, to
// which nothing can be added, and so is one that can't be read: that is an error
// of the run, but stops no other. Made-up names cost no call where the tables
// were listed.
func (r *run) read(ctx context.Context, name string) (*tableRun, error) {
	t := &tableRun{name: name, sum: &TableSummary{}}
	err := error(refresh.ErrTableMissing)
	if r.exist == nil || r.exist[name] {
		t.facts, err = r.Catalog.Table(ctx, name)
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, refresh.ErrTableMissing):
		t.why = refresh.Answer{Reason: refresh.TableMissing, Detail: "table " + name + " does not exist"}
	case err != nil:
		t.why = refresh.Answer{Reason: refresh.ReasonOf(err), Detail: err.Error()}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.unread = append(r.unread, err)
	default:
		t.why = t.facts.Refuses()
	}
	return t, nil
}

// keep makes a table one of the run's, unless somebody else just did.
func (r *run) keep(t *tableRun) *tableRun {
	r.mu.Lock()
	defer r.mu.Unlock()
	if other := r.tables[t.name]; other != nil {
		return other
	}
	r.tables[t.name] = t
	if t.why.Reason != refresh.TableMissing {
		r.sum.Tables[t.name] = t.sum
	}
	return t
}

// ours says whether a folder is in a configured bucket.
func (r *run) ours(location string) bool {
	bucket, _, ok := Split(location)
	return ok && slices.Contains(r.Router.Buckets(), bucket)
}

// Split takes a location apart: s3://bucket/folder/.
func Split(location string) (bucket, folder string, ok bool) {
	bucket, folder, ok = table.CutLocation(refresh.CanonicalLocation(location))
	return bucket, folder, ok && bucket != ""
}

// readCatalog reads the partitions of all tables. A table that can't be read is
// left out, and the others are compared all the same.
func (r *run) readCatalog(ctx context.Context) error {
	var errs []error
	for _, t := range r.tables {
		if t.why.Reason != "" {
			continue
		}
		if err := r.readTable(ctx, t); err != nil {
			errs = append(errs, err)
			t.why = refresh.Answer{Reason: refresh.ReasonOf(err), Detail: err.Error()}
		}
	}
	return errors.Join(errs...)
}

func (r *run) readTable(ctx context.Context, t *tableRun) error {
	nesting := table.NewNesting()
	for p, err := range r.all(ctx, t) {
		if err != nil {
			return err
		}
		id, ok := t.facts.Identity(p.Values)
		if !ok {
			return fmt.Errorf("read the partitions of %s: one has the values %q", t.name, p.Values)
		}
		folder := refresh.CanonicalLocation(p.Location)
		r.known.inCatalog(t.name, id, folder, t.facts.AsWritten(p.Values))
		nesting.Add(folder)
		t.sum.Partitions++
		r.progress.inCatalog.Add(1)
	}
	if !nesting.Any() {
		return nil
	}
	return r.nested(ctx, t, nesting)
}

// nested reports the partitions that lie inside others, and each of those that
// have one folder.
func (r *run) nested(ctx context.Context, t *tableRun, n *table.Nesting) error {
	for p, err := range r.all(ctx, t) {
		if err != nil {
			return err
		}
		if outer := n.Around(refresh.CanonicalLocation(p.Location)); outer != "" {
			if err := r.nestedIn(t, p, outer); err != nil {
				return err
			}
		}
	}
	return nil
}

// nestedIn reports a partition that another one's folder holds, or whose folder
// it is. Which of the two is wrong is not ours to say.
func (r *run) nestedIn(t *tableRun, p refresh.Partition, outer string) error {
	if !r.inScope(t, p) {
		return nil
	}
	how := "lies inside "
	if outer == refresh.CanonicalLocation(p.Location) {
		how = "shares "
	}
	return r.report(Finding{Kind: Nested, Table: t.name, Keys: t.facts.KeyNames(), Values: p.Values, Catalog: p.Location,
		Detail: how + outer + ", the folder of another partition of the table: a query of both reads its rows twice; drop one of them"})
}

// all streams a table's partitions, in their turn.
func (r *run) all(ctx context.Context, t *tableRun) iter.Seq2[refresh.Partition, error] {
	return func(yield func(refresh.Partition, error) bool) {
		n := 0
		for p, err := range r.Catalog.All(ctx, t.facts, "") {
			if n++; n%1000 == 0 && err == nil && r.Wait != nil {
				err = r.Wait(ctx)
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// report counts a finding and passes it on. Its caller holds no lock.
func (r *run) report(f Finding) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.Kind == Unplaced {
		r.sum.Unplaced[f.Reason]++
	} else {
		found, mended := r.sum.Tables[f.Table].of(f.Kind)
		*found++
		if f.Mended {
			*mended++
		}
	}
	if r.Report == nil {
		return nil
	}
	return r.Report(f)
}

func (r *run) unplaced(f Finding) error {
	f.Kind = Unplaced
	return r.report(f)
}

func (r *run) ignore(reason refresh.Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Ignored[reason]++
}

// String is how far the run is, for a person: while the catalog is read there is
// no telling how much is to come; the folders should be about as many as its
// partitions.
func (p *Progress) String() string {
	known, folders := p.inCatalog.Load(), p.folders.Load()
	begun := p.begun.Load()
	if begun == 0 {
		return fmt.Sprintf("%d partitions read from the catalog", known)
	}
	took := time.Since(time.Unix(0, begun))
	rate := float64(folders) / max(took.Seconds(), 0.001)
	text := fmt.Sprintf("%d folders of %d, %.0f a second, %d listings", folders, max(known, folders), rate, p.listings.Load())
	if left := known - folders; left > 0 && folders > 0 {
		text += fmt.Sprintf(", about %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	if n := p.added.Load(); n > 0 {
		text += fmt.Sprintf(", %d added", n)
	}
	return text
}

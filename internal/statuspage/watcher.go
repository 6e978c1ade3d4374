package statuspage

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"athenarefresh/internal/coverage"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"golang.org/x/sync/errgroup"
)

const (
	readers    = 4                // tables whose partitions are read at once
	catalogAge = 5 * time.Minute  // after which who looks has the catalog read again
	amissAge   = 10 * time.Second // likewise those tables of it with which something is amiss
	parkedAge  = time.Minute      // likewise the dead-letter queue
	saveEvery  = 5 * time.Minute  // what is kept in the file
	readTime   = 10 * time.Minute // of the catalog as a whole
	sample     = 200              // copies of the dead-letter queue that are looked at
	sampleTime = 30 * time.Second
)

// Watcher keeps up what the page knows beside the messages: it reads the catalog
// at the start and, while somebody looks, when that is old; it looks into the
// dead-letter queue when somebody looks; and it keeps a file. Its owner runs Run.
type Watcher struct {
	Model *coverage.Model
	File  string // "": none is kept
	Log   *slog.Logger
	// Router is the rules of the moment.
	Router func() *table.Router
	// Receiving says whether messages are being received by now.
	Receiving func() bool

	Catalog interface {
		coverage.Catalog
		Tables(context.Context) ([]string, error)
	}
	Folders refresh.Folders
	// Sample looks at so many copies of the dead-letter queue, and leaves them
	// there. [refresh.ErrNoDeadLetterQueue] if there is none.
	Sample func(ctx context.Context, most int) ([]parked.Copy, error)
	// Age is after what time the catalog is read again; 0: five minutes.
	Age time.Duration

	mu      sync.Mutex
	asked   chan struct{} // somebody looks; made by the first who does
	lot     Lot
	looked  time.Time     // when that was last begun to be seen; zero: it is to be seen anew
	by      *table.Router // by whose rules
	depth   int           // of it, by then
	read    time.Time     // of the catalog
	reread  time.Time     // of the tables with which something is amiss
	reading bool          // it is being read
	readErr error
	absent  []string // tables that rules name and the database doesn't have
}

// Lot is what is known of the dead-letter queue.
type Lot struct {
	Groups []parked.Group
	At     time.Time // zero: nobody looked
	None   bool      // there is no such queue
}

// Run works until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	asked := w.bell()
	var side sync.WaitGroup
	side.Go(func() { w.readCatalog(ctx, nil) })
	saved := time.Now()
	for {
		select {
		case <-ctx.Done():
			side.Wait()
			w.save()
			return
		case <-asked:
			w.catchUp(ctx, &side)
		case <-tick.C:
			if now := time.Now(); w.Receiving() {
				w.Model.Watch(now)
			}
			if time.Since(saved) > saveEvery {
				w.save()
				saved = time.Now()
			}
		}
	}
}

func (w *Watcher) bell() chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asked == nil {
		w.asked = make(chan struct{}, 1)
	}
	return w.asked
}

// Look is told that somebody looks: what is old is looked up again, beside.
// depth is the dead-letter queue's by now, -1 where that isn't known.
func (w *Watcher) Look(depth int) {
	bell := w.bell()
	w.mu.Lock()
	if depth >= 0 && depth != w.depth {
		w.depth, w.looked = depth, time.Time{}
	}
	w.mu.Unlock()
	select {
	case bell <- struct{}{}:
	default: // somebody else rang
	}
}

// Again has the catalog and the dead-letter queue be looked at anew.
func (w *Watcher) Again() {
	w.mu.Lock()
	w.read, w.looked = time.Time{}, time.Time{}
	w.mu.Unlock()
	w.Look(-1)
}

// catchUp looks up what is old.
func (w *Watcher) catchUp(ctx context.Context, side *sync.WaitGroup) {
	router := w.Router()
	w.mu.Lock()
	now := time.Now()
	catalog, lot := now.Sub(w.read) > cmp.Or(w.Age, catalogAge), w.Sample != nil && (now.Sub(w.looked) > parkedAge || w.by != router)
	if catalog {
		w.read = now
	}
	if lot {
		w.looked, w.by = now, router
	}
	again := now.Sub(w.reread) > amissAge && !w.reading && !catalog
	amiss := w.absent
	w.mu.Unlock()
	if catalog {
		side.Go(func() { w.readCatalog(ctx, nil) })
	}
	if again {
		if amiss = append(slices.Clone(amiss), w.Model.Amiss()...); len(amiss) > 0 {
			side.Go(func() { w.readCatalog(ctx, amiss) })
		}
	}
	if lot {
		side.Go(func() { w.lookAtParked(ctx) })
	}
}

// readCatalog reads the partitions of some tables, or of every table that the rules
// may feed.
func (w *Watcher) readCatalog(ctx context.Context, names []string) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	w.mu.Lock()
	if w.reading {
		w.mu.Unlock()
		return
	}
	w.reading, w.reread = true, time.Now()
	whole := names == nil
	if whole {
		w.read = w.reread
	}
	w.mu.Unlock()
	var err error
	if whole {
		names, err = w.tables(ctx)
	}
	named := w.Router().Tables()
	var mu sync.Mutex
	var absent []string
	var group errgroup.Group
	group.SetLimit(readers)
	for _, name := range names {
		group.Go(func() error {
			err := w.Model.Read(ctx, w.Catalog, w.Folders, name, time.Now())
			if !errors.Is(err, refresh.ErrTableMissing) {
				return err
			}
			if slices.Contains(named, name) {
				mu.Lock()
				defer mu.Unlock()
				absent = append(absent, name)
			}
			return nil
		})
	}
	if err = errors.Join(err, group.Wait()); err != nil && ctx.Err() == nil {
		w.Log.Warn("the status page can't read the catalog", "error", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.readErr, w.reading = err, false
	if !whole {
		absent = append(absent, slices.DeleteFunc(w.absent, func(name string) bool { return slices.Contains(names, name) })...)
	}
	w.absent = absent
}

// catalog is what the last reading of the catalog says of it: why it could not be
// read, and which tables that rules name are not there.
func (w *Watcher) catalog() (absent []string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.absent), w.readErr
}

// tables are those that rules name, that objects were seen of, and that rules may
// read out of keys.
func (w *Watcher) tables(ctx context.Context) (names []string, err error) {
	router := w.Router()
	names = append(router.Tables(), w.Model.Names()...)
	if router.Captures() {
		all, failed := w.Catalog.Tables(ctx)
		for _, name := range all {
			if len(router.RulesFor(name)) > 0 {
				names = append(names, name)
			}
		}
		err = failed
	}
	slices.Sort(names)
	return slices.Compact(names), err
}

func (w *Watcher) lookAtParked(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sampleTime)
	defer cancel()
	router := w.Router()
	copies, err := w.Sample(ctx, sample)
	none := errors.Is(err, refresh.ErrNoDeadLetterQueue)
	if err != nil && !none {
		if ctx.Err() == nil {
			w.Log.Warn("the status page can't look into the dead-letter queue", "error", err)
		}
		return
	}
	w.Model.Park(deadLetters(copies, router))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lot = Lot{parked.Groups(copies, router), time.Now(), none}
}

// deadLetters are the objects of copies that have a table.
func deadLetters(copies []parked.Copy, router *table.Router) (list []coverage.DeadLetter) {
	for i := range copies {
		for _, f := range parked.Describe(&copies[i], router) {
			if !f.Placed {
				continue
			}
			p := router.Place(f.Bucket, f.Key)
			list = append(list, coverage.DeadLetter{Table: p.Partition.Table, Location: p.Partition.Location, Reason: f.Reason})
		}
	}
	return list
}

// Lot is what was last seen of the dead-letter queue.
func (w *Watcher) Lot() Lot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lot
}

func (w *Watcher) save() {
	if w.File == "" {
		return
	}
	if err := w.Model.Save(w.File, time.Now()); err != nil {
		w.Log.Warn("what the status page knows is not kept", "error", err)
	}
}

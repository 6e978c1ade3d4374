package reconcile

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"golang.org/x/sync/errgroup"
)

// A bucket is listed in the order of its keys, and leapt through: as soon as a
// folder is known for what it is, the listing goes on behind it. So a page of
// 1,000 keys passes many small folders or ends one large one: there are about as
// many listings as folders at most, and as there are thousands of objects at
// most.

const (
	fullPage  = 1000 // keys, S3's most
	smallPage = 20   // where folders are so large that most of a page would be thrown away

	listers    = 8  // listings at once
	enoughCuts = 64 // into which a bucket is cut, so that many can be listed at once
	cutting    = 32 // listings that this may cost, of all buckets
)

// lastKey is behind all keys of a folder when it is appended to it, but for
// keys that nobody writes; those are read and passed over.
const lastKey = "\U0010ffff"

// span is a part of a bucket: the keys with a prefix that are greater than after
// and not greater than until.
type span struct {
	bucket, prefix, after, until string // until: "" is the end
}

// scan looks through all buckets in scope. What can't be listed is an error, and
// the others are looked through all the same.
func (r *run) scan(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(listers)
	spans, errs := r.spans(ctx)
	results := make([]error, len(spans))
	for i, s := range spans {
		group.Go(func() error {
			results[i] = r.through(ctx, s)
			return nil
		})
	}
	group.Wait()
	return errors.Join(append(errs, distinct(results)...)...)
}

// spans are the parts of all buckets, or those that an earlier run left. Where a
// run may have to stop it begins anywhere, so that one that never comes to the
// end sees everything in time.
func (r *run) spans(ctx context.Context) (spans []span, errs []error) {
	if r.Rest != nil {
		return r.Rest.spans, nil
	}
	areas := r.areas()
	for _, a := range areas {
		more, err := r.cut(ctx, a.bucket, a.prefix, max(cutting/len(areas), 1))
		spans, errs = append(spans, more...), append(errs, err)
	}
	if !r.Stop.IsZero() {
		rand.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
	}
	return spans, errs
}

// distinct keeps one of the errors that say the same: every span of a bucket
// that can't be read fails in the same way.
func distinct(errs []error) (list []error) {
	for _, err := range errs {
		if err != nil && !slices.ContainsFunc(list, func(o error) bool { return o.Error() == err.Error() }) {
			list = append(list, err)
		}
	}
	return list
}

// areas are what is to be listed: all buckets, or where the tables in scope are
// fed from, as far as that is known.
func (r *run) areas() (areas []span) {
	add := func(bucket, folder string) {
		prefix := r.Scope.Prefix
		if strings.HasPrefix(folder, prefix) {
			prefix = folder
		} else if !strings.HasPrefix(prefix, folder) {
			return
		}
		if r.Scope.hasBucket(bucket) {
			areas = append(areas, span{bucket: bucket, prefix: prefix})
		}
	}
	for _, b := range r.Router.Buckets() {
		if len(r.Scope.Tables) == 0 {
			add(b, "")
		}
	}
	for _, name := range r.Scope.Tables {
		for _, f := range r.Router.RulesFor(name) {
			add(f.Bucket, f.Folder)
		}
	}
	// Of two of which one holds the other, one is listed.
	slices.SortFunc(areas, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.prefix, b.prefix))
	})
	return slices.CompactFunc(areas, func(a, b span) bool { return a.bucket == b.bucket && strings.HasPrefix(b.prefix, a.prefix) })
}

// cut cuts a bucket at folders near its root. Where it is cut makes no
// difference but to how much can be done at once.
func (r *run) cut(ctx context.Context, bucket, prefix string, most int) ([]span, error) {
	var cuts []string
	queue := []string{prefix}
	for calls := 0; len(queue) > 0 && len(cuts) < enoughCuts && calls < most && !r.late(); calls++ {
		page, err := r.list(ctx, Listing{Bucket: bucket, Prefix: queue[0], Max: fullPage, Folders: true})
		if err != nil {
			return nil, err
		}
		queue = queue[1:]
		for _, f := range page.Folders {
			cuts = append(cuts, f)
			if s, _, name := r.Router.FolderStanding(bucket, f); s == table.Open && (name == "" || r.Scope.hasTable(name)) {
				queue = append(queue, f)
			}
		}
	}
	slices.Sort(cuts)
	step := len(cuts)/enoughCuts + 1
	spans := []span{{bucket: bucket, prefix: prefix}}
	for i := 0; i < len(cuts); i += step {
		spans[len(spans)-1].until = cuts[i]
		spans = append(spans, span{bucket: bucket, prefix: prefix, after: cuts[i]})
	}
	return spans, nil
}

// list is one listing, in its turn.
func (r *run) list(ctx context.Context, in Listing) (Page, error) {
	if r.Wait != nil {
		if err := r.Wait(ctx); err != nil {
			return Page{}, err
		}
	}
	page, err := r.Objects.List(ctx, in)
	r.progress.listings.Add(1)
	r.listed.Add(int64(len(page.Keys) + len(page.Folders)))
	return page, err
}

// through looks through a span.
func (r *run) through(ctx context.Context, s span) error {
	l := leaper{run: r, bucket: s.bucket}
	in := Listing{Bucket: s.bucket, Prefix: s.prefix, After: s.after, Max: fullPage}
	for {
		if r.stopped(span{s.bucket, s.prefix, in.After, s.until}) {
			return nil
		}
		page, err := r.list(ctx, in)
		if err != nil {
			return err
		}
		l.passed = 0
		for _, key := range page.Keys {
			if s.until != "" && key > s.until {
				return nil
			}
			if err := l.key(ctx, key); err != nil {
				return err
			}
		}
		if !page.More || len(page.Keys) == 0 {
			return nil
		}
		in.After = l.behind(page.Keys[len(page.Keys)-1])
		if s.until != "" && in.After >= s.until {
			return nil
		}
		if l.passed <= 2 {
			in.Max = max(in.Max/4, smallPage)
		} else {
			in.Max = min(in.Max*4, fullPage)
		}
	}
}

// stopped says whether the time to list is over, and keeps what is left.
func (r *run) stopped(left span) bool {
	if !r.late() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rest = append(r.rest, left)
	return true
}

func (r *run) late() bool { return !r.Stop.IsZero() && !time.Now().Before(r.Stop) }

// leaper reads keys in their order and says where to go on.
type leaper struct {
	*run
	bucket string

	open     string // the keys' folder that was last found open
	inside   bool   // of folder, which is not open
	folder   string
	standing table.Standing
	why      table.Placement // of a folder with no partition
	done     bool            // nothing more is to be learnt of it
	passed   int             // folders of which that is so
	last     table.Partition // that was last seen
}

// key looks at the next key.
func (l *leaper) key(ctx context.Context, key string) error {
	if !l.inside || !strings.HasPrefix(key, l.folder) {
		l.enter(key)
	}
	if l.inside && l.done {
		return nil
	}
	p := l.Router.Place(l.bucket, key)
	switch {
	case p.Outcome == table.Place:
		l.finish()
		if same(&p.Partition, &l.last) {
			return nil
		}
		l.last = p.Partition
		return l.sight(ctx, &p, refresh.Object{Bucket: l.bucket, Key: key})
	case p.Outcome == table.Ignore:
		l.ignore(refresh.Reason(p.Reason))
		if l.inside && l.standing == table.Never && l.why.Outcome == table.Ignore {
			l.finish()
		}
		return nil
	}
	shown := key
	if l.inside {
		shown = l.folder
	}
	l.finish()
	return l.unplaced(Finding{Bucket: l.bucket, Key: shown, Reason: refresh.Reason(p.Reason), Detail: p.Detail})
}

// same says whether two objects that were found in a row show the same
// partition. The rules may look at files: then a folder is several tables'.
func same(a, b *table.Partition) bool {
	return a.Location == b.Location && a.Table == b.Table && slices.Equal(a.Values, b.Values) && slices.Equal(a.Keys, b.Keys)
}

// finish notes that no other key of the folder has to be looked at.
func (l *leaper) finish() {
	l.passed++
	l.done = true
}

// enter finds the uppermost folder of a key that is not open.
func (l *leaper) enter(key string) {
	if !strings.HasPrefix(key, l.open) {
		l.open = ""
	}
	l.inside, l.done = false, false
	for end := len(l.open); ; {
		standing, why, name := l.Router.FolderStanding(l.bucket, key[:end])
		if outside := name != "" && !l.Scope.hasTable(name); outside || standing != table.Open {
			l.inside, l.folder, l.standing, l.why, l.done = true, key[:end], standing, why, outside
			return
		}
		l.open = key[:end]
		next := strings.IndexByte(key[end:], '/')
		if next < 0 {
			return
		}
		end += next + 1
	}
}

// behind is where to go on after the last key of a page.
func (l *leaper) behind(last string) string {
	if l.inside && l.done && strings.HasPrefix(last, l.folder) {
		return max(last, l.folder+lastKey)
	}
	return last
}

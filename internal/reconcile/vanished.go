package reconcile

import (
	"context"
	"errors"
	"slices"
	"strings"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"

	"golang.org/x/sync/errgroup"
)

// firstKeys is how many keys of a folder are asked for at first: mostly the
// first of them can be read.
const firstKeys = 10

// lookMost is how many folders are looked into before what was found is
// reported.
const lookMost = 200

// dropMost is how many partitions are dropped together (BatchDeletePartition,
// docs/aws-facts.md 6): their folders are listed just before.
const dropMost = 25

// vanished looks at the partitions that no folder showed.
func (r *run) vanished(ctx context.Context) error {
	if !r.known.anyUnseen() {
		return nil
	}
	var errs []error
	for _, t := range r.tables {
		if t.why.Reason == "" {
			errs = append(errs, r.vanishedOf(ctx, t))
		}
	}
	return errors.Join(errs...)
}

func (r *run) vanishedOf(ctx context.Context, t *tableRun) error {
	var gone []refresh.Partition
	for p, err := range r.all(ctx, t) {
		if err != nil {
			return err
		}
		if id, ok := t.facts.Identity(p.Values); !ok || !r.known.unseen(t.name, id) || !r.inScope(t, p) {
			continue
		}
		if gone = append(gone, p); len(gone) == lookMost {
			if err := r.lookInto(ctx, t, gone); err != nil {
				return err
			}
			gone = nil
		}
	}
	return r.lookInto(ctx, t, gone)
}

func (r *run) inScope(t *tableRun, p refresh.Partition) bool {
	bucket, folder, _ := Split(p.Location)
	return r.Scope.hasFolder(bucket, folder) && r.Scope.hasTime(t.facts.KeyNames(), p.Values)
}

// lookInto lists the folders of partitions and reports those that are empty.
func (r *run) lookInto(ctx context.Context, t *tableRun, parts []refresh.Partition) error {
	empty, err := r.empty(ctx, t, parts)
	if err != nil {
		return err
	}
	dropped := make([]error, len(empty))
	if r.Drop {
		if dropped, err = r.drop(ctx, t, empty); err != nil {
			return err
		}
	}
	for i, p := range empty {
		f := Finding{Kind: Empty, Table: t.name, Keys: t.facts.KeyNames(), Values: p.Values, Catalog: p.Location, Mended: r.Drop && dropped[i] == nil}
		switch {
		case dropped[i] == errFilled:
			continue // it is no difference any more
		case dropped[i] != nil:
			f.Reason, f.Detail = refresh.ReasonOf(dropped[i]), dropped[i].Error()
		}
		if err := r.report(f); err != nil {
			return err
		}
	}
	return nil
}

// empty returns those of the partitions whose folders hold nothing to read.
// Folders in buckets that aren't configured are not ours to list.
func (r *run) empty(ctx context.Context, t *tableRun, parts []refresh.Partition) ([]refresh.Partition, error) {
	found, err := r.contents(ctx, parts, func(p refresh.Partition) bool { return r.ours(p.Location) })
	if err != nil {
		return nil, err
	}
	var empty []refresh.Partition
	unknown := 0
	for i, p := range parts {
		switch {
		case found[i] == "":
			empty = append(empty, p)
		case !r.landed(t, p, found[i]):
			unknown++
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t.sum.Unknown += unknown
	return empty, nil
}

// contents lists the folders of those partitions that are meant, and returns for each
// a key in it that an engine would read: "" if there is none, "?" of the others.
func (r *run) contents(ctx context.Context, parts []refresh.Partition, meant func(refresh.Partition) bool) ([]string, error) {
	found := make([]string, len(parts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(listers)
	for i, p := range parts {
		if !meant(p) {
			found[i] = "?"
			continue
		}
		group.Go(func() (err error) {
			bucket, folder, _ := Split(p.Location)
			found[i], err = r.readable(ctx, bucket, folder, nil)
			return err
		})
	}
	return found, group.Wait()
}

// landed says whether an object that was found in a partition's folder is the
// partition's own by the configuration: it landed after its folder was passed.
func (r *run) landed(t *tableRun, p refresh.Partition, key string) bool {
	bucket, _, _ := Split(p.Location)
	at := r.Router.Place(bucket, key)
	return at.Outcome == table.Place && at.Partition.Table == t.name && at.Partition.Location == refresh.CanonicalLocation(p.Location)
}

// readable returns a key below a folder that an engine would read, "" if there
// is none: neither a folder's marker, nor hidden, and one that is wanted, if that
// is asked.
func (r *run) readable(ctx context.Context, bucket, folder string, wanted func(key string) bool) (string, error) {
	in := Listing{Bucket: bucket, Prefix: folder, Max: firstKeys}
	for {
		page, err := r.list(ctx, in)
		if err != nil {
			return "", err
		}
		for _, key := range page.Keys {
			if !hidden(key[len(folder):]) && (wanted == nil || wanted(key)) {
				return key, nil
			}
		}
		if !page.More || len(page.Keys) == 0 {
			return "", nil
		}
		in.After, in.Max = page.Keys[len(page.Keys)-1], fullPage
	}
}

// hidden says whether no engine reads a key, by its path below a partition's
// folder. Where in doubt it is not hidden, and its partition stays.
func hidden(path string) bool {
	folders, file := path[:strings.LastIndexByte(path, '/')+1], path[strings.LastIndexByte(path, '/')+1:]
	if !table.PlainFile(file) {
		return true
	}
	for name := range strings.SplitSeq(folders, "/") {
		if name != "" && (name[0] == '_' || name[0] == '.') {
			return true
		}
	}
	return false
}

// drop takes partitions out of the catalog whose folders are empty still. S3 has
// no lock: what lands between the listing and the call is in no partition, until
// its notification or the next run adds it again.
func (r *run) drop(ctx context.Context, t *tableRun, empty []refresh.Partition) (errs []error, err error) {
	for parts := range slices.Chunk(empty, dropMost) {
		some, err := r.dropSome(ctx, t, parts)
		if err != nil {
			return nil, err
		}
		errs = append(errs, some...)
	}
	return errs, nil
}

// errFilled says that a partition is no difference any more.
var errFilled = errors.New("something landed in its folder meanwhile, or it was changed")

func (r *run) dropSome(ctx context.Context, t *tableRun, parts []refresh.Partition) ([]error, error) {
	var values [][]string
	for _, p := range parts {
		values = append(values, p.Values)
	}
	now, err := r.Catalog.Partitions(ctx, t.facts, values)
	if err != nil {
		return nil, err
	}
	there := map[string]string{} // where they are now, by identity
	for _, p := range now {
		id, _ := t.facts.Identity(p.Values)
		there[id] = p.Location
	}
	found, err := r.contents(ctx, parts, func(p refresh.Partition) bool {
		id, _ := t.facts.Identity(p.Values)
		return there[id] == p.Location
	})
	if err != nil {
		return nil, err
	}
	errs := make([]error, len(parts))
	var dropping []refresh.Partition
	var at []int
	for i, p := range parts {
		if found[i] != "" {
			errs[i] = errFilled
			continue
		}
		dropping, at = append(dropping, p), append(at, i)
	}
	if len(dropping) > 0 {
		for j, err := range r.Mender.Drop(ctx, t.facts, dropping) {
			errs[at[j]] = err
		}
	}
	return errs, nil
}

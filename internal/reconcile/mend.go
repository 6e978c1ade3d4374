package reconcile

import (
	"context"
	"fmt"
	"slices"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

const (
	// together is how many folders of a table are kept until they are read
	// again.
	together = 1000
	// mostLookup is how many of them one look-up takes: each has up to
	// three forms, and a call takes 1,000.
	mostLookup = 333
)

// candidate is a partition that S3 shows and that the catalog was not known to
// have in that folder.
type candidate struct {
	part   table.Partition
	values []string
	forms  [][]string
	id     string
	rival  bool // S3 shows it in another folder too
	object refresh.Object
}

func (c *candidate) finding(k Kind) Finding {
	return Finding{Kind: k, Table: c.part.Table, Keys: c.part.Keys, Values: c.part.Values,
		Location: c.part.Location, Bucket: c.object.Bucket, Key: c.object.Key}
}

// sight is told of an object of a partition's folder, once for each folder.
func (r *run) sight(ctx context.Context, p *table.Placement, o refresh.Object) error {
	name := p.Partition.Table
	if !r.Scope.hasTable(name) || !r.Scope.hasTime(p.Partition.Keys, p.Partition.Values) {
		return nil
	}
	t, err := r.tableOf(ctx, name)
	if err != nil {
		return err
	}
	c := &candidate{part: p.Partition, object: o}
	why := t.why
	if why.Reason == "" {
		c.values, c.forms, why = t.facts.Values(p)
	}
	switch {
	case why.Reason == refresh.ProjectedTable:
		r.ignore(why.Reason)
		return nil
	case why.Reason != "":
		f := c.finding(Unplaced)
		f.Reason, f.Detail = why.Reason, why.Detail
		return r.unplaced(f)
	}
	c.id, _ = t.facts.Identity(c.values)
	r.progress.folders.Add(1)
	s := r.known.inS3(name, c.id, p.Partition.Location)
	c.rival = s == rival
	if batch := r.pend(t, c, s != alike); batch != nil {
		return r.mend(ctx, t, batch)
	}
	return nil
}

// pend counts a folder and, if there may be something to do about it, keeps it
// until there is a batch of its table.
func (r *run) pend(t *tableRun, c *candidate, todo bool) (batch []*candidate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.sum.Folders++
	if !todo {
		return nil
	}
	if t.pending = append(t.pending, c); len(t.pending) < together {
		return nil
	}
	batch, t.pending = t.pending, nil
	return batch
}

// flush mends what is left of all tables.
func (r *run) flush(ctx context.Context) error {
	for _, t := range r.tables { // nobody lists any more
		batch := t.pending
		t.pending = nil
		if err := r.mend(ctx, t, batch); err != nil {
			return err
		}
	}
	return nil
}

// mend reads a batch of one table again, and does what it may about it.
func (r *run) mend(ctx context.Context, t *tableRun, batch []*candidate) error {
	if len(batch) == 0 {
		return nil
	}
	found, err := r.lookUp(ctx, t, batch)
	if err != nil {
		return err
	}
	var missing, elsewhere []*candidate
	for _, c := range batch {
		p, ok := found[c.id]
		switch {
		case !ok && c.rival:
			f := c.finding(Elsewhere)
			f.Reason, f.Detail = refresh.LocationConflict, "another folder in S3 stands for the same partition"
			if err := r.report(f); err != nil {
				return err
			}
		case !ok:
			missing = append(missing, c)
		case refresh.CanonicalLocation(p.Location) != c.part.Location:
			elsewhere = append(elsewhere, c)
		}
	}
	if err := r.add(ctx, missing); err != nil {
		return err
	}
	return r.move(ctx, t, elsewhere, found)
}

// lookUp reads what the catalog has of a batch, by identity.
func (r *run) lookUp(ctx context.Context, t *tableRun, batch []*candidate) (map[string]refresh.Partition, error) {
	found := map[string]refresh.Partition{}
	for some := range slices.Chunk(batch, mostLookup) {
		var values [][]string
		for _, c := range some {
			values = append(values, c.forms...)
		}
		parts, err := r.Catalog.Partitions(ctx, t.facts, values)
		if err != nil {
			return nil, err
		}
		for _, p := range parts {
			id, ok := t.facts.Identity(p.Values)
			if !ok {
				return nil, fmt.Errorf("look up partitions of %s: the catalog answered with values %q", t.name, p.Values)
			}
			if _, twice := found[id]; !twice || t.facts.AsWritten(p.Values) {
				found[id] = p
			}
		}
	}
	return found, nil
}

// add reports what is missing, and adds it if it may.
func (r *run) add(ctx context.Context, missing []*candidate) error {
	for some := range slices.Chunk(missing, max(r.Batch, 1)) {
		answers, err := r.addMissing(ctx, some)
		if err != nil {
			return err
		}
		for i, c := range some {
			a := answers[i]
			if r.Settler != nil && a.Reason == "" && !a.Added {
				continue // somebody else did meanwhile
			}
			f := c.finding(Missing)
			f.Reason, f.Detail, f.Mended = a.Reason, a.Detail, a.Added
			if a.Added {
				r.progress.added.Add(1)
			}
			if err := r.report(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// addMissing adds partitions of one table. A few tables are added to at once: the
// live path has a use for the other statements.
func (r *run) addMissing(ctx context.Context, missing []*candidate) ([]refresh.Answer, error) {
	if r.Settler == nil {
		return make([]refresh.Answer, len(missing)), nil
	}
	select {
	case r.adding <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-r.adding }()
	objects := make([]refresh.Object, len(missing))
	for i, c := range missing {
		objects[i] = c.object
	}
	return r.Settler.SettleObjects(ctx, objects), nil
}

// move reports partitions that are elsewhere, and relocates them if it may.
func (r *run) move(ctx context.Context, t *tableRun, elsewhere []*candidate, found map[string]refresh.Partition) error {
	var parts []refresh.Partition
	var moving []*candidate
	findings := make([]Finding, len(elsewhere))
	at := map[*candidate]*Finding{}
	for i, c := range elsewhere {
		p := found[c.id]
		f := c.finding(Elsewhere)
		f.Catalog, f.Reason = p.Location, refresh.LocationConflict
		if r.Relocate {
			object, err := r.ownObject(ctx, t, c.id, p.Location)
			if err != nil {
				return err
			}
			if f.Detail = "its own folder, by the configuration, holds objects too"; object == "" {
				f.Detail = ""
				moving, parts = append(moving, c), append(parts, refresh.Partition{Values: p.Values, Location: c.part.Location})
			}
		}
		findings[i], at[c] = f, &findings[i]
	}
	if err := r.relocate(ctx, t, moving, parts, at); err != nil {
		return err
	}
	for _, f := range findings {
		if err := r.report(f); err != nil {
			return err
		}
	}
	return nil
}

// relocate moves partitions, reads them back and notes what came of it.
func (r *run) relocate(ctx context.Context, t *tableRun, moving []*candidate, parts []refresh.Partition, at map[*candidate]*Finding) error {
	if len(parts) == 0 {
		return nil
	}
	errs := r.Mender.Relocate(ctx, t.facts, parts)
	found, err := r.lookUp(ctx, t, moving)
	if err != nil {
		return err
	}
	for i, c := range moving {
		f := at[c]
		switch p, ok := found[c.id]; {
		case ok && refresh.CanonicalLocation(p.Location) == c.part.Location:
			f.Mended, f.Reason = true, ""
		case errs[i] != nil:
			f.Reason, f.Detail = refresh.ReasonOf(errs[i]), errs[i].Error()
		default:
			f.Reason, f.Detail = refresh.CatalogError, "the catalog accepted the new location, but does not have it"
		}
	}
	return nil
}

// ownObject returns an object of the folder where the catalog has a partition,
// if the configuration has that folder stand for this very partition: then two
// folders do, and which one counts is not ours to say.
func (r *run) ownObject(ctx context.Context, t *tableRun, id, location string) (key string, err error) {
	bucket, folder, _ := Split(location)
	own := func(p *table.Placement) bool {
		if p.Outcome != table.Place || p.Partition.Table != t.name || p.Partition.Location != refresh.CanonicalLocation(location) {
			return false
		}
		values, _, why := t.facts.Values(p)
		if why.Reason != "" {
			return false
		}
		other, _ := t.facts.Identity(values)
		return other == id
	}
	standing, p, _ := r.Router.FolderStanding(bucket, folder) // never, in a bucket that isn't ours
	switch {
	case standing == table.Never, standing == table.Whole && !own(&p):
		return "", nil
	case standing == table.Whole:
		return r.readable(ctx, bucket, folder, nil)
	}
	return r.readable(ctx, bucket, folder, func(key string) bool {
		p := r.Router.Place(bucket, key)
		return own(&p)
	})
}

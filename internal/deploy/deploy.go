package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"athenarefresh/internal/config"
	"athenarefresh/internal/s3events"
)

// Deployment puts one configuration into one account.
type Deployment struct {
	Config    *config.Config
	Bundle    Bundle
	QueueARN  string // of the configuration's queue
	Terraform Infrastructure
	Functions Functions
	Finder    Finder
	Wirer     *Wirer
	// DropDatabase deletes a database with its tables, not the data. One that
	// isn't there is none to delete.
	DropDatabase func(ctx context.Context, name string) error
}

// Prepared is a deployment that was checked and planned. Nothing was changed yet.
type Prepared struct {
	d       *Deployment
	State   State // before
	Plan    Plan
	Buckets []BucketPlan
	former  Former
	before  []Version
	serving Serving // the zero Serving: there is no alias yet
}

// BucketPlan is what a deployment would do with a bucket's notifications.
type BucketPlan struct {
	Bucket string
	wish   Wish
	Do     string // "wire", "unwire" or "", where it is as it should be
	Err    error  // why it can't be wired: it is left as it is
}

// String is what is done, for a person.
func (b BucketPlan) String() string {
	switch {
	case b.Err != nil:
		return fmt.Sprintf("left    %v", b.Err)
	case b.Do == "unwire":
		return fmt.Sprintf("notify  bucket %s will no longer notify the queue", b.Bucket)
	}
	return fmt.Sprintf("notify  bucket %s will notify the queue", b.Bucket)
}

// Prepare finds out what is to be done. It refuses what would lose something,
// or stop half way.
func (d *Deployment) Prepare(ctx context.Context, adopt bool) (*Prepared, error) {
	p := &Prepared{d: d}
	var err error
	if p.State, err = d.Terraform.Known(ctx); err != nil {
		return nil, err
	}
	if list := renamed(p.State, d.Config); len(list) > 0 {
		return nil, RenamedError(list)
	}
	p.former = p.State.former(d.QueueARN, d.Config.KMSKeyARN)
	if err := d.plan(ctx, p, adopt); err != nil {
		return nil, err
	}
	if err := p.readFunction(ctx); err != nil {
		return nil, err
	}
	p.Buckets, err = d.planBuckets(ctx, p)
	return p, err
}

// plan has Terraform plan. What it would create must not be there yet, unless it
// is to be adopted.
func (d *Deployment) plan(ctx context.Context, p *Prepared, adopt bool) (err error) {
	purpose := Purpose{Former: p.former}
	if p.Plan, err = d.Terraform.Plan(ctx, purpose); err != nil {
		return err
	}
	if purpose.Adopt, err = existing(ctx, d.Finder, d.Config, d.QueueARN, p.Plan); err != nil {
		return err
	}
	switch {
	case purpose.Adopt == nil:
	case !adopt:
		return ExistingError(purpose.Adopt)
	default:
		if p.Plan, err = d.Terraform.Plan(ctx, purpose); err != nil {
			return err
		}
	}
	return refuseToDelete(p.Plan)
}

// readFunction notes the versions that there are, and which one serves.
func (p *Prepared) readFunction(ctx context.Context) (err error) {
	p.before, err = p.d.Functions.Versions(ctx, p.d.Config.FunctionName)
	if errors.Is(err, ErrNoFunction) {
		return nil
	}
	if err != nil {
		return err
	}
	p.serving, err = p.d.Functions.Serving(ctx, p.d.Config.FunctionName)
	if errors.Is(err, ErrNoAlias) {
		return nil
	}
	return err
}

// wish is what a bucket's notifications should say of us.
func (d *Deployment) wish(former Former, absent bool) Wish {
	return Wish{ID: OurID, Queue: d.QueueARN, Former: former.Queues, Events: []string{s3events.Created}, Absent: absent}
}

// planBuckets looks at each bucket: of the configuration, and of the one that
// was deployed before.
func (d *Deployment) planBuckets(ctx context.Context, p *Prepared) ([]BucketPlan, error) {
	var list []BucketPlan
	for _, b := range d.Config.Buckets {
		list = append(list, BucketPlan{Bucket: b.Name, wish: d.wish(p.former, false)})
	}
	for _, name := range p.State.Outputs.DataBuckets {
		if !slices.ContainsFunc(list, func(b BucketPlan) bool { return b.Bucket == name }) {
			list = append(list, BucketPlan{Bucket: name, wish: d.wish(p.former, true)})
		}
	}
	for i := range list {
		list[i].look(ctx, d.Wirer.Buckets)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// look finds out what to do. Whatever is wrong with a bucket is its own affair,
// and keeps no other from notifying the queue.
func (b *BucketPlan) look(ctx context.Context, buckets Buckets) {
	now, err := buckets.Notifications(ctx, b.Bucket)
	if err != nil {
		if !b.wish.Absent || !missing(err) {
			b.Err = err
		}
		return
	}
	m := merge(now, b.wish)
	switch {
	case m.Overlap != nil:
		b.Err = &OverlapError{b.Bucket, m.Overlap}
	case len(m.Next.Entries) > maxEntries:
		b.Err = fmt.Errorf("bucket %s can't notify the queue: %w", b.Bucket, ErrFull)
	case !m.Next.equal(now) && b.wish.Absent:
		b.Do = "unwire"
	case !m.Next.equal(now):
		b.Do = "wire"
	}
}

// Alias is where the alias would go without a new version; a new version is
// known only once it is published.
func (p *Prepared) Alias() (m Move, known bool) {
	if len(p.before) == 0 || p.serving == (Serving{}) {
		return Move{}, false
	}
	newest := p.before[len(p.before)-1]
	return move(p.before, newest, p.serving, len(p.Plan.Changes) > 0), true
}

// Publishes says whether a new version of the function would be published.
func (p *Prepared) Publishes() bool {
	return len(p.before) == 0 || slices.ContainsFunc(p.Plan.Changes, func(c Change) bool { return c.Address == module+"aws_lambda_function.refresh" }) ||
		p.before[len(p.before)-1].Hash != p.d.Bundle.Hash
}

// Empty says that there is nothing to do.
func (p *Prepared) Empty() bool {
	m, known := p.Alias()
	return len(p.Plan.Changes) == 0 && !p.Publishes() && known && m.From == m.To &&
		!slices.ContainsFunc(p.Buckets, func(b BucketPlan) bool { return b.Do != "" })
}

// New are the buckets that begin to notify the queue: what landed in them before
// is not in it.
func (p *Prepared) New() (names []string) {
	for _, b := range p.Buckets {
		if b.Do == "wire" {
			names = append(names, b.Bucket)
		}
	}
	return names
}

// Done is what a deployment did.
type Done struct {
	Alias   Move
	Program string // the version that the function says it is
	Buckets []Wired
	Left    []error // buckets that could not be wired
}

// Make does it. Whatever fails, and wherever it is killed, the version that
// served goes on serving, and the next deployment goes on from there.
func (p *Prepared) Make(ctx context.Context, progress func(Step)) (*Done, error) {
	d := p.d
	if len(p.Plan.Changes) > 0 {
		if err := d.Terraform.Apply(ctx, progress); err != nil {
			return nil, err
		}
	}
	done := &Done{}
	if err := p.serve(ctx, done); err != nil {
		return nil, err
	}
	done.Buckets, done.Left = d.wireAll(ctx, p.Buckets)
	return done, ctx.Err()
}

// serve has the newest version serve, once it has answered.
func (p *Prepared) serve(ctx context.Context, done *Done) error {
	f, name := p.d.Functions, p.d.Config.FunctionName
	newest, err := p.newest(ctx)
	if err != nil {
		return err
	}
	serving, err := f.Serving(ctx, name)
	if err != nil {
		return err
	}
	done.Alias = move(p.before, newest, serving, len(p.Plan.Changes) > 0)
	if done.Alias.To != newest.Number { // it was rolled back: that version is not this configuration's
		return nil
	}
	if done.Program, err = probe(ctx, p.d.Functions, name, newest.Number, p.d.Config); err != nil {
		return p.failed(newest, serving, err)
	}
	if done.Alias.From == done.Alias.To {
		return nil
	}
	return f.Serve(ctx, name, Serving{Version: newest.Number})
}

// failed says what a version that doesn't answer leaves behind.
func (p *Prepared) failed(newest Version, serving Serving, err error) error {
	if serving.Version == newest.Number {
		return fmt.Errorf("version %s of the function doesn't work, and there is no other: no bucket was told to notify the queue: %w", newest.Number, err)
	}
	return fmt.Errorf("version %s of the function doesn't work: version %s goes on serving: %w", newest.Number, serving.Version, err)
}

// newest is the newest version, published if Terraform was killed before it
// could do so.
func (p *Prepared) newest(ctx context.Context) (Version, error) {
	f, name := p.d.Functions, p.d.Config.FunctionName
	versions, err := f.Versions(ctx, name)
	if err != nil {
		return Version{}, err
	}
	if n := len(versions); n > 0 && versions[n-1].Hash == p.d.Bundle.Hash {
		return versions[n-1], nil
	}
	return f.Publish(ctx, name, p.d.Bundle.Hash)
}

// wireAll changes buckets, all at once: each waits a while for its change to
// stand. left are the errors of those that fail, which keep no other from it.
func (d *Deployment) wireAll(ctx context.Context, buckets []BucketPlan) (done []Wired, left []error) {
	wired, errs := make([]Wired, len(buckets)), make([]error, len(buckets))
	var all sync.WaitGroup
	for i, b := range buckets {
		all.Go(func() { wired[i], errs[i] = d.Wirer.Wire(ctx, b.Bucket, b.wish) })
	}
	all.Wait()
	for i, err := range errs {
		if err == nil {
			done = append(done, wired[i])
		} else {
			left = append(left, err)
		}
	}
	return done, left
}

package deploy

import (
	"context"
	"errors"
	"slices"
)

// Keep says what a destruction leaves, besides the data.
type Keep struct {
	Database bool // with its tables
	Results  bool // the bucket of Athena's results, with what is in it
}

// ErrNothingDeployed says that the state knows no resource.
var ErrNothingDeployed = errors.New("nothing is deployed")

// Destruction is planned, not begun.
type Destruction struct {
	d        *Deployment
	state    State
	letGo    []string // addresses of what Terraform doesn't destroy
	database string   // "": none is deployed, or it was let go of already
	results  string   // as database
	keep     Keep
}

// PrepareDestruction finds out what there is to destroy.
func (d *Deployment) PrepareDestruction(ctx context.Context, k Keep) (*Destruction, error) {
	s, err := d.Terraform.Known(ctx)
	if err != nil {
		return nil, err
	}
	if len(s.Resources) == 0 {
		return nil, ErrNothingDeployed
	}
	x := &Destruction{d: d, state: s, keep: k, database: s.Outputs.Database}
	// The database can't be destroyed by Terraform at all: the module protects
	// it. Who wants it gone has it dropped once it was let go of.
	if r, ok := s.resource(databaseAddress); ok {
		x.database, x.letGo = r.Name, append(x.letGo, r.Address)
	}
	if r, ok := s.resource(resultsAddress); ok {
		x.results = r.Name
		if k.Results {
			x.letGo = append(x.letGo, s.belonging(resultsAddress)...)
		}
	}
	return x, nil
}

// Resources is how many Terraform destroys.
func (x *Destruction) Resources() int { return len(x.state.Resources) - len(x.letGo) }

// Kept are the database and the bucket of results, as far as they are kept.
func (x *Destruction) Kept() (list []string) {
	if x.keep.Database && x.database != "" {
		list = append(list, KindDatabase+" "+x.database)
	}
	if x.keep.Results && x.results != "" {
		list = append(list, KindBucket+" "+x.results)
	}
	return list
}

// Buckets are those that will no longer notify the queue.
func (x *Destruction) Buckets() []string {
	names := slices.Clone(x.state.Outputs.DataBuckets)
	for _, b := range x.d.Config.Buckets {
		if !slices.Contains(names, b.Name) {
			names = append(names, b.Name)
		}
	}
	return names
}

// Queues are the names of those that are destroyed, with what is in them.
func (x *Destruction) Queues() (names []string) {
	for _, a := range []string{queueAddress, deadLettersAddress} {
		if r, ok := x.state.resource(a); ok {
			names = append(names, r.Name)
		}
	}
	return names
}

// WorkGroup is the one that is destroyed, with the queries that people saved in
// it; "" if none is.
func (x *Destruction) WorkGroup() string {
	r, _ := x.state.resource(workGroupAddress)
	return r.Name
}

// Make destroys. The buckets come first: what notifies a queue that is gone is
// lost without a word, and S3 would refuse any other change of theirs. left are
// the errors of those that can't be changed, which keep nothing else from being
// destroyed. Killed anywhere, the next run goes on.
func (x *Destruction) Make(ctx context.Context, progress func(Step)) (left []error, err error) {
	left = x.unwire(ctx)
	if err := ctx.Err(); err != nil {
		return left, err
	}
	return left, x.destroy(ctx, progress)
}

func (x *Destruction) destroy(ctx context.Context, progress func(Step)) error {
	if err := x.d.Terraform.Forget(ctx, x.letGo); err != nil {
		return err
	}
	// Before the rest: once nothing is left in the state, no run would come back
	// to it.
	if !x.keep.Database && x.database != "" {
		if err := x.d.DropDatabase(ctx, x.database); err != nil {
			return err
		}
	}
	if _, err := x.d.Terraform.Plan(ctx, Purpose{Destroy: true}); err != nil {
		return err
	}
	return x.d.Terraform.Apply(ctx, progress)
}

func (x *Destruction) unwire(ctx context.Context) (left []error) {
	wish := x.d.wish(x.state.former(x.d.QueueARN, ""), true)
	var plans []BucketPlan
	for _, name := range x.Buckets() {
		plans = append(plans, BucketPlan{Bucket: name, wish: wish})
	}
	_, left = x.d.wireAll(ctx, plans)
	return left
}

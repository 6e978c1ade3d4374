package deploy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
)

// Keep says what a destruction leaves.
type Keep struct {
	Database bool // with its tables
	Results  bool // the bucket of Athena's results, with what is in it
}

// ErrNothingDeployed says that the state knows no resource.
var ErrNothingDeployed = errors.New("nothing is deployed")

// Destruction is planned, not begun.
type Destruction struct {
	d     *Deployment
	state State
	keep  []string // addresses
}

// PrepareDestruction finds out what there is to destroy.
func (d *Deployment) PrepareDestruction(ctx context.Context, k Keep) (*Destruction, error) {
	s, err := d.Terraform.Known(ctx)
	if err != nil {
		return nil, err
	}
	if len(s.Addresses) == 0 {
		return nil, ErrNothingDeployed
	}
	x := &Destruction{d: d, state: s}
	for _, a := range s.Addresses {
		results := strings.HasPrefix(a, module+"aws_s3_bucket") && strings.HasSuffix(a, ".results")
		// The database can't be destroyed by Terraform at all: the module
		// protects it. Who wants it gone has it dropped after it was let go of.
		if a == module+databaseAddress || results && k.Results {
			x.keep = append(x.keep, a)
		}
	}
	return x, nil
}

// Resources is how many are destroyed.
func (x *Destruction) Resources() int { return len(x.state.Addresses) - len(x.keep) }

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

// Queue is the queue that is destroyed, by its URL.
func (x *Destruction) Queue() string { return x.state.Outputs.QueueURL }

// Make destroys. The buckets come first: what notifies a queue that is gone is
// lost without a word, and S3 would refuse any other change of theirs. Killed
// anywhere, the next run goes on.
func (x *Destruction) Make(ctx context.Context, progress func(Step)) error {
	if err := x.unwire(ctx); err != nil {
		return err
	}
	if err := x.d.Terraform.Forget(ctx, x.keep); err != nil {
		return err
	}
	if _, err := x.d.Terraform.Plan(ctx, Purpose{Destroy: true}); err != nil {
		return err
	}
	return x.d.Terraform.Apply(ctx, progress)
}

func (x *Destruction) unwire(ctx context.Context) error {
	names := x.Buckets()
	errs := make([]error, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { _, errs[i] = x.d.Wirer.Wire(ctx, name, x.d.wish(x.state.Outputs, true)) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Database is the one that is let go of.
func (x *Destruction) Database() string { return x.state.Outputs.Database }

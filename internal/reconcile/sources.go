package reconcile

import (
	"context"
	"iter"

	"athenarefresh/internal/refresh"
)

// Objects lists buckets. Its method is called concurrently.
type Objects interface {
	// List returns keys of a bucket in the order of their bytes, and whether
	// there are more. Every object that existed from call to return is in the
	// answer, if its place is: S3's listings are consistent (docs/aws-facts.md 2).
	List(ctx context.Context, in Listing) (Page, error)
}

// Listing is a question for one page.
type Listing struct {
	Bucket  string
	Prefix  string // of all keys
	After   string // all keys are greater; "": from the first one
	Max     int    // keys and folders, 1 to 1,000
	Folders bool   // keys below a folder of Prefix are not listed, but the folder once
}

// Page is an answer. Keys and Folders are each in order.
type Page struct {
	Keys    []string
	Sizes   []int64  // of the objects, in bytes
	Folders []string // with the slash
	More    bool
}

// Catalog is what is known of tables and partitions. Its methods are called
// concurrently, for one table too.
type Catalog interface {
	refresh.Reader

	// All streams the partitions of a table that meet an expression, "" for
	// all. One that existed all the while comes once; one that comes or goes
	// meanwhile may be there or not. An error is the last thing that comes.
	All(ctx context.Context, t refresh.Table, expression string) iter.Seq2[refresh.Partition, error]
}

// Settler adds partitions, by the rules of package refresh:
// [refresh.Refresher.SettleObjects].
type Settler interface {
	SettleObjects(ctx context.Context, objects []refresh.Object) []refresh.Answer
}

// Mender changes what exists. It is called only for what a person asked for, and
// only with what was looked at a moment ago.
type Mender interface {
	// Relocate gives partitions, by their values, the location that parts have.
	// It returns an error for each of parts, nil where the catalog took it.
	Relocate(ctx context.Context, t refresh.Table, parts []refresh.Partition) []error

	// Drop takes partitions out of the catalog; what is in S3 stays. It returns
	// an error for each of parts, nil where the partition is gone.
	Drop(ctx context.Context, t refresh.Table, parts []refresh.Partition) []error
}

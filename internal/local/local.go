// Package local is an AWS for one machine: S3, SQS, Glue and Athena on one
// port, in one directory, for clients that believe it is the real one.
//
// It listens on the loopback only, answers to local names only, and answers
// nothing that is not signed with its credentials, so that neither the network
// nor a web page in a browser on the same machine can reach it. It is no
// sandbox: whoever may read the directory may read all objects.
//
// The packages below know nothing of each other. What happens together is one
// transaction of one database: an object and its notification are recorded at
// once, whichever service asked.
//
//	client ─► door: host, signature, X-Amz-Target ─► guard ─► faults ─┬─► s3      ─┐
//	                                                  ▲               ├─► sqs      ├─► committer ─► local.db
//	                                                  │               ├─► glue    ─┘
//	                                                  │               ├─► cloudwatch: the queues' counters
//	                                                  └───────────────┴── athena (SELECT needs cgo, see CanSelect)
//
// The guard judges the requests of roles, and what Athena does for them.
//
// The directory: local.db (bbolt, locked while a stack is open), objects/ (one
// file per put, see package s3), athena/ (results of statements).
package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"athenarefresh/internal/local/athena"
	"athenarefresh/internal/local/cloudwatch"
	"athenarefresh/internal/local/glue"
	"athenarefresh/internal/local/rights"
	"athenarefresh/internal/local/s3"
	"athenarefresh/internal/local/sigv4"
	"athenarefresh/internal/local/sqs"

	"github.com/rclone/gofakes3"
	"go.etcd.io/bbolt"
)

// The credentials of a client who may do everything; see [Roles] for others.
const (
	AccessKey = "test"
	SecretKey = "test"
)

// Options of a stack. Only Data is needed.
type Options struct {
	Data          string // directory; made if missing
	Region        string // us-east-1 if ""
	Account       string // 123456789012 if ""
	InFlightLimit int    // messages in flight per queue; 120,000 if 0
	Now           func() time.Time

	Roles   Roles           // whose requests are judged
	Judged  func(Judgement) // told of every right of theirs that was judged; nil for nobody
	Latency map[string]time.Duration
	Faults  []Fault
	Mount   *Mount // nil for none
}

// Mount is a bucket that shows a directory.
type Mount = s3.Mount

// Stack is an open stack. [Stack.Serve] closes it; who uses [Stack.Handler]
// alone closes it himself.
type Stack struct {
	db      *bbolt.DB
	buckets *s3.Store
	queues  *sqs.Store
	closers []io.Closer // before the database, last first
	handler http.Handler

	closing  sync.Once
	closeErr error
}

// Open opens the stack in a directory. [ErrInUse] if it is open already,
// [ErrDamaged] if what is there can't be read; then nothing was changed.
func Open(o Options) (*Stack, error) {
	o = o.withDefaults()
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, fmt.Errorf("open the local stack: %w", err)
	}
	db, err := openDatabase(o.Data)
	if err != nil {
		return nil, err
	}
	s := &Stack{db: db}
	if err := orDamaged(func() error { return s.open(o) }); err != nil {
		return nil, errors.Join(fmt.Errorf("open the local stack in %s: %w", o.Data, err), s.Close())
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	o.Region = cmp.Or(o.Region, "us-east-1")
	o.Account = cmp.Or(o.Account, "123456789012")
	o.InFlightLimit = cmp.Or(o.InFlightLimit, 120_000)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func (s *Stack) open(o Options) error {
	commits := newCommitter(s.db)
	var err error
	s.queues, err = sqs.Open(sqs.Options{
		DB: s.db, Update: commits.Update, Region: o.Region, Account: o.Account,
		InFlightLimit: o.InFlightLimit, Now: o.Now,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.queues)
	s.buckets, err = s3.Open(s3.Options{
		DB: s.db, Update: commits.Update, Dir: filepath.Join(o.Data, "objects"),
		Region: o.Region, Queues: s.queues, Now: o.Now, Mount: o.Mount,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.buckets)
	catalog, err := glue.New(s.db, o.Account)
	if err != nil {
		return err
	}
	account := rights.Account{Region: o.Region, ID: o.Account, Key: s.queues.Key}
	guard := &guard{roles: o.Roles, buckets: s.buckets, judged: o.Judged, account: account}
	engine, err := athena.New(athena.Options{
		Catalog: catalog, Objects: objects{s.buckets}, DataDir: o.Data, DB: s.db,
		Account: account, MayOf: guard.mayOf, Latency: o.Latency["athena"], Mounts: s.buckets.Mounted(),
	})
	if err != nil {
		return err
	}
	guard.account.WorkGroup = engine.WorkGroup
	s.closers = append(s.closers, engine)
	s.handler = &gateway{
		verifier: sigv4.Verifier{AccessKeys: append(slices.Collect(maps.Keys(o.Roles)), AccessKey), Secret: SecretKey, Now: o.Now},
		services: map[string]http.Handler{
			"sqs": s.queues.Service(), "glue": catalog.Service(), "athena": engine.Service(), "cloudwatch": cloudwatch.Service(s.points),
		},
		buckets: s.buckets,
		guard:   guard,
		faults:  newFaults(o.Latency, o.Faults),
	}
	return nil
}

// points are a queue's metrics for CloudWatch.
func (s *Stack) points(queue, metric string, from, to time.Time) []cloudwatch.Point {
	var list []cloudwatch.Point
	for _, p := range s.queues.Points(queue, metric, from, to) {
		list = append(list, cloudwatch.Point(p))
	}
	return list
}

// objects are the store as Athena sees it.
type objects struct{ store *s3.Store }

// List implements athena.Objects.
func (o objects) List(ctx context.Context, bucket, prefix string) ([]athena.Object, error) {
	found, err := o.store.Objects(ctx, bucket, prefix)
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchBucket) {
		return nil, nil
	}
	all := make([]athena.Object, len(found))
	for i, f := range found {
		all[i] = athena.Object(f)
	}
	return all, err
}

// Put implements athena.Objects.
func (o objects) Put(ctx context.Context, bucket, key string, body []byte) error {
	return o.store.Put(ctx, bucket, key, body)
}

// Handler answers all services. Every request it has let in must have ended
// before [Stack.Close].
func (s *Stack) Handler() http.Handler { return s.handler }

// Close closes the stack; a second time it does nothing.
func (s *Stack) Close() error {
	s.closing.Do(func() {
		var errs []error
		for i := len(s.closers) - 1; i >= 0; i-- {
			errs = append(errs, s.closers[i].Close())
		}
		s.closeErr = errors.Join(append(errs, s.db.Close())...)
	})
	return s.closeErr
}

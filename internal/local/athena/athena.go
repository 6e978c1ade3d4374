// Package athena is the embedded AWS's Athena: it runs DDL on the catalog of
// package glue and SELECT, by DuckDB, on the files that the catalog's tables
// point to, and serves the Athena API (JSON 1.1).
//
// The law of this package: a statement's effect is in the catalog, its result
// in the output location and its execution in the history before anyone is
// told that it SUCCEEDED. A crash before that leaves an execution nobody hears
// of again, as if it had not been submitted; what it did of its effect, one
// transaction, is there or isn't.
//
// A SELECT reads what the catalog says when it starts: the partitions of each
// table that it names, of these only the ones that its conditions on partition
// keys leave (prune.go), of those the files that are listed then. It runs in a
// DuckDB of its own that can open nothing but files below <data>/objects.
//
// SELECT needs cgo. Without it the package builds and answers SELECT with a
// failure that says so.
package athena

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/local/glue"
	"athenarefresh/internal/local/rights"
)

// Objects is the S3 that tables live in.
type Objects interface {
	// List returns all objects whose key begins with prefix, in key order. A
	// bucket that doesn't exist has none.
	List(ctx context.Context, bucket, prefix string) ([]Object, error)

	// Put stores an object; nil means that it survives a kill. It fails if
	// the bucket doesn't exist.
	Put(ctx context.Context, bucket, key string, body []byte) error
}

// Object is an object and the file that holds its body.
type Object struct {
	Key  string
	Size int64 // bytes
	// Path of the body on this machine: absolute, below <DataDir>/objects,
	// never written again. Its name has only [A-Za-z0-9._-] and ends in the
	// key's extensions, such as .json.gz.
	Path string
	// Modified is when the body was last written, zero if it never is again.
	Modified time.Time
}

// Options are what an Engine needs.
type Options struct {
	Catalog *glue.Catalog
	Objects Objects
	DataDir string    // holds objects/; results are kept in athena/
	DB      *bbolt.DB // holds workgroups and history
	Mounts  []string  // other directories that objects are in, without links; may be none
	Account rights.Account
	// MayOf returns what judges whoever a request's context is of: an error says
	// which right is lacking. It returns nil for who may do everything, and may
	// be nil itself where that is everybody.
	MayOf func(context.Context) func(...rights.Need) error
	// Latency is how long a statement runs at least.
	Latency time.Duration
}

// Engine runs statements. It is safe for concurrent use.
type Engine struct {
	Options
	bodies []string // the directories that objects are in
	now    func() time.Time

	stop    context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup
	selects chan struct{} // a slot for each SELECT that may run at once
	limit   time.Duration // of a SELECT, without what its files need

	mu     sync.Mutex
	closed bool
	active map[string]*execution // submitted and not yet final, by id
}

// maxSelects bounds the SELECTs that run at once: each may take duck.Memory.
const maxSelects = 4

// selectTime is how long a SELECT may run besides what its files take: one that
// runs away ends, one that has much to read doesn't.
const selectTime = 15 * time.Second

// New opens the engine. Close it to end its statements.
func New(o Options) (*Engine, error) {
	if err := os.MkdirAll(filepath.Join(o.DataDir, "athena"), 0o755); err != nil {
		return nil, fmt.Errorf("create the results' folder: %w", err)
	}
	var err error
	if o.DataDir, err = filepath.Abs(o.DataDir); err != nil {
		return nil, fmt.Errorf("find the data folder: %w", err)
	}
	stop, cancel := context.WithCancel(context.Background())
	e := &Engine{
		Options: o, bodies: append([]string{filepath.Join(o.DataDir, "objects")}, o.Mounts...), now: time.Now,
		stop: stop, cancel: cancel, selects: make(chan struct{}, maxSelects), limit: selectTime,
		active: map[string]*execution{},
	}
	if err := e.openStore(); err != nil {
		cancel()
		return nil, err
	}
	return e, nil
}

// Close cancels what runs and waits for it. Nothing can be started any more.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.cancel()
	e.running.Wait()
	return nil
}

// invalidRequest is Athena's error for whatever the caller got wrong.
func invalidRequest(format string, args ...any) error {
	err := awsjson.Errorf("InvalidRequestException", format, args...)
	err.Members = map[string]any{"AthenaErrorCode": "INVALID_INPUT"}
	return err
}

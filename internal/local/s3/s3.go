// Package s3 is the object store of the local stack. The protocol is
// gofakes3's; the store behind it and bucket notifications are ours.
//
// The laws:
//
//   - An answered put survives kill -9: the body is a file, synced under a name
//     that was never used before, and then one transaction makes it the object's.
//     A crash in between leaves a file that nobody refers to; [Open] removes it.
//   - A put and its notification are one transaction: neither is ever seen
//     without the other.
//   - What a file holds never changes. Whoever has an object's path reads that
//     whole object, for [Grace] longer than it exists.
//   - A key never takes part in the name of a file, but for a plain extension,
//     by which engines tell how to read it.
//
// Not here: versions, ACLs, policies, encryption. Multipart uploads that are
// not complete are forgotten with the process, and an object's ETag is the MD5
// of its content however it was uploaded.
package s3

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/rclone/gofakes3"
	"go.etcd.io/bbolt"
)

// The buckets of the database:
//
//	s3.buckets: name → bucket, as JSON; its sequence numbers all events
//	s3.objects: name → a bucket of key → object, as JSON
var (
	bucketsName = []byte("s3.buckets")
	objectsName = []byte("s3.objects")
)

// Queues is where notifications go.
type Queues interface {
	// Takes says whether there is a queue of that ARN to which S3 may send on
	// behalf of a bucket, by its ARN.
	Takes(arn, bucket string) bool
	// Enqueue sends a message on behalf of a bucket as a part of tx: it is in the
	// queue when, and only if, tx is committed. A queue that is gone by now, or
	// takes nothing from the bucket any more, gets nothing, and that is no error:
	// S3 drops such a notification too.
	Enqueue(tx *bbolt.Tx, arn, bucket, body string) error
}

// Options of a store; all are needed.
type Options struct {
	DB *bbolt.DB
	// Update is DB.Update, or one that lets concurrent writers share a
	// transaction. It may call its function more than once.
	Update func(func(*bbolt.Tx) error) error
	Dir    string // where bodies are kept; made if missing
	Region string
	Queues Queues
	Now    func() time.Time
}

// Store is all buckets. It is safe for concurrent use.
type Store struct {
	Options
	fake http.Handler

	mu      sync.Mutex
	uploads map[gofakes3.UploadID]*upload
	buried  []corpse
}

// bucket is what is stored of a bucket.
type bucket struct {
	Created      time.Time
	Notification *notificationConfiguration `json:",omitempty"`
}

// Open opens the store in db and removes the files that a crash left over.
func Open(o Options) (*Store, error) {
	s := &Store{Options: o, uploads: map[gofakes3.UploadID]*upload{}}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("find the objects: %w", err)
	}
	s.Dir = dir
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the objects: %w", err)
	}
	err = s.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucketIfNotExists(bucketsName); err != nil {
			return err
		}
		_, err := tx.CreateBucketIfNotExists(objectsName)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open the buckets: %w", err)
	}
	if err := s.sweep(); err != nil {
		return nil, fmt.Errorf("sweep the objects: %w", err)
	}
	s.fake = gofakes3.New(s, gofakes3.WithTimeSkewLimit(0)).Server()
	return s, nil
}

// ServeHTTP answers an S3 call, path-style. The signature is the front door's
// affair.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, key, _ := strings.Cut(strings.TrimLeft(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	switch {
	case !utf8.ValidString(r.URL.Path):
		writeError(w, name, gofakes3.ErrorMessage(gofakes3.ErrInvalidURI, "Couldn't parse the specified URI."))
	case key == "" && query.Has("notification"):
		s.serveNotification(w, r, name)
	case key == "" && query.Has("location") && r.Method == http.MethodGet:
		s.serveLocation(w, r, name)
	case key == "" && name != "" && r.Method == http.MethodHead:
		s.serveHead(w, r, name)
	case key == "" && name != "" && r.Method == http.MethodPut && (len(query) == 0 || len(query) == 1 && query.Has("x-id")):
		s.serveCreateBucket(w, r, name)
	default:
		s.fake.ServeHTTP(noCORS{w}, r.WithContext(withCaller(r)))
	}
}

// noCORS takes back gofakes3's leave for web pages to read everything.
type noCORS struct{ http.ResponseWriter }

func (w noCORS) WriteHeader(status int) {
	dropCORS(w.Header())
	w.ResponseWriter.WriteHeader(status)
}

func (w noCORS) Write(p []byte) (int, error) {
	dropCORS(w.Header())
	return w.ResponseWriter.Write(p)
}

func dropCORS(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			delete(h, name)
		}
	}
}

// caller is what an event says about the request behind it.
type caller struct {
	ip   string
	form bool // an HTML form's POST
}

type callerKey struct{}

func withCaller(r *http.Request) context.Context {
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip = r.RemoteAddr
	}
	return context.WithValue(r.Context(), callerKey{}, caller{ip: ip, form: r.Method == http.MethodPost})
}

// callerOf is the zero caller for what the stack itself puts.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	if c.ip == "" {
		c.ip = "127.0.0.1"
	}
	return c
}

// load reads the JSON of a key; false if there is none.
func load(b *bbolt.Bucket, key string, to any) (bool, error) {
	v := b.Get([]byte(key))
	if v == nil {
		return false, nil
	}
	if err := json.Unmarshal(v, to); err != nil {
		return false, fmt.Errorf("decode %q: %w", key, err)
	}
	return true, nil
}

func save(b *bbolt.Bucket, key string, from any) error {
	v, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("encode %q: %w", key, err)
	}
	return b.Put([]byte(key), v)
}

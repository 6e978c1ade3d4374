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
// not complete are forgotten with the process.
package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
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

// Options of a store; all but Mount are needed.
type Options struct {
	DB *bbolt.DB
	// Update is DB.Update, or one that lets concurrent writers share a
	// transaction. It may call its function more than once.
	Update func(func(*bbolt.Tx) error) error
	Dir    string // where bodies are kept; made if missing
	Region string
	Queues Queues
	Now    func() time.Time
	Mount  *Mount // nil for none
}

// Store is all buckets. It is safe for concurrent use.
type Store struct {
	Options
	fake     http.Handler
	mount    *mount    // nil: there is none
	follower *follower // nil: it isn't followed

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
	if o.Mount != nil {
		if err := s.show(*o.Mount); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	s.fake = gofakes3.New(s, gofakes3.WithTimeSkewLimit(0)).Server()
	return s, nil
}

// show opens the mount, and makes its bucket if there is none.
func (s *Store) show(o Mount) error {
	ctx := context.Background()
	var err error
	if s.mount, err = openMount(o); err != nil {
		return err
	}
	if o.Follow {
		if s.follower, err = newFollower(ctx, s, s.mount); err != nil {
			return fmt.Errorf("follow %s: %w", o.Dir, err)
		}
	}
	if err := s.CreateBucket(ctx, o.Bucket); !gofakes3.HasErrorCode(err, gofakes3.ErrBucketAlreadyExists) {
		return err
	}
	return nil
}

// mounted is the mount if a bucket shows it, else nil.
func (s *Store) mounted(bucket string) *mount {
	if s.mount != nil && s.mount.Bucket == bucket {
		return s.mount
	}
	return nil
}

// Mounted is the directory of the mount, without links; none if there is none.
func (s *Store) Mounted() []string {
	if s.mount == nil {
		return nil
	}
	return []string{s.mount.real}
}

// Close lets go of the mount.
func (s *Store) Close() error {
	if s.mount == nil {
		return nil
	}
	return s.mount.root.Close()
}

// ServeHTTP answers an S3 call, path-style. The signature is the front door's
// affair.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, key, _ := strings.Cut(strings.TrimLeft(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	resource, err := name, error(nil)
	switch {
	case !utf8.ValidString(r.URL.Path):
		err = gofakes3.ErrorMessage(gofakes3.ErrInvalidURI, "Couldn't parse the specified URI.")
	case key == "" && query.Has("notification"):
		err = s.serveNotification(w, r, name)
	case key != "" && query.Has("uploadId") && r.Method == http.MethodGet:
		resource, err = key, s.serveParts(w, query, name, key)
	case key == "" && (query.Has("location") && r.Method == http.MethodGet || name != "" && r.Method == http.MethodHead):
		err = s.serveRegion(w, r, name)
	case key == "" && name != "" && r.Method == http.MethodPut && (len(query) == 0 || len(query) == 1 && query.Has("x-id")):
		err = s.serveCreateBucket(w, r, name)
	case s.mounted(name) != nil && !reads:
		err = writeXML(w, http.StatusForbidden, errorAnswer{Code: "AccessDenied",
			Message: "the bucket shows the files of a directory, and is for reading only", Resource: name})
	default:
		s.serveFake(w, r, reads)
	}
	if err != nil {
		writeError(w, resource, err)
	}
}

// exchange is a request, as far as events tell of it, and what its answer has to
// be told that gofakes3 doesn't know.
type exchange struct {
	ip    string
	form  bool // an HTML form's POST
	parts int  // of the object that is answered with, 0 for one put whole
	small bool // a part was: an error that gofakes3 doesn't know, and takes for its own
}

type exchangeKey struct{}

// exchangeOf is that of nobody for what the stack itself does.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{ip: "127.0.0.1"}
}

// serveFake has gofakes3 answer. It knows only ETags that are MD5s, so that the
// number of parts is taken off what a client asks and put to what it is told.
func (s *Store) serveFake(w http.ResponseWriter, r *http.Request, reads bool) {
	x := &exchange{form: r.Method == http.MethodPost}
	var err error
	if x.ip, _, err = net.SplitHostPort(r.RemoteAddr); err != nil {
		x.ip = r.RemoteAddr
	}
	r = r.Clone(context.WithValue(r.Context(), exchangeKey{}, x))
	for _, name := range []string{"If-Match", "If-None-Match", "X-Amz-Copy-Source-If-Match", "X-Amz-Copy-Source-If-None-Match"} {
		if v := r.Header.Get(name); v != "" {
			r.Header.Set(name, partsOfETag.ReplaceAllString(v, "$1"))
		}
	}
	answer := &amended{ResponseWriter: w, exchange: x, reads: reads}
	s.fake.ServeHTTP(answer, r)
	answer.amend() // one that is headers only is written when we return
}

var partsOfETag = regexp.MustCompile(`([0-9a-f]{32})-[0-9]+`)

// amended takes back gofakes3's leave for web pages to read everything, and tells
// of parts.
type amended struct {
	http.ResponseWriter
	exchange *exchange
	reads    bool
	done     bool
}

// WriteHeader implements http.ResponseWriter.
func (w *amended) WriteHeader(status int) {
	w.amend()
	if w.exchange.small {
		status = http.StatusBadRequest
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *amended) Write(p []byte) (int, error) {
	w.amend()
	return w.ResponseWriter.Write(p)
}

func (w *amended) amend() {
	if w.done {
		return
	}
	w.done = true
	h := w.Header()
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			delete(h, name)
		}
	}
	if tag := h.Get("ETag"); w.reads && tag != "" && w.exchange.parts > 0 {
		h.Set("ETag", fmt.Sprintf(`%s-%d"`, strings.TrimSuffix(tag, `"`), w.exchange.parts))
	}
}

// load reads the JSON of a key; false if there is none.
func load(b *bbolt.Bucket, key string, to any) (bool, error) {
	v := b.Get([]byte(key))
	if v == nil {
		return false, nil
	}
	return true, decode(key, v, to)
}

func decode(key string, v []byte, to any) error {
	if err := json.Unmarshal(v, to); err != nil {
		return fmt.Errorf("decode %q: %w", key, err)
	}
	return nil
}

func save(b *bbolt.Bucket, key string, from any) error {
	v, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("encode %q: %w", key, err)
	}
	return b.Put([]byte(key), v)
}

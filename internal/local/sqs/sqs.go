// Package sqs is the queues of the local stack: SQS's JSON protocol over
// messages in a database, standard queues only.
//
// The laws:
//
//   - An answered send survives kill -9, and so does an answered delete, an
//     answered change of visibility and a move to a dead-letter queue: each is
//     one transaction. A message is never in both queues, or in none.
//   - A message is handed out to one receiver at a time, for its visibility
//     timeout; after that to anyone. A crash makes every message that was in
//     flight visible at the latest when it would have been.
//   - How often and when a message was received is written a few seconds late,
//     with the next transaction of its queue, and when the store is closed: a
//     crash may lose the last few receives. A reader who deletes what it
//     received costs one transaction, not two.
//
// Memory holds what orders the messages, about 150 bytes each; their bodies
// stay in the database.
package sqs

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"athenarefresh/internal/iam"
	"athenarefresh/internal/local/awsjson"

	"go.etcd.io/bbolt"
)

// The buckets of the database. A queue's id is new whenever it is created, so
// that nothing of a deleted queue of the same name can come back.
//
//	sqs.queues:   name → record, as JSON
//	sqs.contents: id → a bucket of number → content, as JSON
//	sqs.states:   id → a bucket of number → state
var (
	queuesName   = []byte("sqs.queues")
	contentsName = []byte("sqs.contents")
	statesName   = []byte("sqs.states")
)

// Options of a store.
type Options struct {
	DB *bbolt.DB
	// Update is DB.Update, or one that lets concurrent writers share a
	// transaction. It may call its function more than once.
	Update  func(func(*bbolt.Tx) error) error
	Region  string
	Account string
	// InFlightLimit is how many messages of a queue may be in flight; SQS has
	// about 120,000 for standard queues.
	InFlightLimit int
	Now           func() time.Time
}

// Store is all queues. It is safe for concurrent use.
//
// Its locks are never held across a transaction: a transaction's function and
// its commit handlers take them.
type Store struct {
	Options

	mu     sync.RWMutex
	queues map[string]*queue // by name
	tasks  []*moveTask       // newest last; forgotten with the process
}

// record is what is stored of a queue.
type record struct {
	ID         uint64
	Attributes map[string]string // those that were set
	Tags       map[string]string
	Created    time.Time
	Modified   time.Time
}

// Open reads the queues of db.
func Open(o Options) (*Store, error) {
	s := &Store{Options: o, queues: map[string]*queue{}}
	err := s.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(queuesName)
		_, err2 := tx.CreateBucketIfNotExists(contentsName)
		_, err3 := tx.CreateBucketIfNotExists(statesName)
		return cmp.Or(err, err2, err3)
	})
	if err != nil {
		return nil, fmt.Errorf("open the queues: %w", err)
	}
	return s, s.DB.View(s.load)
}

func (s *Store) load(tx *bbolt.Tx) error {
	return tx.Bucket(queuesName).ForEach(func(name, v []byte) error {
		q, err := s.loadQueue(tx, string(name), v)
		if err != nil {
			return fmt.Errorf("read queue %s: %w", name, err)
		}
		s.queues[q.name] = q
		return nil
	})
}

func (s *Store) loadQueue(tx *bbolt.Tx, name string, v []byte) (*queue, error) {
	var r record
	if err := json.Unmarshal(v, &r); err != nil {
		return nil, err
	}
	q, err := s.newQueue(name, &r)
	if err != nil {
		return nil, err
	}
	return q, q.load(tx)
}

// Close writes down what is written late. The store must not be used any more.
func (s *Store) Close() error {
	for _, q := range s.all() {
		if err := q.write(q.lateWrites(0), nil); err != nil {
			return fmt.Errorf("close queue %s: %w", q.name, err)
		}
	}
	return nil
}

func (s *Store) all() []*queue {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.SortedFunc(maps.Values(s.queues), func(a, b *queue) int { return strings.Compare(a.name, b.name) })
}

// Takes says whether there is a queue of that ARN to which S3 may send on behalf
// of a bucket. S3 can't be let use AWS's own key for SQS.
func (s *Store) Takes(arn, bucket string) bool {
	q := s.byARN(arn)
	return q != nil && q.lets(s.Account, bucket)
}

// lets asks the queue's policy. What it hangs on and isn't understood counts as a
// refusal: a policy that works here must work in an account.
func (q *queue) lets(account, bucket string) bool {
	set := q.settings.Load()
	answer := set.policy.Lets(iam.Request{Service: "s3.amazonaws.com", Action: "sqs:SendMessage", Resource: q.arn, Keys: map[string]string{
		"aws:sourcearn": bucket, "aws:sourceaccount": account, "aws:securetransport": "true",
	}})
	return answer >= iam.Loose && set.key != "alias/aws/sqs"
}

// Key is the ARN of the key that a queue is encrypted with, "" for a queue that
// has none of one's own: AWS's own keys ask nothing of whoever uses the queue.
func (s *Store) Key(name string) string {
	q := s.byName(name)
	if q == nil {
		return ""
	}
	switch key := q.settings.Load().key; {
	case key == "" || strings.HasPrefix(key, "alias/"):
		return ""
	case strings.HasPrefix(key, "arn:"):
		return key
	default:
		return "arn:aws:kms:" + s.Region + ":" + s.Account + ":key/" + key
	}
}

// Enqueue sends a message on behalf of a bucket as a part of tx: it is in the
// queue when, and only if, tx is committed. A queue that is gone, or doesn't let
// S3 send, gets nothing, without an error.
func (s *Store) Enqueue(tx *bbolt.Tx, arn, bucket, body string) error {
	q := s.byARN(arn)
	if q == nil || !q.lets(s.Account, bucket) {
		return nil
	}
	if contents, _ := q.buckets(tx); contents == nil {
		return nil
	}
	return q.put(tx, newContent(body), sentNow(s.Now(), q.settings.Load().time("DelaySeconds")))
}

func (s *Store) arn(name string) string {
	return "arn:aws:sqs:" + s.Region + ":" + s.Account + ":" + name
}

// byARN returns the queue of an ARN, nil if there is none.
func (s *Store) byARN(arn string) *queue {
	name := arn[strings.LastIndexByte(arn, ':')+1:]
	if arn != s.arn(name) {
		return nil
	}
	return s.byName(name)
}

// byName returns a queue, nil if there is none.
func (s *Store) byName(name string) *queue {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.queues[name]
}

type hostKey struct{}

// url is a queue's, as seen by the client behind ctx.
func (s *Store) url(ctx context.Context, name string) string {
	host, _ := ctx.Value(hostKey{}).(string)
	return "http://" + host + "/" + s.Account + "/" + name
}

// maxRequest is ample for a batch of 1 MiB, every byte escaped.
const maxRequest = 8 << 20

// Service answers the calls of clients.
func (s *Store) Service() http.Handler {
	service := &awsjson.Service{Version: "1.0", MaxBody: maxRequest, Operations: s.Operations()}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		service.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), hostKey{}, r.Host)))
	})
}

// Operations are the calls that there are.
func (s *Store) Operations() map[string]awsjson.Operation {
	return map[string]awsjson.Operation{
		"CreateQueue":                  awsjson.Op(s.createQueue),
		"DeleteQueue":                  onQueue(s, s.deleteQueue),
		"GetQueueUrl":                  awsjson.Op(s.getQueueURL),
		"ListQueues":                   awsjson.Op(s.listQueues),
		"GetQueueAttributes":           onQueue(s, s.getQueueAttributes),
		"SetQueueAttributes":           onQueue(s, s.setQueueAttributes),
		"PurgeQueue":                   onQueue(s, s.purgeQueue),
		"TagQueue":                     onQueue(s, s.tagQueue),
		"UntagQueue":                   onQueue(s, s.tagQueue),
		"ListQueueTags":                onQueue(s, s.listQueueTags),
		"SendMessage":                  onQueue(s, send.one),
		"SendMessageBatch":             onQueue(s, send.batch),
		"ReceiveMessage":               onQueue(s, s.receiveMessage),
		"DeleteMessage":                onQueue(s, remove.one),
		"DeleteMessageBatch":           onQueue(s, remove.batch),
		"ChangeMessageVisibility":      onQueue(s, changeVisibility.one),
		"ChangeMessageVisibilityBatch": onQueue(s, changeVisibility.batch),
		"ListDeadLetterSourceQueues":   onQueue(s, s.listDeadLetterSourceQueues),
		"StartMessageMoveTask":         awsjson.Op(s.startMessageMoveTask),
		"ListMessageMoveTasks":         awsjson.Op(s.listMessageMoveTasks),
	}
}

// target is the queue that a call is about. Its URL counts by the path alone:
// clients reach the stack by many names.
type target struct{ QueueURL string }

func (t target) url() string { return t.QueueURL }

// onQueue is an operation on the queue that the request names.
func onQueue[In interface{ url() string }, Out any](s *Store, f func(context.Context, *queue, In) (Out, error)) awsjson.Operation {
	return awsjson.Op(func(ctx context.Context, in In) (out Out, err error) {
		url := in.url()
		if url == "" {
			return out, missing("QueueUrl")
		}
		q := s.byName(url[strings.LastIndexByte(url, '/')+1:])
		if q == nil {
			return out, errNoQueue()
		}
		return f(ctx, q, in)
	})
}

// number is a key that sorts as the number does.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func keyNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key) }

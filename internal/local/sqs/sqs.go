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
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
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
		for _, name := range [][]byte{queuesName, contentsName, statesName} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open the queues: %w", err)
	}
	return s, s.DB.View(s.load)
}

func (s *Store) load(tx *bbolt.Tx) error {
	return tx.Bucket(queuesName).ForEach(func(name, v []byte) error {
		var r record
		if err := json.Unmarshal(v, &r); err != nil {
			return fmt.Errorf("read queue %s: %w", name, err)
		}
		q, err := s.newQueue(string(name), r)
		if err != nil {
			return fmt.Errorf("read queue %s: %w", name, err)
		}
		if err := q.load(tx); err != nil {
			return fmt.Errorf("read queue %s: %w", name, err)
		}
		s.queues[string(name)] = q
		return nil
	})
}

// Close writes down what is written late. The store must not be used any more.
func (s *Store) Close() error {
	for _, q := range s.all() {
		if err := s.write(q, q.lateWrites(0), nil); err != nil {
			return fmt.Errorf("close queue %s: %w", q.name, err)
		}
	}
	return nil
}

func (s *Store) all() []*queue {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []*queue
	for _, q := range s.queues {
		all = append(all, q)
	}
	slices.SortFunc(all, func(a, b *queue) int { return strings.Compare(a.name, b.name) })
	return all
}

// Metrics are CloudWatch's three counters of a queue, since the store was
// opened: duplicates count, as they do there.
type Metrics struct {
	Sent, Received, Deleted int64
}

// Metrics returns a queue's counters; false if there is no such queue.
func (s *Store) Metrics(name string) (Metrics, bool) {
	s.mu.RLock()
	q := s.queues[name]
	s.mu.RUnlock()
	if q == nil {
		return Metrics{}, false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.metrics, true
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
	q.mu.Lock()
	policy, key := q.settings.policy, q.settings.key
	q.mu.Unlock()
	answer := policy.Lets(iam.Request{Service: "s3.amazonaws.com", Action: "sqs:SendMessage", Resource: q.arn, Keys: map[string]string{
		"aws:sourcearn": bucket, "aws:sourceaccount": account, "aws:securetransport": "true",
	}})
	return answer >= iam.Loose && key != "alias/aws/sqs"
}

// Key is the ARN of the key that a queue is encrypted with, "" for a queue that
// has none of one's own: AWS's own keys ask nothing of whoever uses the queue.
func (s *Store) Key(name string) string {
	s.mu.RLock()
	q := s.queues[name]
	s.mu.RUnlock()
	if q == nil {
		return ""
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	switch key := q.settings.key; {
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
	if q == nil || q.bucket(tx, statesName) == nil || !q.lets(s.Account, bucket) {
		return nil
	}
	q.mu.Lock()
	delay := q.settings.delay
	q.mu.Unlock()
	return q.put(tx, newContent(body), sentNow(s.Now(), delay))
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
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.queues[name]
}

// byURL returns the queue of a URL, which counts by its path alone: clients
// reach the stack by many names.
func (s *Store) byURL(url string) (*queue, error) {
	if url == "" {
		return nil, missing("QueueUrl")
	}
	name := url[strings.LastIndexByte(url, '/')+1:]
	return s.byName(name)
}

func (s *Store) byName(name string) (*queue, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if q := s.queues[name]; q != nil {
		return q, nil
	}
	return nil, errNoQueue()
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
		"DeleteQueue":                  awsjson.Op(s.deleteQueue),
		"GetQueueUrl":                  awsjson.Op(s.getQueueURL),
		"ListQueues":                   awsjson.Op(s.listQueues),
		"GetQueueAttributes":           awsjson.Op(s.getQueueAttributes),
		"SetQueueAttributes":           awsjson.Op(s.setQueueAttributes),
		"PurgeQueue":                   awsjson.Op(s.purgeQueue),
		"TagQueue":                     awsjson.Op(s.tagQueue),
		"UntagQueue":                   awsjson.Op(s.untagQueue),
		"ListQueueTags":                awsjson.Op(s.listQueueTags),
		"SendMessage":                  awsjson.Op(s.sendMessage),
		"SendMessageBatch":             awsjson.Op(s.sendMessageBatch),
		"ReceiveMessage":               awsjson.Op(s.receiveMessage),
		"DeleteMessage":                awsjson.Op(s.deleteMessage),
		"DeleteMessageBatch":           awsjson.Op(s.deleteMessageBatch),
		"ChangeMessageVisibility":      awsjson.Op(s.changeMessageVisibility),
		"ChangeMessageVisibilityBatch": awsjson.Op(s.changeMessageVisibilityBatch),
		"ListDeadLetterSourceQueues":   awsjson.Op(s.listDeadLetterSourceQueues),
		"StartMessageMoveTask":         awsjson.Op(s.startMessageMoveTask),
		"ListMessageMoveTasks":         awsjson.Op(s.listMessageMoveTasks),
	}
}

// number is a key that sorts as the number does.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func keyNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key) }

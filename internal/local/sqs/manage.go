package sqs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// request is what the calls about queues are asked with, each with a part of it.
type request struct {
	target
	QueueName       string
	Attributes      map[string]string // to be set
	AttributeNames  []string          // to be got
	Tags            map[string]string
	TagKeys         []string // to be taken away
	QueueNamePrefix string
	MaxResults      *int
	NextToken       string // the last name of the page before
}

// answer is what those calls are answered with.
type answer struct {
	QueueURL   string            `json:"QueueUrl,omitempty"`
	Attributes map[string]string `json:",omitempty"`
	Tags       map[string]string `json:",omitempty"`
	QueueURLs  []string          `json:"QueueUrls,omitempty"`
	Sources    []string          `json:"queueUrls,omitzero"` // ListDeadLetterSourceQueues alone spells it so
	NextToken  string            `json:",omitempty"`
}

// createQueue makes a queue, or finds the one of that name with the same
// attributes.
func (s *Store) createQueue(ctx context.Context, in request) (answer, error) {
	if !validName(in.QueueName) {
		return answer{}, invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if err := s.checkAttributes(in.Attributes); err != nil {
		return answer{}, err
	}
	return answer{QueueURL: s.url(ctx, in.QueueName)}, s.Update(func(tx *bbolt.Tx) error {
		switch r, err := getRecord(tx, in.QueueName); {
		case err != nil:
			return err
		case r == nil:
			return s.makeQueue(tx, in)
		default:
			return r.same(in.Attributes)
		}
	})
}

func (s *Store) checkAttributes(attributes map[string]string) error {
	set, err := parseSettings(attributes)
	if err == nil && set.redrive != nil && s.byARN(set.redrive.target) == nil {
		err = invalid("Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.", attributes["RedrivePolicy"])
	}
	return err
}

func (s *Store) makeQueue(tx *bbolt.Tx, in request) error {
	id, err := tx.Bucket(queuesName).NextSequence()
	if err != nil {
		return err
	}
	_, err = tx.Bucket(contentsName).CreateBucket(number(id))
	_, err2 := tx.Bucket(statesName).CreateBucket(number(id))
	if err := cmp.Or(err, err2); err != nil {
		return err
	}
	now := s.Now().UTC()
	r := &record{ID: id, Attributes: in.Attributes, Tags: in.Tags, Created: now, Modified: now}
	q, err := s.newQueue(in.QueueName, r)
	if err != nil {
		return err
	}
	tx.OnCommit(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.queues[q.name] = q
	})
	return putRecord(tx, in.QueueName, r)
}

// same refuses attributes that differ from those of the queue there is.
func (r *record) same(attributes map[string]string) error {
	have := r.attributes()
	for name, value := range attributes {
		if have[name] != value {
			return fault("QueueNameExists", "QueueAlreadyExists", "A queue already exists with the same name and a different value for attribute %s", name)
		}
	}
	return nil
}

// attributes are those that were set, and the defaults of others.
func (r *record) attributes() map[string]string {
	all := map[string]string{"SqsManagedSseEnabled": "true"}
	for name, l := range numeric {
		all[name] = strconv.Itoa(l.byDefault)
	}
	for name, value := range r.Attributes {
		if value != "" {
			all[name] = value
		}
	}
	return all
}

// getRecord is what is stored of a queue, nil if there is none of that name.
func getRecord(tx *bbolt.Tx, name string) (*record, error) {
	v := tx.Bucket(queuesName).Get([]byte(name))
	if v == nil {
		return nil, nil
	}
	r := &record{}
	if err := json.Unmarshal(v, r); err != nil {
		return nil, fmt.Errorf("decode queue %s: %w", name, err)
	}
	return r, nil
}

func putRecord(tx *bbolt.Tx, name string, r *record) error {
	v, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode queue %s: %w", name, err)
	}
	return tx.Bucket(queuesName).Put([]byte(name), v)
}

// record is what is stored of q, unless it was deleted.
func (q *queue) record(tx *bbolt.Tx) (*record, error) {
	r, err := getRecord(tx, q.name)
	if err == nil && (r == nil || r.ID != q.id) {
		err = errNoQueue()
	}
	return r, err
}

// stored is record, in a transaction of its own.
func (q *queue) stored() (r *record, err error) {
	err = q.store.DB.View(func(tx *bbolt.Tx) error {
		r, err = q.record(tx)
		return err
	})
	return r, err
}

func (s *Store) deleteQueue(_ context.Context, q *queue, _ request) (answer, error) {
	return answer{}, s.Update(func(tx *bbolt.Tx) error {
		if _, err := q.record(tx); err != nil {
			return err
		}
		tx.OnCommit(func() { s.drop(q) })
		return cmp.Or(
			tx.Bucket(contentsName).DeleteBucket(number(q.id)),
			tx.Bucket(statesName).DeleteBucket(number(q.id)),
			tx.Bucket(queuesName).Delete([]byte(q.name)),
		)
	})
}

func (s *Store) drop(q *queue) {
	s.mu.Lock()
	if s.queues[q.name] == q {
		delete(s.queues, q.name)
	}
	s.mu.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.deleted = true
	q.wake()
}

// purgeEvery is how often SQS lets a queue be purged.
const purgeEvery = time.Minute

func (s *Store) purgeQueue(_ context.Context, q *queue, _ request) (answer, error) {
	q.mu.Lock()
	now, numbers := q.now(), slices.Sorted(maps.Keys(q.messages)) // what is sent from now on stays
	soon := now-q.purged < purgeEvery.Milliseconds()
	if !soon {
		q.purged = now
	}
	q.mu.Unlock()
	if soon {
		return answer{}, fault("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
	}
	if err := s.Update(func(tx *bbolt.Tx) error { return q.erase(tx, numbers) }); err != nil {
		return answer{}, fmt.Errorf("purge %s: %w", q.name, err)
	}
	return answer{}, nil
}

func (s *Store) getQueueURL(ctx context.Context, in request) (answer, error) {
	if s.byName(in.QueueName) == nil {
		return answer{}, errNoQueue()
	}
	return answer{QueueURL: s.url(ctx, in.QueueName)}, nil
}

func (s *Store) listQueues(ctx context.Context, in request) (answer, error) {
	return s.list(ctx, in, func(q *queue) bool { return strings.HasPrefix(q.name, in.QueueNamePrefix) })
}

func (s *Store) list(ctx context.Context, in request, match func(*queue) bool) (out answer, err error) {
	most, err := within("MaxResults", in.MaxResults, 1000, 1, 1000, "Must be between 1 and 1000.")
	if err != nil {
		return out, err
	}
	last := ""
	for _, q := range s.all() {
		if q.name <= in.NextToken || !match(q) {
			continue
		}
		if len(out.QueueURLs) == most {
			out.NextToken = last
			return out, nil
		}
		last = q.name
		out.QueueURLs = append(out.QueueURLs, s.url(ctx, q.name))
	}
	return out, nil
}

func (s *Store) listDeadLetterSourceQueues(ctx context.Context, dlq *queue, in request) (answer, error) {
	out, err := s.list(ctx, in, func(q *queue) bool { return q.deadLetterQueue() == dlq })
	return answer{Sources: append([]string{}, out.QueueURLs...), NextToken: out.NextToken}, err
}

func (s *Store) getQueueAttributes(_ context.Context, q *queue, in request) (answer, error) {
	r, err := q.stored()
	if err != nil {
		return answer{}, err
	}
	all, out := q.attributes(r), map[string]string{}
	for _, name := range in.AttributeNames {
		switch value, ok := all[name]; {
		case name == "All":
			maps.Copy(out, all)
		case ok:
			out[name] = value
		case !slices.Contains(texts, name):
			return answer{}, unknownAttribute(name)
		}
	}
	return answer{Attributes: out}, nil
}

// attributes are all that the queue has.
func (q *queue) attributes(r *record) map[string]string {
	all := r.attributes()
	all["QueueArn"] = q.arn
	all["CreatedTimestamp"] = strconv.FormatInt(r.Created.Unix(), 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(r.Modified.Unix(), 10)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.advance(q.now())
	all["ApproximateNumberOfMessages"] = strconv.Itoa(q.ready.Len())
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(q.inFlight)
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(len(q.hidden) - q.inFlight)
	return all
}

// setQueueAttributes changes those that are named; "" takes one away.
func (s *Store) setQueueAttributes(_ context.Context, q *queue, in request) (answer, error) {
	if err := s.checkAttributes(in.Attributes); err != nil {
		return answer{}, err
	}
	return answer{}, q.change(func(r *record) { r.Attributes = merged(r.Attributes, in.Attributes) })
}

func merged(a, b map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// change rewrites a queue's record and takes over its settings.
func (q *queue) change(f func(*record)) error {
	return q.store.Update(func(tx *bbolt.Tx) error {
		r, err := q.record(tx)
		if err != nil {
			return err
		}
		f(r)
		set, err := parseSettings(r.Attributes)
		if err != nil {
			return err
		}
		r.Modified = q.store.Now().UTC()
		tx.OnCommit(func() { q.apply(set) })
		return putRecord(tx, q.name, r)
	})
}

func (q *queue) apply(set *settings) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settings.Store(set)
	q.sweep(q.now()) // a shorter retention ends messages at once
}

// tagQueue is TagQueue and UntagQueue.
func (s *Store) tagQueue(_ context.Context, q *queue, in request) (answer, error) {
	return answer{}, q.change(func(r *record) {
		r.Tags = merged(r.Tags, in.Tags)
		maps.DeleteFunc(r.Tags, func(key, _ string) bool { return slices.Contains(in.TagKeys, key) })
	})
}

func (s *Store) listQueueTags(_ context.Context, q *queue, _ request) (answer, error) {
	r, err := q.stored()
	if err != nil {
		return answer{}, err
	}
	return answer{Tags: r.Tags}, nil
}

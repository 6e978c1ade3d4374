package sqs

import (
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

type createInput struct {
	QueueName  string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

type urlOutput struct {
	QueueURL string `json:"QueueUrl"`
}

// createQueue makes a queue, or finds the one of that name with the same
// attributes.
func (s *Store) createQueue(ctx context.Context, in createInput) (*urlOutput, error) {
	if !validName(in.QueueName) {
		return nil, invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if err := s.checkAttributes(in.Attributes); err != nil {
		return nil, err
	}
	err := s.Update(func(tx *bbolt.Tx) error {
		v := tx.Bucket(queuesName).Get([]byte(in.QueueName))
		if v == nil {
			return s.makeQueue(tx, in)
		}
		return sameQueue(v, in)
	})
	if err != nil {
		return nil, err
	}
	return &urlOutput{s.url(ctx, in.QueueName)}, nil
}

func (s *Store) checkAttributes(attributes map[string]string) error {
	set, err := parseSettings(attributes)
	if err == nil && set.redrive != nil && s.byARN(set.redrive.target) == nil {
		err = invalid("Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.", attributes["RedrivePolicy"])
	}
	return err
}

func (s *Store) makeQueue(tx *bbolt.Tx, in createInput) error {
	id, err := tx.Bucket(queuesName).NextSequence()
	if err != nil {
		return err
	}
	for _, of := range [][]byte{contentsName, statesName} {
		if _, err := tx.Bucket(of).CreateBucket(number(id)); err != nil {
			return err
		}
	}
	now := s.Now().UTC()
	r := record{ID: id, Attributes: in.Attributes, Tags: in.Tags, Created: now, Modified: now}
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

// sameQueue refuses attributes that differ from those of the queue there is.
func sameQueue(v []byte, in createInput) error {
	var r record
	if err := json.Unmarshal(v, &r); err != nil {
		return fmt.Errorf("decode queue %s: %w", in.QueueName, err)
	}
	for name, value := range in.Attributes {
		if r.attribute(name) != value {
			return fault("QueueNameExists", "QueueAlreadyExists", "A queue already exists with the same name and a different value for attribute %s", name)
		}
	}
	return nil
}

// attribute is what was set, or the default.
func (r record) attribute(name string) string {
	value, ok := r.Attributes[name]
	l, isNumber := numeric()[name]
	switch {
	case isNumber && !ok:
		return strconv.Itoa(l.byDefault)
	case name == "SqsManagedSseEnabled" && !ok:
		return "true"
	}
	return value
}

func putRecord(tx *bbolt.Tx, name string, r record) error {
	v, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode queue %s: %w", name, err)
	}
	return tx.Bucket(queuesName).Put([]byte(name), v)
}

func getRecord(tx *bbolt.Tx, name string) (record, error) {
	var r record
	v := tx.Bucket(queuesName).Get([]byte(name))
	if v == nil {
		return r, errNoQueue()
	}
	if err := json.Unmarshal(v, &r); err != nil {
		return r, fmt.Errorf("decode queue %s: %w", name, err)
	}
	return r, nil
}

type queueInput struct {
	QueueURL string `json:"QueueUrl"`
}

func (s *Store) deleteQueue(_ context.Context, in queueInput) (*empty, error) {
	q, err := s.byURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.Update(func(tx *bbolt.Tx) error {
		if r, err := getRecord(tx, q.name); err != nil || r.ID != q.id {
			return err
		}
		for _, of := range [][]byte{contentsName, statesName} {
			if err := tx.Bucket(of).DeleteBucket(number(q.id)); err != nil {
				return err
			}
		}
		tx.OnCommit(func() { s.drop(q) })
		return tx.Bucket(queuesName).Delete([]byte(q.name))
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

func (s *Store) purgeQueue(_ context.Context, in queueInput) (*empty, error) {
	q, err := s.byURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	numbers, err := q.startPurge()
	if err != nil {
		return nil, err
	}
	err = s.Update(func(tx *bbolt.Tx) error { return q.erase(tx, numbers) })
	if err != nil {
		return nil, fmt.Errorf("purge %s: %w", q.name, err)
	}
	return &empty{}, nil
}

// startPurge lists what is in the queue; what is sent from now on stays.
func (q *queue) startPurge() ([]uint64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	if !q.purged.IsZero() && now.Sub(q.purged) < purgeEvery {
		return nil, fault("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
	}
	q.purged = now
	return slices.Sorted(maps.Keys(q.messages)), nil
}

type nameInput struct{ QueueName string }

func (s *Store) getQueueURL(ctx context.Context, in nameInput) (*urlOutput, error) {
	q, err := s.byName(in.QueueName)
	if err != nil {
		return nil, err
	}
	return &urlOutput{s.url(ctx, q.name)}, nil
}

type listInput struct {
	QueueURL        string `json:"QueueUrl"` // of ListDeadLetterSourceQueues
	QueueNamePrefix string
	MaxResults      *int
	NextToken       string // the last name of the page before
}

type listOutput struct {
	QueueURLs []string `json:"QueueUrls,omitempty"`
	NextToken string   `json:",omitempty"`
}

func (s *Store) listQueues(ctx context.Context, in listInput) (*listOutput, error) {
	return s.list(ctx, in, func(q *queue) bool { return strings.HasPrefix(q.name, in.QueueNamePrefix) })
}

func (s *Store) list(ctx context.Context, in listInput, match func(*queue) bool) (*listOutput, error) {
	max := 1000
	if in.MaxResults != nil {
		max = *in.MaxResults
	}
	if max < 1 || max > 1000 {
		return nil, invalid("Value %d for parameter MaxResults is invalid. Reason: Must be between 1 and 1000.", max)
	}
	out := &listOutput{}
	last := ""
	for _, q := range s.all() {
		if q.name <= in.NextToken || !match(q) {
			continue
		}
		if len(out.QueueURLs) == max {
			out.NextToken = last
			return out, nil
		}
		last = q.name
		out.QueueURLs = append(out.QueueURLs, s.url(ctx, q.name))
	}
	return out, nil
}

// lowerListOutput: ListDeadLetterSourceQueues spells its member unlike all others.
type lowerListOutput struct {
	QueueURLs []string `json:"queueUrls"`
	NextToken string   `json:",omitempty"`
}

func (s *Store) listDeadLetterSourceQueues(ctx context.Context, in listInput) (*lowerListOutput, error) {
	dlq, err := s.byURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	out, err := s.list(ctx, in, func(q *queue) bool { return s.deadLetterQueue(q) == dlq })
	if err != nil {
		return nil, err
	}
	return &lowerListOutput{QueueURLs: append([]string{}, out.QueueURLs...), NextToken: out.NextToken}, nil
}

type attributesInput struct {
	QueueURL       string            `json:"QueueUrl"`
	AttributeNames []string          // of GetQueueAttributes
	Attributes     map[string]string // of SetQueueAttributes
}

type attributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

func (s *Store) getQueueAttributes(_ context.Context, in attributesInput) (*attributesOutput, error) {
	q, err := s.byURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	var r record
	err = s.DB.View(func(tx *bbolt.Tx) error {
		r, err = getRecord(tx, q.name)
		return err
	})
	if err != nil {
		return nil, err
	}
	all := q.attributes(r)
	out := &attributesOutput{Attributes: map[string]string{}}
	for _, name := range in.AttributeNames {
		_, isNumber := numeric()[name]
		if name != "All" && all[name] == "" && name != "RedrivePolicy" && !isNumber && !kept(name) {
			return nil, fault("InvalidAttributeName", "", "Unknown Attribute %s.", name)
		}
		for have, value := range all {
			if have == name || name == "All" {
				out.Attributes[have] = value
			}
		}
	}
	return out, nil
}

// attributes are all that the queue has.
func (q *queue) attributes(r record) map[string]string {
	all := map[string]string{
		"QueueArn":              q.arn,
		"CreatedTimestamp":      strconv.FormatInt(r.Created.Unix(), 10),
		"LastModifiedTimestamp": strconv.FormatInt(r.Modified.Unix(), 10),
		"SqsManagedSseEnabled":  r.attribute("SqsManagedSseEnabled"),
	}
	for name := range numeric() {
		all[name] = r.attribute(name)
	}
	for name, value := range r.Attributes {
		if value != "" {
			all[name] = value
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.advance(q.now().UnixMilli())
	all["ApproximateNumberOfMessages"] = strconv.Itoa(q.ready.Len())
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(q.inFlight)
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(len(q.hidden) - q.inFlight)
	return all
}

// setQueueAttributes changes those that are named; "" takes one away.
func (s *Store) setQueueAttributes(_ context.Context, in attributesInput) (*empty, error) {
	q, err := s.byURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	if err := s.checkAttributes(in.Attributes); err != nil {
		return nil, err
	}
	return &empty{}, s.change(q, func(r *record) error {
		r.Attributes = merged(r.Attributes, in.Attributes)
		return nil
	})
}

func merged(a, b map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// change rewrites a queue's record and takes over its settings.
func (s *Store) change(q *queue, f func(*record) error) error {
	return s.Update(func(tx *bbolt.Tx) error {
		r, err := getRecord(tx, q.name)
		if err != nil {
			return err
		}
		if err := f(&r); err != nil {
			return err
		}
		set, err := parseSettings(r.Attributes)
		if err != nil {
			return err
		}
		r.Modified = s.Now().UTC()
		tx.OnCommit(func() { q.apply(set) })
		return putRecord(tx, q.name, r)
	})
}

func (q *queue) apply(set settings) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settings = set
	q.sweep(q.now().UnixMilli()) // a shorter retention ends messages at once
}

type tagsInput struct {
	QueueURL string `json:"QueueUrl"`
	Tags     map[string]string
	TagKeys  []string
}

type tagsOutput struct {
	Tags map[string]string `json:",omitempty"`
}

func (s *Store) tagQueue(_ context.Context, in tagsInput) (*empty, error) {
	return s.changeTags(in.QueueURL, func(tags map[string]string) { maps.Copy(tags, in.Tags) })
}

func (s *Store) untagQueue(_ context.Context, in tagsInput) (*empty, error) {
	return s.changeTags(in.QueueURL, func(tags map[string]string) {
		for _, key := range in.TagKeys {
			delete(tags, key)
		}
	})
}

func (s *Store) changeTags(url string, f func(map[string]string)) (*empty, error) {
	q, err := s.byURL(url)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.change(q, func(r *record) error {
		r.Tags = merged(r.Tags, nil)
		f(r.Tags)
		return nil
	})
}

func (s *Store) listQueueTags(_ context.Context, in queueInput) (*tagsOutput, error) {
	q, err := s.byURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	out := &tagsOutput{}
	err = s.DB.View(func(tx *bbolt.Tx) error {
		r, err := getRecord(tx, q.name)
		out.Tags = r.Tags
		return err
	})
	return out, err
}

package s3

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"athenarefresh/internal/s3events"
)

// The events that happen here.
const (
	createdPut       = "ObjectCreated:Put"
	createdPost      = "ObjectCreated:Post"
	createdCopy      = "ObjectCreated:Copy"
	createdMultipart = "ObjectCreated:CompleteMultipartUpload"
	removedDelete    = "ObjectRemoved:Delete"
)

// notify numbers an event, and sends its notifications, as a part of the transaction
// that makes it happen.
func (s *Store) notify(ctx context.Context, tx *bbolt.Tx, event, name, key string, o *object) error {
	var b bucket
	var err error
	if o.Sequencer, err = tx.Bucket(bucketsName).NextSequence(); err != nil {
		return err
	}
	if _, err := load(tx.Bucket(bucketsName), name, &b); err != nil || b.Notification == nil {
		return err
	}
	for _, d := range b.Notification.Queues {
		if !d.wants(event, key) {
			continue
		}
		if err := s.Queues.Enqueue(tx, d.Queue, bucketARN(name), s.message(ctx, event, d.ID, name, key, o)); err != nil {
			return fmt.Errorf("notify %s: %w", d.Queue, err)
		}
	}
	return nil
}

// The messages as S3 writes them (user guide, "Event message structure"). The owner
// of everything is A1LOCALSTACKOWNER.
const (
	eventMessage = `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":%s,"eventTime":%s,"eventName":%s,` +
		`"userIdentity":{"principalId":"AWS:A1LOCALSTACKOWNER"},"requestParameters":{"sourceIPAddress":%s},` +
		`"responseElements":{"x-amz-id-2":%s,"x-amz-request-id":%s},"s3":{"s3SchemaVersion":"1.0","configurationId":%s,` +
		`"bucket":{"name":%s,"ownerIdentity":{"principalId":"A1LOCALSTACKOWNER"},"arn":%s},"object":{"key":%s,%s"sequencer":"%018X"}}}]}`
	createdObject = `"size":%d,"eTag":%s,`
	testMessage   = `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":%s,"Bucket":%s,"RequestId":%s,"HostId":%s}`
)

func (s *Store) message(ctx context.Context, event, configuration, name, key string, o *object) string {
	created := ""
	if event != removedDelete {
		created = fmt.Sprintf(createdObject, o.Size, quoted(o.etag()))
	}
	return fmt.Sprintf(eventMessage, quoted(s.Region), quoted(milliseconds(s.Now())), quoted(event),
		quoted(exchangeOf(ctx).ip), quoted(hostID()), quoted(requestID()), quoted(configuration),
		quoted(name), quoted(bucketARN(name)), quoted(s3events.Encoded(key)), created, o.Sequencer)
}

// testEvent is sent when a configuration is saved.
func testEvent(bucket string, now time.Time) string {
	return fmt.Sprintf(testMessage, quoted(milliseconds(now)), quoted(bucket), quoted(requestID()), quoted(hostID()))
}

// quoted is a text in JSON.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // there is no text that isn't
	}
	return string(b)
}

func bucketARN(name string) string { return "arn:aws:s3:::" + name }

func requestID() string { return rand.Text()[:16] }
func hostID() string    { return rand.Text() + rand.Text() }

// milliseconds is S3's time of an event.
func milliseconds(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

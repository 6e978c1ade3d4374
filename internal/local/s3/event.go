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

// principal is the owner of everything.
const principal = "A1LOCALSTACKOWNER"

// notify sends the notifications of an event as a part of the transaction that
// makes it happen.
func (s *Store) notify(ctx context.Context, tx *bbolt.Tx, event, name, key string, o *object) error {
	var b bucket
	if _, err := load(tx.Bucket(bucketsName), name, &b); err != nil || b.Notification == nil {
		return err
	}
	for _, d := range b.Notification.Queues {
		wanted, err := d.wants(event, key)
		if err != nil {
			return err
		}
		if !wanted {
			continue
		}
		body, err := s.message(ctx, event, d.ID, name, key, o)
		if err != nil {
			return err
		}
		if err := s.Queues.Enqueue(tx, d.Queue, bucketARN(name), body); err != nil {
			return fmt.Errorf("notify %s: %w", d.Queue, err)
		}
	}
	return nil
}

// record is the one record of a message, as S3 writes it (user guide, "Event
// message structure").
type record struct {
	EventVersion      string            `json:"eventVersion"`
	EventSource       string            `json:"eventSource"`
	AWSRegion         string            `json:"awsRegion"`
	EventTime         string            `json:"eventTime"`
	EventName         string            `json:"eventName"`
	UserIdentity      principalID       `json:"userIdentity"`
	RequestParameters map[string]string `json:"requestParameters"`
	ResponseElements  map[string]string `json:"responseElements"`
	S3                recordS3          `json:"s3"`
}

type principalID struct {
	PrincipalID string `json:"principalId"`
}

type recordS3 struct {
	SchemaVersion   string       `json:"s3SchemaVersion"`
	ConfigurationID string       `json:"configurationId"`
	Bucket          recordBucket `json:"bucket"`
	Object          recordObject `json:"object"`
}

type recordBucket struct {
	Name          string      `json:"name"`
	OwnerIdentity principalID `json:"ownerIdentity"`
	ARN           string      `json:"arn"`
}

type recordObject struct {
	Key       string `json:"key"` // form-encoded, but for "/"
	Size      *int64 `json:"size,omitempty"`
	ETag      string `json:"eTag,omitempty"`
	Sequencer string `json:"sequencer"`
}

func (s *Store) message(ctx context.Context, event, configuration, name, key string, o *object) (string, error) {
	object := recordObject{Key: s3events.Encoded(key), Sequencer: fmt.Sprintf("%018X", o.Sequencer)}
	if event != removedDelete {
		object.Size, object.ETag = &o.Size, o.etag()
	}
	r := record{
		EventVersion: "2.1", EventSource: "aws:s3", AWSRegion: s.Region,
		EventTime: milliseconds(s.Now()), EventName: event,
		UserIdentity:      principalID{"AWS:" + principal},
		RequestParameters: map[string]string{"sourceIPAddress": exchangeOf(ctx).ip},
		ResponseElements:  map[string]string{"x-amz-request-id": requestID(), "x-amz-id-2": rand.Text() + rand.Text()},
		S3: recordS3{
			SchemaVersion: "1.0", ConfigurationID: configuration, Object: object,
			Bucket: recordBucket{Name: name, OwnerIdentity: principalID{principal}, ARN: bucketARN(name)},
		},
	}
	body, err := json.Marshal(map[string][]record{"Records": {r}})
	return string(body), err
}

func bucketARN(name string) string { return "arn:aws:s3:::" + name }

func requestID() string { return rand.Text()[:16] }

// testEvent is sent when a configuration is saved.
func testEvent(bucket string, now time.Time) string {
	return fmt.Sprintf(`{"Service":"Amazon S3","Event":"s3:TestEvent","Time":%q,"Bucket":%q,"RequestId":%q,"HostId":%q}`,
		milliseconds(now), bucket, requestID(), rand.Text()+rand.Text())
}

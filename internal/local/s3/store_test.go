package s3

import (
	"errors"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// fullQueues take the first message, the test event, and no other.
type fullQueues struct{ sent int }

func (q *fullQueues) Takes(string, string) bool { return true }

func (q *fullQueues) Enqueue(*bbolt.Tx, string, string, string) error {
	if q.sent++; q.sent > 1 {
		return errors.New("no space left on device")
	}
	return nil
}

func TestAPutWhoseNotificationFailsNeverHappened(t *testing.T) {
	dir := t.TempDir()
	db, err := bbolt.Open(filepath.Join(dir, "db"), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	queues := &fullQueues{}
	s, err := Open(Options{DB: db, Update: db.Update, Dir: filepath.Join(dir, "objects"), Region: "us-east-1", Queues: queues, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	const all = `<NotificationConfiguration><QueueConfiguration><Queue>arn:aws:sqs:us-east-1:1:q</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration></NotificationConfiguration>`
	if err := s.putNotification(httptest.NewRequest("PUT", "/b?notification", strings.NewReader(all)), "b"); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "b", "k", []byte("content")); err == nil || queues.sent != 2 {
		t.Errorf("Put: %v, after %d messages", err, queues.sent)
	}
	if exists, err := objectExists(db); err != nil || exists {
		t.Errorf("the object exists: %t, %v; nobody was told of it", exists, err)
	}
}

func objectExists(db *bbolt.DB) (exists bool, err error) {
	err = db.View(in("b", func(_ *bbolt.Tx, objects *bbolt.Bucket) (err error) {
		exists, err = load(objects, "k", &object{})
		return err
	}))
	return exists, err
}

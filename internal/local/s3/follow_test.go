package s3

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

// told are queues that keep the keys of what they are told.
type told struct{ keys []string }

func (q *told) Takes(string, string) bool { return true }

func (q *told) Enqueue(_ *bbolt.Tx, _, _, body string) error {
	var m struct {
		Records []struct {
			S3 struct{ Object struct{ Key string } }
		}
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return err
	}
	for _, r := range m.Records {
		q.keys = append(q.keys, r.S3.Object.Key)
	}
	return nil
}

// TestFilesThatAppearAreToldOfWhenTheyAreWhole: what was renamed in was written
// before, what is being written waits for two quiet seconds, and what was there
// is never told of.
func TestFilesThatAppearAreToldOfWhenTheyAreWhole(t *testing.T) {
	dir, queues, now := t.TempDir(), &told{}, time.Now()
	land(t, dir, "a/old", "a/gone")
	s := mountOf(t, Mount{Bucket: "m", Dir: dir, At: "AWSLogs/", Follow: true}, queues, func() time.Time { return now })
	put := notificationConfiguration{Queues: []destination{{ID: "q", Queue: "arn:aws:sqs:us-east-1:123456789012:q", Events: []string{"s3:ObjectCreated:*"}}}}
	err := s.Update(func(tx *bbolt.Tx) error {
		return save(tx.Bucket(bucketsName), "m", bucket{Notification: &put})
	})
	if err != nil {
		t.Fatal(err)
	}
	look := func(want ...string) {
		t.Helper()
		queues.keys = nil
		if err := s.follower.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		slices.Sort(queues.keys)
		if d := cmp.Diff(want, queues.keys); d != "" {
			t.Error(d)
		}
	}
	look()
	land(t, dir, "b/c/new 1", "a/written", "elsewhere")
	written := filepath.Join(dir, "b/c/new 1")
	if err := os.Chtimes(written, time.Time{}, now.Add(-time.Hour)); err != nil { // written long ago, and moved here
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "elsewhere"), time.Time{}, now.Add(time.Hour)); err != nil { // by another machine's clock
		t.Fatal(err)
	}
	look("AWSLogs/b/c/new+1")
	now = now.Add(3 * time.Second)
	if err := os.WriteFile(filepath.Join(dir, "a/written"), []byte("more of it"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "a/written"), time.Time{}, now); err != nil {
		t.Fatal(err)
	}
	look("AWSLogs/elsewhere")
	now = now.Add(time.Second)
	look()
	now = now.Add(time.Second)
	look("AWSLogs/a/written")
	if err := os.RemoveAll(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	look()
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "leaves")); err != nil {
		t.Fatal(err)
	}
	look()
	now = now.Add(10 * time.Second)
	land(t, dir, "a/old")
	if err := os.Chtimes(filepath.Join(dir, "a/old"), time.Time{}, now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	look("AWSLogs/a/old")
}

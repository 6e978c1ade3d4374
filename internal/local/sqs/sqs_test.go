package sqs

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// open opens a store with one queue, q.
func open(t testing.TB, path string, now func() time.Time) (*Store, func()) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{DB: db, Update: db.Update, Region: "r", Account: "1", InFlightLimit: 120_000, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.createQueue(t.Context(), request{QueueName: "q", Attributes: map[string]string{
		"Policy": `{"Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}}`,
	}}); err != nil {
		t.Fatal(err)
	}
	return s, func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// fill sends n messages.
func fill(t testing.TB, s *Store, n int, body string) {
	t.Helper()
	for sent := 0; sent < n; {
		err := s.Update(func(tx *bbolt.Tx) error {
			for range min(1000, n-sent) {
				if err := s.Enqueue(tx, s.arn("q"), "arn:aws:s3:::b", body); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		sent += min(1000, n-sent)
	}
}

func receiveTen(t testing.TB, s *Store) []receivedMessage {
	t.Helper()
	ten := 10
	out, err := s.receiveMessage(t.Context(), s.byName("q"), receiveInput{MaxNumberOfMessages: &ten})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

// TestFailedSendAndDeleteLeaveNoTrace: in memory neither.
func TestFailedSendAndDeleteLeaveNoTrace(t *testing.T) {
	s, closeAll := open(t, filepath.Join(t.TempDir(), "db"), time.Now)
	defer closeAll()
	fill(t, s, 1, "kept")
	kept := receiveTen(t, s)[0]
	update := s.Update
	s.Update = func(f func(*bbolt.Tx) error) error {
		err := update(func(tx *bbolt.Tx) error {
			if err := f(tx); err != nil {
				return err
			}
			return syscall.ENOSPC
		})
		return err
	}
	if _, err := send.one(t.Context(), s.byName("q"), sendEntry{MessageBody: "lost"}); err == nil {
		t.Error("a send that was not written was answered")
	}
	if _, err := remove.one(t.Context(), s.byName("q"), handleEntry{ReceiptHandle: kept.ReceiptHandle}); err == nil {
		t.Error("a delete that was not written was answered")
	}
	s.Update = update
	q := s.queues["q"]
	if len(q.messages) != 1 || q.inFlight != 1 || q.ready.Len() != 0 {
		t.Errorf("%d messages, %d in flight, %d ready", len(q.messages), q.inFlight, q.ready.Len())
	}
}

func TestReceivesAreWrittenLate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	now := time.Now()
	s, closeAll := open(t, path, func() time.Time { return now })
	fill(t, s, 1, "m")
	receiveTen(t, s)
	now = now.Add(lateness + time.Second)
	if _, err := send.one(t.Context(), s.byName("q"), sendEntry{MessageBody: "other"}); err != nil {
		t.Fatal(err)
	}
	// As after a crash: nothing is closed, only the file is read.
	err := s.DB.View(func(tx *bbolt.Tx) error {
		_, states := s.queues["q"].buckets(tx)
		st, err := decodeState(states.Get(number(1)))
		if st.receives != 1 || st.first == 0 {
			t.Errorf("stored %+v", st)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	closeAll()
}

func TestVisibilityIsWrittenBeforeTheAnswer(t *testing.T) {
	s, closeAll := open(t, filepath.Join(t.TempDir(), "db"), time.Now)
	defer closeAll()
	fill(t, s, 1, "m")
	hour := 3600
	in := handleEntry{ReceiptHandle: receiveTen(t, s)[0].ReceiptHandle, VisibilityTimeout: &hour}
	if _, err := changeVisibility.one(t.Context(), s.byName("q"), in); err != nil {
		t.Fatal(err)
	}
	err := s.DB.View(func(tx *bbolt.Tx) error {
		_, states := s.queues["q"].buckets(tx)
		st, err := decodeState(states.Get(number(1)))
		if hidden := time.Until(time.UnixMilli(st.visible)); hidden < 50*time.Minute || st.receives != 1 {
			t.Errorf("stored %+v, hidden for %v", st, hidden)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsHiddenAfterACrashIsInFlight, and not delayed, also once it was closed
// and opened again: who asks how much is left is told of it.
func TestWhatIsHiddenAfterACrashIsInFlight(t *testing.T) {
	dir := t.TempDir()
	s, closeAll := open(t, filepath.Join(dir, "db"), time.Now)
	fill(t, s, 1, "m")
	closeAll()
	before, err := os.ReadFile(filepath.Join(dir, "db"))
	if err != nil {
		t.Fatal(err)
	}
	s, closeAll = open(t, filepath.Join(dir, "db"), time.Now)
	hour := 3600
	in := handleEntry{ReceiptHandle: receiveTen(t, s)[0].ReceiptHandle, VisibilityTimeout: &hour}
	closeAll()
	crashed := filepath.Join(dir, "crashed") // as the file was before the receive
	if err := os.WriteFile(crashed, before, 0o600); err != nil {
		t.Fatal(err)
	}
	s, closeAll = open(t, crashed, time.Now)
	if _, err := changeVisibility.one(t.Context(), s.byName("q"), in); err != nil {
		t.Fatal(err)
	}
	closeAll()
	s, closeAll = open(t, crashed, time.Now)
	defer closeAll()
	if q := s.queues["q"]; q.inFlight != 1 || len(q.hidden) != 1 {
		t.Errorf("%d in flight, %d hidden", q.inFlight, len(q.hidden))
	}
}

// BenchmarkOpen opens a store with 200,000 messages.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "db")
	s, closeAll := open(b, path, time.Now)
	fill(b, s, 200_000, string(make([]byte, 700)))
	closeAll()
	for b.Loop() {
		s, closeAll := open(b, path, time.Now)
		if n := len(s.queues["q"].messages); n != 200_000 {
			b.Fatal(n)
		}
		closeAll()
	}
}

// BenchmarkReceive receives ten a time from a queue of 200,000.
func BenchmarkReceive(b *testing.B) {
	s, closeAll := open(b, filepath.Join(b.TempDir(), "db"), time.Now)
	defer closeAll()
	fill(b, s, 200_000, string(make([]byte, 700)))
	s.InFlightLimit = 1 << 30
	zero := 0
	ten := 10
	b.ReportAllocs()
	for b.Loop() {
		_, err := s.receiveMessage(b.Context(), s.byName("q"), receiveInput{MaxNumberOfMessages: &ten, VisibilityTimeout: &zero})
		if err != nil {
			b.Fatal(err)
		}
	}
}

package deploy

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Buckets is S3, as far as notifications go.
type Buckets interface {
	// Notifications reads what a bucket notifies; [ErrNoBucket] if there is no
	// such bucket, [ErrElsewhere] if it is in another region, [ErrDenied] if
	// whoever asks may not know. What it returns is all there is, or an error:
	// what it left out would be deleted by the next write.
	Notifications(ctx context.Context, bucket string) (Notifications, error)

	// SetNotifications replaces what a bucket notifies, as a whole: all of it or,
	// with an error, nothing. There is no compare-and-set: what somebody else
	// wrote since it was read is gone. [ErrDenied], or [ErrRefused] if S3 can't
	// send to one of the places, whose ever it is.
	SetNotifications(ctx context.Context, bucket string, n Notifications) error
}

// Errors of Buckets.
var (
	ErrNoBucket = errors.New("there is no such bucket")
	// ErrElsewhere: S3 notifies queues of its own region only.
	ErrElsewhere = errors.New("it is in another region than the queue, and S3 notifies only queues of its own")
	// ErrDenied: the bucket is another account's, or a right is missing.
	ErrDenied = errors.New("access to what it notifies is denied")
	// ErrRefused: S3 checks all places of a configuration whenever it is written.
	ErrRefused = errors.New("S3 can't send to all that the bucket notifies")
	// ErrFull: a bucket has 100 rules at most (S3, PutBucketNotificationConfiguration).
	ErrFull = fmt.Errorf("it has %d rules for notifications already, S3's most", maxEntries)

	errUnsteady = fmt.Errorf("somebody else keeps changing it too, %d times", wireAttempts)
)

// missing says of an error whether there is no such bucket here: nothing of ours
// is to be taken off it.
func missing(err error) bool { return errors.Is(err, ErrNoBucket) || errors.Is(err, ErrElsewhere) }

// lasts says of an error that the bucket is as it is, however often it is tried.
func lasts(err error) bool {
	return missing(err) || errors.Is(err, ErrFull) || errors.Is(err, errUnsteady) || errors.As(err, new(*OverlapError))
}

// Advice is what to do about a bucket that could not be wired.
func Advice(err error) string {
	switch {
	case errors.Is(err, ErrElsewhere):
		return "deploy another refresh in that region for it, with a prefix of its own, or send its events here through EventBridge"
	case errors.Is(err, ErrNoBucket):
		return "make the bucket, then deploy again; or take it out of buckets in lambda.json"
	case errors.Is(err, ErrDenied):
		return "allow whoever deploys s3:GetBucketNotification and s3:PutBucketNotification on it. If it is another account's: name that account in notify_from, and have its owner notify the queue"
	case errors.Is(err, ErrRefused):
		return "S3 checks every queue, topic and function that the bucket notifies, others' too: mend or remove the one that it names, then deploy again"
	case errors.Is(err, ErrFull):
		return "take one of its rules off, or have the bucket notify an SNS topic or EventBridge, which pass it on"
	case errors.As(err, new(*OverlapError)):
		return "narrow that rule to other events or keys; or have the bucket notify an SNS topic or EventBridge instead, and that both queues: what they send is understood"
	}
	return "deploy again; or take the bucket out of buckets in lambda.json"
}

// OverlapError says that somebody else's entries keep a bucket from notifying
// the queue.
type OverlapError struct {
	Bucket  string
	Entries []Entry
}

// Error has a line for each entry.
func (e *OverlapError) Error() string {
	lines := make([]string, len(e.Entries))
	for i, entry := range e.Entries {
		lines[i] = entry.String()
	}
	return fmt.Sprintf("bucket %s can't notify the queue: S3 allows no second rule for the same events of the same keys: %s",
		e.Bucket, strings.Join(lines, "; "))
}

// Wired says what became of a bucket.
type Wired struct {
	Bucket  string
	Changed bool
	Served  *Entry // somebody else's entry that does it already
}

// Wirer changes what buckets notify.
type Wirer struct {
	Buckets Buckets
	// Sleep waits; time.Sleep that ends with ctx where it is nil.
	Sleep func(ctx context.Context, d time.Duration) error
}

const (
	// settle is how long a change has to stand before it is believed. Another
	// writer that had read before we wrote has overwritten us by then: between
	// its reading and writing lies a request, not seconds.
	settle = 2 * time.Second
	// wireAttempts is how often we write before we give up: each time somebody
	// else wrote too, within a second or two.
	wireAttempts = 8
)

// again are the pauses before a bucket is tried again that failed: a minute in
// all, which is how long a queue's new policy, or a right, may take to be known
// everywhere (SQS, SetQueueAttributes: up to 60 seconds).
var again = [...]time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second}

// Wire has a bucket's notifications be as wished, and tries for a minute. Its
// errors name the bucket.
func (w *Wirer) Wire(ctx context.Context, bucket string, wish Wish) (Wired, error) {
	for _, wait := range again {
		done, err := w.wire(ctx, bucket, wish)
		if err == nil || lasts(err) {
			return done, err
		}
		if w.sleep(ctx, wait) != nil {
			return done, err
		}
	}
	return w.wire(ctx, bucket, wish)
}

// wire has a bucket's notifications be as wished. Where it was changed, it
// returns only once the change was read back, twice: at once and after a while.
// A bucket that is as wished already is read once.
//
// There is no compare-and-set, so an entry that somebody writes in the moment
// between our reading and our writing is lost to our write, and nobody can see
// it but its writer, by reading back as we do. That moment is kept to the one
// request. If we are killed here, ours is there or not, and the next call sees.
func (w *Wirer) wire(ctx context.Context, bucket string, wish Wish) (Wired, error) {
	done := Wired{Bucket: bucket}
	for attempt := range wireAttempts {
		if attempt > 0 {
			if err := w.sleep(ctx, jitter(attempt)); err != nil {
				return done, err
			}
		}
		m, right, err := w.write(ctx, bucket, wish)
		if err != nil {
			return done, fmt.Errorf("change what bucket %s notifies: %w", bucket, err)
		}
		if m.Overlap != nil {
			return done, &OverlapError{bucket, m.Overlap}
		}
		done.Served = m.Served
		if right {
			return done, nil
		}
		done.Changed = true
		stands, err := w.stands(ctx, bucket, wish)
		if err != nil {
			return done, fmt.Errorf("read back what bucket %s notifies: %w", bucket, err)
		}
		if stands {
			return done, nil
		}
	}
	return done, fmt.Errorf("change what bucket %s notifies: %w", bucket, errUnsteady)
}

// write reads, merges and writes. right: there was nothing to write.
func (w *Wirer) write(ctx context.Context, bucket string, wish Wish) (m Merged, right bool, err error) {
	now, err := w.Buckets.Notifications(ctx, bucket)
	if wish.Absent && missing(err) {
		return m, true, nil
	}
	if err != nil {
		return m, false, err
	}
	m = merge(now, wish)
	if m.Next.equal(now) {
		return m, true, nil
	}
	if len(m.Next.Entries) > maxEntries {
		return m, false, ErrFull
	}
	return m, false, w.Buckets.SetNotifications(ctx, bucket, m.Next)
}

// stands says whether a bucket is as wished, now and after a while.
func (w *Wirer) stands(ctx context.Context, bucket string, wish Wish) (bool, error) {
	for _, wait := range [...]time.Duration{0, settle} {
		if err := w.sleep(ctx, wait); err != nil {
			return false, err
		}
		now, err := w.Buckets.Notifications(ctx, bucket)
		if err != nil {
			return false, err
		}
		if m := merge(now, wish); m.Overlap != nil || !m.Next.equal(now) {
			return false, nil
		}
	}
	return true, nil
}

// jitter grows with the attempts, so that two who met don't meet again.
func jitter(attempt int) time.Duration {
	most := settle << min(attempt, 3) / 2
	return rand.N(most)
}

func (w *Wirer) sleep(ctx context.Context, d time.Duration) error {
	if w.Sleep != nil {
		return w.Sleep(ctx, d)
	}
	return pause(ctx, d)
}

// pause waits, or returns ctx's error.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

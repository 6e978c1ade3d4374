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
	// such bucket, [ErrElsewhere] if it is in another region. What it returns is all there is, or an error: what it left
	// out would be deleted by the next write.
	Notifications(ctx context.Context, bucket string) (Notifications, error)

	// SetNotifications replaces what a bucket notifies, as a whole: all of it or,
	// with an error, nothing. There is no compare-and-set: what somebody else
	// wrote since it was read is gone.
	SetNotifications(ctx context.Context, bucket string, n Notifications) error
}

// Errors of Buckets.
var (
	ErrNoBucket = errors.New("there is no such bucket")
	// ErrElsewhere: S3 notifies queues of its own region only.
	ErrElsewhere = errors.New("it is in another region than the queue, and S3 notifies only queues of its own")
)

// unwirable says of an error whether a bucket can't notify the queue as it is,
// which keeps no other bucket from it.
func unwirable(err error) bool {
	return errors.Is(err, ErrNoBucket) || errors.Is(err, ErrElsewhere) || errors.As(err, new(*OverlapError))
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

// Wire has a bucket's notifications be as wished. Where it was changed, it
// returns only once the change was read back, twice: at once and after a while.
// A bucket that is as wished already is read once.
//
// There is no compare-and-set, so an entry that somebody writes in the moment
// between our reading and our writing is lost to our write, and nobody can see
// it but its writer, by reading back as we do. That moment is kept to the one
// request. If we are killed here, ours is there or not, and the next call sees.
func (w *Wirer) Wire(ctx context.Context, bucket string, wish Wish) (Wired, error) {
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
	return done, fmt.Errorf("change what bucket %s notifies: somebody else keeps changing it too, %d times", bucket, wireAttempts)
}

// write reads, merges and writes. right: there was nothing to write.
func (w *Wirer) write(ctx context.Context, bucket string, wish Wish) (m Merged, right bool, err error) {
	now, err := w.Buckets.Notifications(ctx, bucket)
	if wish.Absent && unwirable(err) {
		return m, true, nil
	}
	if err != nil {
		return m, false, err
	}
	m = merge(now, wish)
	if m.Next.equal(now) {
		return m, true, nil
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

package sqs

import (
	"slices"
	"time"
)

// remembered is for how long minutes are kept, in memory only: CloudWatch
// calls a queue active for six hours after something happened (SQS developer
// guide, "Available CloudWatch metrics").
const remembered = 6 * time.Hour

// minute is what happened in a minute, and what there was when something last
// did. Duplicates count, as they do in CloudWatch.
type minute struct {
	at                      int64 // milliseconds since 1970
	Sent, Received, Deleted int64
	visible, inFlight       int
	age                     time.Duration // of the oldest message, known when it is asked for
}

// metrics are those that are kept, named as in CloudWatch.
var metrics = map[string]func(minute) float64{
	"NumberOfMessagesSent":                  func(m minute) float64 { return float64(m.Sent) },
	"NumberOfMessagesReceived":              func(m minute) float64 { return float64(m.Received) },
	"NumberOfMessagesDeleted":               func(m minute) float64 { return float64(m.Deleted) },
	"ApproximateNumberOfMessagesVisible":    func(m minute) float64 { return float64(m.visible) },
	"ApproximateNumberOfMessagesNotVisible": func(m minute) float64 { return float64(m.inFlight) },
	"ApproximateAgeOfOldestMessage":         func(m minute) float64 { return max(0, float64(m.age/time.Second)) },
}

// minute is the present one; it runs under q.mu.
func (q *queue) minute() *minute {
	now := q.store.Now()
	at := now.Truncate(time.Minute).UnixMilli()
	n := len(q.minutes)
	if n == 0 || q.minutes[n-1].at != at {
		q.minutes = append(q.minutes, minute{at: at})
		for q.minutes[0].at < now.Add(-remembered).UnixMilli() {
			q.minutes = q.minutes[1:]
		}
		n = len(q.minutes)
	}
	m := &q.minutes[n-1]
	m.visible, m.inFlight = q.ready.Len(), q.inFlight
	return m
}

// Point is a metric's value in a minute.
type Point struct {
	At    time.Time
	Value float64
}

// Points returns a metric's values, named as in CloudWatch, a minute each, of
// [from, to), the oldest first. Nothing is known of minutes before the first
// in which something happened, nor of metrics that aren't kept. Of the age of
// the oldest message only those count that are still here.
func (s *Store) Points(queue, metric string, from, to time.Time) (points []Point) {
	q, value := s.byName(queue), metrics[metric]
	if q == nil || value == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.minutes) == 0 {
		return nil
	}
	now := s.Now()
	q.advance(now.UnixMilli())
	last := q.minutes[len(q.minutes)-1]
	end := slices.MinFunc([]time.Time{to, now, time.UnixMilli(last.at).Add(remembered)}, time.Time.Compare)
	oldest := q.oldest(now)
	for at := time.UnixMilli(q.minutes[0].at); at.Before(end); at = at.Add(time.Minute) {
		if at.Before(from) {
			continue
		}
		m := q.minuteAt(at.UnixMilli())
		if at.Equal(now.Truncate(time.Minute)) {
			m.visible, m.inFlight = q.ready.Len(), q.inFlight
		}
		m.age = min(at.Add(time.Minute).Sub(oldest), now.Sub(oldest))
		points = append(points, Point{at, value(m)})
	}
	return points
}

// minuteAt is a minute since the first; in one that isn't there nothing happened,
// and there was what was there before.
func (q *queue) minuteAt(at int64) minute {
	i, ok := slices.BinarySearchFunc(q.minutes, at, func(m minute, at int64) int { return int(m.at - at) })
	if ok {
		return q.minutes[i]
	}
	before := q.minutes[i-1]
	return minute{at: at, visible: before.visible, inFlight: before.inFlight}
}

// poison is how many receives without a deletion put a message behind all
// others: its age is not told (SQS developer guide, ApproximateAgeOfOldestMessage).
const poison = 3

// oldest is when the oldest message was sent; now if there is none.
func (q *queue) oldest(now time.Time) time.Time {
	oldest := now.UnixMilli()
	for _, m := range q.messages {
		if m.receives < poison {
			oldest = min(oldest, m.sent)
		}
	}
	return time.UnixMilli(oldest)
}

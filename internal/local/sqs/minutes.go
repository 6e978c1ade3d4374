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
// did.
type minute struct {
	at int64 // milliseconds since 1970
	Metrics
	visible, inFlight int
}

// minute is the present one; it runs under q.mu.
func (q *queue) minute() *minute {
	now := q.now()
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
func (s *Store) Points(queue, metric string, from, to time.Time) []Point {
	q, err := s.byName(queue)
	if err != nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	value := q.metric(metric)
	if value == nil || len(q.minutes) == 0 {
		return nil
	}
	now := q.now()
	q.advance(now.UnixMilli())
	last := q.minutes[len(q.minutes)-1]
	first := time.UnixMilli(q.minutes[0].at)
	end := slices.MinFunc([]time.Time{to, now, time.UnixMilli(last.at).Add(remembered)}, time.Time.Compare)
	var points []Point
	for at := first; at.Before(end); at = at.Add(time.Minute) {
		if !at.Before(from) {
			points = append(points, Point{at, value(at)})
		}
	}
	return points
}

// metric returns a function of a minute; nil if it isn't known.
func (q *queue) metric(name string) func(time.Time) float64 {
	counter := func(of func(minute) int64) func(time.Time) float64 {
		return func(at time.Time) float64 {
			i, ok := q.find(at)
			if !ok {
				return 0
			}
			return float64(of(q.minutes[i]))
		}
	}
	gauge := func(now func() int, of func(minute) int) func(time.Time) float64 {
		return func(at time.Time) float64 {
			if at.Equal(q.now().Truncate(time.Minute)) {
				return float64(now())
			}
			i, ok := q.find(at)
			if !ok {
				i-- // nothing happened since
			}
			return float64(of(q.minutes[i]))
		}
	}
	switch name {
	case "NumberOfMessagesSent":
		return counter(func(m minute) int64 { return m.Sent })
	case "NumberOfMessagesReceived":
		return counter(func(m minute) int64 { return m.Received })
	case "NumberOfMessagesDeleted":
		return counter(func(m minute) int64 { return m.Deleted })
	case "ApproximateNumberOfMessagesVisible":
		return gauge(q.ready.Len, func(m minute) int { return m.visible })
	case "ApproximateNumberOfMessagesNotVisible":
		return gauge(func() int { return q.inFlight }, func(m minute) int { return m.inFlight })
	case "ApproximateAgeOfOldestMessage":
		oldest := q.oldest()
		return func(at time.Time) float64 {
			end := slices.MinFunc([]time.Time{at.Add(time.Minute), q.now()}, time.Time.Compare)
			return max(0, float64(end.Sub(oldest)/time.Second))
		}
	}
	return nil
}

// find is the index of a minute, or where it would be.
func (q *queue) find(at time.Time) (int, bool) {
	return slices.BinarySearchFunc(q.minutes, at.UnixMilli(), func(m minute, at int64) int { return int(m.at - at) })
}

// poison is how many receives without a deletion put a message behind all
// others: its age is not told (SQS developer guide, ApproximateAgeOfOldestMessage).
const poison = 3

// oldest is when the oldest message was sent; now if there is none.
func (q *queue) oldest() time.Time {
	oldest := q.now().UnixMilli()
	for _, m := range q.messages {
		if m.receives < poison {
			oldest = min(oldest, m.sent)
		}
	}
	return time.UnixMilli(oldest)
}

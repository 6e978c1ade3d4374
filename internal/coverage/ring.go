package coverage

import (
	"math"
	"slices"
	"time"
)

// ring is the last so many cells of a clock, by their numbers.
type ring[T any] struct {
	Slots []T
	Last  int64 // number of the newest cell; the others are those before it
}

func newRing[T any](n int) ring[T] { return ring[T]{Slots: make([]T, n)} }

func (r *ring[T]) clone() ring[T] { return ring[T]{slices.Clone(r.Slots), r.Last} }

// ahead is how many of its cells are of the future.
func (r *ring[T]) ahead() int64 { return int64(len(r.Slots)) * ahead / (hours + ahead) }

// move makes a cell the newest, and forgets those that are too old by then.
func (r *ring[T]) move(last int64) {
	if last <= r.Last {
		return
	}
	var none T
	for i := max(r.Last+1, last-int64(len(r.Slots))+1); i <= last; i++ {
		r.Slots[r.slot(i)] = none
	}
	r.Last = last
}

func (r *ring[T]) slot(i int64) int {
	n := int64(len(r.Slots))
	return int((i%n + n) % n)
}

// at is a cell to be written; nil if it is too old, or too far from now.
func (r *ring[T]) at(i, now int64) *T {
	r.move(now + r.ahead())
	return r.get(i)
}

// get is a cell, nil if it is not kept.
func (r *ring[T]) get(i int64) *T {
	if i > r.Last || i <= r.Last-int64(len(r.Slots)) || len(r.Slots) == 0 {
		return nil
	}
	return &r.Slots[r.slot(i)]
}

// delays are how long objects took, from landing until searchable: counts by
// powers of the root of two of a tenth of a second.
type delays [40]uint16

func (d *delays) add(took time.Duration) {
	i := 0
	if tenths := took.Seconds() * 10; tenths > 1 {
		i = min(int(math.Ceil(2*math.Log2(tenths))), len(d)-1)
	}
	if d[i] < math.MaxUint16 {
		d[i]++
	}
}

// percentile is what so many of a hundred don't exceed, to about a third; nil if there
// are none.
func percentile(list []delays, percent int) *Seconds {
	var sum [len(delays{})]int
	all := 0
	for _, d := range list {
		for i, n := range d {
			sum[i] += int(n)
			all += int(n)
		}
	}
	for i, upTo := 0, 0; i < len(sum); i++ {
		if upTo += sum[i]; all > 0 && upTo*100 >= all*percent {
			took := Seconds(time.Duration(math.Pow(2, float64(i)/2) * float64(time.Second) / 10).Seconds())
			return &took
		}
	}
	return nil
}

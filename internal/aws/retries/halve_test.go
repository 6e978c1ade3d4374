package retries

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
)

var errBad = errors.New("holds a bad part")

// catalog takes a request whole or not at all.
type catalog struct {
	bad   map[int]bool
	added []int
	calls int
}

func (c *catalog) add(parts []int) error {
	c.calls++
	if slices.ContainsFunc(parts, func(p int) bool { return c.bad[p] }) {
		return Splittable(errBad)
	}
	c.added = append(c.added, parts...)
	return nil
}

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestOneBadPartCostsOnlyItself(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 64, 1000, 4999} {
		for _, bad := range []int{0, n / 2, n - 1} {
			c := &catalog{bad: map[int]bool{bad: true}}
			err := Halve(context.Background(), numbers(n), c.add)
			if !errors.Is(err, errBad) {
				t.Errorf("%d parts, %d bad: error %v", n, bad, err)
			}
			if len(c.added) != n-1 {
				t.Errorf("%d parts, %d bad: %d added, want all but one", n, bad, len(c.added))
			}
		}
	}
}

func TestAllBadIsBounded(t *testing.T) {
	for _, n := range []int{1, 2, 10, 1000, 4999} {
		c := &catalog{bad: map[int]bool{}}
		for i := range n {
			c.bad[i] = true
		}
		if err := Halve(context.Background(), numbers(n), c.add); !errors.Is(err, errBad) {
			t.Errorf("%d bad parts: error %v", n, err)
		}
		if limit := int(2*math.Log2(float64(n))) + 10; c.calls > limit {
			t.Errorf("%d bad parts: %d calls, more than %d", n, c.calls, limit)
		}
	}
}

func TestAnyOtherErrorIsTheLast(t *testing.T) {
	calls := 0
	denied := errors.New("denied")
	err := Halve(context.Background(), numbers(100), func(p []int) error {
		if calls++; calls == 1 {
			return Splittable(errBad)
		}
		return denied
	})
	if !errors.Is(err, denied) || calls != 2 {
		t.Errorf("error %v after %d calls, want the second call's", err, calls)
	}
}

func TestNothingIsBegunAfterTheEndOfCtx(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	err := Halve(ctx, numbers(100), func([]int) error {
		calls++
		cancel()
		return Splittable(errBad)
	})
	if !errors.Is(err, errBad) || calls != 1 {
		t.Errorf("error %v after %d calls, want the first call's and no other call", err, calls)
	}
}

// What is begun when ctx ends may succeed; only what is left then fails by it.
func TestTheEndOfCtxFailsOnlyWhatIsLeft(t *testing.T) {
	for calls, want := range map[int]error{2: context.Canceled, 3: nil} {
		ctx, cancel := context.WithCancel(context.Background())
		n := 0
		err := Halve(ctx, numbers(2), func([]int) error {
			if n++; n == 1 {
				return Splittable(errBad)
			}
			if n == calls {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, want) || n != calls {
			t.Errorf("ctx ended in call %d: error %v after %d calls, want %v", calls, err, n, want)
		}
		cancel()
	}
}

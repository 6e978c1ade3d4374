package refresh_test

import (
	"sync"
	"testing"

	"athenarefresh/internal/refresh"
)

// TestWhatIsKnownNeedsNoPlace: of what a rehearsal has seen it says so, and of
// nothing else.
func TestWhatIsKnownNeedsNoPlace(t *testing.T) {
	h := refresh.Rehearsal{Router: rigRouter(t)}
	body := func(keys ...string) []byte { return []byte(message(keys...).Body) }
	settle := func(keys ...string) { h.Settle(message(keys...)) }
	if n := h.Known(body("a/2018/03/01/05/x")); n != 0 {
		t.Errorf("%d known before any was seen", n)
	}
	settle("a/2018/03/01/05/x", "a/2018/03/01/06/x", "elsewhere/a/2018/03/01/05/x")
	for _, c := range []struct {
		body []byte
		want int
	}{
		{body("a/2018/03/01/05/y"), 1},
		{body("a/2018/03/01/05/y", "a/2018/03/01/06/z"), 2},
		{body("a/2018/03/01/05/y", "a/2018/03/01/07/z"), 0}, // that one was not seen
		{body("a/2018/03/01/05/_temporary"), 0},
		{body("parquet:a/2018/03/01/05/y"), 0},
		{body("a/2018/03/01/05/y", ""), 0}, // malformed
		{[]byte(`{"Records":[]}`), 0},
		{[]byte(`{"Records":[`), 0},
		{nil, 0},
	} {
		if n := h.Known(c.body); n != c.want {
			t.Errorf("%s: %d known, want %d", c.body, n, c.want)
		}
	}
}

// TestNothingOfAKnownBodyIsKept: its bytes are another's by then.
func TestNothingOfAKnownBodyIsKept(t *testing.T) {
	h := refresh.Rehearsal{Router: rigRouter(t)}
	keys := []string{"a/2018/03/01/05/x", "a/2018/03/01/06/%2B+x", "b/2018/03/01/06/x"}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			room := make([]byte, 0, 1000)
			for range 500 {
				for _, key := range append(keys, "never/2018/03/01/05/x") {
					room = append(room[:0], message(key).Body...)
					h.Known(room)
					clear(room)
				}
			}
		})
	}
	for _, key := range keys {
		h.Settle(message(key))
	}
	group.Wait()
	if len(h.Partitions) != 3 || h.Partitions[2].Table != "b" {
		t.Errorf("%v", h.Partitions)
	}
	for _, key := range keys {
		if n := h.Known([]byte(message(key).Body)); n != 1 {
			t.Errorf("%s: %d known", key, n)
		}
	}
}

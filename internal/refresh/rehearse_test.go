package refresh_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
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

// TestAdditionsAreWhatAWriterTakes: each table's after another, as many at once as
// fit, and the values in the order of the table's keys.
func TestAdditionsAreWhatAWriterTakes(t *testing.T) {
	part := func(name, keys, values string) table.Partition {
		return table.Partition{Table: name, Keys: strings.Fields(keys), Values: strings.Fields(values), Location: "s3://b/" + values + "/"}
	}
	h := refresh.Rehearsal{Partitions: []table.Partition{
		part("a", "x y", "1 2"), part("b", "x", "01"), part("a", "y x", "4 3"), part("a", "x", "5"), part("a", "x y", "6 7"),
	}}
	var got []string
	for t, parts := range h.Additions("db", func(_ refresh.Table, parts []refresh.Partition) int { return min(2, len(parts)) }) {
		got = append(got, fmt.Sprintf("%s.%s%v%v", t.ID.Database, t.ID.Name, t.KeyNames(), parts))
	}
	want := []string{
		"db.a[x y][{[1 2] s3://b/1 2/} {[3 4] s3://b/4 3/}]", "db.a[x y][{[6 7] s3://b/6 7/}]",
		"db.b[x][{[01] s3://b/01/}]", "db.a[x][{[5] s3://b/5/}]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestWhatFailsWasSentToo and a Recorder says so.
func TestWhatFailsWasSentToo(t *testing.T) {
	m := catalogtest.NewMemory(t)
	m.SetFault(func(context.Context, catalogtest.Call) error { return refresh.ErrThrottled })
	var sent []refresh.Partition
	r := refresh.Recorder{Writer: m.Catalog().Writer, Sends: func(_ refresh.Table, parts []refresh.Partition) { sent = append(sent, parts...) }}
	parts := []refresh.Partition{{Values: []string{"x"}, Location: "s3://b/x/"}}
	if err := r.Add(t.Context(), refresh.Table{}, parts); err == nil || len(sent) != 1 {
		t.Errorf("%v sent, %v", sent, err)
	}
}

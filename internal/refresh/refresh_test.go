package refresh_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

func TestAPartitionIsAddedReadBackAndRemembered(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.must(refresh.Done, nil, "a/2018/03/01/05/x", "a/2018/03/01/05/y")
	g.must(refresh.Done, nil, "a/2018/03/01/05/z")
	if d := cmp.Diff([]string{"2018-03-01-05 s3://data/a/2018/03/01/05/"}, g.locations("a")); d != "" {
		t.Error(d)
	}
	g.calls("Add", 1)
	g.calls("Partitions", 2)
	g.calls("Table", 1)
	g.calls("Tables", 0)
	g.calls("Check", 1)
}

func TestNothingIsDoneWithoutAReadThatConfirmsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a", "b")
		g.catalog.SetFault(func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && c.After && c.Table == "a" { // another writer drops what we add
				return g.catalog.DropPartition(t.Context(), "a", c.Values[0])
			}
			if c.Method == "Partitions" && c.Table == "b" && g.catalog.Calls("Add") == 2 {
				return errors.New("unreadable")
			}
			return nil
		})
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		g.must(refresh.Retry, why(refresh.CatalogError), "b/2018/03/01/05/x")
		if len(g.locations("b")) != 1 {
			t.Error("b was not added: the test shows nothing")
		}
	})
}

func TestAnErrorAfterTheEffectIsSettledByReading(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.after("Add", fails(errors.New("the reply was lost")))
	g.must(refresh.Done, nil, "a/2018/03/01/05/x")
}

func TestAPartitionInFlightIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.before("Add", slow(time.Second))
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				g.must(refresh.Done, nil, fmt.Sprintf("a/2018/03/01/%02d/x", i%10))
			})
		}
		group.Wait()
		if n := g.catalog.Calls("Add"); n != 2 {
			t.Errorf("%d statements: what is wanted while the first runs is the second", n)
		}
	})
}

func TestManyPartitionsFitIntoFewStatements(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.must(refresh.Done, nil, hours("a", 3000)...)
	if n := len(g.locations("a")); n != 3000 {
		t.Errorf("%d partitions", n)
	}
	if n := g.catalog.Calls("Add"); n > 4 { // of 1,000 each, and what was wanted before the rest
		t.Errorf("%d statements", n)
	}
	if n := g.catalog.Calls("Partitions"); n > 10 {
		t.Errorf("%d look-ups", n)
	}
}

func TestTheWorstRecordDecidesWhereverItStands(t *testing.T) {
	g := newRig(t)
	g.create("a")
	g.behind("a", "s3://elsewhere/", "2018-03-01-05")
	const ignored, parked, conflict, retried = "a/", "nobody:x", "a/2018/03/01/05/x", "nowhere/2018/03/01/05/x"
	g.must(refresh.Parked, why("unknown_bucket", "placeholder"), parked, ignored)
	g.must(refresh.Parked, why("placeholder", "unknown_bucket"), ignored, parked)
	g.must(refresh.Retry, why(refresh.TableMissing, refresh.LocationConflict), retried, conflict)
	g.must(refresh.Retry, why(refresh.LocationConflict, refresh.TableMissing), conflict, retried)
	for _, p := range g.letters.parked {
		if !strings.HasSuffix(p, "[unknown_bucket]") {
			t.Errorf("parked with more than the reasons to park: %s", p)
		}
	}
}

func TestOnlyWhatIsRetriedWaits(t *testing.T) {
	g := newRig(t)
	g.create("a")
	for key, waits := range map[string]bool{"a/2018/03/01/05/x": false, "nobody:x": false, "nowhere/2018/03/01/05/x": true} {
		if s := g.settle(key); (s.Wait > 30*time.Second) != waits || s.Records != 1 {
			t.Errorf("%s: %+v", key, s)
		}
	}
}

func TestWhatFailedTogetherComesBackApart(t *testing.T) {
	for _, receives := range []int{1, 5, 20} {
		least, most := refresh.RetryAfter(receives), time.Duration(0)
		for range 200 {
			d := refresh.RetryAfter(receives)
			least, most = min(least, d), max(most, d)
		}
		if most-least < most/8 {
			t.Errorf("after %d receives all come back between %s and %s", receives, least, most)
		}
	}
}

func TestACrowdedQueueKeepsWhatADatabaseHoldsUp(t *testing.T) {
	g := newRig(t)
	if err := g.catalog.DropDatabase(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.r.NoteInFlight(100_000)
	g.must(refresh.Retry, why(refresh.DatabaseMissing), "a/2018/03/01/05/x")
}

func TestEveryMessageIsLoggedForWhoWantsDetails(t *testing.T) {
	var log bytes.Buffer
	g := newRig(t, func(o *refresh.Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	g.create("a")
	g.must(refresh.Done, nil, "a/2018/03/01/05/x", "a/2018/03/01/05/y")
	s := g.must(refresh.Retry, why(refresh.TableMissing), "missing/2018/03/01/05/x")
	for _, want := range []string{
		`level=DEBUG msg=message outcome=done message=m records=2 receives=1` + "\n",
		`level=DEBUG msg=message outcome=retry message=m records=1 receives=1 reasons=[table_missing] wait=` + s.Wait.Round(time.Second).String() + "\n",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in\n%s", want, log.String())
		}
	}
}

func TestARecordIsLoggedWithItsReason(t *testing.T) {
	var log bytes.Buffer
	g := newRig(t, func(o *refresh.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	g.must(refresh.Parked, why("unknown_bucket", "placeholder"), "nobody:k", "a/")
	g.r.Settle(context.Background(), refresh.Message{ID: "m", Body: `{"Records":[1,2]}`})
	want := []string{
		`level=WARN msg=record outcome=park reason=unknown_bucket message=m bucket=nobody key=k why="no bucket \"nobody\" in the configuration"`,
		`level=WARN msg=record outcome=park reason=malformed message=m records=2`,
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines:\n%s", len(lines), log.String())
	}
	for i, line := range lines {
		if _, rest, _ := strings.Cut(line, " "); rest != want[i] {
			t.Errorf("got  %s\nwant %s", rest, want[i])
		}
	}
}

// TestObjectsThatFareAlikeHaveOneFate: whatever their keys are, and the ids of requests
// that failed for the same cause.
func TestObjectsThatFareAlikeHaveOneFate(t *testing.T) {
	fate := func(message string, attrs ...any) string {
		r := slog.NewRecord(time.Time{}, slog.LevelInfo, message, 0)
		r.Add(attrs...)
		if name, ok := refresh.Fate(r); ok {
			return name
		}
		return "no record"
	}
	missing := func(n int, bucket, table string) string {
		return fate("record", "outcome", "retry", "reason", "table_missing", "message", fmt.Sprint("m", n), "bucket", bucket, "key", fmt.Sprint(n),
			"why", fmt.Sprintf("read table %s: table does not exist: operation error Glue: GetTable, RequestID: %d", table, n))
	}
	one := missing(1, "b", "web")
	if other := missing(2, "b", "web"); one != other {
		t.Errorf("%q and %q", one, other)
	}
	for _, other := range []string{missing(1, "b", "app"), missing(1, "c", "web"), fate("record", "outcome", "park", "reason", "no_layout_match", "bucket", "b")} {
		if one == other {
			t.Errorf("%q for another's", one)
		}
	}
	if got := fate("the catalog does not work", "outcome", "retry"); got != "no record" {
		t.Errorf("%q", got)
	}
}

// TestWhoWatchesIsToldOfEveryObject that needs a partition, once: what was added,
// what was there already, and what is parked or put off, by the body, the key or
// the catalog. Nothing is told of what is ignored.
func TestWhoWatchesIsToldOfEveryObject(t *testing.T) {
	var mu sync.Mutex
	var told []string
	g := newRig(t, func(o *refresh.Options) {
		o.Noted = func(n refresh.Noted) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, fmt.Sprint(n.Outcome, " ", n.Reason, " ", n.Bucket, " ", n.Key, " ", n.Records, " ", n.At.IsZero(), " ", n.Message, " ", n.Added, " ", time.Since(n.Landed) < time.Minute))
		}
	})
	g.create("a")
	g.behind("a", "s3://elsewhere/", "2018-03-01-06")
	g.settle("a/2018/03/01/05/x", "a/2018/03/01/05/", "nobody:k", "nowhere/2018/03/01/05/x", "a/2018/03/01/06/x")
	g.settle("a/2018/03/01/05/y")
	g.settle("a/2018/03/01/05/z") // by its folder alone
	g.r.Settle(t.Context(), refresh.Message{ID: "m2", Body: `{"Records":[1,2]}`, Sent: time.Unix(7, 0)})
	slices.Sort(told)
	want := []string{
		"park location_conflict data a/2018/03/01/06/x 1 false m false true",
		"park malformed   2 false m2 false false",
		"park unknown_bucket nobody k 1 false m false true",
		"partition  data a/2018/03/01/05/x 1 false m true true",
		"partition  data a/2018/03/01/05/y 1 false m false true",
		"partition  data a/2018/03/01/05/z 1 false m false true",
		"retry table_missing data nowhere/2018/03/01/05/x 1 false m false true",
	}
	if d := cmp.Diff(want, told); d != "" {
		t.Error(d)
	}
}

package refresh_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalog/catalogtest"
	"athenarefresh/internal/refresh"
)

func TestAStatementThatAddedSomeDoesNotStopItsTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After && len(c.Values) == 2 {
				g.behind("a", "s3://data/a/2018/03/01/01/", "2018-03-01-01")
				return errors.New("one of them is bad")
			}
			return nil
		}
		g.must(refresh.Retry, why(refresh.CatalogError), hours("a", 2)...)
		g.must(refresh.Done, nil, hours("a", 3)[1:]...)
		g.must(refresh.Retry, why(refresh.CatalogError), hours("a", 1)...)
		g.calls("Add", 2)
	})
}

func TestAStatementThatAddedNoneStopsItsTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.catalog.Fault = func(_ context.Context, c catalogtest.Call) error {
			if c.Method == "Add" && !c.After {
				return errors.New("nobody knows")
			}
			return nil
		}
		g.must(refresh.Retry, why(refresh.CatalogError), hours("a", 2)...)
		g.must(refresh.Retry, why(refresh.CatalogError), hours("a", 4)[2:]...)
		g.calls("Add", 1)
	})
}

func TestThereIsTimeToReadBackBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, timeout := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
			g := newRig(t)
			g.create("a")
			g.catalog.Fault = func(ctx context.Context, c catalogtest.Call) error {
				if c.Method == "Add" && c.After {
					return catalogtest.Hang(ctx)
				}
				return nil
			}
			ctx, cancel := context.WithTimeout(context.Background(), timeout)
			begun := time.Now()
			s := g.r.Settle(ctx, message("a/2018/03/01/05/x"))
			if took := time.Since(begun); s.Outcome != refresh.Done || took < timeout*9/10 || took < timeout-2*time.Second {
				t.Errorf("%s: %+v after %s", timeout, s, took)
			}
			cancel()
		}
	})
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

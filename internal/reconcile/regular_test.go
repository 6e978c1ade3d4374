package reconcile_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schedule"
)

// TestARegularRunAddsAndNoMore: what exists is a person's to change, whatever
// the Reconciler would be allowed to.
func TestARegularRunAddsAndNoMore(t *testing.T) {
	w, router := alertsWorld(t, 1, 2)
	w.add("alerts", "s3://alerts/wrong/", dt(2))
	w.add("alerts", "s3://alerts/"+hour(4), dt(4))
	synctest.Test(t, func(t *testing.T) {
		every, err := schedule.Parse("rate(1 hour)")
		if err != nil {
			t.Fatal(err)
		}
		settler := refresh.New(refresh.Options{Router: router, Catalog: refresh.Catalog{Reader: w, Writer: w}, DeadLetters: refresh.Nowhere{}, Statements: 2, MaxInHand: 1000})
		defer settler.Close(context.Background())
		var log bytes.Buffer
		g := &reconcile.Regular{Schedule: every, Log: slog.New(slog.NewTextHandler(&log, nil)), Reconciler: &reconcile.Reconciler{
			Router: router, Objects: w, Catalog: w, Mender: w, Settler: settler, Batch: 100, Tables: 2, Relocate: true, Drop: true}}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		running.Go(func() { g.Run(ctx) })

		synctest.Wait()
		began := time.Now()
		if l := g.Last(); l.Summary == nil || !l.At.Equal(began) || said1(l) != "missing 1/1 elsewhere 1/0 empty 1/0" {
			t.Errorf("at once: %+v", l)
		}
		if at := w.locations("alerts"); at[dt(1)] == "" || at[dt(2)] != "s3://alerts/wrong/" || at[dt(4)] == "" {
			t.Errorf("partitions %v", at)
		}
		w.put("alerts", hour(7)+"never notified")
		time.Sleep(time.Hour - time.Second)
		if !g.Last().At.Equal(began) {
			t.Error("it compared before it was due")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if l := g.Last(); !l.At.After(began) || said1(l) != "missing 1/1 elsewhere 1/0 empty 1/0" {
			t.Errorf("an hour later: %+v", l)
		}

		// What could not be compared is no fact.
		w.mu.Lock()
		delete(w.buckets, "alerts")
		w.mu.Unlock()
		before := g.Last()
		time.Sleep(time.Hour)
		synctest.Wait()
		if l := g.Last(); !l.At.Equal(before.At) || l.Summary != before.Summary || l.Failures != 1 {
			t.Errorf("after a failure: %+v", l)
		}
		if !strings.Contains(log.String(), "missing=1 added=1 left=2") || !strings.Contains(log.String(), "kind=empty mended=false") {
			t.Errorf("log: %s", log.String())
		}
	})
}

// TestARegularRunWritesAFewOfEachKindDown: millions of objects may lie where no
// partition can be.
func TestARegularRunWritesAFewOfEachKindDown(t *testing.T) {
	w, router := alertsWorld(t, 1, 2)
	for _, name := range strings.Fields("a b c d e f g h") {
		w.put("alerts", name)
	}
	synctest.Test(t, func(t *testing.T) {
		every, err := schedule.Parse("rate(1 hour)")
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		g := &reconcile.Regular{Schedule: every, Log: slog.New(slog.NewTextHandler(&log, nil)), Reconciler: &reconcile.Reconciler{Router: router, Objects: w, Catalog: w}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		g.Run(ctx)
		if unplaced, missing := strings.Count(log.String(), "kind=unplaced"), strings.Count(log.String(), "kind=missing"); unplaced != 5 || missing != 2 {
			t.Errorf("%d unplaced and %d missing are written down: %s", unplaced, missing, log.String())
		}
		if want := "kind=missing mended=false table=alerts location=s3://alerts/" + hour(2) + " bucket=alerts key=" + hour(2) + "a.json\n"; !strings.Contains(log.String(), want) {
			t.Errorf("%q is not written down: %s", want, log.String())
		}
	})
}

func said1(l reconcile.Last) string {
	var words []string
	for _, k := range reconcile.Kinds[:3] {
		found, mended := l.Summary.Of(k)
		words = append(words, string(k)+" "+string(rune('0'+found))+"/"+string(rune('0'+mended)))
	}
	return strings.Join(words, " ")
}

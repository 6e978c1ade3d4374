package reconcile_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
)

// TestARunThatHasToStopIsGoneOnWith: a function has a minute, and S3 takes a
// second to answer. What was seen before is mended, and nothing is left out.
func TestARunThatHasToStopIsGoneOnWith(t *testing.T) {
	w, router := alertsWorld(t)
	const hours = 3000
	for i := range hours {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour)
		w.put("alerts", fmt.Sprintf("alerts/%s/a.json", at.Format("2006/01/02/15")), fmt.Sprintf("alerts/%s/b.json", at.Format("2006/01/02/15")))
	}
	w.add("alerts", "s3://alerts/elsewhere/", dt(3))
	w.add("alerts", "s3://alerts/empty/", "2020-01-01-01") // is not looked for
	synctest.Test(t, func(t *testing.T) {
		settler := refresh.New(refresh.Options{Router: router, Catalog: refresh.Catalog{Reader: w, Writer: w}, DeadLetters: refresh.Nowhere{}, Statements: 2, MaxInHand: 1000})
		defer settler.Close(context.Background())
		w.slow = time.Second
		w.before = func(call string) {
			if strings.HasPrefix(call, "All") {
				t.Error("the catalog is read as a whole")
			}
		}
		var found []reconcile.Finding
		r := w.reconciler(router, &found)
		r.Settler, r.Forward = settler, true
		runs, added := 0, 0
		for {
			r.Stop = time.Now().Add(4 * time.Second)
			sum, err := r.Run(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			runs++
			_, n := sum.Of(reconcile.Missing)
			added += n
			if sum.Rest == nil {
				break
			}
			if late := time.Since(r.Stop); late > 20*time.Second { // it is cut in one go
				t.Errorf("run %d went on for %v", runs, late)
			}
			r.Rest = sum.Rest
		}
		if runs < 3 || added != hours-1 || len(w.locations("alerts")) != hours+1 {
			t.Errorf("%d runs, %d added, %d partitions", runs, added, len(w.locations("alerts")))
		}
		elsewhere := 0
		for _, f := range found {
			if f.Kind == reconcile.Elsewhere && f.Reason == refresh.LocationConflict {
				elsewhere++
			}
		}
		if elsewhere != 1 || len(found) != hours {
			t.Errorf("%d findings, %d elsewhere", len(found), elsewhere)
		}
	})
}

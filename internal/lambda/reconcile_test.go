package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/config"
	"athenarefresh/internal/lambda"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// slowBucket is a bucket of many objects, of which a listing takes five seconds.
type slowBucket struct{ keys []string }

func (b slowBucket) List(ctx context.Context, in reconcile.Listing) (reconcile.Page, error) {
	time.Sleep(5 * time.Second)
	from, _ := slices.BinarySearch(b.keys, in.After+"\x00")
	keys := b.keys[from:]
	n := min(len(keys), in.Max)
	return reconcile.Page{Keys: keys[:n], More: n < len(keys)}, ctx.Err()
}

// neverWhole is a catalog that is not to be read as a whole.
type neverWhole struct {
	*catalogtest.Memory
	t *testing.T
}

func (n neverWhole) All(context.Context, refresh.Table, string) iter.Seq2[refresh.Partition, error] {
	n.t.Error("the catalog is read as a whole")
	return func(func(refresh.Partition, error) bool) {}
}

func (g *rig) reconciled() lambda.Reconciled {
	g.t.Helper()
	out, err := g.invoke(`{"athena-refresh":"reconcile"}`)
	if err != nil {
		g.t.Fatal(err)
	}
	var r lambda.Reconciled
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		g.t.Fatal(err)
	}
	return r
}

// TestAReconcileGoesOnWhereTheLastOneStopped, and each leaves half of its time
// for what it found.
func TestAReconcileGoesOnWhereTheLastOneStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		var b slowBucket
		for i := range 15_000 {
			b.keys = append(b.keys, fmt.Sprintf("x%06d", i))
		}
		b.keys = append(b.keys, "z/2026/01/02/03/f") // of a table that is not there
		b.keys = append([]string{"a/2026/01/02/03/f"}, b.keys...)
		open := g.h.Open
		g.h.Open = func(ctx context.Context) (*lambda.Worker, error) {
			w, err := open(ctx)
			if err == nil {
				w.Reconciler = &reconcile.Reconciler{Router: g.router, Objects: b, Catalog: neverWhole{g.catalog, t}, Settler: w.Refresher, Batch: 100, Tables: 2}
			}
			return w, err
		}
		began := time.Now().UTC()
		var all lambda.Reconciled
		invocations := 0
		for !all.Complete {
			begun := time.Now()
			r := g.reconciled()
			if took := time.Since(begun); took > 35*time.Second || invocations > 9 {
				t.Fatalf("invocation %d took %v: %+v", invocations, took, r)
			}
			if !r.Since.Equal(began.Truncate(time.Second)) {
				t.Errorf("since %v, want %v", r.Since, began)
			}
			all.Missing, all.Added, all.Unplaced, all.Complete = all.Missing+r.Missing, all.Added+r.Added, all.Unplaced+r.Unplaced, r.Complete
			invocations++
			time.Sleep(time.Hour)
		}
		if all.Missing != 1 || all.Added != 1 || all.Unplaced != 15_001 || invocations < 3 {
			t.Errorf("in %d invocations: %+v", invocations, all)
		}
		if r := g.reconciled(); r.Complete || !r.Since.After(began) || r.Added != 0 {
			t.Errorf("the next one begins anew: %+v", r)
		}
		if g.receives != 0 {
			t.Error("a reconcile receives messages")
		}
		if !strings.Contains(g.log.String(), `"empty":"not looked for"`) {
			t.Error("whoever reads the log takes it that there is no empty partition")
		}
	})
}

// listing is reconcile.Objects as a function.
type listing func(context.Context, reconcile.Listing) (reconcile.Page, error)

func (f listing) List(ctx context.Context, in reconcile.Listing) (reconcile.Page, error) {
	return f(ctx, in)
}

// TestAReconcileThatFailedBeginsAnew: what could not be listed is not among what is
// left to be listed, and nobody would come to it before the next pass.
func TestAReconcileThatFailedBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(c *config.Config) {
			c.Buckets = append(c.Buckets, table.Bucket{Name: "refused", Rules: c.Buckets[0].Rules})
		})
		var b slowBucket
		for i := range 12_000 {
			b.keys = append(b.keys, fmt.Sprintf("x%06d", i))
		}
		refuses := true
		list := func(ctx context.Context, in reconcile.Listing) (reconcile.Page, error) {
			switch {
			case in.Bucket != "refused":
				return b.List(ctx, in)
			case refuses:
				return reconcile.Page{}, errors.New("AccessDenied")
			}
			return reconcile.Page{}, nil
		}
		open := g.h.Open
		g.h.Open = func(ctx context.Context) (*lambda.Worker, error) {
			w, err := open(ctx)
			if err == nil {
				w.Reconciler = &reconcile.Reconciler{Router: g.router, Objects: listing(list), Catalog: neverWhole{g.catalog, t}, Settler: w.Refresher, Batch: 100, Tables: 2}
			}
			return w, err
		}
		if out, err := g.invoke(`{"athena-refresh":"reconcile"}`); err == nil {
			t.Errorf("a bucket can't be listed, and it answers %s", out)
		}
		refuses = false
		time.Sleep(time.Hour)
		begun := time.Now().Truncate(time.Second)
		if r := g.reconciled(); r.Complete || !r.Since.Equal(begun) {
			t.Errorf("%+v, want one that begins at %v", r, begun)
		}
		if r := g.reconciled(); !r.Since.Equal(begun) {
			t.Errorf("%+v, want what the last one left", r)
		}
	})
}

func TestAReconcileOfAFunctionThatIsSwitchedOff(t *testing.T) {
	g := newRig(t, func(c *config.Config) { c.Enabled = false })
	out, err := g.invoke(`{"athena-refresh":"reconcile"}`)
	var off lambda.Off
	if err != nil || json.Unmarshal([]byte(out), &off) != nil || off.Message == "" || g.opened != 0 {
		t.Errorf("%s %v", out, err)
	}
}

package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
)

// refusesHourFive is what fails a statement with a partition that may not be.
func refusesHourFive(_ context.Context, c catalogtest.Call) error {
	if slices.ContainsFunc(c.Values, func(v []string) bool { return v[0] == "2018-03-01-05" }) {
		return errors.New("no such partition may be")
	}
	return nil
}

func TestABadPartitionDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.before("Add", refusesHourFive)
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		for i := 6; i < 24; i++ {
			g.must(refresh.Done, nil, fmt.Sprintf("a/2018/03/01/%02d/x", i))
			g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
			time.Sleep(10 * time.Second)
		}
		if n := g.catalog.Calls("Add"); n > 18+4 {
			t.Errorf("%d statements for 18 partitions and a bad one", n)
		}
	})
}

func TestABadPartitionIsTriedApartFromItsNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.create("a")
		g.before("Add", refusesHourFive)
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x")
		time.Sleep(31 * time.Second) // until it is tried again
		g.must(refresh.Retry, why(refresh.CatalogError), "a/2018/03/01/05/x", "a/2018/03/01/06/x")
		if d := cmp.Diff([]string{"2018-03-01-06 s3://data/a/2018/03/01/06/"}, g.locations("a")); d != "" {
			t.Error(d)
		}
		g.calls("Add", 3)
	})
}

package refresh_test

import (
	"context"
	"errors"
	"fmt"
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

// bucketOf is what lies in the folders of a bucket: all are full but some.
type bucketOf struct {
	mu    sync.Mutex
	empty map[string]bool
	err   error
	looks int
}

func (b *bucketOf) Empty(_ context.Context, location string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks++
	return b.empty[location], b.err
}

// refuses has Athena refuse what it would have to make a folder for, and add the
// rest, as halving would.
func (g *rig) refuses(b *bucketOf) {
	g.before("Add", func(_ context.Context, c catalogtest.Call) error {
		bad := 0
		for _, v := range c.Values {
			location := "s3://data/a/" + strings.ReplaceAll(v[0], "-", "/") + "/"
			if empty, _ := b.Empty(context.Background(), location); empty {
				bad++
			} else if len(c.Values) > 1 {
				g.behind("a", location, v[0])
			}
		}
		if bad > 0 {
			return fmt.Errorf("halved: %w", refresh.ErrFolderDenied)
		}
		if len(c.Values) > 1 {
			return errors.New("all were added")
		}
		return nil
	})
}

func TestAnEmptiedFolderIsIgnoredAndDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bucketOf{empty: map[string]bool{}}
		g := newRig(t, func(o *refresh.Options) { o.Folders = b })
		g.create("a")
		g.refuses(b)
		for i := range 24 { // of which every second one was emptied meanwhile
			if i%2 == 1 {
				b.empty[fmt.Sprintf("s3://data/a/2018/03/01/%02d/", i)] = true
				g.must(refresh.Done, why(refresh.FolderEmpty), fmt.Sprintf("a/2018/03/01/%02d/f", i), fmt.Sprintf("a/2018/03/02/%02d/f", i))
			} else {
				g.must(refresh.Done, nil, fmt.Sprintf("a/2018/03/01/%02d/f", i))
			}
			time.Sleep(5 * time.Second)
		}
		if n := len(g.locations("a")); n != 24 {
			t.Errorf("%d of 24 partitions are searchable", n)
		}
	})
}

// Who comes later may speak of another object: only a listing made after it came
// says that there is nothing.
func TestAnEmptyFolderThatFillsIsAdded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const folder = "s3://data/a/2018/03/01/05/"
		b := &bucketOf{empty: map[string]bool{folder: true}}
		g := newRig(t, func(o *refresh.Options) { o.Folders = b })
		g.create("a")
		g.refuses(b)
		for range 5 {
			g.must(refresh.Done, why(refresh.FolderEmpty), "a/2018/03/01/05/f")
		}
		g.calls("Add", 1) // to look is enough
		b.empty[folder] = false
		g.must(refresh.Done, nil, "a/2018/03/01/05/g")
		if d := cmp.Diff([]string{"2018-03-01-05 " + folder}, g.locations("a")); d != "" {
			t.Error(d)
		}
	})
}

func TestAFolderThatCannotBeLookedIntoIsTriedAgain(t *testing.T) {
	for name, folders := range map[string]refresh.Folders{"none": nil, "broken": &bucketOf{err: errors.New("no right to list")}} {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t, func(o *refresh.Options) { o.Folders = folders })
			g.create("a")
			g.before("Add", fails(refresh.ErrFolderDenied))
			for range 3 {
				s := g.settle("a/2018/03/01/05/f")
				if s.Outcome != refresh.Retry || !slices.Equal(s.Reasons, why(refresh.AccessDenied)) {
					t.Errorf("%s: %+v", name, s)
				}
			}
		})
	}
}

// A refusal of what is there is like any that nobody recognises, and says
// nothing about the catalog as a whole.
func TestAFullFolderThatIsRefusedRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, func(o *refresh.Options) { o.Folders = &bucketOf{} })
		g.create("a", "b")
		g.must(refresh.Done, nil, "b/2018/03/01/05/f")
		g.before("Add", fails(refresh.ErrFolderDenied))
		g.must(refresh.Retry, why(refresh.AccessDenied), "a/2018/03/01/05/f")
		g.r.Idle(t.Context())
		if g.r.CatalogDown() {
			t.Error("the catalog counts as down")
		}
	})
}

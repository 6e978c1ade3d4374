package reconcile

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestProgressIsSaidInWords(t *testing.T) {
	for want, c := range map[string]struct{ inCatalog, folders, listings, added int64 }{
		"50 folders of 100, 5 a second, 3 listings, about 10s left": {100, 50, 3, 0},
		"0 folders of 100, 0 a second, 1 listings":                  {100, 0, 1, 0},
		"80 folders of 80, 8 a second, 3 listings":                  {80, 80, 3, 0},
		"90 folders of 90, 9 a second, 3 listings, 1 added":         {70, 90, 3, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			var p Progress
			p.inCatalog.Store(c.inCatalog)
			p.folders.Store(c.folders)
			p.listings.Store(c.listings)
			p.added.Store(c.added)
			p.begun.Store(time.Now().UnixNano())
			time.Sleep(10 * time.Second)
			if got := p.String(); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
	var p Progress
	p.inCatalog.Store(7)
	if got, want := p.String(), "7 partitions read from the catalog"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

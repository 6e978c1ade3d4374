package reconcile

import (
	"fmt"
	"time"
)

// String is how far the run is, for a person: while the catalog is read there is
// no telling how much is to come; the folders should be about as many as its
// partitions.
func (p *Progress) String() string {
	known, folders := p.inCatalog.Load(), p.folders.Load()
	begun := p.begun.Load()
	if begun == 0 {
		return fmt.Sprintf("%d partitions read from the catalog", known)
	}
	took := time.Since(time.Unix(0, begun))
	rate := float64(folders) / max(took.Seconds(), 0.001)
	text := fmt.Sprintf("%d folders of %d, %.0f a second, %d listings", folders, max(known, folders), rate, p.listings.Load())
	if left := known - folders; left > 0 && folders > 0 {
		text += fmt.Sprintf(", about %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	if n := p.added.Load(); n > 0 {
		text += fmt.Sprintf(", %d added", n)
	}
	return text
}

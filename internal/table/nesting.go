package table

import (
	"hash/maphash"
	"strings"
)

// Nesting finds partitions of one table whose folder is another's or lies inside
// it: a query that reads both counts the inner one's rows twice. Of each location it
// keeps two hashes at most, so that a table may have many.
type Nesting struct {
	seed  maphash.Seed
	at    map[uint64]bool     // where partitions are, true for more than one
	above map[uint64]struct{} // the folders that hold one further down
}

// NewNesting is of no partition yet.
func NewNesting() *Nesting {
	return &Nesting{seed: maphash.MakeSeed(), at: map[uint64]bool{}, above: map[uint64]struct{}{}}
}

// Add notes a partition's location, with its slash at the end.
func (n *Nesting) Add(location string) {
	here := maphash.String(n.seed, location)
	if _, taken := n.at[here]; taken {
		n.at[here] = true
		return
	}
	n.at[here] = false
	for outer := range outerFolders(location) {
		h := maphash.String(n.seed, outer)
		if _, known := n.above[h]; known {
			return // and those above it are known too
		}
		n.above[h] = struct{}{}
	}
}

// Any says whether any partition lies inside another, or has its location.
func (n *Nesting) Any() bool {
	for h, shared := range n.at {
		if _, ok := n.above[h]; ok || shared {
			return true
		}
	}
	return false
}

// Around is the location of the partition inside of which one lies: its own where
// another has the same, else the nearest of several, or "".
func (n *Nesting) Around(location string) string {
	if n.at[maphash.String(n.seed, location)] {
		return location
	}
	for outer := range outerFolders(location) {
		if _, ok := n.at[maphash.String(n.seed, outer)]; ok {
			return outer
		}
	}
	return ""
}

// outerFolders are the folders that a location lies in, the bucket the last.
func outerFolders(location string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		bucket := strings.Index(location, "://") + len("://")
		for folder := location; ; {
			i := strings.LastIndexByte(strings.TrimSuffix(folder, "/"), '/')
			if i < bucket {
				return
			}
			if folder = folder[:i+1]; !yield(folder) {
				return
			}
		}
	}
}

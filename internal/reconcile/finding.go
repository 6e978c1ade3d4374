package reconcile

import (
	"cmp"
	"time"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// Kind is how S3 and the catalog differ.
type Kind string

const (
	// Missing: objects are in a folder whose partition the catalog doesn't have.
	Missing Kind = "missing"
	// Elsewhere: the catalog has the partition in another folder.
	Elsewhere Kind = "elsewhere"
	// Empty: the catalog has a partition in whose folder there is nothing to
	// read, or no folder.
	Empty Kind = "empty"
	// Nested: the catalog has a partition whose folder is another partition's of
	// the same table, however either is written, or lies inside it: a query of both reads its rows twice.
	Nested Kind = "nested"
	// Unplaced: objects are where no partition is, or can be.
	Unplaced Kind = "unplaced"
)

// Kinds are all of them.
var Kinds = [...]Kind{Missing, Elsewhere, Empty, Nested, Unplaced}

// Finding is a difference, or what was one before it was mended.
type Finding struct {
	Kind     Kind
	Table    string // "" where the key names none
	Keys     []string
	Values   []string       // one for each of Keys
	Location string         // the folder in S3
	Catalog  string         // where the catalog has the partition
	Bucket   string         // of an object that shows it
	Key      string         // of that object; a folder below which all are alike ends in /
	Reason   refresh.Reason // why it is so, or why it was left
	Detail   string         // for people
	Mended   bool
}

// String is the finding for a person, with what strangers wrote as it is.
func (f *Finding) String() string {
	text := "s3://" + f.Bucket + "/" + f.Key
	if f.Keys != nil {
		p := table.Partition{Table: f.Table, Keys: f.Keys, Values: f.Values, Location: cmp.Or(f.Location, f.Catalog)}
		text = p.Describe()
	}
	if f.Kind == Elsewhere && f.Catalog != "" {
		text += ", in the catalog at " + f.Catalog
	}
	if f.Mended {
		return text + ": mended"
	}
	for _, why := range []string{string(f.Reason), f.Detail} {
		if why != "" {
			text += ": " + why
		}
	}
	return text
}

// Summary is what a run found and did.
type Summary struct {
	Tables   map[string]*TableSummary
	Unplaced map[refresh.Reason]int // objects, and folders of them, by reason
	Ignored  map[refresh.Reason]int // the same, that need no partition
	Listings int                    // of S3
	Listed   int                    // keys
	Took     time.Duration
	Rest     *Rest // that was not come to, because the time was up; nil: everything was
}

// TableSummary is a table's part.
type TableSummary struct {
	Partitions int `json:"partitions"` // in the catalog
	Folders    int `json:"folders"`    // in S3 that stand for a partition
	Missing    int `json:"missing"`    // in S3, and not in the catalog
	Added      int `json:"added"`      // of the missing
	Elsewhere  int `json:"elsewhere"`  // in the catalog at another location
	Relocated  int `json:"relocated"`  // of those elsewhere
	Empty      int `json:"empty"`      // in the catalog, with nothing in S3
	Dropped    int `json:"dropped"`    // of the empty
	Nested     int `json:"nested"`     // in the catalog, inside another
	Unknown    int `json:"unknown"`    // in folders whose objects are none of theirs by the configuration: somebody else's, and left alone
}

// Of is how many differences of a kind were found, and how many were mended.
func (s *Summary) Of(k Kind) (found, mended int) {
	for _, t := range s.Tables {
		f, m := t.Of(k)
		found, mended = found+f, mended+m
	}
	if k == Unplaced {
		for _, n := range s.Unplaced {
			found += n
		}
	}
	return found, mended
}

// Of is how many differences of a kind the table has, and how many were mended.
func (t *TableSummary) Of(k Kind) (found, mended int) {
	f, m := t.of(k)
	return *f, *m
}

// of is where differences of a kind are counted.
func (t *TableSummary) of(k Kind) (found, mended *int) {
	switch k {
	case Missing:
		return &t.Missing, &t.Added
	case Elsewhere:
		return &t.Elsewhere, &t.Relocated
	case Empty:
		return &t.Empty, &t.Dropped
	case Nested:
		return &t.Nested, new(int)
	}
	return new(int), new(int)
}

// All is how many differences were found, and how many were mended.
func (s *Summary) All() (found, mended int) {
	for _, k := range Kinds {
		f, m := s.Of(k)
		found, mended = found+f, mended+m
	}
	return found, mended
}

// Refused is how many of the unplaced have a place, and no table that takes them.
func (s *Summary) Refused() (n int) {
	for r, of := range s.Unplaced {
		if r.OfTable() {
			n += of
		}
	}
	return n
}

// Unknown is how many partitions were left alone, because they are somebody else's.
func (s *Summary) Unknown() (n int) {
	for _, t := range s.Tables {
		n += t.Unknown
	}
	return n
}

// Left is how many differences are left.
func (s *Summary) Left() int {
	found, mended := s.All()
	return found - mended
}

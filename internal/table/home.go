package table

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Home is what the rules say of a table before anybody looks into its files: what
// feeds it, and so what its partition keys are and where it is.
type Home struct {
	Table    string      // in lower case
	Rules    []TableRule // that feed it
	Source   string      // that all of them have, or ""
	Keys     []string
	Location string // where all that its first rule places lies: "s3://bucket/" or "s3://bucket/…/"
	Parquet  bool   // it has to be of Parquet files
}

// ErrUnfed is of a table in which no object can get.
var ErrUnfed = errors.New("no rule of the configuration feeds it: nothing would ever get there")

// Home finds a table's home, or says why no table of that name can be. bucket is
// where its data is known to be, or "".
func (r *Router) Home(name, bucket string) (*Home, error) {
	h := &Home{Table: strings.ToLower(name), Rules: r.RulesFor(name), Parquet: true}
	// A layout that reads tables out of keys may feed any: it says less than a
	// rule that names the table, and than where its data is.
	for _, closer := range []func(TableRule) bool{
		func(f TableRule) bool { return f.Named },
		func(f TableRule) bool { return f.Bucket == bucket },
	} {
		if some := slices.DeleteFunc(slices.Clone(h.Rules), func(f TableRule) bool { return !closer(f) }); len(some) > 0 {
			h.Rules = some
		}
	}
	if len(h.Rules) == 0 {
		return nil, fmt.Errorf("table %s: %w", name, ErrUnfed)
	}
	first := h.Rules[0]
	h.Keys, h.Location, h.Source = first.Keys, first.Location(), SourceOf(h.Rules)
	for _, f := range h.Rules {
		if !slices.Equal(slices.Sorted(slices.Values(f.Keys)), slices.Sorted(slices.Values(first.Keys))) {
			return nil, fmt.Errorf("table %s: its rules call for different partition keys: %s of bucket %s for %s, %s of bucket %s for %s", name,
				first.Layout, first.Bucket, strings.Join(first.Keys, ", "), f.Layout, f.Bucket, strings.Join(f.Keys, ", "))
		}
		h.Parquet = h.Parquet && f.Parquet
	}
	return h, nil
}

// SourceOf is the source that all of a table's rules have, or "".
func SourceOf(rules []TableRule) string {
	if len(rules) == 0 || slices.ContainsFunc(rules, func(f TableRule) bool { return f.Source != rules[0].Source }) {
		return ""
	}
	return rules[0].Source
}

// BucketsOf are the buckets of rules, each once; not nil.
func BucketsOf(rules []TableRule) []string {
	list := []string{}
	for _, f := range rules {
		if !slices.Contains(list, f.Bucket) {
			list = append(list, f.Bucket)
		}
	}
	return list
}

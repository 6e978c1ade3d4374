package table

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBucketsThatMayFeedOneTable(t *testing.T) {
	data, topics := Rule{Layout: "streamalert-data"}, Rule{Layout: "{t}/{yyyy}/", Table: "topic_{t}"}
	other, named := Rule{Layout: "{t}/{yyyy}/", Table: "other_{t}"}, Rule{Table: "T"}
	for name, c := range map[string]struct {
		buckets []Bucket
		want    []Overlap
	}{
		"two that capture":              {[]Bucket{{"a", []Rule{data}}, {"b", []Rule{named}}, {"c", []Rule{data}}}, []Overlap{{"", []string{"a", "c"}}}},
		"one that captures":             {[]Bucket{{"a", []Rule{data, topics}}, {"b", []Rule{named}}}, nil},
		"a pattern and any name":        {[]Bucket{{"a", []Rule{data}}, {"b", []Rule{topics}}}, []Overlap{{"", []string{"a", "b"}}}},
		"patterns that begin otherwise": {[]Bucket{{"a", []Rule{other}}, {"b", []Rule{topics}}}, nil},
		"patterns that end otherwise": {[]Bucket{{"a", []Rule{{Layout: "{t}/{yyyy}/", Table: "{t}_a"}}},
			{"b", []Rule{{Layout: "{t}/{yyyy}/", Table: "{t}_b"}}}}, nil},
		"patterns that end alike": {[]Bucket{{"a", []Rule{{Layout: "{t}/{yyyy}/", Table: "{t}_a"}}},
			{"b", []Rule{{Layout: "{t}/{yyyy}/", Table: "{t}_a_a"}}}}, []Overlap{{"", []string{"a", "b"}}}},
		"a name in two": {[]Bucket{{"a", []Rule{named}}, {"b", []Rule{{Prefix: "tmp/", Ignore: true}, named, named}}}, []Overlap{{"t", []string{"a", "b"}}}},
	} {
		r, err := New(c.buckets)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, r.Overlaps()); d != "" {
			t.Errorf("%s (-want +got): %s", name, d)
		}
	}
}

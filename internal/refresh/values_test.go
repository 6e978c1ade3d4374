package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

// A value in a key, and how a partition of it is looked for; none where the
// key's type can't hold it.
func TestTheSpellingsOfAValue(t *testing.T) {
	for _, c := range []struct {
		hiveType, value string
		want            []string
	}{
		{"string", "007", []string{"007"}},
		{"int", "007", []string{"7", "007", "07"}},
		{"int", "x", nil},
		{"tinyint", "128", nil},
		{"decimal(5,2)", "1.5", []string{"1.5", "1.50"}},
		{"decimal(5,2)", "001.50", []string{"1.5", "001.50", "1.50"}},
		{"decimal(5,2)", "-0.00", []string{"0", "-0.00", "0.00"}},
		{"decimal(5,2)", "-.5", []string{"-0.5", "-.5", "-0.50"}},
		{"decimal(5,2)", "1000", nil},
		{"decimal(5,2)", "1.555", nil},
		{"decimal(5, 2)", "999.99", []string{"999.99"}},
		{"decimal", "1234567890", []string{"1234567890"}},
		{"decimal", "12345678901", nil},
		{"decimal", "1.5", nil},
		{"decimal(5,2)", ".", nil},
		{"decimal(5,2)", "1e2", nil},
		{"double", "1.50", []string{"1.5", "1.50"}},
		{"double", "1", []string{"1", "1.0"}},
		{"float", "NaN", nil},
		{"float", "0x1p-2", nil},
		{"float", "1e39", nil},
		{"boolean", "true", []string{"true"}},
		{"boolean", "FALSE", []string{"false", "FALSE"}},
		{"boolean", "1", nil},
		{"boolean", "yes", nil},
		{"date", "2018-03-01", []string{"2018-03-01"}},
		{"date", "2018-3-1", []string{"2018-03-01", "2018-3-1"}},
		{"date", "2018-02-30", nil},
		{"date", "2018-03-01-05", nil},
		{"date", "0000-01-01", nil},
		{"timestamp", "2018-03-01 05:06:07", []string{"2018-03-01 05:06:07", "2018-03-01 05:06:07.0"}},
		{"timestamp", "2018-03-01 05:06:07.0", []string{"2018-03-01 05:06:07", "2018-03-01 05:06:07.0"}},
		{"timestamp", "2018-03-01 05:06:07.120", []string{"2018-03-01 05:06:07.12", "2018-03-01 05:06:07.120"}},
		{"timestamp", "2018-03-01 5:06", []string{"2018-03-01 05:06:00", "2018-03-01 5:06", "2018-03-01 05:06:00.0"}},
		{"timestamp", "2018-03-01", []string{"2018-03-01 00:00:00", "2018-03-01", "2018-03-01 00:00:00.0"}},
		{"timestamp", "2018-03-01-05", nil},
		{"timestamp", "2018-03-01T05:06:07", nil},
		{"timestamp", "2018-02-29 05:06:07", nil},
		{"timestamp", "x", nil},
		{"varchar(3)", "日本é", []string{"日本é"}},
		{"varchar(3)", "abcd", nil},
		{"char(3)", "ab", []string{"ab", "ab "}},
		{"char(3)", "abc ", []string{"abc", "abc "}},
		{"char(3)", "abcd", nil},
		{"binary", "x", []string{"x"}},
		{"array<string>", "x", []string{"x"}},
	} {
		tab := refresh.Table{ID: refresh.TableID{Name: "t"}, Keys: []refresh.Key{{Name: "k", Type: c.hiveType}}}
		p := table.Placement{Outcome: table.Place, Partition: table.Partition{Table: "t", Keys: []string{"k"}, Values: []string{c.value}}}
		_, forms, why := tab.Values(&p)
		var got []string
		for _, s := range forms {
			got = append(got, s[0])
		}
		if d := cmp.Diff(c.want, got); d != "" || (why.Reason == refresh.InvalidValue) != (c.want == nil) {
			t.Errorf("%s %q: %+v %s", c.hiveType, c.value, why, d)
		}
		for _, s := range got {
			id, _ := tab.Identity([]string{s})
			if ours, _ := tab.Identity([]string{c.want[0]}); id != ours {
				t.Errorf("%s %q: stored as %q it is another partition", c.hiveType, c.value, s)
			}
		}
		if a := tab.Accepts([]string{"k"}, nil, false); a.Reason != "" {
			t.Errorf("%s: no value at all is accepted: %+v", c.hiveType, a)
		}
	}
}

// Hive, Glue and others may store a value otherwise than it was given to them:
// it is there all the same, and not in conflict with itself.
func TestAPartitionIsFoundHoweverItIsStored(t *testing.T) {
	for hiveType, c := range map[string]struct{ key, stored string }{
		"timestamp":    {"2018-03-01 05:06:07", "2018-03-01 05:06:07.0"},
		"char(4)":      {"ab", "ab  "},
		"decimal(5,2)": {"1.5", "1.50"},
		"date":         {"2018-3-1", "2018-03-01"},
		"boolean":      {"TRUE", "true"},
		"double":       {"1", "1.0"},
		"int":          {"7", "07"},
	} {
		router, err := table.New([]table.Bucket{{Name: "data", Rules: []table.Rule{{Layout: "hive", Table: "k", Keys: []string{"v"}}}}})
		if err != nil {
			t.Fatal(err)
		}
		g := newRig(t, func(o *refresh.Options) { o.Router = router })
		if err := g.catalog.CreateTable(t.Context(), refresh.Table{ID: refresh.TableID{Name: "k", Location: "s3://k/"}, Keys: []refresh.Key{{Name: "v", Type: hiveType}}}); err != nil {
			t.Fatal(err)
		}
		folder := "v=" + url.PathEscape(c.key)
		g.before("Add", func(context.Context, catalogtest.Call) error {
			g.behind("k", "s3://data/"+folder+"/", c.stored)
			return errors.New("the answer is lost")
		})
		for i := range 3 {
			g.must(refresh.Done, nil, fmt.Sprintf("data:%s/%d", folder, i))
		}
		g.calls("Add", 1)
	}
}

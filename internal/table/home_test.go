package table

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What feeds a table says what its keys are and where it is: a rule that names it
// more than one that may, a rule of the bucket that has its data more than others.
func TestATablesHomeIsOfTheRulesThatSayMost(t *testing.T) {
	r, err := New([]Bucket{
		{Name: "data", Rules: []Rule{{Layout: "streamalert-data"}}},
		{Name: "parquet", Rules: []Rule{{Layout: "streamalert-parquet"}}},
		{Name: "apps", Rules: []Rule{{Layout: "logs/v1/{app}-{table}/{yyyy}/"}}},
		{Name: "a", Rules: []Rule{{Prefix: "x/", Layout: "hive", Keys: []string{"dt", "region"}, Table: "web", Source: "alb"}}},
		{Name: "b", Rules: []Rule{{Prefix: "y/", Layout: "hive", Keys: []string{"region", "dt"}, Table: "web"}, {Layout: "hive", Keys: []string{"day"}, Table: "split"}}},
		{Name: "c", Rules: []Rule{{Layout: "hive", Keys: []string{"dt"}, Table: "split", Source: "alb"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, bucket string
		want         Home
		rules        int
		fails        string
	}{
		{name: "Web", want: Home{Table: "web", Keys: []string{"dt", "region"}, Location: "s3://a/x/"}, rules: 2},
		{name: "web", bucket: "b", want: Home{Table: "web", Keys: []string{"region", "dt"}, Location: "s3://b/y/"}, rules: 1},
		{name: "web", bucket: "elsewhere", want: Home{Table: "web", Keys: []string{"dt", "region"}, Location: "s3://a/x/"}, rules: 2},
		{name: "split", fails: "different partition keys: layout hive of bucket b for day, source alb of bucket c for dt"},
		{name: "split", bucket: "c", want: Home{Table: "split", Source: "alb", Keys: []string{"dt"}, Location: "s3://c/"}, rules: 1},
		{name: "osquery", fails: "different partition keys"},
		{name: "osquery", bucket: "parquet", want: Home{Table: "osquery", Keys: []string{"dt"}, Location: "s3://parquet/parquet/osquery/", Parquet: true}, rules: 1},
		{name: "no-table", fails: ErrUnfed.Error()},
	} {
		got, err := r.Home(c.name, c.bucket)
		if err != nil {
			if c.fails == "" || !strings.Contains(err.Error(), c.fails) || errors.Is(err, ErrUnfed) != (c.fails == ErrUnfed.Error()) {
				t.Errorf("%s of %q: %v", c.name, c.bucket, err)
			}
			continue
		}
		if len(got.Rules) != c.rules {
			t.Errorf("%s of %q: fed by %+v", c.name, c.bucket, got.Rules)
		}
		got.Rules = nil
		if diff := cmp.Diff(c.want, *got); diff != "" || c.fails != "" {
			t.Errorf("%s of %q:\n%s", c.name, c.bucket, diff)
		}
	}
}

func TestALocationIsTakenApart(t *testing.T) {
	for text, want := range map[string][2]string{"s3://b/a/c": {"b", "a/c"}, "s3://b": {"b", ""}, "s3://b/": {"b", ""}, "s3:///k": {"", "k"}} {
		if bucket, key, ok := CutLocation(text); !ok || bucket != want[0] || key != want[1] {
			t.Errorf("%s: %q %q", text, bucket, key)
		}
	}
	if bucket, key, ok := CutLocation("b/a/c"); ok || bucket != "b" || key != "a/c" {
		t.Errorf("%q %q", bucket, key)
	}
}

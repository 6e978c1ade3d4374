package doctor

import (
	"fmt"
	"iter"
	"strings"
	"testing"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
)

func listed(locations ...string) iter.Seq2[refresh.Partition, error] {
	return func(yield func(refresh.Partition, error) bool) {
		for i, l := range locations {
			if !yield(refresh.Partition{Values: []string{fmt.Sprint(i)}, Location: l}, nil) {
				return
			}
		}
	}
}

// TestPartitionsInsideOneAnotherAreNamed: what is below both is counted twice.
func TestPartitionsInsideOneAnotherAreNamed(t *testing.T) {
	of := func(locations ...string) Finding {
		inner, n, err := nested(listed(locations...))
		if err != nil || n != len(locations) {
			t.Errorf("%d of %d, %v", n, len(locations), err)
		}
		return overlapping(inner, n, "vpcflow")
	}
	judge(t, map[string]judged{
		"beside one another":    {of("s3://b/2026/01/02/", "s3://b/2026/01/03/", "s3://c/2026/01/"), OK, "3, none"},
		"a day and its hour":    {of("s3://b/2026/01/02/03/", "s3://b/2026/01/02/"), Wrong, "(0) at s3://b/2026/01/02/03/ is inside the one at s3://b/2026/01/02/"},
		"two levels":            {of("s3://b/", "s3://b/x/y/z"), Wrong, "(1) at s3://b/x/y/z is inside the one at s3://b/"},
		"the same folder":       {of("s3://b/a/", "s3://b/a"), Wrong, "(0) at s3://b/a/ has the folder of another, (1) at s3://b/a has the folder of another"},
		"a name that begins so": {of("s3://b/a/", "s3://b/ab/"), OK, ""},
		"many":                  {of("s3://b/", "s3://b/1/", "s3://b/2/", "s3://b/3/", "s3://b/4/", "s3://b/5/", "s3://b/6/"), Wrong, "and 1 more"},
	})
}

// TestBucketsThatMayFeedOneTableAreWarnedOf: a writer of one takes the partitions
// that another's tables should have.
func TestBucketsThatMayFeedOneTableAreWarnedOf(t *testing.T) {
	of := func(buckets ...table.Bucket) Finding {
		r, err := table.New(buckets)
		if err != nil {
			t.Fatal(err)
		}
		return captured(r)
	}
	data := func(name string) table.Bucket {
		return table.Bucket{Name: name, Rules: []table.Rule{{Layout: "streamalert-data"}}}
	}
	named := table.Bucket{Name: "c", Rules: []table.Rule{{Layout: "streamalert", Table: "c"}}}
	judge(t, map[string]judged{
		"one captures": {of(data("aaa"), named), OK, ""},
		"two capture":  {of(data("aaa"), named, data("bbb")), Warning, "may be fed by aaa, bbb"},
	})
}

func TestLakeFormationIsLookedAtByName(t *testing.T) {
	judge(t, map[string]judged{
		"IAM alone":          {lakeFormation(Governed{}, "db", "r"), OK, "IAM alone"},
		"registered tables":  {lakeFormation(Governed{Tables: []string{"alerts"}, Database: true}, "db", "r"), NotChecked, "about alerts too: where IAM says yes it may refuse | in Lake Formation grant r DESCRIBE"},
		"what is made later": {lakeFormation(Governed{Database: true}, "db", ""), NotChecked, "grant the function's role"},
	})
}

// TestAHintsPolicyFitsTheQueue for a site's 300 buckets.
func TestAHintsPolicyFitsTheQueue(t *testing.T) {
	c := configuration(t)
	for i := range 300 {
		c.Buckets = append(c.Buckets, table.Bucket{Name: fmt.Sprintf("acme-logs-of-account-%d", 100000000000+i)})
	}
	q := goodQueue()
	f := queuePolicy(q, c)
	if f.Verdict != Wrong || !strings.Contains(f.Hint, "set-queue-attributes") || len(f.Hint) > maxQueuePolicy || strings.Contains(f.Hint, "acme-logs") {
		t.Errorf("%+v", f)
	}
}

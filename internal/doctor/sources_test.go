package doctor

import (
	"context"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/source"
	"athenarefresh/internal/table"
)

func TestATableIsComparedWithItsSource(t *testing.T) {
	named := func(name string) *schema.Schema {
		s, ok := schema.Named(name)
		if !ok {
			t.Fatal(name)
		}
		return &s
	}
	with := func(name string, change func(*schema.Schema)) *schema.Schema { s := named(name); change(s); return s }
	of := func(name string, is *schema.Schema) Finding { return compared("t", name, is, named(name)) }
	fewer := func(s *schema.Schema) { s.Columns = s.Columns[:3] }
	judge(t, map[string]judged{
		"as it is":              {of("waf", named("waf")), OK, "it is as source waf has it"},
		"the file tells it":     {of("alb", named("alb")), OK, "queries have to leave out"},
		"a column too few":      {of("waf", with("waf", func(s *schema.Schema) { s.Columns = slices.Clone(s.Columns[1:]) })), Warning, "doesn't have: timestamp"},
		"a column of one's own": {of("waf", with("waf", func(s *schema.Schema) { s.Columns = append(s.Columns, hiveql.Column{Name: "mine"}) })), OK, ""},
		"Parquet of few fields": {of("vpcflow-hive", with("vpcflow-hive", fewer)), OK, "a selection"},
		"fields of one's own":   {of("vpcflow", with("vpcflow", fewer)), OK, "right where its files have that"},
		"Parquet instead":       {of("vpcflow", with("vpcflow", func(s *schema.Schema) { s.Format = schema.Parquet() })), OK, ""},
		"another SerDe":         {of("alb", with("alb", func(s *schema.Schema) { s.Format = schema.JSON() })), Warning, "documented for org.apache.hadoop.hive.serde2.RegexSerDe"},
		"headers as rows":       {of("cloudfront", with("cloudfront", func(s *schema.Schema) { s.Properties = nil })), Warning, "(2 of them)"},
	})
	d := well(t)
	rules, err := source.Expand([]table.Rule{{Source: "waf"}})
	if err != nil {
		t.Fatal(err)
	}
	d.Config.Buckets = []table.Bucket{{Name: "p.waf", Rules: rules}}
	if d.Router, err = table.New(d.Config.Buckets); err != nil {
		t.Fatal(err)
	}
	d.Facts.Schema = func(context.Context, string) (schema.Schema, error) { return *named("datadog"), nil }
	if got := strings.Join(bad(d.Run(t.Context())), "; "); !strings.Contains(got, "source waf: warning") {
		t.Errorf("found %q", got)
	}
}

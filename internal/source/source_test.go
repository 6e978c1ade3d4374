package source

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"athenarefresh/internal/table"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write rules.json from the pages")

// TestRulesAreThePages holds rules.json against the pages.
func TestRulesAreThePages(t *testing.T) {
	want := collected()
	if *update {
		if err := os.WriteFile("rules.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("rules.json")
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("what the pages say (-), and rules.json (+, %v): go generate ./internal/source\n%s", err, d)
	}
}

// collected is rules.json as the pages have it.
func collected() []byte {
	pages := Pages()
	var b bytes.Buffer
	b.WriteString("{\n")
	for i, p := range pages {
		b.WriteString("\t" + quoted(p.Name) + ": {\"rules\": [")
		b.WriteString(values(p.rules))
		b.WriteString("], \"companions\": [")
		b.WriteString(values(p.companions))
		b.WriteString("]}")
		if i < len(pages)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// values are the lines of a block, as the members of a list.
func values(block string) string {
	var list []string
	for line := range strings.Lines(block) {
		list = append(list, "\n\t\t"+strings.TrimSpace(line))
	}
	return strings.Join(list, ",")
}

// rulesOf reads rules as lambda.json has them.
func rulesOf(t testing.TB, data []byte) []table.Rule {
	t.Helper()
	var list []struct {
		Prefix, File, Source, Layout, Table string
		Ignore                              bool
		Keys                                []string
		Partition                           partition
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		t.Fatal(err)
	}
	var rules []table.Rule
	for _, r := range list {
		rules = append(rules, table.Rule{Prefix: r.Prefix, File: r.File, Source: r.Source, Layout: r.Layout, Table: r.Table,
			Ignore: r.Ignore, Keys: r.Keys, Partition: r.Partition})
	}
	return rules
}

// routerOf is the router for one bucket, "logs", with rules as lambda.json has
// them.
func routerOf(t testing.TB, rules string) *table.Router {
	t.Helper()
	expanded, err := Expand(rulesOf(t, []byte(rules)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := table.New([]table.Bucket{{Name: "logs", Rules: expanded}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// placed is an object's outcome as the cases have it.
type placed struct {
	Outcome   table.Outcome     `json:"outcome"`
	Reason    table.Reason      `json:"reason"`
	Table     string            `json:"table"`
	Partition map[string]string `json:"partition"`
	Location  string            `json:"location"`
}

func place(r *table.Router, key string) placed {
	p := r.Place("logs", key)
	got := placed{Outcome: p.Outcome, Reason: p.Reason, Table: p.Partition.Table, Location: p.Partition.Location}
	for i, k := range p.Partition.Keys {
		if got.Partition == nil {
			got.Partition = map[string]string{}
		}
		got.Partition[k] = p.Partition.Values[i]
	}
	return got
}

func TestCases(t *testing.T) {
	data, err := os.ReadFile("../../testdata/cases/rules.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		var c struct {
			Rules json.RawMessage `json:"rules"`
			Key   string          `json:"key"`
			placed
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.placed, place(routerOf(t, string(c.Rules)), c.Key)); d != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.Rules, c.Key, d)
		}
	}
	if n < 38 {
		t.Errorf("only %d cases were read", n)
	}
}

// TestRealLayouts looks at a key of each of 89 layouts that writers document:
// it is placed, ignored, or refused in words that help.
func TestRealLayouts(t *testing.T) {
	if seen := keysIn(t, "testdata/layouts.ndjson", said); len(seen) != 89 {
		t.Errorf("%d layouts", len(seen))
	}
}

// TestShapes looks at keys on both sides of what is a source's log, its
// companion and neither.
func TestShapes(t *testing.T) {
	keysIn(t, "testdata/shapes.ndjson", func(r *table.Router, key string) string {
		p := r.Place("logs", key)
		if p.Outcome == table.Place {
			return p.Partition.Describe()
		}
		return string(p.Reason)
	})
}

// keysIn checks a file of keys, each with its rules and what is said of it, and
// returns the layouts that they are of.
func keysIn(t *testing.T, name string, said func(*table.Router, string) string) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var written bytes.Buffer
	e := json.NewEncoder(&written)
	e.SetEscapeHTML(false)
	for text := range bytes.Lines(data) {
		var c struct {
			N      int             `json:"n,omitempty"`
			Layout string          `json:"layout"`
			Rules  json.RawMessage `json:"rules"`
			Key    string          `json:"key"`
			Want   string          `json:"want"`
		}
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		seen[c.Layout] = true
		got := said(routerOf(t, string(c.Rules)), c.Key)
		if got != c.Want && !*update {
			t.Errorf("%s\n%s %s\ngot  %s\nwant %s", c.Layout, c.Rules, c.Key, got, c.Want)
		}
		c.Want = got
		if err := e.Encode(c); err != nil {
			t.Fatal(err)
		}
	}
	if *update {
		if err := os.WriteFile(name, written.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return seen
}

// said is a key's partition, or its reason and the last thing that explain says.
func said(r *table.Router, key string) string {
	p, steps := r.Explain("logs", key)
	if p.Outcome == table.Place {
		return p.Partition.Describe()
	}
	if p.Outcome == table.Park && len(steps) > 0 {
		return string(p.Reason) + ": " + p.Detail + "; " + steps[len(steps)-1]
	}
	return string(p.Reason) + ": " + p.Detail
}

// FuzzSources: what is said of a folder holds for a key in it, whichever
// sources share the bucket.
func FuzzSources(f *testing.F) {
	routers := []*table.Router{
		routerOf(f, `[{"source": "aws-logs"}]`),
		routerOf(f, `[{"source": "alb"}, {"source": "clb"}, {"source": "cur"}, {"source": "otel"}, {"table": "rest"}]`),
		routerOf(f, `[{"prefix": "a/", "source": "security-lake"}, {"source": "kafka-connect"}, {"file": "*.log", "source": "s3-access"}]`),
	}
	pages := Pages()
	for i := range pages {
		for _, k := range pages[i].Keys {
			f.Add(k)
			f.Add("a/" + k)
		}
		if one := routerOf(f, `[{"source": "`+pages[i].Name+`"}]`); place(one, pages[i].Keys[0]).Outcome == table.Place {
			routers = append(routers, one)
		}
	}
	f.Fuzz(func(t *testing.T, key string) {
		for _, r := range routers {
			holds(t, r, key)
		}
	})
}

func holds(t *testing.T, r *table.Router, key string) {
	placed := r.Place("logs", key)
	for i := range len(key) {
		if key[i] != '/' {
			continue
		}
		standing, p, name := r.FolderStanding("logs", key[:i+1])
		switch {
		case standing == table.Whole && placed.Outcome != table.Ignore && !cmp.Equal(p, placed):
			t.Errorf("below %q all is %+v, but %q is %+v", key[:i+1], p, key, placed)
		case standing == table.Never && placed.Outcome == table.Place:
			t.Errorf("below %q is no partition (%+v), but %q is %+v", key[:i+1], p, key, placed)
		case placed.Outcome == table.Place && name != "" && name != placed.Partition.Table:
			t.Errorf("below %q is table %s, but %q is %+v", key[:i+1], name, key, placed)
		}
	}
	folder, _, alike := r.Folder("logs", key)
	if other := r.Place("logs", folder+"conn_log.x_app.y"); alike && placed.Outcome == table.Place && !cmp.Equal(other, placed) {
		t.Errorf("%q is %+v, but another file of its folder %+v", key, placed, other)
	}
}

func BenchmarkPlace(b *testing.B) {
	r := routerOf(b, `[{"source": "aws-logs"}]`)
	b.ReportAllocs()
	for b.Loop() {
		if p := r.Place("logs", "AWSLogs/111122223333/vpcflowlogs/us-east-1/2023/02/14/111122223333_vpcflowlogs_us-east-1_fl-07f38b767c7cd46e3_20230214T0000Z_129a0cf7.log.gz"); p.Outcome != table.Place {
			b.Fatal(p)
		}
	}
}

func TestWhatLiesElsewhereIsNoneOfAWSLogs(t *testing.T) {
	if got := place(routerOf(t, `[{"source": "aws-logs"}]`), "dt=20180515/hour=14/archive_1.json.gz"); got.Reason != table.NoLayoutMatch {
		t.Errorf("%+v", got)
	}
}

// TestASourceTakesWhatTheConfigurationSays: its table and keys give way.
func TestASourceTakesWhatTheConfigurationSays(t *testing.T) {
	const trail, tagged = "a/AWSLogs/o-1/1/CloudTrail/eu/2023/04/14/x", "fluent-bit-logs/app.web/2024/01/31/23/59/x"
	for name, c := range map[string]struct{ rule, key, want string }{
		"a table":                     {`{"source": "cloudtrail", "table": "T"}`, trail, "t (account=1, region=eu, dt=2023-04-14) at s3://logs/a/AWSLogs/o-1/1/CloudTrail/eu/2023/04/14/"},
		"a table of captures":         {`{"source": "cloudtrail", "table": "ct_{account}_{region}"}`, trail, "ct_1_eu (dt=2023-04-14) at s3://logs/a/AWSLogs/o-1/1/CloudTrail/eu/2023/04/14/"},
		"a capture of the page":       {`{"source": "fluent-bit", "table": "{tag}"}`, tagged, "app_web (dt=2024-01-31-23) at s3://logs/fluent-bit-logs/app.web/2024/01/31/23/"},
		"keys":                        {`{"source": "cloudtrail", "partition": {"org": "{org}", "day": "{yyyy}{MM}{dd}"}}`, trail, "cloudtrail (org=o-1, day=20230414) at s3://logs/a/AWSLogs/o-1/1/CloudTrail/eu/2023/04/14/"},
		"one table, its own keys":     {`{"source": "kafka-connect", "table": "all"}`, "topics/a.b/year=2024/month=1/day=2/hour=3/x", "all (year=2024, month=1, day=2, hour=3) at s3://logs/topics/a.b/year=2024/month=1/day=2/hour=3/"},
		"one table of all":            {`{"source": "kafka-connect", "table": "all", "partition": {"topic": "{topic}", "dt": "{year}-{month}"}}`, "topics/a.b/year=2024/month=1/day=2/hour=3/x", "all (topic=a.b, dt=2024-1) at s3://logs/topics/a.b/year=2024/month=1/day=2/hour=3/"},
		"a key in its own case":       {`{"source": "cloudfront-hive", "partition": {"d": "{DistributionId}"}}`, "AWSLogs/aws-account-id=1/CloudFront/distributionid=E1/year=1/month=2/day=3/hour=4/x", "cloudfront_hive (d=E1) at s3://logs/AWSLogs/aws-account-id=1/CloudFront/distributionid=E1/year=1/month=2/day=3/hour=4/"},
		"a prefix":                    {`{"prefix": "a/", "source": "cloudtrail"}`, trail, "cloudtrail (account=1, region=eu, dt=2023-04-14) at s3://logs/a/AWSLogs/o-1/1/CloudTrail/eu/2023/04/14/"},
		"another prefix":              {`{"prefix": "b/", "source": "cloudtrail"}`, trail, `no_layout_match: none of the 1 rules of bucket "logs" fits; rule 1, prefix "b/", source cloudtrail: does not fit`},
		"another file":                {`{"file": "*.gz", "source": "cloudtrail"}`, trail, `no_layout_match: none of the 1 rules of bucket "logs" fits; rule 1, source cloudtrail: does not fit, by the file's name`},
		"a companion elsewhere":       {`{"prefix": "b/", "source": "cloudtrail"}`, "a/AWSLogs/1/CloudTrail-Digest/x", `no_layout_match: none of the 1 rules of bucket "logs" fits; rule 1, prefix "b/", source cloudtrail: does not fit`},
		"a companion, whichever file": {`{"file": "*.gz", "source": "cloudtrail"}`, "AWSLogs/1/CloudTrail-Digest/x", "companion: it lies beside the logs of source cloudtrail and is none of them"},
		"an optional name":            {`{"source": "security-lake", "partition": {"v": "{version}"}}`, "ext/a/region=1/accountId=2/eventDay=3/x", `invalid_value: v="" can't be a partition: it is empty; table a`},
	} {
		if got := said(routerOf(t, "["+c.rule+"]"), c.key); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

// TestExplainIsShortOfSeveralSources: a rule of the configuration is one line.
func TestExplainIsShortOfSeveralSources(t *testing.T) {
	r := routerOf(t, `[{"prefix": "x/", "ignore": true}, {"source": "aws-logs"}, {"source": "security-lake"}]`)
	for key, want := range map[string]int{
		"AWSLogs/1/vpcflowlogs/eu/2023/02/14/x": 2 + 2, // the rules up to it, its run and its table
		"nothing":                               3 + 2, // all rules, how far it got, and that it lies in no folder
	} {
		if _, steps := r.Explain("logs", key); len(steps) != want {
			t.Errorf("%s: %q", key, steps)
		}
	}
}

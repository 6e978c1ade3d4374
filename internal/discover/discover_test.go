package discover

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/source"

	"github.com/google/go-cmp/cmp"
)

// of are the files of these keys, ten bytes each.
func of(keys ...string) Files {
	return func(context.Context) iter.Seq2[File, error] {
		return func(yield func(File, error) bool) {
			for _, k := range keys {
				if !yield(File{k, 10}, nil) {
					return
				}
			}
		}
	}
}

func look(t *testing.T, keys ...string) *Result {
	t.Helper()
	r, err := Look(t.Context(), "logs", "logs", of(keys...), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Summary(); s.Placed+s.Ignored+s.Unplaced != len(keys) || r.Files != len(keys) {
		t.Errorf("%d files are %d placed, %d ignored, %d unplaced", len(keys), s.Placed, s.Ignored, s.Unplaced)
	}
	return r
}

// TestEverySourceIsKnownByItsKeys: each key of each page is that page's source,
// also where all of them lie in one bucket.
func TestEverySourceIsKnownByItsKeys(t *testing.T) {
	pages := source.Pages()
	var all []string
	pages = slices.DeleteFunc(pages, func(p source.Page) bool {
		s, _ := source.Named(p.Name)
		return anybodys(s)
	})
	for _, p := range pages {
		all = append(all, p.Keys...)
		r := look(t, p.Keys...)
		for _, table := range r.Tables {
			if table.Source != p.Name {
				t.Errorf("%s: %v is taken for %q (%+v)", p.Name, table.Examples, table.Source, table.Rule)
			}
		}
		for _, g := range slices.Concat(r.Ignored, r.Unplaced) {
			if g.Why == rival { // a page's keys are of many buckets
				continue
			}
			t.Errorf("%s: %v: %s", p.Name, g.Examples, g.Why)
		}
	}
	r := look(t, all...)
	for _, p := range pages {
		if !slices.ContainsFunc(r.Tables, func(x *Table) bool { return x.Source == p.Name }) {
			t.Errorf("in one bucket with all others %s isn't found", p.Name)
		}
	}
}

func TestFoldersThatNoSourceKnows(t *testing.T) {
	for name, c := range map[string]struct {
		keys []string
		want []string // table: rule: partitions
	}{
		"key=value below a table": {[]string{"web/dt=2026-01-02/region=eu/a.parquet", "web/dt=2026-01-03/region=us/a.parquet"},
			[]string{"web: web/ hive [dt region]: 2"}},
		"two tables of key=value": {[]string{"warehouse/web/dt=1/a", "warehouse/app/dt=1/a", "warehouse/app/dt=2/a"},
			[]string{"app: warehouse/app/ hive [dt]: 2", "web: warehouse/web/ hive [dt]: 1"}},
		"by app and day":      {[]string{"nginx/shop/2026-01-02/a.json", "nginx/blog/2026-01-02/a.json"}, []string{"nginx: nginx/ nginx/{name}/{yyyy}-{MM}-{dd}/ []: 2"}},
		"by day at the root":  {[]string{"20260102/a", "20260103/a"}, []string{"logs:  {yyyy}{MM}{dd}/ []: 2"}},
		"Firehose":            {[]string{"2026/01/02/03/a-1-2026-01-02-03-04-05-uuid", "2026/01/02/04/b", "errors/processing-failed/2026/01/02/03/x"}, []string{"logs:  {yyyy}/{MM}/{dd}/{HH}/ []: 2"}},
		"months without zero": {[]string{"app/2026/1/2/a", "app/2026/11/12/a"}, []string{"app: app/ app/{yyyy}/{M}/{d}/ []: 2"}},
		"a mess": {[]string{"web/dt=1/a", "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/02/111122223333_CloudTrail_us-east-1_20260102T0000Z_x.json.gz",
			"AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/02/x.json.gz", "readme.txt", "app/2026-01-02/x", "web/dt=1/_SUCCESS"},
			[]string{"app: app/ app/{yyyy}-{MM}-{dd}/ []: 1", "cloudtrail:  cloudtrail []: 1", "web: web/ hive [dt]: 1"}},
		"folders that no template can say": {[]string{"{x}/2026-01-02/a", "[y]/dt=1/a", "*/dt=1/a"}, []string{"x: {x}/ {name}/{yyyy}-{MM}-{dd}/ []: 1", "y: [y]/ hive [dt]: 1"}},
		"hours beside days":                {[]string{"web/2026/01/02/a", "web/2026/01/02/03/a", "web/2026/01/03/04/a"}, []string{"web: web/ web/{yyyy}/{MM}/{dd}/ []: 2"}},
		"seconds in an hour":               {[]string{"web/year=2026/hour=8/minute=5/second=1/a"}, []string{"web: web/ hive [year hour]: 1"}},
		"an account's region":              {[]string{"AWSLogs/111122223333/Other/us-east-1/x/2026/01/02/a"}, []string{"x: AWSLogs/*/Other/*/x/ AWSLogs/{account}/Other/{region}/x/{yyyy}/{MM}/{dd}/ []: 1"}},
		"a date with a word":               {[]string{"dump/backup-2026-01-02/a"}, []string{"dump: dump/ dump/backup-{yyyy}-{MM}-{dd}/ []: 1"}},
		"key=value and a date":             {[]string{"w/App=a/2026/01/02/x", "w/app=b/2026/01/02/x"}, []string{"w: w/ w/{app=}/{yyyy}/{MM}/{dd}/ []: 2"}},
		"nothing":                          {nil, nil},
	} {
		r := look(t, c.keys...)
		var got []string
		for _, x := range r.Tables {
			got = append(got, fmt.Sprintf("%s: %s %s %v: %d", x.Name, x.Rule.Prefix, x.Rule.Layout+x.Rule.Source, x.Rule.Keys, x.Partitions))
		}
		slices.Sort(got)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s:\n%s\nunplaced %+v", name, d, r.Unplaced)
		}
	}
}

// TestWhatIsInTheFilesDecides: folders that may be anybody's are a source's only if
// its columns are in them, and folders beside each other are one table if they hold
// the same.
func TestWhatIsInTheFilesDecides(t *testing.T) {
	nginx, apps, lake := "nginx/web-1/2026/01/02/access.json", "cdc/dbo/%s/2026/01/02/a.json", "sales/year=2026/month=1/a.parquet"
	columns := func(format schema.Format, names ...string) schema.Schema {
		s := schema.Schema{Format: format}
		for _, n := range names {
			s.Columns = append(s.Columns, hiveql.Column{Name: n})
		}
		return s
	}
	holds := map[string]schema.Schema{
		nginx:                       columns(schema.JSON(), "status"),
		lake:                        columns(schema.Parquet(), "id", "amount", "shop"),
		fmt.Sprintf(apps, "Orders"): columns(schema.JSON(), "id", "total"),
		fmt.Sprintf(apps, "Users"):  columns(schema.JSON(), "id", "name"),
		"web/a/2026-01-02/x.json":   columns(schema.JSON(), "time", "level", "message", "took"),
		"web/b/2026-01-02/x.json":   columns(schema.JSON(), "time", "level", "message", "user"),
		"feed/a/20260102/x":         columns(schema.CSV(",", "", "", 0), "c1", "c2"),
		"feed/b/20260102/x":         columns(schema.CSV(",", "", "", 0), "c1", "c2", "c3"),
	}
	r, err := Look(t.Context(), "logs", "logs", of(slices.Sorted(maps.Keys(holds))...), func(_ context.Context, key string) (schema.Schema, bool) {
		s, ok := holds[key]
		return s, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range r.Tables {
		got = append(got, x.Name+":"+x.Source+" "+strings.Join(x.Keys, ","))
	}
	slices.Sort(got)
	if d := cmp.Diff([]string{"a: dt", "b: dt", "orders: dt", "sales: year,month", "users: dt", "web: name,dt", "web_1: dt"}, got); d != "" {
		t.Error(d, r.Unplaced)
	}
}

func TestTheNearestTemplateIsNamed(t *testing.T) {
	for key, want := range map[string]string{
		"AWSLogs/111122223333/WAFLogs/us-east-1/acl/x.log.gz": "**/AWSLogs/{account}/WAFLogs/{region}/{webacl}/{yyyy}/{MM}/{dd}/{HH}/",
		"notes/b.txt": "", "b.txt": "",
	} {
		if got := look(t, key).nearest(); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

func TestWhyNothingCanBeSearchedIsSaid(t *testing.T) {
	const waf = "AWSLogs/111122223333/WAFLogs/us-east-1/acl/x.log.gz"
	unknown, known := learnt{err: errors.New("no file of it can be read")}, learnt{}
	for _, c := range []struct {
		learnt     map[string]learnt
		want, hint string
	}{
		{nil, "nothing in it is recognised", "the nearest that is known is **/AWSLogs/"},
		{map[string]learnt{"a": unknown, "b": unknown}, "of none of its tables it is known what is in the files", "--schema FILE"},
		{map[string]learnt{"a": unknown, "b": known}, "", ""},
	} {
		p := &Place{Result: look(t, waf), learnt: c.learnt}
		for name := range c.learnt {
			p.Tables = append(p.Tables, &Table{Name: name})
		}
		if err := p.Searchable(t.Context()); (err == nil) != (c.want == "") || err != nil && err.Error() != c.want || !strings.Contains(faults.HintOf(err), c.hint) {
			t.Errorf("%v, hint %q, want %q", err, faults.HintOf(err), c.want)
		}
	}
}

// TestTwoFoldersOfOnePartition: the second has no place, and is counted.
func TestTwoFoldersOfOnePartition(t *testing.T) {
	const key = "/AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/01/02/111122223333_vpcflowlogs_us-east-1_fl-1_20260102T0000Z_a.log"
	r := look(t, "x"+key, "y"+key, "y"+key+".gz")
	if len(r.Tables) != 1 || r.Tables[0].Files != 1 || r.Rivals() != 2 || r.Tables[0].Partitions != 1 {
		t.Errorf("%+v, %d", r.Tables, r.Rivals())
	}
}

// TestSeveralFilesAreLookedInto: of a partition, and none that is empty.
func TestSeveralFilesAreLookedInto(t *testing.T) {
	files := func(context.Context) iter.Seq2[File, error] {
		return func(yield func(File, error) bool) {
			for i := range int64(12) {
				if !yield(File{fmt.Sprintf("web/2026/01/02/%02d.json", i), i}, nil) {
					return
				}
			}
		}
	}
	r, err := Look(t.Context(), "logs", "logs", files, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Tables[0].Sample; len(got) != 8 || got[0] != "web/2026/01/02/01.json" {
		t.Error(got)
	}
}

func TestFoldersAreAskedForOnce(t *testing.T) {
	asked := 0
	for _, most := range []int{2, 1} {
		files := kept(most, func(ctx context.Context) iter.Seq2[File, error] {
			asked++
			return of("a", "b")(ctx)
		})
		for range 2 {
			n := 0
			for range files(t.Context()) {
				n++
			}
			if n != 2 {
				t.Errorf("%d files", n)
			}
		}
	}
	if asked != 3 {
		t.Errorf("asked for %d times", asked)
	}
}

// TestALakeIsLeftAlone: no rule is proposed for what says itself where its data is.
func TestALakeIsLeftAlone(t *testing.T) {
	r := look(t, "d/_delta_log/00000000000000000000.json", "d/dt=2024-01-01/a.parquet", "d/dt=2024-01-02/b.parquet")
	if len(r.Tables) > 0 || len(r.Rules) > 0 {
		t.Errorf("tables %+v, rules %+v", r.Tables, r.Rules)
	}
}

// TestAFolderThatRulesCantName: a * in its name takes no other folder's files.
func TestAFolderThatRulesCantName(t *testing.T) {
	r := look(t, "we*b/2026/01/02/a.json", "q?{x}/2026/01/02/a.json", "web/dt=1/a.json", "web2/deeper/2026-01-02/a.json")
	if len(r.Tables) != 3 || len(r.Unplaced) != 1 || r.Unplaced[0].Examples[0] != "we*b/2026/01/02/a.json" || !strings.Contains(r.Unplaced[0].Why, "a * in its name") {
		t.Errorf("%+v %+v", r.Rules, r.Unplaced)
	}
	for _, rule := range r.Rules {
		if strings.Contains(rule.Prefix, "*") {
			t.Error(rule)
		}
	}
}

func TestWhatFitsNoneSaysWhy(t *testing.T) {
	r := look(t, "a.json", "logs/app-20260102.json", "logs/notes/b.txt", "AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/02/30/x.log.gz", "web/dt=1/.hidden")
	var got []string
	for _, g := range slices.Concat(r.Ignored, r.Unplaced) {
		got = append(got, strings.Join(g.Examples, " ")+": "+g.Why[:min(len(g.Why), 28)])
	}
	slices.Sort(got)
	want := []string{"AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/02/30/x.log.gz: invalid_timestamp", "a.json: it lies in no folder: a part",
		"logs/app-20260102.json: its time is in the file's na", "logs/notes/b.txt: no folder above it looks lik", "web/dt=1/.hidden: hidden"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestWhatIsMissingInFront: of a synced folder its path tells, or its files'
// names; a dated folder of anybody's is no fluent-bit's because a folder could
// stand in front of it.
func TestWhatIsMissingInFront(t *testing.T) {
	flow := "111122223333_vpcflowlogs_us-east-1_fl-07f38b767c7cd46e3_20260214T0000Z_129a0cf7.log.gz"
	for _, c := range []struct{ path, key, want string }{
		{"/home/me/logs", "111122223333/vpcflowlogs/us-east-1/2026/02/14/" + flow, "AWSLogs/"},
		{"/home/me/logs", "vpcflowlogs/us-east-1/2026/02/14/" + flow, "AWSLogs/111122223333/"},
		{"/home/me/logs", "us-east-1/2026/02/14/10/" + flow, "AWSLogs/111122223333/vpcflowlogs/"},
		{"/home/me/logs", "2026/02/14/" + flow, "AWSLogs/111122223333/vpcflowlogs/us-east-1/"},
		{"/data/AWSLogs/444455556666/vpcflowlogs", "us-east-1/2026/02/14/x.log.gz", "AWSLogs/444455556666/vpcflowlogs/"},
		{"/home/me/logs", "2026/01/02/03/web.json", ""},
		{"/home/me/logs", "syslog/2026/01/02/messages", ""},
		{"/home/me/logs", "2026/01/02/03/b.2026-01-02-03.x.gz", ""},
		{"/home/me/logs", "2026/01/02/111122223333_web_us-east-1_x.json", ""},
	} {
		if got := look(t, c.key).lead(t.Context(), c.path); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.key, c.path, got, c.want)
		}
	}
}

func TestWhereProjectionWouldDo(t *testing.T) {
	r := look(t, "nginx/shop/2026-01-02/a.json", "nginx/blog/2026-01-03/a.json")
	got := r.Tables[0].Projection("logs")
	want := []Property{{"projection.enabled", "true"},
		{"projection.name.type", "enum"}, {"projection.name.values", "blog,shop"},
		{"projection.dt.type", "date"}, {"projection.dt.format", "yyyy-MM-dd"}, {"projection.dt.range", "2026-01-02,NOW"},
		{"projection.dt.interval", "1"}, {"projection.dt.interval.unit", "DAYS"},
		{"storage.location.template", "s3://logs/nginx/${name}/${dt}/"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for keys, want := range map[string]string{
		"my/prefix/dt=20180515/hour=14/archive_143201.1.json.gz":                                      "", // is one o'clock 1 or 01?
		"my/prefix/dt=20180515/hour=04/archive_143201.1.json.gz":                                      "s3://logs/my/prefix/dt=${dt}/hour=${hour}/",
		"o/year=2024/month=06/day=05/hour=13/minute=07/logs_1.json":                                   "s3://logs/o/year=${year}/month=${month}/day=${day}/hour=${hour}/",
		"http/20240605/20240605T000000Z_20240605T235959Z_a.log.gz":                                    "s3://logs/http/${dt}/",
		"org/AWSLogs/111122223333/vpcflowlogs/us-east-1/2023/01/01/111122223333_vpcflowlogs_x.log.gz": "s3://logs/org/AWSLogs/${account}/vpcflowlogs/${region}/${dt}/",
		"a/AWSLogs/1/vpcflowlogs/us/2023/01/01/x.log b/AWSLogs/1/vpcflowlogs/us/2023/01/01/x.log":     "",
	} {
		r := look(t, strings.Fields(keys)...)
		got := ""
		if p := r.Tables[0].Projection("logs"); p != nil {
			got = p[len(p)-1].Value
		}
		if got != want {
			t.Errorf("%s: %q, want %q", keys, got, want)
		}
	}
	for keys, want := range map[string]string{
		"w/15-02-2026/a":         "'projection.dt.format'='dd-MM-yyyy' 'projection.dt.range'='15-02-2026,NOW'",
		"w/2026-01-02T03/a":      `'projection.dt.format'='yyyy-MM-dd\'T\'HH' 'projection.dt.range'='2026-01-02T03,NOW' 'projection.dt.interval.unit'='HOURS'`,
		"w/2026/1/2/a":           "'projection.dt.format'='yyyy/M/d' 'projection.dt.range'='2026/1/2,NOW' 'projection.dt.interval.unit'='DAYS'",
		"w/2026/a":               "'projection.dt.format'='yyyy' 'projection.dt.interval.unit'='YEARS'",
		"w/day=20260102/a":       "'projection.day.format'='yyyyMMdd' 'projection.day.range'='20260102,NOW'",
		"w/year=2026/month=01/a": "'projection.year.type'='integer' 'projection.year.range'='2026,2050' 'projection.month.range'='1,12' 'projection.month.digits'='2'",
		"w/year=2026/month=1/a":  "'projection.month.range'='1,12'",
		"w/year=2026/month=1/a w/year=2026/month=02/a": "",
		"w/year=2026/month=11/a":                       "",
		"w/month=2026-01/a":                            "",
		"w/batch=17/a":                                 "",
		"w/host=a%3Ab/a":                               "",
		"w/host=o'b/a":                                 `'projection.host.values'='o\'b'`,
	} {
		var list []string
		for _, p := range look(t, strings.Fields(keys)...).Tables[0].Projection("logs") {
			list = append(list, p.String())
		}
		if want == "" && list != nil {
			t.Errorf("%s: %q", keys, list)
		}
		for _, p := range strings.Fields(want) {
			if !slices.Contains(list, p) {
				t.Errorf("%s: no %s in %q", keys, p, list)
			}
		}
	}
	var many []string
	for i := range 30 {
		many = append(many, fmt.Sprintf("web/host=h%d/dt=2026-01-02/a", i))
	}
	if got := look(t, many...).Tables[0].Projection("logs"); got != nil {
		t.Errorf("thirty hosts, which nobody lists: %v", got)
	}
}

// TestTablesOfOneName are told apart by the folder above; alerts is
// StreamAlert's own, which is in every configuration.
func TestTablesOfOneName(t *testing.T) {
	var got []string
	for _, x := range look(t, "a/logs/2026-01-02/x", "b/logs/day=1/x", "c/logs/20260102/x", "d/c/logs/2026/x", "w/alerts/day=2/x").Tables {
		got = append(got, x.Name)
	}
	slices.Sort(got)
	if want := []string{"a_logs", "b_logs", "c_logs", "logs", "w_alerts"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestATableIsASourcesAlone: not a folder's that is called as it is.
func TestATableIsASourcesAlone(t *testing.T) {
	r := look(t, "vpcflow/2026/01/02/a.json", "x/AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/01/02/111122223333_vpcflowlogs_us-east-1_fl-1_20260102T0000Z_a.log")
	if len(r.Tables) != 2 || r.Tables[0].Name != "vpcflow" || r.Tables[0].Source != "vpcflow" || r.Tables[1].Name != "vpcflow_2" {
		t.Errorf("%+v %+v", r.Rules, r.Unplaced)
	}
}

func BenchmarkLook(b *testing.B) {
	var keys []string
	for d := range 100 {
		for i := range 100 {
			keys = append(keys, fmt.Sprintf("AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/%02d/%02d/111122223333_vpcflowlogs_us-east-1_fl-1_20260102T0000Z_%04x.log.gz", 1+d/28, 1+d%28, i))
		}
	}
	for b.Loop() {
		if _, err := Look(b.Context(), "logs", "logs", of(keys...), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(keys)), "ns/file")
}

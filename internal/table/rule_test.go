package table

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// outcome is a placement in a line: the reason, or table, values and folder.
func outcome(p *Placement) string {
	if p.Outcome != Place {
		return string(p.Reason)
	}
	return p.Partition.Table + " " + strings.Join(p.Partition.Values, " ") + " " + strings.TrimPrefix(p.Partition.Location, "s3://b/")
}

func TestTheRuleLanguage(t *testing.T) {
	dt := []KeyTemplate{{"dt", "{yyyy}-{MM}-{dd}"}}
	for name, c := range map[string]struct {
		rules []Rule
		key   string
		want  string
	}{
		"a prefix anywhere":                        {[]Rule{{Prefix: "**/tmp/", Ignore: true}, {Table: "t"}}, "a/b/tmp/2018/03/01/05/f", "ignored_by_rule"},
		"a prefix anywhere, at the beginning":      {[]Rule{{Prefix: "**/tmp/", Ignore: true}, {Table: "t"}}, "tmp/2018/03/01/05/f", "ignored_by_rule"},
		"a prefix anywhere begins an element":      {[]Rule{{Prefix: "**/tmp/", Ignore: true}, {Table: "t"}}, "xtmp/2018/03/01/05/f", "t 2018-03-01-05 xtmp/2018/03/01/05/"},
		"a prefix anywhere with a star":            {[]Rule{{Prefix: "**/a/*/c", Ignore: true}, {Table: "t"}}, "a/a/b/cd/2018/03/01/05/f", "ignored_by_rule"},
		"a prefix anywhere, an empty element":      {[]Rule{{Prefix: "**/a/*/c/", Ignore: true}, {Table: "t"}}, "a//c/a/b/c/f", "ignored_by_rule"},
		"a file":                                   {[]Rule{{File: "*.tmp", Ignore: true}, {Table: "t"}}, "2018/03/01/05/x.tmp", "ignored_by_rule"},
		"another file":                             {[]Rule{{File: "*.tmp", Ignore: true}, {Table: "t"}}, "2018/03/01/05/x.tmp.gz", "t 2018-03-01-05 2018/03/01/05/"},
		"a file and a prefix":                      {[]Rule{{Prefix: "a/", File: "x?", Ignore: true}, {Table: "t"}}, "b/2018/03/01/05/xy", "t 2018-03-01-05 b/2018/03/01/05/"},
		"a file is the last element":               {[]Rule{{File: "a*", Table: "t"}}, "a/2018/03/01/05/x", "no_layout_match"},
		"two tables by the file":                   {[]Rule{{File: "conn_*", Table: "conn"}, {Table: "rest"}}, "2018/03/01/05/conn_1", "conn 2018-03-01-05 2018/03/01/05/"},
		"the digits of a file":                     {[]Rule{{File: "{yyyy}{MM}T*", Table: "t"}}, "2018/03/01/05/201803Tx", "t 2018-03-01-05 2018/03/01/05/"},
		"no digits of a file":                      {[]Rule{{File: "{yyyy}{MM}T*", Table: "t"}}, "2018/03/01/05/2018x3Tx", "no_layout_match"},
		"partition of streamalert":                 {[]Rule{{Table: "t", Partition: []KeyTemplate{{"day", "{yyyy}-{MM}-{dd}"}, {"hour", "{HH}"}}}}, "x/2018/03/01/05/f", "t 2018-03-01 05 x/2018/03/01/05/"},
		"an absent minute":                         {[]Rule{{Table: "t", Partition: []KeyTemplate{{"dt", "{HH}{mm}"}}}}, "dt=2018-03-01-05/f", "invalid_value"},
		"a minute":                                 {[]Rule{{Table: "t", Partition: []KeyTemplate{{"dt", "{HH}{mm}"}}}}, "dt=2018-03-01-05-07/f", "t 0507 dt=2018-03-01-05-07/"},
		"partition of streamalert-parquet":         {[]Rule{{Layout: "streamalert-parquet", Partition: dt}}, "parquet/a/dt=2018-03-01-05/f", "a 2018-03-01 parquet/a/dt=2018-03-01-05/"},
		"partition of hive":                        {[]Rule{{Layout: "hive", Table: "t", Keys: []string{"Year", "m"}, Partition: []KeyTemplate{{"ym", "{Year}-{m}"}}}}, "YEAR=a%20b/m=2/f", "t a b-2 YEAR=a%20b/m=2/"},
		"partition of cloudtrail":                  {[]Rule{{Layout: "cloudtrail", Table: "t", Partition: []KeyTemplate{{"org", "{org}"}, {"day", "{dd}"}}}}, "AWSLogs/o-a1/1/CloudTrail/eu/2024/02/29/f", "t o-a1 29 AWSLogs/o-a1/1/CloudTrail/eu/2024/02/29/"},
		"a table of a named layout's capture":      {[]Rule{{Layout: "cloudtrail", Table: "ct_{region}"}}, "AWSLogs/1/CloudTrail/eu-1/2024/02/29/f", "ct_eu_1 1 2024-02-29 AWSLogs/1/CloudTrail/eu-1/2024/02/29/"},
		"a table of a hive layout's key":           {[]Rule{{Layout: "hive", Keys: []string{"app", "dt"}, Table: "x_{app}"}}, "app=a%2Fb/dt=1/f", "x_a_b 1 app=a%2Fb/dt=1/"},
		"keys with dashes":                         {[]Rule{{Layout: "hive", Table: "t", Keys: []string{"AWS-Account-Id"}}}, "aws-account-id=1/f", "t 1 aws-account-id=1/"},
		"unpadded fields, padded":                  {[]Rule{{Layout: "year={yyyy}/month={M}/day={d}/hour={H}/", Table: "t"}}, "year=2024/month=1/day=31/hour=9/f", "t 2024-01-31-09 year=2024/month=1/day=31/hour=9/"},
		"unpadded fields by the padded name":       {[]Rule{{Layout: "{yyyy}/{M}/{d}/", Table: "t", Partition: dt}}, "2024/1/2/f", "t 2024-01-02 2024/1/2/"},
		"seconds":                                  {[]Rule{{Layout: "run={yyyy}-{MM}-{dd}-{HH}-{mm}-{ss}/", Table: "t"}}, "run=2017-08-21-19-18-20/f", "t 2017-08-21-19-18 run=2017-08-21-19-18-20/"},
		"seconds that aren't":                      {[]Rule{{Layout: "run={yyyy}-{MM}-{dd}-{HH}-{mm}-{ss}/", Table: "t"}}, "run=2017-08-21-19-18-60/f", "invalid_timestamp"},
		"a table's pattern":                        {[]Rule{{Layout: "cdc/{schema}/{t}/{yyyy}/", Table: "X-{schema}_{t}"}}, "cdc/dbo/Employé.x/2022/f", "x_dbo_employ__x 2022 cdc/dbo/Employé.x/2022/"},
		"a table's pattern of nothing":             {[]Rule{{Layout: "a-{t}/{yyyy}/", Table: "x_{t}"}}, "a-/2022/f", "invalid_table_name"},
		"a table's pattern of {table}":             {[]Rule{{Layout: "{table}/{yyyy}/", Table: "x_{table}"}}, "a.b/2022/f", "x_a_b 2022 a.b/2022/"},
		"a table's pattern of an empty {table}":    {[]Rule{{Layout: "a-{table}/{yyyy}/", Table: "x_{table}"}}, "a-/2022/f", "no_table_element"},
		"a table's pattern that is owned":          {[]Rule{{Layout: "{topic}/{yyyy}/", Table: "{topic}"}}, "Owned/2022/f", "table_not_allowed"},
		"a table's pattern that is too long":       {[]Rule{{Layout: "{topic}/{yyyy}/", Table: "{topic}"}}, strings.Repeat("é", 256) + "/2022/f", "invalid_table_name"},
		"{table} is not folded":                    {[]Rule{{Layout: "{table}/{yyyy}/"}}, "a.b/2022/f", "invalid_table_name"},
		"a folder key=value":                       {[]Rule{{Layout: "**/x/{a=}/{b=1}/", Table: "t"}}, "x/A=%41/b=1/f", "t A 1 x/A=%41/b=1/"},
		"a folder key=value of another value":      {[]Rule{{Layout: "**/x/{a=}/{b=1}/", Table: "t"}}, "x/A=%41/b=12/f", "no_layout_match"},
		"a folder key=value is of ASCII":           {[]Rule{{Layout: "{source=}/", Table: "t"}}, "\u017fource=x/f", "no_layout_match"},
		"an error type is of ASCII":                {[]Rule{{Layout: "hive", Keys: []string{"a"}, Table: "t"}}, "splun\u212a-failed/a=1/f", "t 1 splun\u212a-failed/a=1/"},
		"a number of digits":                       {[]Rule{{Layout: "{p}{n:3}/{yyyy}/", Table: "t", Partition: []KeyTemplate{{"n", "{n}"}}}}, "a1234/2022/f", "t 234 a1234/2022/"},
		"fewest leading elements":                  {[]Rule{{Layout: "**/{a}/{yyyy}/", Table: "t"}}, "x/2021/2022/f", "t x 2021 x/2021/"},
		"optional parts absent first":              {[]Rule{{Layout: "[{o}/]{a}/[{b}/]x/", Table: "t", Partition: []KeyTemplate{{"a", "{a}"}}}}, "p/q/x/f", "t p p/q/x/"},
		"the shortest names from the left":         {[]Rule{{Layout: "{a}-{b}/", Table: "t"}}, "1-2-3/f", "t 1 2-3 1-2-3/"},
		"names and unpadded digits":                {[]Rule{{Layout: "{yyyy}/{a}{M}/", Table: "t"}}, "2022/x12/f", "t x 2022-12 2022/x12/"},
		"a run before the first of the time":       {[]Rule{{Layout: "streamalert-parquet"}}, "x/dt=2018-13-01-05/f", "invalid_timestamp"},
		"another constant":                         {[]Rule{{Layout: "streamalert-parquet"}}, "x/a/dt=2018-03-01-05/f", "no_layout_match"},
		"no constant":                              {[]Rule{{Layout: "streamalert-parquet"}}, "dt=2018-03-01-05/f", "no_layout_match"},
		"no table":                                 {[]Rule{{Layout: "streamalert-parquet"}}, "parquet/dt=2018-03-01-05/f", "no_table_element"},
		"an empty table":                           {[]Rule{{Layout: "streamalert-parquet"}}, "parquet//dt=2018-03-01-05/f", "no_table_element"},
		"an empty first element":                   {[]Rule{{Layout: "streamalert-data"}}, "/x/2018/03/01/05/f", "no_table_element"},
		"too much before the run":                  {[]Rule{{Layout: "streamalert-parquet"}}, "parquet/a/b/dt=2018-03-01-05/f", "no_layout_match"},
		"a hidden file before the run":             {[]Rule{{Table: "t"}}, "a/_SUCCESS", "hidden"},
		"a hidden file that no rule takes":         {[]Rule{{Prefix: "x/", Table: "t"}}, "a/.x", "hidden"},
		"a hidden file that a rule ignores":        {[]Rule{{Prefix: "a/", Ignore: true}}, "a/.x", "ignored_by_rule"},
		"an error folder before a hidden file":     {[]Rule{{Table: "t"}}, "Splunk-Failed/_x", "error_output"},
		"an error folder that no rule takes":       {[]Rule{{Prefix: "x/", Table: "t"}}, "a/iceberg-failed/x", "error_output"},
		"an error prefix glued to the type":        {[]Rule{{Table: "t"}}, "errorsMetadata-Extraction-Failed/2018/03/01/05/x", "error_output"},
		"the end of a type is none":                {[]Rule{{Table: "t"}}, "extraction-failed/2018/03/01/05/x", "t 2018-03-01-05 extraction-failed/2018/03/01/05/"},
		"a folder that goes on is none":            {[]Rule{{Table: "t"}}, "processing-failed-2/2018/03/01/05/x", "t 2018-03-01-05 processing-failed-2/2018/03/01/05/"},
		"a run in the calendar counts first":       {[]Rule{{Layout: "{yyyy}/{MM}/", Table: "t"}}, "2018/13/f", "invalid_timestamp"},
		"a shape, of a source":                     {[]Rule{{Source: "s", Layout: "**/x/{yyyy}/", Table: "s"}, {Layout: "{a}/", Table: "t"}}, "y/2018/f", "t y y/"},
		"a shape, of a source, in no calendar":     {[]Rule{{Source: "s", Layout: "**/x/{yyyy}/{MM}/", Table: "s"}, {Layout: "{a}/", Table: "t"}}, "x/2018/13/f", "invalid_timestamp"},
		"an exception beside":                      {[]Rule{{Source: "s", Layout: "**/x/{a}/", Table: "s", Except: []Shape{{Layout: "**/x/{a}/data/"}}}, {Layout: "{a}/", Table: "t"}}, "x/1/data/f", "t x x/"},
		"an exception beside, of another run":      {[]Rule{{Source: "s", Layout: "**/x/{a}/", Table: "s", Except: []Shape{{Layout: "**/x/{a}/data/"}}}, {Layout: "{a}/", Table: "t"}}, "x/1/x/2/data/f", "s 1 x/1/"},
		"an exception that begins elsewhere":       {[]Rule{{Source: "s", Layout: "**/x/{a}/", Table: "s", Except: []Shape{{Layout: "**/data/"}}}, {Layout: "{a}/", Table: "t"}}, "x/1/data/f", "t x x/"},
		"a companion":                              {[]Rule{{Source: "s", Layout: "**/x/{a}/", Table: "s"}, {Ignore: true, Source: "s", Companion: &Shape{Files: []string{"m*"}}}}, "m1", "companion"},
		"a companion elsewhere":                    {[]Rule{{Source: "s", Layout: "**/x/{a}/", Table: "s"}, {Ignore: true, Source: "s", Prefix: "p/", Companion: &Shape{Files: []string{"m*"}}}}, "m1", "no_layout_match"},
		"a companion that no layout places":        {[]Rule{{Table: "t"}, {Ignore: true, Source: "s", Companion: &Shape{Files: []string{"m*"}}}}, "a/m1", "companion"},
		"a companion that a layout places":         {[]Rule{{Table: "t"}, {Ignore: true, Source: "s", Companion: &Shape{Files: []string{"m*"}}}}, "2018/03/01/05/m1", "t 2018-03-01-05 2018/03/01/05/"},
		"a companion by what it is not":            {[]Rule{{Ignore: true, Source: "s", Companion: &Shape{Not: []string{"m*"}}}}, "a/n", "companion"},
		"a companion in an error folder":           {[]Rule{{Ignore: true, Source: "s", Companion: &Shape{Not: []string{"m*"}}}}, "processing-failed/n", "error_output"},
		"a companion in a bucket of another order": {[]Rule{{Ignore: true, Source: "s", Companion: &Shape{}}, {Table: "t"}}, "2018/03/01/05/m1", "t 2018-03-01-05 2018/03/01/05/"},
	} {
		t.Run(name, func(t *testing.T) {
			p := router(t, c.rules...).Place("b", c.key)
			if got := outcome(&p); got != c.want {
				t.Errorf("%q: got %q, want %q (%s)", c.key, got, c.want, p.Detail)
			}
			agrees(t, router(t, c.rules...), "b", c.key)
			alike(t, router(t, c.rules...), c.key)
		})
	}
}

// alike checks what Folder says of a key against Place.
func alike(t *testing.T, r *Router, key string) {
	t.Helper()
	p := r.Place("b", key)
	folder, _, same := r.Folder("b", key)
	if !same || p.Outcome != Place {
		return
	}
	for _, file := range []string{"x", "m1", "conn_1", "x.tmp", "n"} {
		if o := r.Place("b", folder+file); outcome(&o) != outcome(&p) {
			t.Errorf("%q is %s, but %s in its folder %s", key, outcome(&p), file, outcome(&o))
		}
	}
}

func TestRulesThatAreSlips(t *testing.T) {
	for text, r := range map[string]Rule{
		`{hh}: the fields of a time are {yyyy}`:        {Layout: "{yyyy}/{hh}/", Table: "t"},
		`{yy}: the fields of a time are`:               {Layout: "{yy}/", Table: "t"},
		`{MM}: the month of the time is captured twi`:  {Layout: "{yyyy}/{M}/{MM}/", Table: "t"},
		`{a}: the name is captured twice`:              {Layout: "{a}/{a}/", Table: "t"},
		`next to other digits`:                         {Layout: "{yyyy}{M}/", Table: "t"},
		`a {M}, {d} or {H} stands next to`:             {Layout: "{yyyy}/{M}{d}/", Table: "t"},
		`**/ for any elements, at the beginning`:       {Prefix: "a/**/b/", Table: "t"},
		`a * stands for a whole element`:               {Prefix: "**b/", Table: "t"},
		`it is for the last element of a key`:          {File: "a/b", Table: "t"},
		`{x} is none of {yyyy}`:                        {File: "{x}", Table: "t"},
		`nothing but "prefix" and "file"`:              {Ignore: true, Layout: "hive"},
		`the layout captures no {account}: it has {yy`: {Table: "t", Partition: []KeyTemplate{{"a", "{account}"}}},
		`captures no {table}: it has {yyyy} {MM} {dd}`: {Layout: "streamalert-data", Partition: []KeyTemplate{{"a", "{table}"}}},
		`the layout captures no {x}: it has {a} {b}`:   {Layout: "hive", Keys: []string{"a", "b"}, Table: "t", Partition: []KeyTemplate{{"a", "{x}"}}},
		`table "{x}_y": the layout captures no {x}`:    {Layout: "{a}/", Table: "{x}_y"},
		`table "a}" captures nothing`:                  {Layout: "{a}/", Table: "a}"},
		`layout "{table}/{a}/" reads the table out of`: {Layout: "{table}/{a}/", Table: "t"},
		`captures nothing that could be a partition`:   {Layout: "{a}/", Table: "{a}"},
		`how many digits it has, or what it begins`:    {Layout: "{a:x}/", Table: "t"},
		`key "": a partition key is made of`:           {Layout: "{=x}/", Table: "t"},
	} {
		if err := Compile(r); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v:\ngot  %v\nwant %s", r, err, text)
		}
	}
}

// TestWhatARuleLoses: what its layout always captures and nothing is made of.
func TestWhatARuleLoses(t *testing.T) {
	for _, c := range []struct {
		rule Rule
		want string
	}{
		{Rule{Layout: "{app}/{yyyy}/{MM}/", Table: "t"}, ""},
		{Rule{Layout: "{app}/{yyyy}/{MM}/", Table: "{app}", Partition: []KeyTemplate{{"dt", "{yyyy}-{MM}"}}}, ""},
		{Rule{Layout: "{app}/[{more}/]{yyyy}/{M}/", Table: "t", Partition: []KeyTemplate{{"dt", "{yyyy}"}}}, "app MM"},
		{Rule{Layout: "{table}/{yyyy}/", Table: "t", Source: "s"}, "table"},
		{Rule{Layout: "{table}/{yyyy}/"}, ""},
		{Rule{Layout: "hive", Keys: []string{"A", "b"}, Table: "t", Partition: []KeyTemplate{{"b", "{b}"}}}, "a"},
		{Rule{Table: "t"}, ""},
		{Rule{Ignore: true}, ""},
		{Rule{Layout: "no"}, ""},
	} {
		if got := strings.Join(Lost(c.rule), " "); got != c.want {
			t.Errorf("%+v loses %q, want %q", c.rule, got, c.want)
		}
	}
}

func TestPatternsOfFiles(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true}, {"*", "é", true}, {"?", "é", true}, {"?", "", false}, {"??", "é", false}, {"?", "\xff", true},
		{"a*c", "abcbc", true}, {"a*c", "abcb", false}, {"*a*b*", "xxaxxbxx", true}, {"*a*b*", "xxbxxaxx", false},
		{"*-Manifest.json", "my-Manifest.json", true}, {"*-Manifest.json", "my-manifest.json", false},
		{"a", "ab", false}, {"ab", "a", false}, {"{yyyy}", "2018", true}, {"{yyyy}", "201", false}, {"{yyyy}", "201x", false},
		{"*_app.*", "1_elb_eu_app.x_app.y", true}, {"*{dd}", "x123", true}, {"*{dd}", "x12a", false},
	} {
		p, err := compileFilePattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if p.fits(c.name) != c.want {
			t.Errorf("%q %q: %t", c.pattern, c.name, !c.want)
		}
	}
}

// TestAFolderOfTwoTablesIsNotAlike: what is known of a folder may not
// answer for a file of another table.
func TestAFolderOfTwoTablesIsNotAlike(t *testing.T) {
	const layout = "**/lb/{yyyy}/{MM}/{dd}/"
	r := router(t,
		Rule{Source: "alb", Layout: layout, Table: "alb", Files: []string{"*_app.*"}},
		Rule{Source: "nlb", Layout: layout, Table: "nlb", Files: []string{"*_net.*"}},
		Rule{Source: "trail", Layout: "**/trail/{yyyy}/{MM}/{dd}/", Table: "trail"})
	for _, key := range []string{"lb/2018/03/01/x_app.1", "lb/2018/03/01/x_net.1"} {
		if _, _, alike := r.Folder("b", key); alike {
			t.Errorf("%q", key)
		}
	}
	if _, _, alike := r.Folder("b", "trail/2018/03/01/x"); !alike {
		t.Error("the files of a folder that no rule looks at are not alike")
	}
	for folder, want := range map[string]Standing{"lb/2018/03/01/": Open, "lb/2018/": Open, "trail/2018/03/01/": Open} {
		if got, _, _ := r.FolderStanding("b", folder); got != want {
			t.Errorf("below %q: %d, want %d", folder, got, want)
		}
	}
	excepting := router(t, Rule{Source: "s", Layout: "**/x/{yyyy}/{MM}/", Table: "s", Except: []Shape{{Files: []string{"2*"}}}}, Rule{Table: "t"})
	if _, _, alike := excepting.Folder("b", "x/2018/03/01/05/f"); alike {
		t.Error("a folder answers for files that the rule leaves to others")
	}
	alone := router(t, Rule{Source: "trail", Layout: "**/trail/{yyyy}/{MM}/{dd}/", Table: "trail", Except: []Shape{{Layout: "**/trail/digest/"}}})
	if got, _, _ := alone.FolderStanding("b", "trail/2018/03/01/"); got != Whole {
		t.Errorf("a folder of one source alone is %d", got)
	}
}

// FuzzPatternsOfFiles holds patterns against regular expressions, for the last
// elements of keys.
func FuzzPatternsOfFiles(f *testing.F) {
	f.Add("*_app.*", "1_app.x")
	f.Add("?{yyyy}*{dd}", "é201803")
	f.Add("?{yyyy}*", "x\x00201801")
	f.Fuzz(func(t *testing.T, text, name string) {
		p, err := compileFilePattern(text)
		if err != nil || !utf8.ValidString(text) || !utf8.ValidString(name) || strings.Contains(name, "/") {
			return
		}
		e := regexp.QuoteMeta(text)
		for _, c := range [][2]string{{`\*`, `.*`}, {`\?`, `.`}, {`\{yyyy\}`, `[0-9]{4}`}, {`\{MM\}`, `[0-9]{2}`}, {`\{dd\}`, `[0-9]{2}`}, {`\{HH\}`, `[0-9]{2}`}, {`\{mm\}`, `[0-9]{2}`}, {`\{ss\}`, `[0-9]{2}`}} {
			e = strings.ReplaceAll(e, c[0], c[1])
		}
		if want := regexp.MustCompile(`(?s)\A` + e + `\z`).MatchString(name); p.fits(name) != want {
			t.Errorf("%q %q: %t", text, name, !want)
		}
	})
}

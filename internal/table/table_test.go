package table

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// casesRouter is the configuration of testdata/cases/buckets.json, for the
// prefix "p".
func casesRouter(t testing.TB) *Router {
	data, err := os.ReadFile("../../testdata/cases/buckets.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Buckets map[string]json.RawMessage }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	buckets := []Bucket{{Name: "p.streamalerts", Rules: []Rule{{Table: "alerts"}}}}
	for name, raw := range file.Buckets {
		buckets = append(buckets, Bucket{Name: name, Rules: rulesOf(t, raw)})
	}
	r, err := New(buckets)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func rulesOf(t testing.TB, raw json.RawMessage) []Rule {
	var short string
	if json.Unmarshal(raw, &short) == nil {
		if short == "data" {
			return []Rule{{Layout: "streamalert-data"}}
		}
		return []Rule{{Table: short}}
	}
	var rules []Rule
	if err := json.Unmarshal(raw, &rules); err != nil {
		t.Fatal(err)
	}
	return rules
}

func TestCases(t *testing.T) {
	r := casesRouter(t)
	f, err := os.Open("../../testdata/cases/objects.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var c struct {
			Name, Bucket, Key, Table, Location string
			Outcome                            Outcome
			Reason                             Reason
			Partition                          map[string]string
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		key, err := url.QueryUnescape(c.Key)
		if err != nil {
			key = c.Key
		}
		got := r.Place(c.Bucket, key)
		var values map[string]string
		for i, k := range got.Partition.Keys {
			if values == nil {
				values = map[string]string{}
			}
			values[k] = got.Partition.Values[i]
		}
		if got.Outcome != c.Outcome || got.Reason != c.Reason || got.Partition.Table != c.Table ||
			got.Partition.Location != c.Location || !cmp.Equal(values, c.Partition) {
			t.Errorf("%s: %s %q:\ngot  %+v\nwant %+v", c.Name, c.Bucket, key, got, c)
		}
	}
	if n < 113 {
		t.Errorf("only %d cases were read", n)
	}
}

func router(t testing.TB, rules ...Rule) *Router {
	r, err := New([]Bucket{{"b", rules}, {"other", []Rule{{Table: "owned"}}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLayouts(t *testing.T) {
	flow, hive2 := Rule{Layout: "vpcflow", Table: "t"}, Rule{Layout: "hive", Table: "t", Keys: []string{"Year", "m"}}
	for name, c := range map[string]struct {
		rule Rule
		key  string
		want string // values and folder, or the reason
	}{
		"flow logs by day":                       {flow, "x/AWSLogs/1/vpcflowlogs/eu/2024/02/29/f", "1 eu 2024-02-29 x/AWSLogs/1/vpcflowlogs/eu/2024/02/29/"},
		"flow logs by hour":                      {flow, "AWSLogs/1/vpcflowlogs/eu/2024/02/29/23/f", "1 eu 2024-02-29 AWSLogs/1/vpcflowlogs/eu/2024/02/29/"},
		"flow logs, the hour is the file":        {flow, "AWSLogs/1/vpcflowlogs/eu/2024/02/29/23", "1 eu 2024-02-29 AWSLogs/1/vpcflowlogs/eu/2024/02/29/"},
		"a trail of an organisation":             {Rule{Layout: "cloudtrail", Table: "t"}, "AWSLogs/o-a1/1/CloudTrail/eu/2024/02/29/f", "1 eu 2024-02-29 AWSLogs/o-a1/1/CloudTrail/eu/2024/02/29/"},
		"an organisation has o-":                 {Rule{Layout: "cloudtrail", Table: "t"}, "AWSLogs/a1/1/CloudTrail/eu/2024/02/29/f", "no_layout_match"},
		"load balancer":                          {Rule{Layout: "alb", Table: "t"}, "p/AWSLogs/1/elasticloadbalancing/eu/2024/02/29/f", "1 eu 2024-02-29 p/AWSLogs/1/elasticloadbalancing/eu/2024/02/29/"},
		"hive, first run counts":                 {hive2, "a/YEAR=1/M=2/year=3/m=4/f", "1 2 a/YEAR=1/M=2/"},
		"hive, deeper keys are sub-folders":      {hive2, "year=1/m=2/d=3/f", "1 2 year=1/m=2/"},
		"hive, an empty value":                   {hive2, "year=/m=2/f", "invalid_value"},
		"hive, an equals sign in a value":        {hive2, "year=a=b/m=2/f", "a=b 2 year=a=b/m=2/"},
		"hive, a stray percent":                  {hive2, "year=5%/m=%4/f", "5% %4 year=5%/m=%4/"},
		"hive, a variable in a value":            {hive2, "year=%24%7Bx}/m=2/f", "invalid_value"},
		"a variable in the location":             {hive2, "${x}/year=1/m=2/f", "invalid_location"},
		"hive, a C1 control behind an escape":    {hive2, "year=%85/m=2/f", "invalid_value"},
		"hive, keys in another order":            {hive2, "m=2/year=1/f", "no_layout_match"},
		"template with parts of elements":        {Rule{Layout: "app-{app}.{env}/{yyyy}{MM}{dd}/", Table: "t"}, "app-a.b.c/20240229/f", "a b.c 2024-02-29 app-a.b.c/20240229/"},
		"template, the shortest digits that fit": {Rule{Layout: "{yyyy}-{a}{M}-{d}/", Table: "t"}, "2018-111-2/f", "1 2018-11-02 2018-111-2/"},
		"template, an empty part":                {Rule{Layout: "app-{app}/{yyyy}/", Table: "t"}, "app-/2018/f", "invalid_value"},
		"template with its own keys":             {Rule{Layout: "[{org}/]{app}/{yyyy}/{MM}/", Table: "t", Partition: []KeyTemplate{{"Month", "{yyyy}{MM}"}, {"app", "{app}"}}}, "o/a/2018/03/f", "201803 a o/a/2018/03/"},
		"an optional name that is absent":        {Rule{Layout: "{app}/[x-{org}/]{yyyy}/", Table: "t", Partition: []KeyTemplate{{"k", "{app}-{org}"}}}, "a/2018/f", "invalid_value"},
		"the table below a constant":             {Rule{Layout: "logs/{table}/{yyyy}/{MM}/{dd}/"}, "logs/a/2018/03/01/f", "2018-03-01 logs/a/2018/03/01/"},
		"no table below the constant":            {Rule{Layout: "logs/{table}/{yyyy}/{MM}/{dd}/"}, "logs/2018/03/01/f", "no_layout_match"},
		"an empty table":                         {Rule{Layout: "logs/{table}/{yyyy}/{MM}/{dd}/"}, "logs//2018/03/01/f", "no_table_element"},
		"names only below the table":             {Rule{Layout: "{table}/{app}/"}, "a/web/f", "web a/web/"},
		"names and a time below the table":       {Rule{Layout: "logs/{table}/{app}/{d}/{yyyy}/{M}/"}, "logs/a/web/1/2018/3/f", "web 2018-03-01 logs/a/web/1/2018/3/"},
		"names only and no table":                {Rule{Layout: "{table}/{app}/"}, "web/f", "no_layout_match"},
		"a run where the table should be":        {Rule{Layout: "streamalert-data"}, "dt=2018-03-01-05/dt=2018-03-01-05/f", "no_table_element"},
		"too much before the run":                {Rule{Layout: "logs/{table}/{yyyy}/{MM}/{dd}/"}, "logs/a/b/2018/03/01/f", "no_layout_match"},
		"another constant":                       {Rule{Layout: "logs/{table}/{yyyy}/{MM}/{dd}/"}, "log/a/2018/03/01/f", "no_layout_match"},
		"a table in a part of an element":        {Rule{Layout: "t-{table}/{yyyy}/{MM}/{dd}/"}, "t-/2018/03/01/f", "no_table_element"},
		"not such an element":                    {Rule{Layout: "t-{table}/{yyyy}/{MM}/{dd}/"}, "x-a/2018/03/01/f", "no_layout_match"},
		"the table anywhere":                     {Rule{Layout: "**/{table}/{yyyy}/{MM}/{dd}/"}, "x/y/a/2018/03/01/f", "2018-03-01 x/y/a/2018/03/01/"},
		"the table after the time":               {Rule{Layout: "{yyyy}/{table}/"}, "2018/a/f", "2018 2018/a/"},
		"the table after the time, misnamed":     {Rule{Layout: "{yyyy}/{table}/"}, "2018/a b/f", "invalid_table_name"},
		"a constant is not the run":              {Rule{Layout: "logs/{table}/{app}/"}, "logs/f", "no_layout_match"},
		"the first of two that are misplaced":    {Rule{Layout: "[{org}/]t-{table}/{yyyy}/", Partition: []KeyTemplate{{"y", "{yyyy}"}}}, "x/2018/f", "no_layout_match"},
		"an empty name before a constant":        {Rule{Layout: "{app}-x/{yyyy}/{MM}/{dd}/", Table: "t"}, "-x/2018/03/01/f", "invalid_value"},
		"another bucket's table":                 {Rule{Layout: "streamalert-data"}, "Owned/2018/03/01/05/f", "table_not_allowed"},
		"year 0":                                 {Rule{Layout: "{yyyy}/", Table: "t"}, "0000/f", "invalid_timestamp"},
		"year 9999":                              {Rule{Layout: "{yyyy}/", Table: "t"}, "9999/f", "9999 9999/"},
		"1900 had no leap day":                   {Rule{Layout: "{yyyy}-{MM}-{dd}/", Table: "t"}, "1900-02-29/f", "invalid_timestamp"},
		"the first run decides":                  {Rule{Layout: "streamalert", Table: "t"}, "2018/13/01/05/dt=2018-03-01-05/f", "invalid_timestamp"},
		"hidden below comes before the table":    {Rule{Layout: "streamalert-data"}, "a/b/2018/03/01/05/_x/f", "hidden"},
		"a C1 control in the location":           {Rule{Layout: "streamalert", Table: "t"}, "a\u0085/2018/03/01/05/f", "invalid_location"},
		"U+FFFD in the location":                 {Rule{Layout: "streamalert", Table: "t"}, "a\ufffd/2018/03/01/05/f", "invalid_location"},
		"forty folders":                          {Rule{Layout: "streamalert", Table: "t"}, strings.Repeat("a/", 40) + "2018/03/01/05/f", "2018-03-01-05 " + strings.Repeat("a/", 40) + "2018/03/01/05/"},
		"a prefix in the middle of a name":       {Rule{Prefix: "lo", Layout: "streamalert", Table: "t"}, "logs/2018/03/01/05/f", "2018-03-01-05 logs/2018/03/01/05/"},
		"a star at the end of a prefix":          {Rule{Prefix: "a/*", Layout: "streamalert", Table: "t"}, "a/b/2018/03/01/05/f", "2018-03-01-05 a/b/2018/03/01/05/"},
		"a star is not an empty element":         {Rule{Prefix: "a/*", Layout: "streamalert", Table: "t"}, "a//2018/03/01/05/f", "no_layout_match"},
		"the first day":                          {Rule{Layout: "{yyyy}-{MM}-{dd}/", Table: "t"}, "0001-01-01/f", "0001-01-01 0001-01-01/"},
		"the last day of a year":                 {Rule{Layout: "{yyyy}-{MM}-{dd}/", Table: "t"}, "2018-12-31/f", "2018-12-31 2018-12-31/"},
		"2000 had a leap day":                    {Rule{Layout: "{yyyy}-{MM}-{dd}/", Table: "t"}, "2000-02-29/f", "2000-02-29 2000-02-29/"},
		"unpadded, one digit":                    {Rule{Layout: "{yyyy}/{M}/{d}/", Table: "t"}, "2018/3/1/f", "2018-03-01 2018/3/1/"},
		"unpadded, no digits":                    {Rule{Layout: "{yyyy}/{M}/{d}/", Table: "t"}, "2018/x/1/f", "no_layout_match"},
		"unpadded, three digits":                 {Rule{Layout: "{yyyy}/{M}/{d}/", Table: "t"}, "2018/123/1/f", "no_layout_match"},
		"a name before constants and times":      {Rule{Layout: "{app}.log-{yyyy}-{MM}/", Table: "t"}, "a.b.log-2018-03/f", "a.b 2018-03 a.b.log-2018-03/"},
		"a no-break space in the location":       {Rule{Layout: "streamalert", Table: "t"}, "a\u00a0/2018/03/01/05/f", "2018-03-01-05 a\u00a0/2018/03/01/05/"},
		"a control behind a letter of two bytes": {Rule{Layout: "streamalert", Table: "t"}, "é\x01/2018/03/01/05/f", "invalid_location"},
		"DEL in the location":                    {Rule{Layout: "streamalert", Table: "t"}, "a\x7f/2018/03/01/05/f", "invalid_location"},
		"hive, DEL behind an escape":             {hive2, "year=%7f/m=2/f", "invalid_value"},
		"hive, a space":                          {hive2, "year=a b/m=%A0/f", "a b \u00a0 year=a b/m=%A0/"},
		"hive, half an escape":                   {hive2, "year=%4z/m=%z4/f", "%4z %z4 year=%4z/m=%z4/"},
		"a name as long as an error folder's":    {Rule{Layout: "streamalert", Table: "t"}, "quite-a-world/2018/03/01/05/f", "2018-03-01-05 quite-a-world/2018/03/01/05/"},
		"a dollar sign is no variable":           {Rule{Layout: "streamalert", Table: "t"}, "a$b{c$/2018/03/01/05/f", "2018-03-01-05 a$b{c$/2018/03/01/05/"},
		"half a letter in the location":          {Rule{Layout: "streamalert", Table: "t"}, "a\x80/2018/03/01/05/f", "invalid_location"},
		"constants in their case":                {Rule{Layout: "alb", Table: "t"}, "AWSLogs/1/ElasticLoadBalancing/eu/2024/02/29/f", "no_layout_match"},
		"a value that ends in text":              {Rule{Layout: "{yyyy}/", Table: "t", Partition: []KeyTemplate{{"k", "y{yyyy}x"}}}, "2018/f", "y2018x 2018/"},
		"a dot in the location":                  {Rule{Layout: "streamalert", Table: "t"}, "a/./b/2018/03/01/05/f", "invalid_location"},
		"two dots in the location":               {Rule{Layout: "streamalert", Table: "t"}, "a/../b/2018/03/01/05/f", "invalid_location"},
		"three dots are a name":                  {Rule{Layout: "streamalert", Table: "t"}, "a/.../b./2018/03/01/05/f", "2018-03-01-05 a/.../b./2018/03/01/05/"},
		"a name behind {M} has the other digits": {Rule{Layout: "{yyyy}/{M}{app}/", Table: "t"}, "2018/12x/f", "2x 2018-01 2018/12x/"},
		"two stars":                              {Rule{Prefix: "*/x/*/", Layout: "streamalert", Table: "t"}, "a/x/b/2018/03/01/05/f", "2018-03-01-05 a/x/b/2018/03/01/05/"},
		"a star is one element":                  {Rule{Prefix: "*/x/", Layout: "streamalert", Table: "t"}, "a/b/x/2018/03/01/05/f", "no_layout_match"},
	} {
		t.Run(name, func(t *testing.T) {
			p := router(t, c.rule).Place("b", c.key)
			got := string(p.Reason)
			if p.Outcome == Place {
				got = strings.Join(p.Partition.Values, " ") + " " + strings.TrimPrefix(p.Partition.Location, "s3://b/")
			}
			if got != c.want {
				t.Errorf("%q: got %q, want %q (%s)", c.key, got, c.want, p.Detail)
			}
		})
	}
}

func TestRulesThatAreWrong(t *testing.T) {
	for text, r := range map[string]Rule{
		`layout "x" is neither one of`:                 {Layout: "x", Table: "t"},
		`needs "table"`:                                {Layout: "streamalert"},
		`leave out "table"`:                            {Layout: "streamalert-data", Table: "t"},
		`needs "keys"`:                                 {Layout: "hive", Table: "t"},
		`key "a" is there twice`:                       {Layout: "hive", Table: "t", Keys: []string{"a", "A"}},
		`"keys" are for the layout "hive"`:             {Layout: "alb", Table: "t", Keys: []string{"a"}},
		`the layout captures no {mm}: it has {yyyy}`:   {Layout: "alb", Table: "t", Partition: []KeyTemplate{{"a", "{mm}"}}},
		`does not end in a slash`:                      {Layout: "{yyyy}/{MM}", Table: "t"},
		`has no closing brace`:                         {Layout: "{yyyy/", Table: "t"},
		`has no closing bracket`:                       {Layout: "[{HH}/", Table: "t"},
		`say [a/]`:                                     {Layout: "[a]/{yyyy}/", Table: "t"},
		`a name is made of`:                            {Layout: "{App}/{yyyy}/", Table: "t"},
		`captured twice`:                               {Layout: "{M}/{yyyy}/{MM}/", Table: "t"},
		`without all larger ones`:                      {Layout: "{yyyy}/{dd}/", Table: "t"},
		`{org} is optional`:                            {Layout: "[{org}/]{yyyy}/", Table: "t"},
		`40 of its parts are optional, 6 may be`:       {Layout: strings.Repeat("[x/]", 40) + "{yyyy}/", Table: "t"},
		`{table} can't be optional`:                    {Layout: "[{table}/]{yyyy}/"},
		`it captures nothing that`:                     {Layout: "a/b/", Table: "t"},
		`the layout captures no {day}`:                 {Layout: "{yyyy}/", Table: "t", Partition: []KeyTemplate{{"d", "{day}"}}},
		`it captures more than 11 names`:               {Layout: "{a}/{b}/{c}/{d1}/{e}/{f}/{g}/{h1}/{i}/{j}/{k}/{l}/", Table: "t"},
		`a * stands for a whole element`:               {Prefix: "a*/", Layout: "streamalert", Table: "t"},
		`has nothing but "prefix"`:                     {Ignore: true, Table: "t"},
		`a table's name is made of`:                    {Layout: "streamalert", Table: "a-b"},
		`has an empty element`:                         {Layout: "a//{yyyy}/", Table: "t"},
		`no element that is always there`:              {Layout: "[{HH}/]", Table: "t"},
		`*, [, ] and } can't be part of a constant`:    {Layout: "**/a/**/{yyyy}/", Table: "t"},
		`a partition key is made of letters, digits`:   {Layout: "hive", Table: "t", Keys: []string{"a b"}},
		`partition key "a b": a key is made of letter`: {Layout: "{yyyy}/", Table: "t", Partition: []KeyTemplate{{"a b", "{yyyy}"}}},
	} {
		if err := Compile(r); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v:\ngot  %v\nwant %s", r, err, text)
		}
	}
}

func TestErrorsNameTheRule(t *testing.T) {
	_, err := New([]Bucket{{"b", []Rule{{Ignore: true}, {Layout: "x"}}}})
	if err == nil || !strings.Contains(err.Error(), `bucket "b", rule 2: `) {
		t.Error(err)
	}
}

func TestNamesOfTables(t *testing.T) {
	for name, want := range map[string]bool{
		"": false, "azAZ09_": true, strings.Repeat("x", 255): true, strings.Repeat("x", 256): false,
		"a-b": false, "a/b": false, "a:b": false, "a@b": false, "a[b": false, "a\x60b": false, "a{b": false, "é": false,
	} {
		if validName(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
}

func TestPlainFile(t *testing.T) {
	for name, want := range map[string]bool{"x": true, "x_.": true, "": false, "_x": false, ".x": false, "x_$folder$": false} {
		if PlainFile(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
}

func TestAnObjectWithoutANameIsMalformed(t *testing.T) {
	r := router(t, Rule{Layout: "streamalert", Table: "t"})
	for _, o := range [][2]string{{"", "k"}, {"b", ""}, {"", ""}} {
		if p := r.Place(o[0], o[1]); p.Reason != Malformed {
			t.Errorf("%q: %+v", o, p)
		}
	}
}

func TestHiveTakesElevenKeys(t *testing.T) {
	keys := strings.Split("a b c d e f g h i j k l", " ")
	if err := Compile(Rule{Layout: "hive", Table: "t", Keys: keys[:11]}); err != nil {
		t.Error(err)
	}
	if err := Compile(Rule{Layout: "hive", Table: "t", Keys: keys}); err == nil || !strings.Contains(err.Error(), "1 to 11") {
		t.Error(err)
	}
}

func TestExplainSaysWhatPlaceDecides(t *testing.T) {
	r := router(t, Rule{Prefix: "tmp/", Ignore: true}, Rule{Layout: "streamalert", Table: "t"})
	p, steps := r.Explain("b", "x/2018/03/01/05/f")
	if !cmp.Equal(p, r.Place("b", "x/2018/03/01/05/f")) {
		t.Errorf("Explain: %+v", p)
	}
	want := []string{`rule 1, prefix "tmp/", ignore: does not fit`, `rule 2, layout streamalert: fits`,
		`run of the layout: "2018/03/01/05/"`, `table t`}
	if d := cmp.Diff(want, steps); d != "" {
		t.Error(d)
	}
}

// FuzzPlace: whatever the key, the placement can be relied on, and the folder
// that stands for a partition gives that partition again.
func FuzzPlace(f *testing.F) {
	r := casesRouter(f)
	extra := router(f, Rule{Prefix: "a-b/2018-3x11/07/tmp", Ignore: true}, Rule{Prefix: "*/x/", Ignore: true},
		Rule{Layout: "**/{a}-{b}/{yyyy}-{M}x{d}/[{HH}/]", Table: "x"})
	for _, s := range []string{"cw/2018/03/01/05/x", "a/dt=2018-03-01-05-07/x", "AWSLogs/o-1/1/CloudTrail/e/2024/02/29/x",
		"logs/a/dt=%C3%A9/region=eu/x", "parquet/t/dt=2018-03-01-05/x", "a-b/2018-3x11/07/x", "web/2024-02-29/x"} {
		f.Add(s, "file")
	}
	f.Fuzz(func(t *testing.T, key, file string) {
		for _, r := range []*Router{r, extra} {
			for _, bucket := range r.Buckets() {
				checkPlacement(t, r, bucket, key, file)
			}
		}
	})
}

func checkPlacement(t *testing.T, r *Router, bucket, key, file string) {
	p := r.Place(bucket, key)
	folder0, name, alike := r.Folder(bucket, key)
	if alike && PlainFile(name) && PlainFile(file) && !strings.Contains(file, "/") {
		if other := r.Place(bucket, folder0+file); other.Reason != p.Reason || !cmp.Equal(other.Partition, p.Partition) {
			t.Fatalf("%q is placed as %+v, but %q as %+v", key, p, folder0+file, other)
		}
	}
	if (p.Outcome == Place) != (p.Reason == "") {
		t.Fatalf("%q: %+v", key, p)
	}
	if p.Outcome != Place {
		return
	}
	if !validName(p.Partition.Table) || strings.ToLower(p.Partition.Table) != p.Partition.Table {
		t.Fatalf("%q: table %q", key, p.Partition.Table)
	}
	folder, ok := strings.CutPrefix(p.Partition.Location, "s3://"+bucket+"/")
	if !ok || !strings.HasPrefix(key, folder) || !strings.HasSuffix(folder, "/") || wrongLocation(folder) != "" {
		t.Fatalf("%q: location %q", key, p.Partition.Location)
	}
	for _, v := range p.Partition.Values {
		if wrongValue(v) != "" {
			t.Fatalf("%q: value %q", key, v)
		}
	}
	if strings.Contains(file, "/") || file == "" || file[0] == '_' || file[0] == '.' || strings.HasSuffix(file, "_$folder$") {
		return
	}
	again := r.Place(bucket, folder+file)
	if !cmp.Equal(p, again) {
		t.Fatalf("%q is in %+v, but %q is in %+v", key, p, folder+file, again)
	}
}

func TestFolderKnowsWhatDependsOnTheFile(t *testing.T) {
	r := router(t, Rule{Prefix: "a/b", Ignore: true}, Rule{Prefix: "*/s/", Ignore: true}, Rule{Layout: "streamalert", Table: "t"})
	for key, want := range map[string]bool{"a/c": false, "a/b/c": true, "x/s/y": true, "long/enough/y": true, "c": false} {
		if _, _, alike := r.Folder("b", key); alike != want {
			t.Errorf("%q: %v", key, alike)
		}
	}
	short := router(t, Rule{Prefix: "a/b/", Ignore: true}, Rule{Layout: "streamalert", Table: "t"})
	for key, want := range map[string]bool{"a/x/y": true, "a/y": true} {
		if _, _, alike := short.Folder("b", key); alike != want {
			t.Errorf("%q: %v", key, alike)
		}
	}
	source := router(t, Rule{Source: "s", Layout: "logs/{yyyy}/", Table: "s"}, Rule{Ignore: true, Source: "s", Companion: &Shape{Files: []string{"m*"}}})
	for key, want := range map[string]bool{"logs/2018/x": true, "other/x": false} {
		if _, _, alike := source.Folder("b", key); alike != want {
			t.Errorf("%q: %v", key, alike)
		}
	}
	if folder, file, alike := r.Folder("other", "a/b/c"); folder != "a/b/" || file != "c" || !alike {
		t.Error(folder, file, alike)
	}
}

func BenchmarkPlace(b *testing.B) {
	r := casesRouter(b)
	b.ReportAllocs()
	for b.Loop() {
		if p := r.Place("p.streamalert.data", "cloudtrail_events/2026/01/02/03/example-1-2026-01-02-03-04-05-uuid.gz"); p.Reason != "" {
			b.Fatal(p)
		}
	}
}

// TestWantsAreBeginningsOfKeys: a filter that starts so keeps nothing away.
func TestWantsAreBeginningsOfKeys(t *testing.T) {
	r, err := New([]Bucket{{Name: "b", Rules: []Rule{
		{Prefix: "junk/", Ignore: true},
		{Prefix: "we", Layout: "hive", Keys: []string{"dt"}, Table: "web"},
		{Prefix: "*/app/", Layout: "hive", Keys: []string{"dt"}, Table: "app"},
		{Layout: "streamalert-parquet"},
		{Layout: "logs/{table}/{yyyy}/", Prefix: "logs/a"},
		{Layout: "streamalert-data"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.KeyPrefixes("b"), []string{"we", "", "parquet/", "logs/a", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestSamplesAreOfTimesOnly: of a key's own text nothing is known.
func TestSamplesAreOfTimesOnly(t *testing.T) {
	r, err := New([]Bucket{
		{Name: "a", Rules: []Rule{{Layout: "{app}/{yyyy}/{MM}/", Table: "app"}}},
		{Name: "f", Rules: []Rule{{Layout: "vpcflow", Table: "flow"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"app": `[["" "2026-01"]]`, "flow": `[["" "" "2026-01-02"]]`} {
		if got := fmt.Sprintf("%q", r.RulesFor(name)[0].Samples); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

package config

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"athenarefresh/internal/schedule"
	"athenarefresh/internal/table"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what was said to the testdata's want files")

const goodGlobal = `{"account": {"prefix": "p", "region": "us-east-1", "aws_account_id": "123456789012"}}`

func TestEachFolderLoadsOrSaysAllThatIsWrong(t *testing.T) {
	for _, name := range []string{"documented", "documented-older", "streamalert", "everything-set", "everything-wrong", "wrong-rules", "missing"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("testdata", name)
			_, warnings, err := Load(dir)
			var said strings.Builder
			for _, w := range warnings {
				fmt.Fprintf(&said, "warning: %s\n", w)
			}
			if err != nil {
				fmt.Fprintf(&said, "%v\n", err)
			}
			wantFile := dir + ".want"
			if *update {
				if err := os.WriteFile(wantFile, []byte(said.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(wantFile)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), said.String()); diff != "" {
				t.Errorf("what was said is not %s (-update writes it anew):\n%s", wantFile, diff)
			}
		})
	}
}

func alerts() table.Bucket {
	return table.Bucket{Name: "p.streamalerts", Rules: []table.Rule{{Layout: "streamalert", Table: "alerts"}}}
}

// byDefault is written out, not made by defaults: the names and figures are a
// contract with existing deployments.
func byDefault() *Config {
	every, err := schedule.Parse("rate(10 minutes)")
	if err != nil {
		panic(err)
	}
	return &Config{
		Prefix: "p", Region: "us-east-1", Account: "123456789012",
		Buckets: []table.Bucket{alerts()}, Enabled: true, Schedule: every, Trigger: "schedule", Catalog: "athena",
		StatementsInFlight: 5, Timeout: time.Minute, MemoryMB: 128, LogLevel: slog.LevelInfo,
		Database: "p_streamalert", Queue: "p_streamalert_athena_s3_notifications",
		ResultsBucket: "p.streamalert.athena-results", WorkGroup: "p_streamalert",
		FunctionName:    "p_streamalert_athena_partition_refresh",
		DeadLetterQueue: "p_streamalert_athena_s3_notifications_dlq",
	}
}

// newDefault is what to do about a new field that has its default.
const newDefault = "its default goes into byDefault, in config_test.go"

// equal holds a configuration against what the test knows, and says what to do
// where a new field is the difference.
func equal(t *testing.T, got, want *Config, ifNew string) {
	t.Helper()
	g, w := *got, *want
	g.Sections, w.Sections = nil, nil
	if d := cmp.Diff(w, g, cmp.Comparer(func(a, b schedule.Schedule) bool { return a == b })); d != "" {
		t.Errorf("the configuration as this test knows it (-), and as it was read (+). If a field is new: %s\n%s", ifNew, d)
	}
}

func load(t *testing.T, dir string) *Config {
	t.Helper()
	c, _, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDocumentedExamplesAreTheDefaults(t *testing.T) {
	equal(t, load(t, "testdata/documented"), byDefault(), newDefault)
	equal(t, load(t, "testdata/documented-older"), byDefault(), newDefault)
}

func TestEverySettingIsRead(t *testing.T) {
	got := load(t, "testdata/everything-set")
	want := &Config{
		Prefix: "p", Region: "us-east-1", Account: "123456789012",
		Buckets: []table.Bucket{
			{Name: "p.streamalert.data", Rules: []table.Rule{{Layout: "streamalert-data"}}},
			{Name: "my.bucket", Rules: []table.Rule{{Layout: "streamalert", Table: "my_table"}}},
			{Name: "p.streamalerts", Rules: []table.Rule{{Layout: "streamalert", Table: "other_alerts"}}},
			{Name: "hive.logs", Rules: []table.Rule{
				{Prefix: "tmp/", Ignore: true},
				{Prefix: "logs/*/", Layout: "hive", Table: "web", Keys: []string{"region", "dt", "app"}},
			}},
			{Name: "templates", Rules: []table.Rule{{Layout: "{app}/{yyyy}-{MM}-{dd}/", Table: "t", Partition: []table.KeyTemplate{
				{Key: "zone", Value: "{app}"}, {Key: "day", Value: "{yyyy}-{MM}-{dd}"}, {Key: "month", Value: "{yyyy}{MM}"},
			}}}},
		},
		Schedule: got.Schedule, ReconcileEvery: got.ReconcileEvery,
		Trigger: TriggerQueue, Catalog: CatalogGlue, StatementsInFlight: 20,
		Timeout: 15 * time.Minute, MemoryMB: 10240, LogLevel: slog.LevelDebug, EnableMetrics: true,
		Database: "p_logs", Queue: "p-notifications", ResultsBucket: "p.results", WorkGroup: "p.work",
		KMSKeyARN:     "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		AlarmTopicARN: "arn:aws:sns:us-east-1:123456789012:alarms_1",
		NotifyFrom:    []string{"210987654321", "arn:aws:sns:eu-west-1:210987654321:trail", "arn:aws:events:us-east-1:123456789012:rule/bus/logs"},
		FunctionName:  "p_streamalert_athena_partition_refresh", DeadLetterQueue: "p-notifications_dlq",
	}
	equal(t, got, want, "its value in testdata/everything-set goes into want, in this test")
	for v, i := reflect.ValueOf(*got), 0; i < v.NumField(); i++ {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && name != "Enabled" && name != "Assumed" {
			t.Errorf("testdata/everything-set sets nothing that Config.%s is read from", name)
		}
	}
	if got.Schedule.String() != "cron(0/5 8-17 ? * MON-FRI *)" || got.ReconcileEvery.String() != "rate(1 day)" {
		t.Errorf("schedules are %q and %q", got.Schedule, got.ReconcileEvery)
	}
	if raw := string(got.Sections["rule_processor_config"]); raw != `{"memory": "lots", "memory": []}` {
		t.Errorf("somebody else's section is %s", raw)
	}
}

func TestShippedConfigurationLoadsWithoutAWord(t *testing.T) {
	c, warnings, err := Load("../../conf")
	if err != nil || warnings != nil {
		t.Fatal(err, warnings)
	}
	var names []string
	for _, b := range c.Buckets {
		names = append(names, b.Name)
	}
	if got := strings.Join(names, " "); got != c.Prefix+".streamalerts "+c.Prefix+".streamalert.data "+c.Prefix+".cloudtrail" {
		t.Errorf("buckets: %s", got)
	}
}

// parse reads both files' texts.
func parse(global, lambda string) (*Config, []Warning, error) {
	return read(&file{name: "global.json", data: []byte(global)}, &file{name: "lambda.json", data: []byte(lambda)})
}

// parseSection reads a section's members.
func parseSection(members string) (*Config, []Warning, error) {
	return parse(goodGlobal, `{"athena_partition_refresh_config": {`+members+`}}`)
}

func TestAlertsAreAlwaysThereUnlessMapped(t *testing.T) {
	for _, test := range []struct{ members, want string }{
		{``, "p.streamalerts/alerts"},
		{`"buckets": {}`, "p.streamalerts/alerts"},
		{`"buckets": {"other": "t"}`, "p.streamalerts/alerts other/t"},
		{`"buckets": {"p.streamalerts": "mine"}`, "p.streamalerts/mine"},
		{`"buckets": {"other": "t", "<prefix>.streamalerts": "mine"}`, "other/t p.streamalerts/mine"},
	} {
		c, _, err := parseSection(test.members)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range c.Buckets {
			got = append(got, b.Name+"/"+b.Rules[0].Table)
		}
		if got := strings.Join(got, " "); got != test.want {
			t.Errorf("%s: got %s, want %s", test.members, got, test.want)
		}
	}
}

func TestLimitsAreAsAWSHasThem(t *testing.T) {
	a := func(n int) string { return strings.Repeat("a", n) }
	for _, test := range []struct {
		members string
		good    bool
	}{
		{`"memory": 128`, true}, {`"memory": 127`, false}, {`"memory": 10240`, true}, {`"memory": 10241`, false},
		{`"memory": "128"`, true}, {`"memory": "+128"`, false}, {`"memory": " 128"`, false}, {`"memory": 1.28e2`, false},
		{`"memory": 99999999999999999999`, false}, {`"memory": "-0"`, false}, {`"memory": true`, false},
		{`"timeout": 1`, true}, {`"timeout": 0`, false}, {`"timeout": 900`, true}, {`"timeout": 901`, false},
		{`"statements_in_flight": 1`, true}, {`"statements_in_flight": 0`, false}, {`"statements_in_flight": 21`, false},
		{`"database_name": "` + a(255) + `"`, true}, {`"database_name": "` + a(256) + `"`, false},
		{`"database_name": "Upper"`, false}, {`"database_name": ""`, false}, {`"database_name": "a\n"`, false},
		{`"queue_name": "` + a(80) + `"`, true}, {`"queue_name": "` + a(81) + `"`, false}, {`"queue_name": "a.b"`, false},
		{`"workgroup": "` + a(128) + `"`, true}, {`"workgroup": "` + a(129) + `"`, false}, {`"workgroup": "a.b-C_1"`, true},
		{`"results_bucket": "abc"`, true}, {`"results_bucket": "ab"`, false}, {`"results_bucket": "` + a(63) + `"`, true},
		{`"results_bucket": "` + a(64) + `"`, false}, {`"results_bucket": "a.b..c"`, false}, {`"results_bucket": "-ab"`, false},
		{`"results_bucket": "a_b"`, false}, {`"results_bucket": "192.168.1.1"`, false}, {`"results_bucket": "xn--abc"`, false},
		{`"results_bucket": "logs--x-s3"`, false}, {`"results_bucket": "my-org.streamalert.athena-results"`, true},
		{`"kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"`, true},
		{`"kms_key_arn": "1234abcd-12ab-34cd-56ef-1234567890ab"`, false}, {`"kms_key_arn": ""`, false},
		{`"alarm_topic_arn": "arn:aws-cn:sns:cn-north-1:123456789012:t"`, true}, {`"alarm_topic_arn": "t"`, false},
		{`"notify_from": []`, true}, {`"notify_from": ["210987654321"]`, true}, {`"notify_from": "210987654321"`, false},
		{`"notify_from": [210987654321]`, false}, {`"notify_from": ["1234"]`, false}, {`"notify_from": ["210987654321", "210987654321"]`, false},
		{`"notify_from": ["arn:aws:sns:us-east-1:210987654321:t.fifo"]`, true}, {`"notify_from": ["arn:aws:s3:::logs"]`, false},
		{`"notify_from": ["arn:aws:events:us-east-1:123456789012:rule/r"]`, true},
		{`"notify_from": ["arn:aws:events:us-east-1:123456789012:event-bus/default"]`, false},
		{`"...": "..."`, true}, {`"...": "...", "...": "..."`, true}, {`"...": {}`, false}, {`"": 1`, false},
	} {
		_, _, err := parseSection(test.members)
		if (err == nil) != test.good {
			t.Errorf("%s: %v", test.members, err)
		}
	}
}

func TestAccountIsChecked(t *testing.T) {
	account := func(prefix, region, id string) string {
		return fmt.Sprintf(`{"account": {"prefix": %q, "region": %q, "aws_account_id": %q}}`, prefix, region, id)
	}
	for _, test := range []struct{ global, want string }{
		{account("example", "us-gov-west-1", "000000000000"), ""},
		{account("a", "ap-southeast-5", "123456789012"), ""},
		{account(strings.Repeat("a", 27), "us-isob-east-1", "123456789012"), ""},
		{account(strings.Repeat("a", 28), "us-east-1", "123456789012"),
			`global.json:1:24: account.prefix: "` + strings.Repeat("a", 28) + `" has 28 characters, 27 at most: the function's name could not hold more`},
		{account("", "us-east-1", "123456789012"),
			`global.json:1:24: account.prefix: is empty (choose a short name of your own, such as "example")`},
		{account("my.org", "us-east-1", "123456789012"),
			`global.json:1:24: account.prefix: "my.org": only a-z, 0-9 and, inside, - (it becomes a part of the names of buckets and queues)`},
		{account("my-org", "us-east-1", "123456789012"),
			`global.json:1:24: account.prefix: the database would be "my-org_streamalert": a database's name is 1 to 255 of a-z, 0-9 and _ (set database_name in lambda.json)`},
		{account("sthree-x", "us-east-1", "123456789012"),
			`global.json:1:24: account.prefix: "sthree-x.streamalert.athena-results": S3 reserves names that begin with sthree-`},
		{account("p", "us-east-1a", "123456789012"),
			`global.json:1:39: account.region: "us-east-1a" is an availability zone (the region is us-east-1)`},
		{account("p", "virginia", "123456789012"),
			`global.json:1:39: account.region: "virginia" has not the shape of a region (such as us-east-1)`},
		{account("p", "us-east-1", "12345678901"),
			"global.json:1:70: account.aws_account_id: \"12345678901\": an account id is 12 digits (`aws sts get-caller-identity` says yours)"},
		{`{"account": []}`, `global.json:1:13: account: must be an object, not a list`},
		{`{"acount": {}}`, `global.json:1:1: account: is missing ("account": {"prefix": "example", "region": "us-east-1", "aws_account_id": "123456789012"})`},
		{strings.Replace(account("p", "us-east-1", "123456789012"), `}}`, `, "x": 1, "x": 2}, "y": 1, "y": 2}`, 1), ""},
		{strings.Replace(account("p", "us-east-1", "123456789012"), `}}`, `, "prefix": "q"}}`, 1),
			`global.json:1:86: account.prefix: is there twice, first in line 1`},
	} {
		_, _, err := parse(test.global, `{"athena_partition_refresh_config": {}}`)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.global, got, test.want)
		}
	}
	if _, _, err := parse(account("my-org", "us-east-1", "123456789012"),
		`{"athena_partition_refresh_config": {"database_name": "my_org"}}`); err != nil {
		t.Errorf("a prefix with a hyphen and a database of its own: %v", err)
	}
}

func TestUnreadableFilesSayWhy(t *testing.T) {
	for _, test := range []struct{ lambda, want string }{
		{"", `lambda.json:1:1: the file is empty (the least is {})`},
		{" \n", `lambda.json:1:1: the file is empty (the least is {})`},
		{"\ufeff{}", `lambda.json:1:1: begins with a byte order mark (save it as UTF-8 without a BOM)`},
		{"\xff\xfe{\x00}\x00", `lambda.json:1:1: is UTF-16 (save it as UTF-8)`},
		{"{\n\x00}", `lambda.json:2:1: a NUL byte (it was cut off while written, or is UTF-16: save it as UTF-8)`},
		{"{\"ä\": \"\xe4\"}", `lambda.json:1:8: the byte 0xe4 is not UTF-8 (save it as UTF-8)`},
		{"{\n  // mine\n}", `lambda.json:2:3: JSON has no comments (remove it)`},
		{"# mine\n{}", `lambda.json:1:1: JSON has no comments (remove it)`},
		{"{\n  \"a\": 1,\n}", `lambda.json:2:9: a comma before the closing } (remove it)`},
		{"{\"a\": [1, ]}", `lambda.json:1:9: a comma before the closing ] (remove it)`},
		{"{\"a\": 1\n \"b\": 2}", `lambda.json:2:2: not JSON: invalid character '"' after object key:value pair (a comma is missing in front of it, or a colon)`},
		{"{'a': 1}", `lambda.json:1:2: a single quote (JSON writes "…")`},
		{"{\"a\": \"b\n}", `lambda.json:1:9: a string that doesn't end (a " is missing in this line)`},
		{"{\"a\": True}", `lambda.json:1:7: not JSON: invalid character 'T' looking for beginning of value (JSON writes true, false and null)`},
		{"{\n\"a\": {\n", `lambda.json:2:6: the file ends in the middle (a }, ] or " is missing)`},
		{"{} {}", `lambda.json:1:4: not JSON: invalid character '{' after top-level value`},
		{"[]", `lambda.json:1:1: must be an object, not a list`},
		{strings.Repeat("[", 10001), `lambda.json:1:10001: not JSON: invalid character '[' exceeded max depth`},
	} {
		_, _, err := parse(goodGlobal, test.lambda)
		if err == nil || err.Error() != test.want {
			t.Errorf("%.40q:\n got %v\nwant %s", test.lambda, err, test.want)
		}
	}
}

func TestFolderInPlaceOfAFileIsSaid(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "lambda.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "global.json"), []byte(goodGlobal), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := Load(dir)
	want := filepath.Join(dir, "lambda.json") + ": is a directory (it must be a file)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestARuleOfAnotherAccountIsWarnedOf: to a queue of another account EventBridge
// sends as the rule's own role, which the queue's policy doesn't know.
func TestARuleOfAnotherAccountIsWarnedOf(t *testing.T) {
	for account, want := range map[string]int{"123456789012": 0, "210987654321": 1} {
		_, warnings, err := parse(`{"account": {"prefix": "p", "region": "us-east-1", "aws_account_id": "123456789012"}}`,
			`{"athena_partition_refresh_config": {"notify_from": ["arn:aws:events:us-east-1:`+account+`:rule/r"]}}`)
		if err != nil || len(warnings) != want {
			t.Errorf("%s: %v, %v", account, warnings, err)
		}
	}
}

func TestMissingSectionIsAllDefaultsWithAWarning(t *testing.T) {
	c, warnings, err := parse(goodGlobal, `{"athena_partition_refersh_config": {"memory": 256}}`)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, c, byDefault(), newDefault)
	want := `lambda.json:1:1: athena_partition_refresh_config: is missing: every setting has its default (there is "athena_partition_refersh_config")`
	if len(warnings) != 1 || warnings[0].String() != want {
		t.Errorf("got %v, want %s", warnings, want)
	}
}

func TestLongQueueNameLeavesNoRoomForItsDeadLetterQueue(t *testing.T) {
	for n, want := range map[int]int{76: 0, 77: 1, 80: 1} {
		_, warnings, err := parseSection(`"queue_name": "` + strings.Repeat("q", n) + `"`)
		if err != nil || len(warnings) != want {
			t.Errorf("%d characters: %v, %v", n, warnings, err)
		}
	}
}

func TestErrorsAreAList(t *testing.T) {
	_, _, err := parseSection("\"memory\": 1,\n\"timeout\": 0")
	var list Errors
	if !errors.As(err, &list) || len(list) != 2 {
		t.Fatalf("%v is no list of two", err)
	}
	want := Problem{File: "lambda.json", Line: 2, Column: 12, Key: "timeout", Message: "0 is out of range: 1 to 900 seconds"}
	if list[1] != want {
		t.Errorf("got %+v, want %+v", list[1], want)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"documented", "streamalert", "everything-set", "everything-wrong"} {
		global, err := os.ReadFile(filepath.Join("testdata", name, "global.json"))
		if err != nil {
			f.Fatal(err)
		}
		lambda, err := os.ReadFile(filepath.Join("testdata", name, "lambda.json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(global), string(lambda))
	}
	f.Fuzz(func(t *testing.T, global, lambda string) {
		c, _, err := parse(global, lambda)
		if err == nil {
			if _, err := table.New(c.Buckets); err != nil {
				t.Errorf("the table package refuses what was accepted: %v", err)
			}
			return
		}
		var list Errors
		if !errors.As(err, &list) || len(list) == 0 {
			t.Fatalf("%v is no list of problems", err)
		}
		for _, p := range list {
			if p.Line < 1 || p.Column < 1 || p.Message == "" || strings.Contains(p.String(), "\n") {
				t.Errorf("a problem without a place or words, or of two lines: %q", p)
			}
		}
	})
}

// TestWhatIsNoFileIsNotWaitedFor: a pipe that nobody writes to, a device without an end.
func TestWhatIsNoFileIsNotWaitedFor(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "global.json"), 0o600); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "lambda.json")); err != nil {
		t.Fatal(err)
	}
	_, _, err := Load(dir)
	for _, name := range []string{"global.json", "lambda.json"} {
		if want := filepath.Join(dir, name) + ": is a device, a pipe or a socket, not a file (it must be a file)"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if _, _, err := Load("/dev/zero"); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Error(err)
	}
}

// TestALostCaptureIsWarnedOf: not where its author can't help it, where the source
// leaves it out by itself, and where a prefix may have it the same in every key.
func TestALostCaptureIsWarnedOf(t *testing.T) {
	for rule, want := range map[string]string{
		`{"layout": "{app}/{yyyy}/{host}/", "table": "t", "partition": {"dt": "{yyyy}"}}`:         "captures {app}, {host}, which",
		`{"layout": "{app}/{yyyy}/{host}/", "table": "{app}", "partition": {"dt": "{yyyy}"}}`:     "captures {host}, which",
		`{"layout": "hive", "keys": ["Region", "dt"], "table": "t", "partition": {"dt": "{dt}"}}`: "captures {region}, which",
		`{"source": "kafka-connect", "table": "all"}`:                                             "captures {topic}, which",
		`{"source": "security-lake", "table": "all"}`:                                             "captures {table}, which",
		`{"source": "cloudtrail", "partition": {"dt": "{yyyy}"}}`:                                 "captures {account}, {region}, {MM}, {dd}, which",
		`{"source": "s3-access", "partition": {"a": "{account}", "dt": "{yyyy}-{MM}-{dd}"}}`:      "captures {region}, {bucket}, which",
		`{"table": "t", "partition": {"day": "{yyyy}-{MM}-{dd}"}}`:                                "captures {HH}, which",
		`{"table": "t"}`: "",
		`{"layout": "{yyyy}/{MM}/{dd}/{HH}/{mm}{ss}/", "table": "t"}`:                                      "",
		`{"source": "cloudtrail", "table": "t"}`:                                                           "",
		`{"source": "security-lake"}`:                                                                      "",
		`{"layout": "[{org}/]{app}/{yyyy}/", "table": "t", "partition": {"app": "{app}", "dt": "{yyyy}"}}`: "",
		`{"layout": "**/zeek/{table}/{yyyy}/"}`:                                                            "",
		`{"prefix": "AWSLogs/1/", "source": "cloudtrail", "partition": {"dt": "{yyyy}"}}`:                  "",
		`{"prefix": "x/", "ignore": true}`:                                                                 "",
	} {
		_, warnings, err := parseSection(`"buckets": {"logs": [` + rule + `]}`)
		said := ""
		for _, w := range warnings {
			said += w.String()
		}
		if err != nil || (said != "") != (want != "") || !strings.Contains(said, want) {
			t.Errorf("%s: %v, %q; want %q", rule, err, said, want)
		}
	}
}

// TestALostCaptureIsHintedOf: a folder that is always the same may stand in the
// layout as it is; a time never is, and of a source its author writes no layout.
func TestALostCaptureIsHintedOf(t *testing.T) {
	for rule, want := range map[string]string{
		`"layout": "AWSLogs/{account}/x/{region}/{yyyy}/{MM}/"`: `name them in "partition", or write the folder out instead of {account} and {region}`,
		`"layout": "AWSLogs/{account:1*}/x/{yyyy}/"`:            `name it in "partition", or write the folder out instead of {account}`,
		`"layout": "{yyyy}/{MM}/"`:                              `name it in "partition"`,
		`"layout": "{app}/{yyyy}/{MM}/"`:                        `name them in "partition", or write the folder out instead of {app}`,
		`"source": "alb"`:                                       `name them in "partition"`,
	} {
		_, warnings, err := parseSection(`"buckets": {"logs": [{` + rule + `, "table": "t", "partition": {"dt": "{yyyy}"}}]}`)
		if err != nil || len(warnings) != 1 || warnings[0].Hint != want {
			t.Errorf("%s: %v, %+v; want the hint %q", rule, err, warnings, want)
		}
	}
	if _, warnings, err := parseSection(`"buckets": {"logs": [{"layout": "AWSLogs/123456789012/x/{yyyy}/", "table": "t", "partition": {"dt": "{yyyy}"}}]}`); err != nil || len(warnings) > 0 {
		t.Errorf("written out: %v, %+v", err, warnings)
	}
}

// TestASourceIsSpeltOut: whoever reads the configuration sees ordinary rules.
func TestASourceIsSpeltOut(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"global.json": goodGlobal, "lambda.json": `{"athena_partition_refresh_config": {"buckets": {"logs": [
		{"prefix": "lb/", "file": "*.log", "source": "clb", "table": "classic", "partition": {"day": "{yyyy}-{MM}-{dd}"}}, {"table": "rest"}]}}}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, _, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	rules := c.Buckets[1].Rules
	last := rules[len(rules)-1]
	if r := rules[0]; len(rules) < 3 || r.Source != "clb" || r.Prefix != "lb/" || r.File != "*.log" || r.Table != "classic" || r.Partition[0].Key != "day" || r.Number != 1 {
		t.Errorf("%+v", rules)
	}
	if rules[1].Table != "rest" || rules[1].Number != 2 || last.Companion == nil || last.Prefix != "lb/" || last.File != "" {
		t.Errorf("%+v", rules)
	}
}

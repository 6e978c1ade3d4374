package hiveql

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseReadsStatements(t *testing.T) {
	str := Type{Name: "string"}
	tbl := TableName{"db", "t"}
	for src, want := range map[string]Statement{
		"CREATE DATABASE IF NOT EXISTS Logs COMMENT 'c' LOCATION 's3://b/'": &CreateDatabase{Name: "logs", IfNotExists: true, Comment: "c", Location: "s3://b/"},
		"create schema x;":                                                     &CreateDatabase{Name: "x"},
		"DROP DATABASE IF EXISTS x CASCADE":                                    &DropDatabase{Name: "x", IfExists: true, Cascade: true},
		"drop schema `x` restrict":                                             &DropDatabase{Name: "x"},
		"DROP TABLE IF EXISTS db.T":                                            &DropTable{tbl, true},
		"MSCK REPAIR TABLE `db`.`t`":                                           &RepairTable{tbl},
		"SHOW DATABASES LIKE 'a.*'":                                            &ShowDatabases{"a.*"},
		"show schemas":                                                         &ShowDatabases{},
		"SHOW TABLES IN db 'a|b'":                                              &ShowTables{"db", "a|b"},
		"SHOW PARTITIONS db.t":                                                 &ShowPartitions{Table: tbl},
		"SHOW PARTITIONS db.t PARTITION(dt='1')":                               &ShowPartitions{tbl, PartitionSpec{{"dt", "1"}}},
		"SHOW CREATE TABLE db.t":                                               &ShowCreateTable{tbl},
		"SHOW COLUMNS IN t IN db":                                              &ShowColumns{tbl},
		"DESCRIBE FORMATTED db.t":                                              &DescribeTable{Table: tbl, Formatted: true},
		"desc extended db.t -- why":                                            &DescribeTable{Table: tbl, Extended: true},
		"ALTER TABLE db.t SET TBLPROPERTIES ('a' = 'b')":                       &SetTableProperties{tbl, map[string]string{"a": "b"}},
		"ALTER TABLE db.t SET LOCATION 's3://b/'":                              &SetTableLocation{tbl, "s3://b/"},
		"ALTER TABLE db.t ADD COLUMNS (c string COMMENT 'x')":                  &AddColumns{tbl, false, []Column{{"c", str, "x"}}},
		"ALTER TABLE db.t REPLACE COLUMNS (c string)":                          &AddColumns{tbl, true, []Column{{"c", str, ""}}},
		"ALTER TABLE db.t PARTITION (dt='1') SET LOCATION 's3://b/'":           &SetPartitionLocation{tbl, PartitionSpec{{"dt", "1"}}, "s3://b/"},
		"ALTER TABLE db.t DROP IF EXISTS PARTITION (A='1'), PARTITION (a='2')": &DropPartitions{tbl, true, []PartitionSpec{{{"a", "1"}}, {{"a", "2"}}}},
		"ALTER TABLE db.t ADD IF NOT EXISTS PARTITION (`dt`='1', h=007) LOCATION 's3://b/%3A#?' PARTITION (h='07', dt=\"x\")": &AddPartitions{tbl, true, []PartitionClause{
			{PartitionSpec{{"dt", "1"}, {"h", "7"}}, "s3://b/%3A#?"},
			{PartitionSpec{{"h", "07"}, {"dt", "x"}}, ""},
		}},
	} {
		got, err := Parse(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", src, d)
		}
	}
}

func TestParseReadsCreateTable(t *testing.T) {
	src := "CREATE EXTERNAL TABLE IF NOT EXISTS `p_db`.alerts (\n" +
		"  id string COMMENT 'it''s',\n" +
		"  rec struct<A:bigint,`b c`: array<map<string,decimal(10,2)>>>, `date` date, n varchar(10))\n" +
		"COMMENT 'all alerts' PARTITIONED BY (dt string, Region string)\n" +
		"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('ignore.malformed.json'='true')\n" +
		"LOCATION 's3://p.streamalerts/alerts/' TBLPROPERTIES ('k'='v')"
	s, err := Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	got := s.(*CreateTable)
	if got.Columns[0].Comment != "its" {
		t.Errorf("a doubled quote must be lost: %q", got.Columns[0].Comment)
	}
	if want := "struct<a:bigint,b c:array<map<string,decimal(10,2)>>>"; got.Columns[1].Type.String() != want {
		t.Errorf("type is %s, want %s", got.Columns[1].Type, want)
	}
	got.Columns = nil
	str := Type{Name: "string"}
	want := &CreateTable{
		Name: TableName{"p_db", "alerts"}, External: true, IfNotExists: true, Comment: "all alerts",
		PartitionKeys: []Column{{Name: "dt", Type: str}, {Name: "region", Type: str}},
		SerDe:         "org.openx.data.jsonserde.JsonSerDe", SerDeProperties: map[string]string{"ignore.malformed.json": "true"},
		InputFormat: TextInputFormat, OutputFormat: TextOutputFormat,
		Location: "s3://p.streamalerts/alerts/", Properties: map[string]string{"k": "v"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestParseResolvesFormats(t *testing.T) {
	for clause, want := range map[string][2]string{
		"STORED AS PARQUET": {ParquetSerDe, ParquetInputFormat},
		"STORED AS ORC":     {OrcSerDe, orcInputFormat},
		"":                  {LazySimpleSerDe, TextInputFormat},
		`ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' ESCAPED BY '\\' LINES TERMINATED BY '\n' STORED AS TEXTFILE`: {LazySimpleSerDe, TextInputFormat},
		"ROW FORMAT SERDE 'a.B' STORED AS INPUTFORMAT 'c.D' OUTPUTFORMAT 'e.F'":                                     {"a.B", "c.D"},
	} {
		s, err := Parse("CREATE EXTERNAL TABLE t (a int) " + clause + " LOCATION 's3://b/'")
		if err != nil {
			t.Errorf("%s: %v", clause, err)
			continue
		}
		if got := s.(*CreateTable); got.SerDe != want[0] || got.InputFormat != want[1] {
			t.Errorf("%s: %s %s", clause, got.SerDe, got.InputFormat)
		}
	}
}

func TestParseRefusesWhatHiveRefuses(t *testing.T) {
	for _, src := range []string{
		"DROP TABLE _y",
		"DROP TABLE user",
		"DROP TABLE a-b",
		"DROP TABLE `a-b`",
		`DROP TABLE "t"`,
		"DROP TABLE ``",
		"DROP TABLE t x",
		"DROP TABLE t; DROP TABLE u",
		"ALTER TABLE t ADD PARTITION (dt='1'), PARTITION (dt='2')",
		"ALTER TABLE t DROP PARTITION (dt='1') PARTITION (dt='2')",
		"ALTER TABLE t DROP PARTITION (dt > '1')",
		"ALTER TABLE t ADD PARTITION (dt='1', DT='2')",
		"ALTER TABLE t ADD PARTITION (dt='1",
		"ALTER TABLE t ADD PARTITION (dt=x)",
		"ALTER TABLE t ADD PARTITION (dt=1x)",
		"ALTER TABLE t ADD PARTITION ()",
		"ALTER TABLE t",
		"CREATE TABLE t (a strung)",
		"CREATE TABLE t (a struct<a bigint>)",
		"CREATE TABLE t (a map<string>)",
		"CREATE TABLE t (a int) STORED AS AVRO5",
		"MSCK REPAIR TABLE t # x",
		"CREATE TABLE t (a " + strings.Repeat("array<", 5000) + "int)",
	} {
		s, err := Parse(src)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.60s: got %v, %v, want a syntax error", src, s, err)
		}
	}
	for _, src := range []string{"DROP TABLE `date`", "DROP TABLE `_x`", "DROP TABLE 1a", "DROP TABLE `user`"} {
		if _, err := Parse(src); err != nil {
			t.Errorf("%s: %v", src, err)
		}
	}
}

func TestParseSaysWhere(t *testing.T) {
	_, err := Parse("ALTER TABLE t\nADD PARTITION (é='1')")
	if err == nil || err.Error() != "ParseException line 2:15 character 'é' not supported here" {
		t.Error(err)
	}
	_, err = Parse("ALTER TABLE t ADD PARTITION (dt='é'), PARTITION (dt='2')")
	if want := "ParseException line 1:36 mismatched input ',' expecting EOF near ')'"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestParseLeavesOtherKindsAlone(t *testing.T) {
	for _, src := range []string{"", "SELECT 1", "CREATE VIEW v AS SELECT 1", "CREATE TABLE t AS SELECT 1", "GRANT x", "SHOW VIEWS", "''"} {
		if _, err := Parse(src); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v", src, err)
		}
	}
}

func TestLiteralsAsHiveReadsThem(t *testing.T) {
	for src, want := range map[string]string{
		`'O''Brien'`:       `OBrien`,
		`'O\'Brien'`:       `O'Brien`,
		`"O'Brien"`:        `O'Brien`,
		`'a\d'`:            `ad`,
		`'\u00e9'`:         `é`,
		`'\101'`:           `A`,
		`'\\'`:             `\`,
		`'a\%b\_'`:         `a\%b\_`,
		`'\t\n\r\b\0\Z'`:   "\t\n\r\b\x00\x1a",
		`'2024-02-29 é %'`: "2024-02-29 é %",
	} {
		if got := literal(t, src); got != want {
			t.Errorf("%s: got %q, want %q", src, got, want)
		}
	}
}

func literal(t *testing.T, src string) string {
	t.Helper()
	s, err := Parse("SHOW DATABASES " + src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return s.(*ShowDatabases).Pattern
}

// quote is the rule by which statements are to be written.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func TestQuotedLiteralsComeBackExactly(t *testing.T) {
	for _, v := range hostile {
		if got := literal(t, quote(v)); got != v {
			t.Errorf("%q came back as %q", v, got)
		}
	}
}

var hostile = []string{
	"O'Brien", `a\d`, `\`, `\'`, `'`, `''`, `"`, "`", `\u0041`, `\101`, `\n`, "a\nb", "\t", "日本", "é", "%3A", `\%`, `\_`,
	"a;b", "--", "/* */", "') LOCATION 's3://x/'", "\x00", "2024-02-29 10:02", "a=b", "\U0001F600",
}

func FuzzQuotedLiteral(f *testing.F) {
	for _, v := range hostile {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		v = strings.ToValidUTF8(v, "?") // a statement arrives as UTF-8
		src := fmt.Sprintf("ALTER TABLE t ADD PARTITION (dt=%s) LOCATION %s", quote(v), quote(v+"/"))
		s, err := Parse(src)
		if err != nil {
			t.Fatal(err)
		}
		want := []PartitionClause{{PartitionSpec{{"dt", v}}, v + "/"}}
		if d := cmp.Diff(want, s.(*AddPartitions).Partitions); d != "" {
			t.Fatal(d)
		}
	})
}

// FuzzParse: no statement panics or hangs, and one that is read again after a
// type was written out means the same.
func FuzzParse(f *testing.F) {
	f.Add("CREATE EXTERNAL TABLE a.b (c struct<x:int,y:map<string,array<decimal(3,1)>>>) PARTITIONED BY (d date) STORED AS ORC LOCATION 'x'")
	f.Add("ALTER TABLE `a` ADD IF NOT EXISTS PARTITION (a=007, b='x''y') LOCATION 's3://b/' PARTITION (a=-1.50)")
	f.Add("show tables in x '*' -- c\n;")
	f.Add("/* c")
	f.Fuzz(func(t *testing.T, src string) {
		s, err := Parse(src)
		if (s == nil) == (err == nil) {
			t.Fatalf("%v, %v", s, err)
		}
		if c, ok := s.(*CreateTable); ok {
			for _, col := range c.Columns {
				checkTypeRoundTrip(t, col.Type)
			}
		}
	})
}

func checkTypeRoundTrip(t *testing.T, typ Type) {
	if strings.ContainsFunc(typ.String(), func(r rune) bool {
		return !strings.ContainsRune("<>:,()_", r) && (r > 'z' || !isPlain(string(r)))
	}) || strings.Contains(typ.String(), ":_") {
		return // a back-quoted field: the catalog's spelling has no back-quotes
	}
	again, err := ParseType(typ.String())
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	if again.String() != typ.String() {
		t.Fatalf("%s became %s", typ, again)
	}
}

func TestFolderNames(t *testing.T) {
	got := FolderName([]string{"dt", "who"}, []string{"2024-02-29 10:02", "O'Brien/100%"})
	if want := "dt=2024-02-29 10%3A02/who=O%27Brien%2F100%25"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestParsingTakesNoMoreThanItsStatement: what 256 KiB have room for costs as much
// as it is long, in room at least.
func TestParsingTakesNoMoreThanItsStatement(t *testing.T) {
	for name, each := range map[string]string{
		"keys of a partition": ",k#=1", "texts of a value": " 'a'", "partitions": ") PARTITION (k=#",
	} {
		cost := func(n int) uint64 {
			var b strings.Builder
			b.WriteString("ALTER TABLE t ADD PARTITION (k='0'")
			for i := range n {
				b.WriteString(strings.ReplaceAll(each, "#", fmt.Sprint(i)))
			}
			return bytesTaken(t, b.String()+")") / uint64(n)
		}
		if few, many := cost(2_000), cost(16_000); many > 4*few {
			t.Errorf("%s: %d bytes are taken for each of 2,000, %d for each of 16,000", name, few, many)
		}
	}
}

// bytesTaken is what parsing a statement takes of the heap, garbage too.
func bytesTaken(t *testing.T, statement string) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Parse(statement); err != nil {
		t.Fatalf("%.80s: %v", statement, err)
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Athena's own pages print columns called time, start and timestamp without
// back-quotes, and a table and its database in one pair of them.
func TestParseReadsWhatAthenasPagesPrint(t *testing.T) {
	for src, want := range map[string][]string{
		"CREATE EXTERNAL TABLE `db.flow` (version int, start bigint, `end` bigint) PARTITIONED BY (`aws-account-id` string) LOCATION 's3://b/'": {"db", "flow", "version", "start", "end", "aws-account-id"},
		"CREATE EXTERNAL TABLE alb (type string, time string, timestamp bigint, date date) PARTITIONED BY (day string)":                         {"", "alb", "type", "time", "timestamp", "date", "day"},
	} {
		s, err := Parse(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		c := s.(*CreateTable)
		got := []string{c.Name.Database, c.Name.Table}
		for _, column := range append(c.Columns, c.PartitionKeys...) {
			got = append(got, column.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", src, got)
		}
	}
	for _, src := range []string{
		"ALTER TABLE `db.t` ADD PARTITION (time='1', start='2') LOCATION 's3://b/'",
		"MSCK REPAIR TABLE `db.t`",
		"CREATE EXTERNAL TABLE t (a struct<time:string,timestamp:bigint,start:int>)",
	} {
		if _, err := Parse(src); err != nil {
			t.Errorf("%s: %v", src, err)
		}
	}
	for _, src := range []string{"MSCK REPAIR TABLE `a.b.c`", "MSCK REPAIR TABLE `.t`", "CREATE TABLE t (select int)", "CREATE DATABASE `a.b`", "CREATE TABLE time (a int)"} {
		if _, err := Parse(src); err == nil {
			t.Errorf("%s: taken", src)
		}
	}
}

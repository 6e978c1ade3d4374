package athena

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/hiveql"
)

func TestDDLOnDatabasesAndTables(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE IF NOT EXISTS Db COMMENT 'c'")
	s.run("CREATE DATABASE IF NOT EXISTS db")
	s.failsWith("CREATE DATABASE db", "Database db already exists")
	s.want("SHOW DATABASES", []string{"db"}, []string{"default"})
	s.want("SHOW DATABASES LIKE 'd.f'")
	s.want("SHOW SCHEMAS LIKE 'def*'", []string{"default"})
	s.run("CREATE EXTERNAL TABLE t1 (a int COMMENT 'it\\'s') PARTITIONED BY (dt string) LOCATION 's3://b/t1/'")
	s.run("CREATE EXTERNAL TABLE IF NOT EXISTS db.t1 (other int) LOCATION 's3://b/other/'")
	s.failsWith("CREATE EXTERNAL TABLE t1 (a int) LOCATION 's3://b/'", "AlreadyExistsException")
	s.failsWith("CREATE EXTERNAL TABLE nope.t1 (a int) LOCATION 's3://b/'", "FAILED: SemanticException [Error 10072]: Database does not exist: nope")
	s.failsWith("CREATE EXTERNAL TABLE t2 (a int)", "No location")
	s.failsWith("CREATE EXTERNAL TABLE t2 (a int) LOCATION '/etc'", "no S3 location")
	s.failsWith("CREATE TABLE t2 (a int) LOCATION 's3://b/'", "EXTERNAL")
	s.failsWith("CREATE EXTERNAL TABLE t2 (a int, A int) LOCATION 's3://b/'", "repeated")
	s.failsWith("CREATE EXTERNAL TABLE t2 (a int", "ParseException")
	s.run("CREATE EXTERNAL TABLE t2 (a int) LOCATION 's3://b/t2/'")
	s.want("SHOW TABLES", []string{"t1"}, []string{"t2"})
	s.want("SHOW TABLES IN db 't1|x'", []string{"t1"})
	s.failsWith("SHOW TABLES IN nope", "Database does not exist")
	s.want("SHOW COLUMNS IN t1", []string{"a"}, []string{"dt"})
	if rows := s.run("DESCRIBE t1"); strings.TrimSpace(rows[1][0]) != "dt                  \tstring" {
		t.Errorf("DESCRIBE: %q", rows)
	}
	s.run("ALTER TABLE t2 ADD COLUMNS (b string)")
	s.run("ALTER TABLE t2 SET TBLPROPERTIES ('k'='v')")
	s.want("SHOW COLUMNS IN t2", []string{"a"}, []string{"b"})
	s.run("ALTER TABLE t2 REPLACE COLUMNS (c string)")
	s.want("SHOW COLUMNS IN t2", []string{"c"})
	s.failsWith("ALTER TABLE nope SET TBLPROPERTIES ('k'='v')", "Table not found db.nope")
	s.failsWith("DROP DATABASE db", "not empty")
	s.run("DROP TABLE t2")
	s.failsWith("DROP TABLE t2", "Table not found db.t2")
	s.run("DROP TABLE IF EXISTS t2")
	s.run("DROP DATABASE db CASCADE")
	s.failsWith("DROP DATABASE db", "Database does not exist: db")
	s.run("DROP DATABASE IF EXISTS db")
	s.failsWith("CREATE INDEX i ON t (a)", "not supported")
}

func TestShowCreateTableMakesTheSameTable(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(`CREATE EXTERNAL TABLE t (a int COMMENT 'it\'s', b struct<x:string>) COMMENT 'c\\d' PARTITIONED BY (dt string)
		ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('k'='v\'w') LOCATION 's3://b/t/' TBLPROPERTIES ('p'='q')`)
	var lines []string
	for _, row := range s.run("SHOW CREATE TABLE t") {
		lines = append(lines, row[0])
	}
	before, err := s.catalog.Table("db", "t")
	if err != nil {
		t.Fatal(err)
	}
	s.run("DROP TABLE t")
	s.run(strings.Join(lines, "\n"))
	after, err := s.catalog.Table("db", "t")
	if err != nil {
		t.Fatal(err)
	}
	if !after.CreateTime.After(before.CreateTime.Time) {
		t.Error("a table that is created again needs a new time of creation")
	}
	before.CreateTime, before.UpdateTime = after.CreateTime, after.UpdateTime
	before.Parameters["transient_lastDdlTime"] = after.Parameters["transient_lastDdlTime"]
	if d := cmp.Diff(before, after); d != "" {
		t.Error(d)
	}
}

func (s *stack) location(table string, values ...string) string {
	s.Helper()
	p, err := s.catalog.Partition("db", table, values)
	if err != nil {
		return err.Error()
	}
	return p.Location()
}

func TestAddPartitionByHivesRules(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string, n int) LOCATION 's3://b/t/'")
	s.run("CREATE EXTERNAL TABLE plain (a int) LOCATION 's3://b/p/'")
	s.run("ALTER TABLE t ADD PARTITION (N='1', DT='x') LOCATION 's3://b/x/%3A#?' PARTITION (dt='a:b', n=007)")
	if got := s.location("t", "x", "1"); got != "s3://b/x/%3A#?" {
		t.Errorf("the location must be kept literally: %s", got)
	}
	if got := s.location("t", "a:b", "7"); got != "s3://b/t/dt=a%3Ab/n=7" {
		t.Errorf("the default location: %s", got)
	}
	s.run("ALTER TABLE t ADD IF NOT EXISTS PARTITION (dt='x', n='1') LOCATION 's3://b/moved/' PARTITION (dt='new', n='1') LOCATION 's3://b/new/'")
	if got := s.location("t", "x", "1"); got != "s3://b/x/%3A#?" {
		t.Errorf("IF NOT EXISTS must keep the old location: %s", got)
	}
	for query, reason := range map[string]string{
		"ALTER TABLE t ADD PARTITION (dt='y', n='1') PARTITION (dt='x', n='1')":               "AlreadyExistsException",
		"ALTER TABLE t ADD IF NOT EXISTS PARTITION (dt='y', n='1') PARTITION (N='1', DT='y')": "Duplicate",
		"ALTER TABLE t ADD PARTITION (dt='y')":                                                "doesn't contain all (2) partition columns",
		"ALTER TABLE t ADD PARTITION (dt='y', n='1', z='1')":                                  "Non-Partition column",
		"ALTER TABLE t ADD PARTITION (dt='', n='1')":                                          "empty",
		"ALTER TABLE t ADD PARTITION (dt='__HIVE_DEFAULT_PARTITION__', n='1')":                "reserved",
		"ALTER TABLE t ADD PARTITION (dt='y', n='one')":                                       "cannot be converted",
		"ALTER TABLE t ADD PARTITION (dt='y', n='1') LOCATION '/etc'":                         "no S3 location",
		"ALTER TABLE plain ADD PARTITION (dt='y')":                                            "FAILED: SemanticException table is not partitioned but partition spec exists: {dt=y}",
		"ALTER TABLE nope ADD PARTITION (dt='y')":                                             "FAILED: SemanticException [Error 10001]: Table not found db.nope",
		"ALTER TABLE t ADD PARTITION (dt='y', n='1'), PARTITION (dt='z', n='1')":              "ParseException",
	} {
		s.failsWith(query, reason)
	}
	if got := s.location("t", "y", "1"); !strings.Contains(got, "Cannot find partition") {
		t.Errorf("a statement that failed added a partition at %s", got)
	}
	s.failsWith("SHOW PARTITIONS plain", "not a partitioned table")
	s.want("SHOW PARTITIONS t", []string{"dt=a%3Ab/n=7"}, []string{"dt=new/n=1"}, []string{"dt=x/n=1"})
	s.run("ALTER TABLE t PARTITION (dt='x', n='1') SET LOCATION 's3://b/moved/'")
	if got := s.location("t", "x", "1"); got != "s3://b/moved/" {
		t.Errorf("SET LOCATION: %s", got)
	}
	s.failsWith("ALTER TABLE t DROP PARTITION (dt='x', n='1'), PARTITION (dt='gone', n='1')", "Partition not found")
	s.run("ALTER TABLE t DROP IF EXISTS PARTITION (dt='x', n='1'), PARTITION (dt='gone', n='1')")
	s.run("ALTER TABLE t DROP PARTITION (dt='new')")
	s.want("SHOW PARTITIONS t", []string{"dt=a%3Ab/n=7"})
}

func TestHostileValuesComeBackExactly(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string) LOCATION 's3://b/t/'")
	for _, v := range []string{"O'Brien", `a\d`, `\`, `\'`, `''`, `"`, "`", `\u0041`, "日本", "%3A", `\%`, "a;b", "--", "') LOCATION 's3://x/'", "2024-02-29 10:02"} {
		s.run("ALTER TABLE t ADD PARTITION (`dt`=" + hiveql.Literal(v) + ") LOCATION " + hiveql.Literal("s3://b/"+v+"/"))
		if got := s.location("t", v); got != "s3://b/"+v+"/" {
			t.Errorf("%q: %s", v, got)
		}
	}
}

func TestRepairByHivesRules(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (dt string, h string) LOCATION 's3://b/t'")
	for _, key := range []string{"t/dt=1/h=2/f", "t/dt=1/h=2/g", "t/dt=1/h=3/deep/f", "t/dt=2/f", "t/DT=3/h=1/f", "t/dt=a=b/h=1/f", "t/_tmp/dt=1/h=9/f", "t/dt=/h=1/f", "t/x/f", "tt/dt=9/h=9/f"} {
		s.put(key, "x")
	}
	s.run("ALTER TABLE t ADD PARTITION (dt='1', h='3') LOCATION 's3://b/elsewhere/' PARTITION (dt='gone', h='1')")
	s.want("MSCK REPAIR TABLE t",
		[]string{"Partitions not in metastore:\tt:dt=1/h=2"},
		[]string{"Partitions missing from filesystem:\tt:dt=gone/h=1"},
		[]string{"Repair: Added partition to metastore t:dt=1/h=2"})
	s.want("SHOW PARTITIONS t", []string{"dt=1/h=2"}, []string{"dt=1/h=3"}, []string{"dt=gone/h=1"})
	if got := s.location("t", "1", "3"); got != "s3://b/elsewhere/" {
		t.Errorf("MSCK moved a partition to %s", got)
	}
	for i, folder := range []string{"12%3A30", "it's", "50%", "a:b"} {
		table := fmt.Sprintf("u%d", i)
		s.run("CREATE EXTERNAL TABLE " + table + " (a int) PARTITIONED BY (dt string) LOCATION 's3://b/" + table + "/'")
		s.put(table+"/dt=fine/f", "x")
		s.put(table+"/dt="+folder+"/f", "x")
		s.failsWith("MSCK REPAIR TABLE "+table, "DDLTask")
		s.want("SHOW PARTITIONS " + table)
	}
}

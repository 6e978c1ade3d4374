//go:build cgo

package athena

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/hiveql"
)

const jsonTable = `CREATE EXTERNAL TABLE t (id bigint, name string, who struct<accountId:string,tags:map<string,string>>, list array<int>, ts timestamp, raw string)
	PARTITIONED BY (dt string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://b/t/'`

func TestSelectReadsJSON(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(jsonTable)
	s.want("SELECT count(*) FROM t", []string{"0"})
	s.put("t/1/a.json", `{"ID":1,"Name":"x","who":{"AccountId":"7","Tags":{"Key":"V"}},"list":[1,2],"ts":"2024-02-29T10:02:03Z","raw":{"Keep":[1]}}`+"\n"+`{"id":2}`)
	s.put("t/1/b.json.gz", gzipped(`{"id":3,"unknown":1,"name":"q\"uote é 日本"}`+"\n"))
	s.put("t/1/_hidden.json", "garbage")
	s.put("t/1/.x/y.json", "garbage")
	s.put("t/1/empty.json", "")
	s.put("t/1x/other.json", "garbage")
	s.want("SELECT count(*) FROM t", []string{"0"})
	s.run("ALTER TABLE t ADD PARTITION (dt='1') LOCATION 's3://b/t/1/' PARTITION (dt='none') LOCATION 's3://b/none/'")
	s.want("SELECT id, name, who.accountid, who.tags['Key'], list, ts, raw, dt FROM db.t ORDER BY id",
		[]string{"1", "x", "7", "V", "[1, 2]", "2024-02-29 10:02:03.000", `{"Keep":[1]}`, "1"},
		[]string{"2", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "1"},
		[]string{"3", `q"uote é 日本`, "NULL", "NULL", "NULL", "NULL", "NULL", "1"})
	s.want("SELECT who FROM t WHERE id = 1", []string{"{accountid=7, tags={Key=V}}"})
	s.want(`SELECT json_extract_scalar(raw, '$.Keep[0]') FROM "awsdatacatalog"."db"."t" WHERE id = 1`, []string{"1"})
	s.want(`SELECT * FROM "t$partitions" ORDER BY dt`, []string{"1"}, []string{"none"})
	s.want(`SELECT DISTINCT "$path" FROM t WHERE id < 3`, []string{"s3://b/t/1/a.json"})
	s.want("WITH t AS (SELECT 5 AS x) SELECT x FROM t", []string{"5"})
}

func TestSelectReadsValuesExactly(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(strings.Replace(jsonTable, "dt string", "dt string, n int", 1))
	for i, v := range []string{"2024-02-29 10:02", "O'Brien", "100%", "日本", `a\b`, `"q"`, "a/b", "x=y;--"} {
		folder := fmt.Sprintf("s3://b/v/%d/", i)
		s.put(fmt.Sprintf("v/%d/f.json", i), fmt.Sprintf(`{"id":%d}`, i))
		s.run(fmt.Sprintf("ALTER TABLE t ADD IF NOT EXISTS PARTITION (dt=%s, n='0%d') LOCATION '%s'", hiveql.Literal(v), i, folder))
		s.want("SELECT id, dt, n FROM t WHERE dt = '"+strings.ReplaceAll(v, "'", "''")+"'", []string{fmt.Sprint(i), v, fmt.Sprint(i)})
	}
}

func TestPruningLeavesOtherPartitionsUnread(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(jsonTable)
	add := "ALTER TABLE t ADD"
	for i := range 200 {
		body := fmt.Sprintf(`{"id":%d,"name":"n%d"}`, i, i%10)
		if i == 77 {
			body = "{garbage"
		}
		s.put(fmt.Sprintf("t/%03d/f.json", i), body)
		add += fmt.Sprintf(" PARTITION (dt='%03d') LOCATION 's3://b/t/%03d/'", i, i)
	}
	s.run(add)
	one := int64(len(`{"id":5,"name":"n5"}`))
	for where, want := range map[string]struct {
		count string
		bytes int64
	}{
		"dt = '005'":                      {"1", one},
		"'005' = dt":                      {"1", one},
		"db.t.dt = '005' AND name = 'n5'": {"1", one},
		"t.dt IN ('005', '006')":          {"2", 2 * one},
		"dt BETWEEN '005' AND '006'":      {"2", 2 * one},
		"dt < '002'":                      {"2", 2 * one},
		"dt >= '198'":                     {"2", 2 * (one + 2)},
		"dt > '005' AND dt <= '006'":      {"1", one},
		"dt LIKE '00%'":                   {"10", 10 * one},
		"dt = '005' OR dt = '006'":        {"2", 2 * one},
		"NOT (dt <> '005')":               {"1", one},
		"substr(dt, 1, 2) = '00' AND dt < concat('00', '3')":     {"3", 3 * one},
		"dt = '005' AND EXISTS (SELECT 1 FROM t WHERE dt='006')": {"1", 2 * one},
		"dt = 'none'": {"0", 0},
	} {
		rows, scanned := s.runScanned("SELECT count(*) FROM t WHERE " + where)
		if rows[0][0] != want.count || scanned != want.bytes {
			t.Errorf("%s: %s rows of %d bytes, want %s of %d", where, rows[0][0], scanned, want.count, want.bytes)
		}
	}
	for query, bytes := range map[string]int64{
		"SELECT count(*) FROM t a JOIN t b ON a.id = b.id WHERE a.dt = '005' AND b.dt = '005'":                 one,
		"SELECT count(*) FROM t a JOIN t b ON a.dt = b.dt WHERE a.dt = '005'":                                  one,
		"SELECT count(*) FROM t a JOIN t b USING (dt) WHERE dt = '005'":                                        one,
		"SELECT count(*) FROM t a LEFT JOIN t b ON a.id = b.id AND b.dt = '005' WHERE a.dt = '005'":            one,
		"WITH w AS (SELECT * FROM t WHERE dt = '005') SELECT count(*) FROM w":                                  one,
		"SELECT count(*) FROM (SELECT id FROM t WHERE dt = '005' UNION ALL SELECT id FROM t WHERE dt = '005')": one,
	} {
		if rows, scanned := s.runScanned(query); scanned != bytes || rows[0][0] == "0" {
			t.Errorf("%s: %s rows, %d bytes, want %d", query, rows[0][0], scanned, bytes)
		}
	}
	s.failsWith("SELECT max(id) FROM t", "HIVE_CURSOR_ERROR")
	s.failsWith("SELECT max(id) FROM t WHERE dt = '005' OR id = 5", "s3://b/t/077/f.json")
	s.failsWith("SELECT count(*) FROM t a JOIN t b ON a.id = b.id WHERE a.dt = '005'", "HIVE_CURSOR_ERROR")
}

// Pruning the optional side of an outer join makes more rows without a match:
// conditions that such rows meet must not prune.
func TestPruningKeepsOuterJoinsRight(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(jsonTable)
	s.put("t/1/f.json", `{"id":1}`)
	s.put("t/2/f.json", `{"id":1}`+"\n"+`{"id":2}`)
	s.run("ALTER TABLE t ADD PARTITION (dt='1') LOCATION 's3://b/t/1/' PARTITION (dt='2') LOCATION 's3://b/t/2/'")
	s.want("SELECT a.id, b.dt FROM t a LEFT JOIN t b ON a.id = b.id AND b.dt <> a.dt WHERE a.dt = '2' AND b.dt IS NULL", []string{"2", "NULL"})
	s.want("SELECT a.id FROM t a LEFT JOIN t b ON a.id = b.id AND a.dt = '2' WHERE b.id IS NULL", []string{"1"})
	s.want("SELECT count(*) FROM t a FULL JOIN t b ON a.id = b.id AND a.dt = '1' AND b.dt = '2'", []string{"5"})
	s.want("SELECT count(*) FROM t a RIGHT JOIN t b ON a.id = b.id AND b.dt = '1' AND a.dt = '1'", []string{"3"})
	s.want("SELECT count(*) FROM t WHERE dt = '1' OR dt IN (SELECT dt FROM t WHERE id = 2)", []string{"3"})
	s.want("SELECT x.dt FROM (SELECT upper(name) AS dt, id FROM t) x RIGHT JOIN t ON x.id = t.id WHERE t.dt = '1'", []string{"NULL"}, []string{"NULL"})
}

func TestSelectFailuresAreAthenas(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(jsonTable)
	for query, reason := range map[string]string{
		"SELECT nope FROM t":            "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved",
		"SELECT 1\nFROM nope":           "TABLE_NOT_FOUND: line 2:6: Table 'awsdatacatalog.db.nope' does not exist",
		"SELECT 1 FROM nope.t":          "SCHEMA_NOT_FOUND: line 1:15: Schema 'nope' does not exist",
		"SELECT 1 FROM x.nope.t":        "CATALOG_NOT_FOUND",
		"SELECT FROM WHERE":             "SYNTAX_ERROR: line 1:",
		"SELECT nope(1)":                "FUNCTION_NOT_FOUND: line 1:8: Function 'nope' not registered",
		"SELECT CAST('x' AS bigint)":    "INVALID_CAST_ARGUMENT",
		"SELECT 1; SELECT 2":            "SYNTAX_ERROR: line 1:9: Only one sql statement is allowed",
		"SELECT id FROM t GROUP BY dt":  "SYNTAX_ERROR",
		"SELECT * FROM \"t$partition\"": "TABLE_NOT_FOUND",
	} {
		s.failsWith(query, reason)
	}
}

func TestSelectCanNotLeaveTheObjects(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(jsonTable)
	for _, query := range []string{
		"SELECT * FROM read_csv('/etc/passwd')",
		"SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM read_blob('/etc/passwd')",
		"SELECT * FROM '/etc/passwd'",
		`SELECT * FROM "/etc/passwd.csv"`,
		"SELECT * FROM glob('/*')",
		"SELECT * FROM duckdb_settings()",
		"SELECT * FROM sqlite_master",
		"SELECT * FROM (DESCRIBE t)",
		"SELECT * FROM pragma_table_info('t')",
		"SELECT * FROM query('COPY (SELECT 1) TO ''/tmp/x''')",
		"SELECT * FROM query_table('t')",
		"WITH x AS (SELECT * FROM read_csv('/etc/passwd')) SELECT * FROM x",
		"SELECT (SELECT count(*) FROM read_csv('/etc/passwd'))",
		"SELECT 1; COPY (SELECT 1) TO '/tmp/x'",
		"EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/x'",
		"EXPLAIN ATTACH '/tmp/x'",
		"WITH x AS (DELETE FROM t) SELECT 1",
		"VALUES (1); PRAGMA database_list",
	} {
		status := s.fails(query)
		if strings.Contains(*status.StateChangeReason, "INTERNAL") {
			t.Errorf("%s: %s", query, *status.StateChangeReason)
		}
	}
	s.failsWith("SELECT * FROM read_csv('/etc/passwd')", "FUNCTION_NOT_FOUND: line 1:15: Table function 'read_csv' not registered")
}

// The lock holds without our own checks in front of it.
func TestSessionIsLockedDown(t *testing.T) {
	s := newStack(t)
	ctx := t.Context()
	db, err := openSession(ctx, []string{s.objects.dir}, "db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Lock(ctx); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"SELECT * FROM read_csv('/etc/passwd')",
		"SELECT * FROM read_text('" + s.objects.dir + "/../db')",
		"SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM '/etc/passwd'",
		"COPY (SELECT 1) TO '/tmp/athena-must-not-exist.csv'",
		"ATTACH '/tmp/athena-must-not-exist.db'",
		"INSTALL httpfs",
		"LOAD httpfs",
		"SET enable_external_access = true",
		"SET allowed_directories = ['/']",
		"RESET lock_configuration",
		"SET lock_configuration = false",
		"SET home_directory = '/'",
		"SELECT * FROM read_json('https://example.com/')",
	} {
		if _, err := db.ExecContext(ctx, query); err == nil {
			t.Errorf("%s: allowed", query)
		}
	}
	rows, err := db.QueryContext(ctx, "SELECT * FROM glob('/etc/*')")
	if err != nil {
		return // refused
	}
	defer rows.Close()
	if rows.Next() {
		t.Error("glob lists folders outside")
	}
}

// TestAFileThatChangesWhileItIsReadFailsTheQuery: what is in a mounted directory
// somebody may write to. Another size, another time, or no file at all: the answer
// would be of none of its states.
func TestAFileThatChangesWhileItIsReadFailsTheQuery(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(`CREATE EXTERNAL TABLE t (a int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://b/t/'`)
	s.put("t/x.json", `{"a":1}`)
	o := s.objects.objects["b"]["t/x.json"]
	info, err := os.Stat(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	listed := func(size int64, modified time.Time) {
		s.objects.objects["b"]["t/x.json"] = Object{Key: o.Key, Size: size, Path: o.Path, Modified: modified}
	}
	listed(o.Size, info.ModTime())
	s.want("SELECT a FROM t", []string{"1"})
	for _, change := range []func(){
		func() { listed(o.Size+1, info.ModTime()) },
		func() { listed(o.Size, info.ModTime().Add(-time.Second)) },
	} {
		change()
		s.failsWith("SELECT a FROM t", "s3://b/t/x.json changed while it was read")
	}
}

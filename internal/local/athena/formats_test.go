//go:build cgo

package athena

import (
	"strings"
	"testing"

	"athenarefresh/internal/local/athena/parquettest"
)

func TestSelectReadsCloudTrail(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes seconds")
	}
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(`CREATE EXTERNAL TABLE ct (eventversion STRING, useridentity STRUCT<type:STRING,arn:STRING,sessioncontext:STRUCT<attributes:STRUCT<mfaauthenticated:STRING>>>,
		eventtime STRING, eventname STRING, requestparameters STRING, resources ARRAY<STRUCT<arn:STRING,accountid:STRING>>, readonly STRING)
		PARTITIONED BY (account string, region string, dt string)
		ROW FORMAT SERDE 'com.amazon.emr.hive.serde.CloudTrailSerde'
		STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat' OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
		LOCATION 's3://b/AWSLogs/'`)
	doc := `{"Records":[{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","arn":"a","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}},
		"eventTime":"2023-07-10T11:45:00Z","eventName":"GetObject","requestParameters":{"bucketName":"b","Host":"h"},"resources":[{"ARN":"x","accountId":"1"}],"readOnly":true},
		{"eventName":"PutObject","requestParameters":null}]}`
	s.put("AWSLogs/1/f.json.gz", gzipped(doc))
	s.put("AWSLogs/1/g.json", doc)
	s.put("AWSLogs/1/none.json", `{"Records":[]}`)
	s.run("ALTER TABLE ct ADD PARTITION (account='1', region='us-east-1', dt='2023-07-10') LOCATION 's3://b/AWSLogs/1/'")
	s.want("SELECT count(*) FROM ct", []string{"4"})
	s.want(`SELECT eventversion, useridentity.sessioncontext.attributes.mfaauthenticated, json_extract_scalar(requestparameters, '$.bucketName'), resources[1].arn, readonly, region
		FROM ct WHERE eventname = 'GetObject' LIMIT 1`, []string{"1.08", "false", "b", "x", "true", "us-east-1"})
	s.want("SELECT DISTINCT requestparameters FROM ct WHERE eventname = 'PutObject'", []string{"NULL"})

	s.put("AWSLogs/1/cut.json", strings.TrimSuffix(doc, "]}"))
	s.failsWith("SELECT count(*) FROM ct", "HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: unexpected EOF, of s3://b/AWSLogs/1/cut.json")
}

func TestSelectReadsText(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(`CREATE EXTERNAL TABLE lazy (a string, n int, l array<string>) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' ESCAPED BY '\\' COLLECTION ITEMS TERMINATED BY '|'
		LOCATION 's3://b/lazy/' TBLPROPERTIES ('skip.header.line.count'='1')`)
	s.put("lazy/1.csv", "a,n,l\nx,1,p|q\n\"y\\,z\",2x\n\\N,3,,more\n")
	s.put("lazy/2.csv.gz", gzipped("a,n,l\r\nlast,4,é\r\n"))
	s.want("SELECT a, n, l FROM lazy ORDER BY a NULLS FIRST",
		[]string{"NULL", "3", "[]"}, []string{`"y,z"`, "NULL", "NULL"}, []string{"last", "4", "[é]"}, []string{"x", "1", "[p, q]"})
	s.run(`CREATE EXTERNAL TABLE csv (a string, b string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES ('separatorChar'=';') LOCATION 's3://b/csv/'`)
	s.put("csv/1.csv", "\"x;\"\"y\"\"\";2\nplain\n")
	s.want("SELECT a, b FROM csv ORDER BY a", []string{"plain", "NULL"}, []string{`x;"y"`, "2"})
	s.run(`CREATE EXTERNAL TABLE typed (a string, n int, d date) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' LOCATION 's3://b/typed/'`)
	s.put("typed/1.csv", "x,5,1\n")
	s.want("SELECT a, n FROM typed", []string{"x", "5"})
	s.failsWith("SELECT d FROM typed", "NOT_SUPPORTED: The local stack does not read columns of date")
	s.put("typed/2.csv", "x,,1\n")
	s.failsWith("SELECT n FROM typed", "HIVE_BAD_DATA: Error parsing field value ''")
}

func TestSelectReadsParquet(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	for name, query := range map[string]string{
		"1": "SELECT 1::INTEGER AS ID, 'x' AS name, {'a': 1} AS s, 1.5::DECIMAL(10,2) AS d, DATE '2024-02-29' AS day",
		"2": "SELECT 2::BIGINT AS id, 'late' AS added",
	} {
		s.put("p/"+name+"/f.parquet", parquettest.File(t, query))
	}
	s.put("p/3/f.parquet", "not parquet")
	s.run("CREATE EXTERNAL TABLE p (id bigint, name string, s struct<a:int>, d decimal(10,2), day date, added string, never double) PARTITIONED BY (dt string) STORED AS PARQUET LOCATION 's3://b/p/'")
	s.run("ALTER TABLE p ADD PARTITION (dt='1') PARTITION (dt='2') LOCATION 's3://b/p/2' PARTITION (dt='3') LOCATION 's3://b/p/3'")
	s.want("SELECT count(*) FROM p WHERE dt = '1'", []string{"0"})
	s.run("ALTER TABLE p PARTITION (dt='1') SET LOCATION 's3://b/p/1/'")
	s.want("SELECT id, name, s.a, d, day, added, never, dt FROM p WHERE dt < '3' ORDER BY id",
		[]string{"1", "x", "1", "1.50", "2024-02-29", "NULL", "NULL", "1"},
		[]string{"2", "NULL", "NULL", "NULL", "NULL", "late", "NULL", "2"})
	s.fails("SELECT count(*) FROM p")
}

func TestSelectReadsLinesOfJSONAsOpenXDoes(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE j (id int, m string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://b/j/'")
	s.put("j/1.json", "\ufeff{\"id\":1}{\"id\":2}\n  {\"ID\":3,\"m\":\"x\"} trailing\n")
	s.put("j/2.json.gz", gzipped("no object\n{\"id\":4}\n"))
	s.want("SELECT id, m FROM j ORDER BY id NULLS FIRST", []string{"NULL", "NULL"}, []string{"1", "NULL"}, []string{"3", "x"}, []string{"4", "NULL"})
	s.put("j/3.json", "{\"id\":5}\n{\"id\":\n")
	s.failsWith("SELECT id FROM j", "Row is not a valid JSON Object")
	s.failsWith("SELECT id FROM j", "s3://b/j/3.json")
}

func TestSelectReadsListsOfFiles(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.put("inv/data/1.parquet", parquettest.File(t, "SELECT 'a' AS key, 1::BIGINT AS size"))
	s.put("inv/data/2.parquet", parquettest.File(t, "SELECT 'b' AS key, 2::BIGINT AS size"))
	s.put("inv/data/2.parquet.old", "no")
	s.put("inv/hive/dt=1/symlink.txt", "s3://b/inv/data/1.parquet\ns3://b/inv/data/2.parquet\n")
	s.put("inv/hive/dt=2/symlink.txt", "s3://b/inv/data/3.parquet\n")
	s.run(`CREATE EXTERNAL TABLE inv (key string, size bigint) PARTITIONED BY (dt string)
		ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
		STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat' OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat'
		LOCATION 's3://b/inv/hive/'`)
	s.run("ALTER TABLE inv ADD PARTITION (dt='1') PARTITION (dt='2')")
	s.want("SELECT key, size, dt FROM inv WHERE dt = '1' ORDER BY key", []string{"a", "1", "1"}, []string{"b", "2", "1"})
	s.failsWith("SELECT * FROM inv WHERE dt = '2'", "s3://b/inv/data/3.parquet: there is no such object")
}

func TestSelectFailsOnBrokenFiles(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run("CREATE EXTERNAL TABLE strict (a string) ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe' LOCATION 's3://b/j/'")
	s.run("CREATE EXTERNAL TABLE loose (a string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('ignore.malformed.json'='true') LOCATION 's3://b/j/'")
	s.run("CREATE EXTERNAL TABLE plain (a string) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://b/gz/'")
	s.run("CREATE EXTERNAL TABLE o (a string) STORED AS ORC LOCATION 's3://b/gz/'")
	s.run("CREATE EXTERNAL TABLE projected (a string) PARTITIONED BY (dt string) LOCATION 's3://b/gz/' TBLPROPERTIES ('projection.enabled'='true')")
	s.put("j/f.json", "{\"a\":\"1\"}\n{broken\n{\"a\":\"2\"}\n")
	s.put("gz/f.json.gz", `{"a":"1"}`)
	s.failsWith("SELECT a FROM strict", "HIVE_CURSOR_ERROR: Row is not a valid JSON Object")
	s.failsWith("SELECT max(a) FROM strict", "s3://b/j/f.json")
	s.want("SELECT a FROM loose ORDER BY a", []string{"1"}, []string{"2"}, []string{"NULL"})
	s.failsWith("SELECT a FROM plain", "HIVE_CANNOT_OPEN_SPLIT")
	s.failsWith("SELECT a FROM o", "HIVE_UNSUPPORTED_FORMAT")
	s.failsWith("SELECT a FROM projected", "projection")
	for _, query := range []string{"SELECT a FROM plain", "SELECT max(a) FROM strict"} {
		if reason := *s.fails(query).StateChangeReason; strings.Contains(reason, s.objects.dir) {
			t.Errorf("a path of this machine is shown: %s", reason)
		}
	}
}

func TestSelectKnowsTrinosFunctions(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	for expression, want := range map[string]string{
		"from_unixtime(0)": "1970-01-01 00:00:00.000 UTC",
		"to_unixtime(timestamp '1970-01-01 00:01:00')":                      "60.0",
		"regexp_like('abc', 'b.')":                                          "true",
		"element_at(map(array['a'], array[1]), 'a')":                        "1",
		"element_at(map(array['a'], array[1]), 'b')":                        "NULL",
		"cardinality(array[1, 2])":                                          "2",
		"json_parse('{\"b\": 1, \"a\": 2}')":                                `{"a":2,"b":1}`,
		"json_extract_scalar('{\"a\":{\"b\":\"x\"}}', '$.a.b')":             "x",
		"json_extract_scalar('{\"a\":{\"b\":\"x\"}}', '$.a')":               "NULL",
		"approx_distinct(1)":                                                "1",
		"date_format(timestamp '2024-02-29 10:02:03', '%Y-%m-%d %H:%i:%s')": "2024-02-29 10:02:03",
		"date_parse('2024-02-29 10:02', '%Y-%m-%d %H:%i')":                  "2024-02-29 10:02:00.000",
		"from_iso8601_timestamp('2024-02-29T10:02:03Z')":                    "2024-02-29 10:02:03.000 UTC",
		"date_add('day', -7, timestamp '2024-02-29 00:00:00')":              "2024-02-22 00:00:00.000",
		"date_diff('day', date '2024-02-01', date '2024-02-29')":            "28",
		"sequence(1, 3)":                 "[1, 2, 3]",
		"slice(array[1, 2, 3, 4], 2, 2)": "[2, 3]",
		"1 / 2":                          "0",
		"1e0":                            "1.0",
		"1e10":                           "1.0E10",
		"cast(1.25e-5 as double)":        "1.25E-5",
		"sum(cast(1 as bigint))":         "1",
		"cast(1.5 as decimal(5,2))":      "1.50",
		"true":                           "true",
		"date '2024-02-29'":              "2024-02-29",
		"to_utf8('ab')":                  "61 62",
		"cast(row(1, null) as row(x bigint, y varchar))": "{x=1, y=null}",
		"map(array['a'], array[1.5e0])":                  "{a=1.5}",
		"array['a', null]":                               "[a, null]",
		"''":                                             "",
		"cast(null as varchar)":                          "NULL",
	} {
		s.want("SELECT "+expression, []string{want})
	}
	s.want("SELECT x FROM UNNEST(sequence(1, 2)) AS t(x)", []string{"1"}, []string{"2"})
	s.want("VALUES (1, 'a')", []string{"1", "a"})
	if plan := s.run("EXPLAIN SELECT 1"); len(plan) == 0 {
		t.Error("EXPLAIN answers no plan")
	}
}

// A line that the expression doesn't fit as a whole is a row of NULLs.
func TestSelectReadsByRegularExpressions(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(`CREATE EXTERNAL TABLE r (ip string, n int, rest string, beyond string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'
		WITH SERDEPROPERTIES ('input.regex'='^(?!#)([^ ]*) ([0-9]*)(?: "(.*)")?') LOCATION 's3://b/r/' TBLPROPERTIES ('skip.header.line.count'='1')`)
	s.put("r/1.log", "header\n10.0.0.1 5 \"GET / \\\"x\\\"\"\n10.0.0.2 6\n# 1\nno number\n")
	s.put("r/2.log.gz", gzipped("header\n10.0.0.3 7 \"é\" and more\n10.0.0.4 8 \"é\""))
	s.want("SELECT ip, n, rest, beyond FROM r ORDER BY ip",
		[]string{"10.0.0.1", "5", `GET / \"x\"`, "NULL"}, []string{"10.0.0.2", "6", "NULL", "NULL"}, []string{"10.0.0.4", "8", "é", "NULL"},
		[]string{"NULL", "NULL", "NULL", "NULL"}, []string{"NULL", "NULL", "NULL", "NULL"}, []string{"NULL", "NULL", "NULL", "NULL"})
	s.run(`CREATE EXTERNAL TABLE upper (a string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'
		WITH SERDEPROPERTIES ('input.regex'='x(.*)', 'input.regex.case.insensitive'='true') LOCATION 's3://b/u/'`)
	s.put("u/1.log", "X1\n")
	s.want("SELECT a FROM upper", []string{"1"})
	s.run(`CREATE EXTERNAL TABLE without (a string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' LOCATION 's3://b/u/'`)
	s.failsWith("SELECT a FROM without", "HIVE_INVALID_METADATA: db.without: RegexSerDe has no input.regex")
	s.run(`CREATE EXTERNAL TABLE unclosed (a string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' WITH SERDEPROPERTIES ('input.regex'='(') LOCATION 's3://b/u/'`)
	s.failsWith("SELECT a FROM unclosed", "HIVE_INVALID_METADATA: db.unclosed: the local stack can't read input.regex")
}

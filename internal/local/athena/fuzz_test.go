package athena

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"athenarefresh/internal/hiveql"
)

// FuzzRow reads a row of a file: of good JSON good JSON is made, which means the
// same but for the names that are folded, and nothing else makes it fail, or
// fall; a line of text has a field more than it has delimiters that count.
func FuzzRow(f *testing.F) {
	for _, line := range []string{
		`{"Id":1,"S":{"A.b":[{"C":"\u0041\\"}]},"M":{"Key":{"D":null}}, "id" : 2}`, `{"a":`, `[1,{}]`, `"x`, `{"a"`, "a,\"b\"\"c\\,d\",\\", `{"\u0049d":-1e400}`,
		strings.Repeat("[", maxRowDepth+1) + strings.Repeat("]", maxRowDepth+1), "{\"\xff\":1}", `{"İ":1,"ſ":2}`,
	} {
		f.Add(line)
	}
	row, err := hiveql.ParseType("struct<id:int,s:struct<a_b:array<struct<c:string>>>,m:map<string,struct<d:int>>>")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, folder := range []rowFolder{{typ: row}, {typ: row, dots: true, renamed: map[string]string{"x": "id"}}} {
			folded, err := folder.fold([]byte(line))
			if !json.Valid([]byte(line)) {
				continue
			}
			if tooDeep := strings.Count(line, "[")+strings.Count(line, "{") > maxRowDepth; err != nil && !tooDeep || err == nil && !json.Valid(folded) {
				t.Fatalf("%q became %q, %v", line, folded, err)
			}
		}
		same := rowFolder{} // of no type: nothing has a name to fold
		if folded, err := same.fold([]byte(line)); err == nil && json.Valid([]byte(line)) && !sameJSON(line, string(folded)) {
			t.Fatalf("%q became %q", line, folded)
		}
		if open := len(line) - len(strings.TrimLeft(line, "[")); open > maxRowDepth {
			if _, err := same.fold([]byte(line)); err == nil {
				t.Fatalf("%d deep was read", open)
			}
		}
		plain := textRow{delimiter: ','}
		if got, want := fieldCount(t, &plain, line), strings.Count(line, ",")+1; got != want {
			t.Fatalf("%q has %d fields, want %d", line, got, want)
		}
		quoted := textRow{delimiter: ',', quote: '"', escape: '\\', null: `\N`, hasNull: true}
		if got, most := fieldCount(t, &quoted, line), strings.Count(line, ",")+1; got > most {
			t.Fatalf("%q has %d fields, %d at most", line, got, most)
		}
	})
}

func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// FuzzRequest asks every operation with any body, and runs it as a statement of
// DDL: the answer is never that the service is broken.
func FuzzRequest(f *testing.F) {
	for _, body := range []string{
		``, `null`, `[]`, `{"QueryExecutionId":"x"}`, `{"QueryExecutionId":"x","NextToken":"-1","MaxResults":-1}`, `{"QueryExecutionIds":["x",""]}`,
		`{"Name":"w","WorkGroup":"primary"}`, `{"Name":"w","Configuration":{"ResultConfiguration":{"OutputLocation":"s3:/"}}}`, `{"WorkGroup":"w","ConfigurationUpdates":null}`,
		`{"QueryString":"SHOW TABLES","ClientRequestToken":"` + strings.Repeat("t", minTokenLength) + `","ResultConfiguration":{"OutputLocation":"s3://results/"}}`,
		`{"CatalogName":"AwsDataCatalog","DatabaseName":"db","TableName":"t","MaxResults":1e9,"NextToken":"!","Expression":"("}`,
		"CREATE EXTERNAL TABLE x (a int) PARTITIONED BY (dt string, n int) LOCATION 's3://b/x/'", "ALTER TABLE t ADD PARTITION (dt='a') PARTITION (dt='a')",
		"ALTER TABLE t ADD COLUMNS (dt int)", "SHOW PARTITIONS t PARTITION (dt='b')", "DROP TABLE t", "MSCK REPAIR TABLE t", "SHOW CREATE TABLE t",
		"ALTER TABLE t SET TBLPROPERTIES ('projection.enabled'='true')", "ALTER TABLE t PARTITION (dt='') SET LOCATION '\\u0000'", "SHOW TABLES '(*+?'", "DESCRIBE EXTENDED t",
	} {
		f.Add(body)
	}
	s := newStack(f)
	service := s.engine.Service()
	ask := func(name, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "AmazonAthena."+name)
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		return w
	}
	execute := func(ctx context.Context, statement string) (reason string) {
		x := &execution{}
		x.Query = statement
		x.QueryExecutionContext.Database = "db"
		if _, err := s.engine.execute(ctx, x); err != nil {
			return failureOf(err).reason
		}
		return ""
	}
	f.Fuzz(func(t *testing.T, body string) {
		for name := range service.Operations {
			if w := ask(name, body); w.Code >= 500 {
				t.Errorf("%s %q: %d %s", name, body, w.Code, w.Body)
			}
		}
		if kind, _ := statementKind(body); kind == "DML" || hiveql.FirstWord(body) == "EXPLAIN" {
			return // DuckDB's affair
		}
		execute(t.Context(), "CREATE DATABASE IF NOT EXISTS db")
		execute(t.Context(), "CREATE EXTERNAL TABLE IF NOT EXISTS t (id string) PARTITIONED BY (dt string) LOCATION 's3://b/t/'")
		if reason := execute(t.Context(), body); strings.HasPrefix(reason, "INTERNAL_ERROR") {
			t.Errorf("%q: %s", body, reason)
		}
	})
}

func fieldCount(t *testing.T, s serde, line string) int {
	fields, err := s.row(line)
	if err != nil {
		t.Fatal(err)
	}
	return len(fields.([]any))
}

//go:build cgo

package athena

import (
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// TestColumnsAreNamedAsAthenaNamesThem reads the names where all clients find
// them: in the description of the result and in the header of its object.
func TestColumnsAreNamedAsAthenaNamesThem(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(jsonTable)
	s.put("t/1/a.json", `{"id":1,"name":"x","who":{"accountId":"7"}}`)
	s.run("ALTER TABLE t ADD PARTITION (dt='1') LOCATION 's3://b/t/1/'")
	for query, want := range map[string]string{
		"SELECT count(*) FROM t": "_col0",
		"SELECT id, count(*), max(name) AS last, 1 FROM t GROUP BY id":                 "id,_col1,last,_col3",
		"SELECT t.id, who.accountid, (t.who).accountid, list[1], -id FROM t":           "id,accountid,accountid,_col3,_col4",
		"SELECT CAST(id AS varchar), 'count_star()' FROM t":                            "_col0,_col1",
		"SELECT json_parse('1'), 2":                                                    "_col0,_col1",
		"SELECT 1, 1 UNION SELECT 2, 2 AS b":                                           "_col0,_col1",
		"SELECT 1 AS a, 1 UNION ALL SELECT 2, 2 UNION ALL SELECT 3, 3":                 "a,_col1",
		"SELECT DISTINCT lower(name) FROM t ORDER BY lower(name)":                      "_col0",
		"SELECT DISTINCT id, upper(name) FROM t ORDER BY 2":                            "id,_col1",
		"SELECT * FROM (SELECT count(*) FROM t)":                                       "_col0",
		"SELECT 1 AS a, x.* FROM (SELECT count(*), id, max(name) FROM t GROUP BY 2) x": "a,_col1,id,_col3",
		"SELECT * FROM (SELECT 1, 1), (SELECT 1 AS b, (who).accountid FROM t)":         "_col0,_col1,b,accountid",
		"SELECT *, count(*) OVER () FROM (SELECT id FROM t)":                           "id,_col1",
		"WITH c AS (SELECT 1, 2 AS b) SELECT * FROM c UNION SELECT 3, 4":               "_col0,b",
		"WITH c(a) AS (SELECT 1) SELECT *, a + 1 FROM c":                               "a,_col1",
		"VALUES (1, 'x')":                                      "_col0,_col1",
		"SELECT * FROM (VALUES (1, 2)) AS v(a, b)":             "a,b",
		"SELECT date_parse('2024', '%Y'), id FROM t":           "_col0,id",
		"SELECT *, date_parse('2024', '%Y') FROM (SELECT 1 x)": "x,_col1",
		"SELECT count(*) AS \"count_star()\" FROM t":           "count_star()",
	} {
		names, header := s.names(query)
		if got := strings.Join(names, ","); got != want {
			t.Errorf("%s: columns %s, want %s", query, got, want)
		}
		if want := `"` + strings.ReplaceAll(want, ",", `","`) + `"`; header != want {
			t.Errorf("%s: header %s, want %s", query, header, want)
		}
	}
}

// names runs a query and returns its columns' names, and the first line of
// its object.
func (s *stack) names(query string) (names []string, header string) {
	s.Helper()
	id := s.start(query)
	if x := s.wait(id); x.Status.State != types.QueryExecutionStateSucceeded {
		s.Fatalf("%s: %s", query, aws.ToString(x.Status.StateChangeReason))
	}
	out, err := s.client.GetQueryResults(s.Context(), &sdk.GetQueryResultsInput{QueryExecutionId: &id})
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range out.ResultSet.ResultSetMetadata.ColumnInfo {
		names = append(names, *c.Name)
	}
	body, err := os.ReadFile(s.objects.objects["results"]["out/"+id+".csv"].Path)
	if err != nil {
		s.Fatal(err)
	}
	header, _, _ = strings.Cut(string(body), "\n")
	return names, header
}

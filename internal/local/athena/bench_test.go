//go:build cgo

package athena

import (
	"fmt"
	"strings"
	"testing"

	"athenarefresh/internal/local/glue"
)

// benchTable is 200 partitions of 5 JSON files with 20 rows each.
func benchTable(b *testing.B) *stack {
	s := newStack(b)
	if err := s.catalog.CreateDatabase(glue.DatabaseInput{Name: "db"}); err != nil {
		b.Fatal(err)
	}
	if _, err := s.engine.runQuery(b, jsonTable); err != nil {
		b.Fatal(err)
	}
	add := "ALTER TABLE t ADD"
	for i := range 200 {
		add += fmt.Sprintf(" PARTITION (dt='%03d') LOCATION 's3://b/t/%03d/'", i, i)
		for j := range 5 {
			body := strings.Repeat(fmt.Sprintf(`{"ID":%d,"name":"a name","who":{"accountId":"1","tags":{"a":"b"}},"list":[1,2,3],"raw":{"a":[%d]}}`+"\n", i, j), 20)
			if err := s.objects.Put(b.Context(), "b", fmt.Sprintf("t/%03d/%d.json", i, j), []byte(body)); err != nil {
				b.Fatal(err)
			}
		}
	}
	if _, err := s.engine.runQuery(b, add); err != nil {
		b.Fatal(err)
	}
	return s
}

// runQuery runs a statement in this goroutine.
func (e *Engine) runQuery(b *testing.B, query string) (*result, error) {
	x, err := e.newExecution(startInput{QueryString: query, ClientRequestToken: strings.Repeat("x", 32),
		QueryExecutionContext: queryContext{Database: "db"}, ResultConfiguration: resultConfiguration{"s3://results/"}})
	if err != nil {
		return nil, err
	}
	return e.execute(b.Context(), x)
}

func BenchmarkSelect(b *testing.B) {
	s := benchTable(b)
	for name, query := range map[string]string{
		"constant":      "SELECT 1",
		"one partition": "SELECT count(*) FROM t WHERE dt = '077' AND name = 'a name'",
		"count all":     "SELECT count(*) FROM t",
		"group all":     "SELECT dt, count(*) FROM t WHERE who.accountid = '1' GROUP BY dt",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.engine.runQuery(b, query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAddPartitions(b *testing.B) {
	s := benchTable(b)
	round := 0
	for b.Loop() {
		round++
		var add strings.Builder
		add.WriteString("ALTER TABLE t ADD IF NOT EXISTS")
		for i := range 1000 {
			fmt.Fprintf(&add, " PARTITION (`dt`='%d-%d') LOCATION 's3://b/t/%d/%d/'", round, i, round, i)
		}
		if _, err := s.engine.runQuery(b, add.String()); err != nil {
			b.Fatal(err)
		}
	}
}

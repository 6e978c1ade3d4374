//go:build cgo

package athena

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A query over the partitioned table p answers what it answers over the table
// u, which has the same rows and no partitions, so that nothing is pruned.
func TestPruningChangesNoAnswer(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes seconds")
	}
	s := newStack(t)
	s.run("CREATE DATABASE db")
	serde := " ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://b/rows/'"
	s.run("CREATE EXTERNAL TABLE u (id int, v string, dt string, n int)" + serde)
	s.run("CREATE EXTERNAL TABLE p (id int, v string) PARTITIONED BY (dt string, n int)" + serde)
	add := "ALTER TABLE p ADD"
	for i, dt := range []string{"a", "b", "c"} {
		for n := range 2 {
			body := ""
			for id := range 2 + i {
				body += fmt.Sprintf(`{"id":%d,"v":"%c","dt":"%s","n":%d}`+"\n", id+n, 'a'+id%3, dt, n)
			}
			folder := fmt.Sprintf("rows/%s/%d/", dt, n)
			s.put(folder+"f.json", body)
			add += fmt.Sprintf(" PARTITION (dt='%s', n=%d) LOCATION 's3://b/%s'", dt, n, folder)
		}
	}
	s.run(add)
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	pruned := 0
	for range 60 {
		query := randomQuery(random)
		want, all := s.runScanned(strings.ReplaceAll(query, "@", "u"))
		got, scanned := s.runScanned(strings.ReplaceAll(query, "@", "p"))
		sortRows(want)
		sortRows(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", query, d)
		}
		if scanned < all {
			pruned++
		}
	}
	if pruned < 10 {
		t.Errorf("only %d of 60 queries were pruned", pruned)
	}
}

func sortRows(rows [][]string) { slices.SortFunc(rows, slices.Compare) }

func pick(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

func randomCondition(r *rand.Rand, depth int) string {
	key := pick(r, "x.", "y.") + pick(r, "dt", "n", "v", "id")
	dt := pick(r, "x.", "y.") + "dt"
	leaf := []string{
		dt + " = 'a'", dt + " <> 'b'", dt + " IN ('a', 'c')", dt + " BETWEEN 'a' AND 'b'", dt + " >= 'b'", dt + " IS NULL",
		"coalesce(" + dt + ", 'a') = 'a'", "upper(" + dt + ") = 'B'", "x.n = 1", "y.n < 1", "x.dt = y.dt", "x.dt = y.v", "x.n = y.n",
		key + " IS NOT NULL", dt + " IN (SELECT v FROM @ WHERE n = 0 AND dt = 'b')", dt + " LIKE 'a%'", "y.id IS NULL",
	}
	if depth == 0 || r.IntN(3) == 0 {
		return pick(r, leaf...)
	}
	a, b := randomCondition(r, depth-1), randomCondition(r, depth-1)
	return pick(r, a+" AND "+b, a+" AND "+b, "("+a+" OR "+b+")", "NOT ("+a+")")
}

func randomQuery(r *rand.Rand) string {
	from := "@ x " + pick(r, "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "JOIN") + " @ y ON x.id = y.id AND " + randomCondition(r, 1)
	if r.IntN(4) == 0 {
		from = "@ x, @ y"
	}
	if strings.Contains(from, "IN (SELECT") {
		return randomQuery(r) // DuckDB takes no subquery in the ON of an outer join
	}
	where := " WHERE " + randomCondition(r, 1) + " AND " + randomCondition(r, 1) + " AND " + randomCondition(r, 2)
	return pick(r,
		"SELECT x.id, x.dt, y.id, y.dt, y.n FROM "+from+where,
		"SELECT x.dt, count(*) FROM "+from+where+" GROUP BY 1",
		"WITH w AS (SELECT x.dt AS dt, y.n AS n FROM "+from+where+") SELECT count(*) FROM w WHERE dt = 'a' OR n = 0")
}

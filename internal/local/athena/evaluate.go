//go:build cgo

package athena

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// prune returns which partitions of a table the query needs: nil for all.
func (q *selection) prune(ctx context.Context, s *source) (func([]string) bool, error) {
	prunable := s.asTable
	for _, conditions := range s.places {
		prunable = prunable && len(conditions) > 0
	}
	if !prunable && !s.asList {
		return nil, nil
	}
	all, err := q.loadPartitions(ctx, s)
	if err != nil || !prunable {
		return nil, err
	}
	kept := map[string]bool{}
	for _, conditions := range s.places {
		found, err := q.evaluate(ctx, s, conditions)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil || found == nil {
			// What can't be evaluated here (a cast that fails, say) is for the
			// query itself to fail on, or not, over all partitions.
			return nil, nil
		}
		for _, i := range found {
			kept[strings.Join(all[i], "\x00")] = true
		}
	}
	return func(values []string) bool { return kept[strings.Join(values, "\x00")] }, nil
}

// loadPartitions puts the values of a table's partitions into a table of
// DuckDB's, each with its number, and returns them.
func (q *selection) loadPartitions(ctx context.Context, s *source) (all [][]string, err error) {
	q.temporaries++
	s.temporary = fmt.Sprintf("partitions_%d", q.temporaries)
	columns := `"$i" INTEGER`
	for i := range s.keys {
		columns += fmt.Sprintf(", k%d VARCHAR", i)
	}
	if err := q.exec(ctx, "CREATE TABLE memory.main."+s.temporary+" ("+columns+")"); err != nil {
		return nil, err
	}
	err = q.conn.Raw(func(c any) error {
		appender, err := duckdb.NewAppender(c.(driver.Conn), "memory", "main", s.temporary)
		if err != nil {
			return err
		}
		all, err = q.appendPartitions(appender, s)
		return errors.Join(err, appender.Close())
	})
	return all, err
}

func (q *selection) appendPartitions(appender *duckdb.Appender, s *source) ([][]string, error) {
	var all [][]string
	var failed error
	note := func(values []string) bool {
		row := make([]driver.Value, len(s.keys)+1)
		row[0] = int32(len(all))
		for i := range min(len(s.keys), len(values)) {
			if values[i] != hiveDefault {
				row[i+1] = values[i]
			}
		}
		if err := appender.AppendRow(row...); err != nil && failed == nil {
			failed = err
		}
		all = append(all, values)
		return false // its key says all
	}
	for _, err := range q.Catalog.Partitions(s.table.DatabaseName, s.table.Name, note) {
		if err != nil {
			return nil, err
		}
	}
	return all, failed
}

// listSQL is the table "t$partitions": the keys, with their types.
func listSQL(s *source) string {
	return "SELECT " + typedKeys(s.keys) + " FROM memory.main." + s.temporary
}

func typedKeys(keys []typedColumn) string {
	cols := make([]string, len(keys))
	for i, k := range keys {
		cols[i] = fmt.Sprintf("TRY_CAST(k%d AS %s) AS %s", i, duckType(k.typ), ident(k.name))
	}
	return strings.Join(cols, ", ")
}

// evaluate returns the numbers of the partitions that meet all of the
// conditions that may be used, nil if none may.
func (q *selection) evaluate(ctx context.Context, s *source, conditions []condition) ([]int32, error) {
	var where []string
	for _, c := range conditions {
		text, err := q.expression(ctx, c.expression)
		if err != nil {
			return nil, err
		}
		usable := true
		if c.outer {
			if usable, err = q.rejectsNull(ctx, s.keys, text); err != nil {
				return nil, err
			}
		}
		if usable {
			where = append(where, "("+text+")")
		}
	}
	if len(where) == 0 {
		return nil, nil
	}
	return q.numbers(ctx, fmt.Sprintf(`SELECT "$i" FROM (SELECT "$i", %s FROM memory.main.%s) WHERE %s`,
		typedKeys(s.keys), s.temporary, strings.Join(where, " AND ")))
}

func (q *selection) numbers(ctx context.Context, query string) (found []int32, err error) {
	rows, err := q.conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	found = []int32{}
	for rows.Next() {
		var i int32
		if err := rows.Scan(&i); err != nil {
			return nil, err
		}
		found = append(found, i)
	}
	return found, rows.Err()
}

// expression writes an expression of the syntax tree as SQL: the condition of
// a statement that DuckDB writes for it.
func (q *selection) expression(ctx context.Context, e node) (string, error) {
	const template = "SELECT 1 FROM x WHERE true"
	t, err := q.parse(ctx, template, nil)
	if err != nil {
		return "", err
	}
	walk(t.root, func(n node) bool {
		if n["type"] == "SELECT_NODE" {
			n["where_clause"] = e
			return false
		}
		return true
	})
	body, err := json.Marshal(t.root)
	if err != nil {
		return "", fmt.Errorf("encode the condition: %w", err)
	}
	sql, err := q.text(ctx, "SELECT json_deserialize_sql(CAST($1 AS JSON))", string(body))
	if err != nil {
		return "", err
	}
	_, text, ok := strings.Cut(sql, " WHERE ")
	if !ok {
		return "", fmt.Errorf("write the condition: unexpected %q", sql)
	}
	return text, nil
}

// rejectsNull says whether a condition doesn't hold for a row of NULLs.
func (q *selection) rejectsNull(ctx context.Context, keys []typedColumn, condition string) (bool, error) {
	cols := make([]string, len(keys))
	for i, k := range keys {
		cols[i] = fmt.Sprintf("CAST(NULL AS %s) AS %s", duckType(k.typ), ident(k.name))
	}
	found, err := q.numbers(ctx, fmt.Sprintf("SELECT 1 FROM (SELECT %s) WHERE %s", strings.Join(cols, ", "), condition))
	return len(found) == 0, err
}

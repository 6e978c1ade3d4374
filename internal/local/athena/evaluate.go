//go:build cgo

package athena

import (
	"cmp"
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"athenarefresh/internal/duck"
	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/glue"
)

// prune returns which partitions of a table the query needs: nil for all.
func (q *selection) prune(ctx context.Context, s *source) (func([]string) bool, error) {
	prunable := s.asTable && !slices.ContainsFunc(s.places, func(c []condition) bool { return len(c) == 0 })
	if !prunable && !s.asList {
		return nil, nil
	}
	if err := q.loadPartitions(ctx, s); err != nil || !prunable {
		return nil, err
	}
	kept := map[string]bool{}
	for _, conditions := range s.places {
		err := q.evaluate(ctx, s, conditions, kept)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			// What can't be evaluated here (a cast that fails, say) is for the
			// query itself to fail on, or not, over all partitions.
			return nil, nil
		}
	}
	return func(values []string) bool { return kept[strings.Join(values, "\x00")] }, nil
}

// loadPartitions puts the values of a table's partitions into a table of DuckDB's:
// joined, and one by one.
func (q *selection) loadPartitions(ctx context.Context, s *source) error {
	s.temporary = "memory.main." + duck.Ident(s.table.DatabaseName+"."+s.table.Name)
	columns := `"$values" VARCHAR`
	for i := range s.keys {
		columns += fmt.Sprintf(", k%d VARCHAR", i)
	}
	if err := q.Do(ctx, "CREATE TABLE "+s.temporary+" ("+columns+")"); err != nil {
		return err
	}
	return q.Raw(func(c any) error {
		appender, err := duckdb.NewAppender(c.(driver.Conn), "memory", "main", s.table.DatabaseName+"."+s.table.Name)
		if err != nil {
			return err
		}
		return errors.Join(q.appendPartitions(appender, s), appender.Close())
	})
}

func (q *selection) appendPartitions(appender *duckdb.Appender, s *source) error {
	var failed error
	note := func(values []string) bool {
		row := make([]driver.Value, len(s.keys)+1)
		row[0] = strings.Join(values, "\x00")
		for i := range min(len(s.keys), len(values)) {
			if values[i] != glue.HiveDefault {
				row[i+1] = values[i]
			}
		}
		failed = cmp.Or(failed, appender.AppendRow(row...))
		return false // its key says all
	}
	for _, err := range q.Catalog.Partitions(s.table.DatabaseName, s.table.Name, note) {
		if err != nil {
			return err
		}
	}
	return failed
}

// typedKeys are the keys of the list of partitions, with their types.
func typedKeys(keys []hiveql.Column) string {
	cols := make([]string, len(keys))
	for i, k := range keys {
		cols[i] = fmt.Sprintf("TRY_CAST(k%d AS %s) AS %s", i, duckType(k.Type), duck.Ident(k.Name))
	}
	return strings.Join(cols, ", ")
}

// evaluate adds to kept the partitions that meet the conditions, of which one on an
// outer join counts only if it doesn't hold for a row of NULLs.
func (q *selection) evaluate(ctx context.Context, s *source, conditions []condition, kept map[string]bool) (err error) {
	var where []string
	for _, c := range conditions {
		text, err := q.expression(ctx, c.expression)
		if err != nil {
			return err
		}
		if c.outer {
			text += fmt.Sprintf(" OR EXISTS (SELECT 1 FROM (SELECT %s) WHERE %s)", nulls(s.keys), text)
		}
		where = append(where, "("+text+")")
	}
	rows, err := q.QueryContext(ctx, fmt.Sprintf(`SELECT "$values" FROM (SELECT "$values", %s FROM %s) WHERE %s`,
		typedKeys(s.keys), s.temporary, strings.Join(where, " AND ")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var values string
		if err := rows.Scan(&values); err != nil {
			return err
		}
		kept[values] = true
	}
	return rows.Err()
}

// expression writes an expression of the syntax tree as SQL: the condition of
// a statement that DuckDB writes for it.
func (q *selection) expression(ctx context.Context, e node) (string, error) {
	const template = "SELECT 1 FROM x WHERE true"
	t, err := q.parse(ctx, template, nil)
	if err != nil {
		return "", err
	}
	walk(t, func(n node) bool {
		if n["type"] == "SELECT_NODE" {
			n["where_clause"] = e
			return false
		}
		return true
	})
	body, err := json.Marshal(t)
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

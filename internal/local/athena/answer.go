//go:build cgo

package athena

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// answer runs the query and collects its rows.
func (q *selection) answer(ctx context.Context) error {
	if q.explain != "" {
		return q.explainQuery(ctx)
	}
	return q.conn.Raw(func(c any) error {
		statement, types, err := prepareTyped(ctx, c.(*duckdb.Conn), q.rewritten)
		if err != nil {
			return err
		}
		for i := range types {
			types[i].name = resultName(q.names, i, types[i].name)
		}
		return errors.Join(q.collect(ctx, statement, types), statement.Close())
	})
}

// explainQuery answers DuckDB's plan, a line a row.
func (q *selection) explainQuery(ctx context.Context) (err error) {
	q.out.columns = []columnInfo{textColumn("Query Plan")}
	rows, err := q.conn.QueryContext(ctx, q.explain+q.rewritten)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var key, plan string
		if err := rows.Scan(&key, &plan); err != nil {
			return err
		}
		for line := range strings.Lines(plan) {
			if err := q.out.addLine(strings.TrimRight(line, "\n")); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}

// prepareTyped prepares a query and returns its columns' types. JSON columns
// are made text: the driver would decode them and lose how they were written.
func prepareTyped(ctx context.Context, c *duckdb.Conn, query string) (*duckdb.Stmt, []typedResult, error) {
	statement, types, err := prepareOnce(ctx, c, query)
	if err != nil {
		return nil, nil, err
	}
	var aliases, casts []string
	json := false
	for i, t := range types {
		alias := ident(fmt.Sprint("c", i))
		aliases = append(aliases, alias)
		if t.info.Alias() == "JSON" {
			json, alias = true, "CAST("+alias+" AS VARCHAR)"
		}
		casts = append(casts, alias)
	}
	if !json {
		return statement, types, nil
	}
	wrapped, wrappedTypes, err := prepareOnce(ctx, c, fmt.Sprintf("SELECT %s FROM (%s\n) AS t(%s)", strings.Join(casts, ", "), query, strings.Join(aliases, ", ")))
	if err != nil {
		return nil, nil, errors.Join(err, statement.Close())
	}
	for i := range types {
		wrappedTypes[i].name = types[i].name
	}
	return wrapped, wrappedTypes, statement.Close()
}

// typedResult is a column of a result.
type typedResult struct {
	name string
	info duckdb.TypeInfo
}

func prepareOnce(ctx context.Context, c *duckdb.Conn, query string) (*duckdb.Stmt, []typedResult, error) {
	prepared, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	statement := prepared.(*duckdb.Stmt)
	types, err := resultTypes(statement)
	if err != nil {
		return nil, nil, errors.Join(err, statement.Close())
	}
	return statement, types, nil
}

// maxColumns bounds what DuckDB takes as long for as the square of their number.
const maxColumns = 10_000

func resultTypes(s *duckdb.Stmt) ([]typedResult, error) {
	n, err := s.ColumnCount()
	if err != nil {
		return nil, err
	}
	if n > maxColumns {
		return nil, userFailure(typeLimit, "EXCEEDED_LOCAL_COLUMN_LIMIT: the result has %d columns, the local stack takes %d", n, maxColumns)
	}
	types := make([]typedResult, n)
	for i := range types {
		if types[i].name, err = s.ColumnName(i); err != nil {
			return nil, err
		}
		if types[i].info, err = s.ColumnTypeInfo(i); err != nil {
			return nil, err
		}
	}
	return types, nil
}

// collect reads all rows into the result, after the header.
func (q *selection) collect(ctx context.Context, s *duckdb.Stmt, types []typedResult) (err error) {
	header := make([]*string, len(types))
	for i, t := range types {
		q.out.columns = append(q.out.columns, columnOf(t))
		header[i] = &t.name
	}
	if err := q.out.addCSV(header); err != nil {
		return err
	}
	q.out.rows = nil // the header is no row of the result's own
	rows, err := s.QueryContext(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values := make([]driver.Value, len(types))
	texts := make([]*string, len(types))
	for {
		err := rows.Next(values)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for i, v := range values {
			texts[i] = valueText(types[i].info, v)
		}
		if err := q.out.addCSV(texts); err != nil {
			return err
		}
	}
}

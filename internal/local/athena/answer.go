//go:build cgo

package athena

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// answer runs the query and collects its rows.
func (q *selection) answer(ctx context.Context) error {
	if n := len(q.outputs); n > maxColumns {
		return userFailure(typeLimit, "EXCEEDED_LOCAL_COLUMN_LIMIT: the result has %d columns, the local stack takes %d", n, maxColumns)
	}
	if q.explain != "" {
		return q.explainQuery(ctx)
	}
	return q.Raw(func(c any) error {
		statement, err := c.(*duckdb.Conn).PrepareContext(ctx, q.rewritten)
		if err != nil {
			return err
		}
		return errors.Join(q.collect(ctx, statement.(*duckdb.Stmt)), statement.Close())
	})
}

// explainQuery answers DuckDB's plan, a line a row.
func (q *selection) explainQuery(ctx context.Context) (err error) {
	rows, err := q.QueryContext(ctx, q.explain+q.rewritten)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var lines []string
	for rows.Next() {
		var key, plan string
		if err := rows.Scan(&key, &plan); err != nil {
			return err
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(plan, "\n"), "\n")...)
	}
	return errors.Join(rows.Err(), q.out.addLines(lines, "Query Plan"))
}

// maxColumns bounds what DuckDB takes as long for as the square of their number.
const maxColumns = 10_000

// collect reads all rows into the result, after the header.
func (q *selection) collect(ctx context.Context, s *duckdb.Stmt) (err error) {
	header := make([]*string, len(q.outputs))
	for i, c := range q.outputs {
		q.out.columns = append(q.out.columns, columnOf(c))
		header[i] = &c.Name
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
	values := make([]driver.Value, len(q.outputs))
	texts := make([]*string, len(q.outputs))
	for {
		err := rows.Next(values)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for i, v := range values {
			texts[i] = q.outputs[i].Type.Text(v)
		}
		if err := q.out.addCSV(texts); err != nil {
			return err
		}
	}
}

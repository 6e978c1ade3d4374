package query

import (
	"context"
	"fmt"
	"iter"

	"athenarefresh/internal/aws/awserror"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// Column is a column of a result.
type Column struct {
	Name string
	Type string // Athena's name of it: "varchar", "bigint", …
}

// Numeric says whether the column's values are numbers.
func (c Column) Numeric() bool {
	switch c.Type {
	case "tinyint", "smallint", "integer", "int", "bigint", "float", "real", "double", "decimal":
		return true
	}
	return false
}

// Row has a value for each column; nil is NULL.
type Row []*string

// Result is the answer to a statement. It is read once.
type Result struct {
	Columns []Column
	Scanned int64 // bytes that were read to find it

	c    *Client
	id   string
	page *athena.GetQueryResultsOutput
	rows []types.Row // of the page, without a header
}

// open fetches the first page. A SELECT's first row holds the names of the
// columns (Athena API reference, GetQueryResults).
func (c *Client) open(ctx context.Context, id string, header bool) (*Result, error) {
	r := &Result{c: c, id: id}
	if err := r.fetch(ctx, nil); err != nil {
		return nil, err
	}
	if meta := r.page.ResultSet.ResultSetMetadata; meta != nil {
		for _, i := range meta.ColumnInfo {
			r.Columns = append(r.Columns, Column{aws.ToString(i.Name), aws.ToString(i.Type)})
		}
	}
	if header && len(r.rows) > 0 && r.isHeader(r.rows[0]) {
		r.rows = r.rows[1:]
	}
	return r, nil
}

func (r *Result) isHeader(row types.Row) bool {
	if len(row.Data) != len(r.Columns) {
		return false
	}
	for i, d := range row.Data {
		if aws.ToString(d.VarCharValue) != r.Columns[i].Name {
			return false
		}
	}
	return true
}

// fetch gets a page, the first if token is nil.
func (r *Result) fetch(ctx context.Context, token *string) error {
	out, err := r.c.results(ctx, &athena.GetQueryResultsInput{QueryExecutionId: &r.id, NextToken: token})
	if err != nil {
		return fmt.Errorf("read the result of query %s: %w", r.id, awserror.Plain(err))
	}
	if out.ResultSet == nil {
		return fmt.Errorf("read the result of query %s: the answer has no rows", r.id)
	}
	r.page, r.rows = out, out.ResultSet.Rows
	return nil
}

// Rows are the rows, fetched as they are asked for. An error is the last thing
// that comes.
func (r *Result) Rows(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for {
			for _, row := range r.rows {
				if !yield(r.row(row), nil) {
					return
				}
			}
			if aws.ToString(r.page.NextToken) == "" {
				return
			}
			if err := r.fetch(ctx, r.page.NextToken); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// row gives every column a value: a statement that is no SELECT may have rows
// that are shorter, or no columns and lines of text all the same.
func (r *Result) row(row types.Row) Row {
	values := make(Row, len(r.Columns))
	if len(r.Columns) == 0 {
		values = make(Row, len(row.Data))
	}
	for i, d := range row.Data {
		if i < len(values) {
			values[i] = d.VarCharValue
		}
	}
	return values
}

// All reads a result that is known to be small.
func (r *Result) All(ctx context.Context) ([]Row, error) {
	var all []Row
	for row, err := range r.Rows(ctx) {
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}

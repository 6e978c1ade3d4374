package query

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/prompt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// numeric are Athena's names of the types of numbers.
var numeric = []string{"tinyint", "smallint", "integer", "int", "bigint", "float", "real", "double", "decimal"}

// open fetches the first page of a statement's rows. A SELECT's first row holds the
// names of the columns (Athena API reference, GetQueryResults).
func (c *Client) open(ctx context.Context, id string, header bool) (*prompt.Answer, error) {
	first, err := c.fetch(ctx, id, nil)
	if err != nil {
		return nil, err
	}
	answer := &prompt.Answer{}
	if meta := first.ResultSet.ResultSetMetadata; meta != nil {
		for _, i := range meta.ColumnInfo {
			kind := aws.ToString(i.Type)
			answer.Columns = append(answer.Columns, prompt.Column{Name: aws.ToString(i.Name), Type: kind, Numeric: slices.Contains(numeric, kind)})
		}
	}
	if rows := first.ResultSet.Rows; header && len(rows) > 0 && isHeader(rows[0], answer.Columns) {
		first.ResultSet.Rows = rows[1:]
	}
	answer.Rows = c.rows(ctx, id, first, len(answer.Columns))
	return answer, nil
}

func isHeader(row types.Row, columns []prompt.Column) bool {
	return slices.EqualFunc(row.Data, columns, func(d types.Datum, c prompt.Column) bool { return aws.ToString(d.VarCharValue) == c.Name })
}

// fetch gets a page, the first if token is nil.
func (c *Client) fetch(ctx context.Context, id string, token *string) (*athena.GetQueryResultsOutput, error) {
	out, err := c.results(ctx, &athena.GetQueryResultsInput{QueryExecutionId: &id, NextToken: token})
	if err != nil {
		return nil, fmt.Errorf("read the result of query %s: %w", id, awserror.Plain(err))
	}
	if out.ResultSet == nil {
		return nil, fmt.Errorf("read the result of query %s: the answer has no rows", id)
	}
	return out, nil
}

// rows are the rows of a page and of those after it.
func (c *Client) rows(ctx context.Context, id string, page *athena.GetQueryResultsOutput, columns int) iter.Seq2[[]*string, error] {
	return func(yield func([]*string, error) bool) {
		for {
			for _, row := range page.ResultSet.Rows {
				if !yield(values(row, columns), nil) {
					return
				}
			}
			if aws.ToString(page.NextToken) == "" {
				return
			}
			var err error
			if page, err = c.fetch(ctx, id, page.NextToken); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// values gives every column a value: a statement that is no SELECT may have rows
// that are shorter, or no columns and lines of text all the same.
func values(row types.Row, columns int) []*string {
	if columns == 0 {
		columns = len(row.Data)
	}
	list := make([]*string, columns)
	for i, d := range row.Data[:min(len(row.Data), columns)] {
		list[i] = d.VarCharValue
	}
	return list
}

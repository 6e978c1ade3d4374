//go:build cgo

package infer

import (
	"context"
	"fmt"
	"strings"

	"athenarefresh/internal/duck"
)

// count counts the rows of the files, and the values of each column that are not
// empty, by the files' own format: what a table reads is held against it.
func (s *session) count(ctx context.Context, format Format, out *Schema) error {
	source, value := s.counted(format, out)
	counts := []string{"count(*)"}
	for i, c := range out.Columns {
		counts = append(counts, "count("+value(i, c)+")")
	}
	found := make([]any, len(counts))
	for i := range found {
		found[i] = new(int64)
	}
	err := s.QueryRowContext(ctx, "SELECT "+strings.Join(counts, ", ")+" FROM "+source).Scan(found...)
	if err != nil {
		return fmt.Errorf("count the rows of the sample: %w", err)
	}
	out.Rows = *found[0].(*int64)
	for i := range out.Columns {
		if out.Columns[i].Values == 0 { // else it was said that it can't be known
			out.Columns[i].Values = *found[i+1].(*int64)
		}
	}
	return nil
}

// counted returns the SQL of the rows to count and, for a column, an expression
// that is NULL where its value is empty.
func (s *session) counted(format Format, out *Schema) (source string, value func(int, Column) string) {
	member := func(_ int, c Column) string {
		return "nullif(json ->> " + duck.Literal("/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(c.In)) + ", '')"
	}
	switch format {
	case JSON:
		return fmt.Sprintf("read_json_objects(%s, format = 'newline_delimited', maximum_object_size = %d)", s.paths(), maxObject), member
	case CloudTrail:
		return fmt.Sprintf("(SELECT unnest(json_extract(json, '$.Records[*]')) AS json FROM read_json_objects(%s, format = 'unstructured', maximum_object_size = %d))",
			s.paths(), maxObject), member
	case Parquet:
		return "read_parquet(" + s.paths() + ", union_by_name = true, hive_partitioning = false)", func(_ int, c Column) string {
			if c.Type.Name == "string" {
				return "nullif(CAST(" + duck.Ident(c.In) + " AS VARCHAR), '')"
			}
			return duck.Ident(c.In)
		}
	}
	return s.fields(out), func(i int, _ Column) string { return "nullif(" + place(i) + ", '')" }
}

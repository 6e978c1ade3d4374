package infer

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"athenarefresh/internal/faults"
)

// Reading runs statements in an Athena that is gone afterwards, whose location
// s3://sample/t/ is a folder of this machine, and returns what the last one answers.
// Of a statement that fails it says why.
type Reading func(ctx context.Context, dir string, statements ...string) (answer [][]*string, failed string, err error)

// prove reads a sample back through the table and says what comes out otherwise. A
// table that fails on it is none.
func (t *Table) prove(ctx context.Context, dir string, read Reading) ([]string, error) {
	answer, failed, err := read(ctx, dir, "CREATE DATABASE sample", t.Schema.Table("sample", "t", nil, "s3://sample/t/").SQL(), t.proof())
	switch {
	case err != nil:
		return nil, err
	case strings.Contains(failed, "NOT_SUPPORTED") || strings.Contains(failed, "HIVE_UNSUPPORTED_FORMAT"):
		return []string{"the sample was not read back: " + failed}, nil
	case failed != "":
		return nil, fmt.Errorf("a table of what the sample looks like does not read it: %s", failed)
	}
	return t.proven(answer)
}

// proof is the statement that counts what the table reads of the sample.
func (t *Table) proof() string {
	counts := []string{"count(*)"}
	for _, c := range t.Columns {
		value := `"` + strings.ReplaceAll(c.Name, `"`, `""`) + `"`
		if c.Type.Name == "string" {
			value = "nullif(" + value + ", '')"
		}
		counts = append(counts, "count("+value+")")
	}
	return "SELECT " + strings.Join(counts, ", ") + " FROM t"
}

// proven says what the answer to the proof has otherwise than the sample.
func (t *Table) proven(answer [][]*string) (notes []string, err error) {
	if len(answer) == 0 || len(answer[0]) != 1+len(t.Columns) {
		return nil, fmt.Errorf("read the sample back: no answer")
	}
	counted := make([]int64, len(answer[0]))
	for i, v := range answer[0] {
		if counted[i], err = strconv.ParseInt(*v, 10, 64); err != nil {
			return nil, fmt.Errorf("read the sample back: a count of %q: %w", *v, err)
		}
	}
	rows, records := counted[0], faults.Count(int(t.rows), "record")
	if rows != t.rows {
		notes = append(notes, fmt.Sprintf("read back, the sample's %s are %s of the table", records, faults.Count(int(rows), "row")))
	}
	for i, c := range t.Columns {
		if n, known := t.values[c.Name]; known && n != counted[i+1] {
			notes = append(notes, fmt.Sprintf("read back, column %s has %s where the sample has %d", c.Name, faults.Count(int(counted[i+1]), "value"), n))
		}
	}
	if notes == nil {
		notes = append(notes, fmt.Sprintf("read back, the table has the sample's %s and all of their values", records))
	}
	return notes, nil
}

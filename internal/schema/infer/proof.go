package infer

import (
	"fmt"
	"strconv"
	"strings"

	"athenarefresh/internal/terminal"
)

// Proof is the statement that counts what a table of this name reads of the sample.
func (t *Table) Proof(name string) string {
	counts := []string{"count(*)"}
	for _, c := range t.Columns {
		value := `"` + strings.ReplaceAll(c.Name, `"`, `""`) + `"`
		if c.Type.Name == "string" {
			value = "nullif(" + value + ", '')"
		}
		counts = append(counts, "count("+value+")")
	}
	return "SELECT " + strings.Join(counts, ", ") + " FROM " + name
}

// Proven says what the answer to [Table.Proof] has otherwise than the sample.
func (t *Table) Proven(answer [][]*string) (notes []string, err error) {
	if len(answer) == 0 || len(answer[0]) != 1+len(t.Columns) {
		return nil, fmt.Errorf("read the sample back: no answer")
	}
	counted := make([]int64, len(answer[0]))
	for i, v := range answer[0] {
		if counted[i], err = strconv.ParseInt(*v, 10, 64); err != nil {
			return nil, fmt.Errorf("read the sample back: a count of %q: %w", *v, err)
		}
	}
	rows, records := counted[0], terminal.Count(int(t.rows), "record")
	if rows != t.rows {
		notes = append(notes, fmt.Sprintf("read back, the sample's %s are %s of the table", records, terminal.Count(int(rows), "row")))
	}
	for i, c := range t.Columns {
		if n, known := t.values[c.Name]; known && n != counted[i+1] {
			notes = append(notes, fmt.Sprintf("read back, column %s has %s where the sample has %d", c.Name, terminal.Count(int(counted[i+1]), "value"), n))
		}
	}
	if notes == nil {
		notes = append(notes, fmt.Sprintf("read back, the table has the sample's %s and all of their values", records))
	}
	return notes, nil
}

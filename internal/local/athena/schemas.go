//go:build cgo

package athena

import (
	"fmt"
	"slices"

	"athenarefresh/internal/duck"
	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/glue"
)

// A partition keeps the columns that its table had when it was made. As Trino
// does, Athena reads a partition's files by the partition's own columns and
// finds the table's among them: by name for Parquet, by position for the rest.
// One that the partition doesn't have is NULL; one of another type has to be
// of a type that the table's holds, or every query of the partition fails,
// whichever columns it asks for.

// partitionColumns are a partition's columns where they differ from the table's.
type partitionColumns struct {
	read []hiveql.Column // the partition's, with the types of the table's that they stand for
	of   []int           // for each of the table's columns, where it is in read, or -1
}

// outer are the columns that the table has of what was read.
func (p *partitionColumns) outer(s *source) []string {
	var cols []string
	for i, c := range s.columns {
		value := fmt.Sprintf("CAST(NULL AS %s)", duckType(c.Type))
		if at := p.of[i]; at >= 0 {
			value = duck.Ident(p.read[at].Name)
		}
		cols = append(cols, value+" AS "+duck.Ident(c.Name))
	}
	for _, k := range s.keys {
		cols = append(cols, duck.Ident(k.Name))
	}
	return append(cols, `"$path"`)
}

// partitionSchemas finds the columns of a table's partitions, each list once.
type partitionSchemas struct {
	*source
	known map[string]*partitionColumns // by the list and the way it is matched
}

// of returns nil for a partition that has the table's own columns, or none.
func (s *partitionSchemas) of(p *glue.Partition, f *fileFormat) (*partitionColumns, error) {
	d, own := p.StorageDescriptor, s.table.StorageDescriptor
	if d == nil || len(d.Columns) == 0 || own != nil && slices.EqualFunc(d.Columns, own.Columns, sameColumn) {
		return nil, nil
	}
	byName := f.kind == "parquet"
	key := fmt.Sprintf("%t %q", byName, d.Columns)
	if known, ok := s.known[key]; ok {
		return known, nil
	}
	cols, err := typedColumns(d.Columns)
	if err != nil {
		return nil, err
	}
	found, err := s.match(p, cols, byName)
	if err != nil {
		return nil, err
	}
	s.known[key] = found
	return found, nil
}

func sameColumn(a, b glue.Column) bool { return a.Name == b.Name && a.Type == b.Type }

func (s *partitionSchemas) match(p *glue.Partition, cols []hiveql.Column, byName bool) (*partitionColumns, error) {
	out := &partitionColumns{read: cols, of: make([]int, len(s.columns))}
	for i, c := range s.columns {
		at := i
		if byName {
			at = slices.IndexFunc(cols, func(x hiveql.Column) bool { return x.Name == c.Name })
		}
		if at < 0 || at >= len(cols) {
			out.of[i] = -1
			continue
		}
		if !coercible(cols[at].Type, c.Type) {
			return nil, userFailure(typeSchema, "HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition schemas. "+
				"The types are incompatible and cannot be coerced. The column '%s' in table '%s.%s' is declared as type '%s', but partition '%s' declared column '%s' as type '%s'.",
				c.Name, s.table.DatabaseName, s.table.Name, c.Type, hiveql.FolderName(s.table.KeyNames(), p.Values), cols[at].Name, cols[at].Type)
		}
		out.of[i], out.read[at].Type = at, c.Type
	}
	return out, nil
}

// coercions are the types that a column of a type can be read as (Trino, the Hive
// connector's rules, of which these are the older ones).
var coercions = map[string][]string{
	"tinyint":  {"smallint", "int", "bigint", "string", "varchar"},
	"smallint": {"int", "bigint", "string", "varchar"},
	"int":      {"bigint", "string", "varchar"},
	"bigint":   {"string", "varchar"},
	"string":   {"tinyint", "smallint", "int", "bigint", "string", "varchar"},
	"varchar":  {"tinyint", "smallint", "int", "bigint", "string", "varchar"},
	"float":    {"double"},
	"double":   {"float"},
	"decimal":  {"decimal"},
}

// coercible says whether a column of one type can be read as one of another. A
// struct may have more or fewer fields at its end.
func coercible(from, to hiveql.Type) bool {
	if from.String() == to.String() || slices.Contains(coercions[from.Name], to.Name) {
		return true
	}
	for i := range min(len(from.Elems), len(to.Elems)) {
		if from.Name == "struct" && to.Name == "struct" && from.Fields[i] != to.Fields[i] || !coercible(from.Elems[i], to.Elems[i]) {
			return false
		}
	}
	return from.Name == to.Name && slices.Contains([]string{"array", "map", "struct"}, from.Name)
}

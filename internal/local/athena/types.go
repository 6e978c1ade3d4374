package athena

import (
	"fmt"
	"math"
	"strings"

	"athenarefresh/internal/duck"
	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/athena/trino"
	"athenarefresh/internal/local/glue"
)

var precisions = map[string]int{"varchar": math.MaxInt32, "bigint": 19, "integer": 10, "double": 17}

// columnOf describes a result's column with Trino's names of types.
func columnOf(column trino.Column) columnInfo {
	c := columnInfo{CatalogName: "hive", Name: column.Name, Label: column.Name, Type: column.Type.AthenaName(), Nullable: "UNKNOWN"}
	c.Precision, c.CaseSensitive = precisions[c.Type], c.Type == "varchar"
	if c.Type == "decimal" {
		c.Precision, c.Scale = column.Type.P, column.Type.S
	}
	return c
}

// trinoType is the type that a column of the catalog has in a query.
func trinoType(t hiveql.Type) trino.Type {
	out := trino.Type{Base: t.Name, Fields: t.Fields}
	switch t.Name {
	case "int":
		out.Base = "integer"
	case "float":
		out.Base = "real"
	case "string", "uniontype":
		return trino.Type{Base: "varchar", P: -1}
	case "varchar", "char":
		out.P = -1
		if len(t.Sizes) > 0 {
			out.P = t.Sizes[0]
		}
	case "binary":
		out.Base = "varbinary"
	case "timestamp":
		out.P = 3
	case "decimal":
		out.P, out.S = t.Sizes[0], t.Sizes[1]
	case "struct":
		out.Base = "row"
	}
	for _, e := range t.Elems {
		out.Elems = append(out.Elems, trinoType(e))
	}
	return out
}

// duckType is the DuckDB type that stands for a Hive type.
func duckType(t hiveql.Type) string {
	switch t.Name {
	case "tinyint", "smallint", "bigint", "boolean", "float", "double", "date", "timestamp":
		return strings.ToUpper(t.Name)
	case "int":
		return "INTEGER"
	case "binary":
		return "BLOB"
	case "decimal":
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Sizes[0], t.Sizes[1])
	case "array":
		return duckType(t.Elems[0]) + "[]"
	case "map":
		return "MAP(" + duckType(t.Elems[0]) + ", " + duckType(t.Elems[1]) + ")"
	case "struct":
		fields := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = duck.Ident(f) + " " + duckType(t.Elems[i])
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")"
	}
	return "VARCHAR"
}

// typedColumns are columns of the catalog.
func typedColumns(cols []glue.Column) ([]hiveql.Column, error) {
	out := make([]hiveql.Column, len(cols))
	for i, c := range cols {
		t, err := hiveql.ParseType(c.Type)
		if err != nil {
			return nil, userFailure(typeSchema, "HIVE_INVALID_METADATA: column %s: %v", c.Name, err)
		}
		out[i] = hiveql.Column{Name: c.Name, Type: t}
	}
	return out, nil
}

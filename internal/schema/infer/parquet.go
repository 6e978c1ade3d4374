//go:build cgo

package infer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"athenarefresh/internal/hiveql"
)

// parquet has its types in the files.
func (s *session) parquet(ctx context.Context) (*Schema, error) {
	var columns []Column
	err := s.Raw(func(c any) error {
		prepared, err := c.(*duckdb.Conn).PrepareContext(ctx, "SELECT * FROM read_parquet("+s.paths()+", union_by_name = true, hive_partitioning = false)")
		if err != nil {
			return err
		}
		stmt := prepared.(*duckdb.Stmt)
		columns, err = s.described(stmt)
		return errors.Join(err, stmt.Close())
	})
	if err != nil {
		return nil, fmt.Errorf("read the sample as Parquet: %w", err)
	}
	return &Schema{Columns: fold(columns, strings.ToLower, &s.notes)}, nil
}

func (s *session) described(stmt *duckdb.Stmt) (list []Column, err error) {
	n, err := stmt.ColumnCount()
	for i := range n {
		name, err := stmt.ColumnName(i)
		if err != nil {
			return nil, err
		}
		info, err := stmt.ColumnTypeInfo(i)
		if err != nil {
			return nil, err
		}
		list = append(list, Column{In: name, Type: s.ofParquet(name, info)})
	}
	return list, err
}

// ofParquet is Hive's type of a Parquet column.
func (s *session) ofParquet(path string, info duckdb.TypeInfo) hiveql.Type {
	switch d := info.Details().(type) {
	case *duckdb.DecimalDetails:
		return hiveql.Type{Name: "decimal", Sizes: []int{int(d.Width), int(d.Scale)}}
	case *duckdb.ListDetails:
		return hiveql.Type{Name: "array", Elems: []hiveql.Type{s.ofParquet(path+"[]", d.Child)}}
	case *duckdb.MapDetails:
		return hiveql.Type{Name: "map", Elems: []hiveql.Type{s.ofParquet(path+" keys", d.Key), s.ofParquet(path+" values", d.Value)}}
	case *duckdb.StructDetails:
		t := hiveql.Type{Name: "struct"}
		for _, e := range d.Entries {
			t.Fields = append(t.Fields, strings.ToLower(e.Name()))
			t.Elems = append(t.Elems, s.ofParquet(path+"."+e.Name(), e.Info()))
		}
		return t
	}
	kind := info.InternalType()
	name, ok := hiveNames[kind]
	switch kind {
	case duckdb.TYPE_UTINYINT, duckdb.TYPE_USMALLINT, duckdb.TYPE_UINTEGER, duckdb.TYPE_UBIGINT:
		s.notes.add("%s is bigint: the files have whole numbers without a sign, which Hive doesn't know", path)
	}
	if !ok {
		s.notes.add("%s is string: Hive has no type for what the files have; Athena may not read it", path)
		return stringType
	}
	return hiveql.Type{Name: name}
}

// hiveNames are Hive's names of DuckDB's types.
var hiveNames = map[duckdb.Type]string{
	duckdb.TYPE_BOOLEAN: "boolean", duckdb.TYPE_BLOB: "binary", duckdb.TYPE_VARCHAR: "string", duckdb.TYPE_ENUM: "string",
	duckdb.TYPE_TINYINT: "tinyint", duckdb.TYPE_SMALLINT: "smallint", duckdb.TYPE_INTEGER: "int", duckdb.TYPE_BIGINT: "bigint",
	duckdb.TYPE_UTINYINT: "bigint", duckdb.TYPE_USMALLINT: "bigint", duckdb.TYPE_UINTEGER: "bigint", duckdb.TYPE_UBIGINT: "bigint",
	duckdb.TYPE_FLOAT: "float", duckdb.TYPE_DOUBLE: "double", duckdb.TYPE_DATE: "date", duckdb.TYPE_TIMESTAMP: "timestamp",
	duckdb.TYPE_TIMESTAMP_S: "timestamp", duckdb.TYPE_TIMESTAMP_MS: "timestamp", duckdb.TYPE_TIMESTAMP_NS: "timestamp", duckdb.TYPE_TIMESTAMP_TZ: "timestamp",
}

//go:build cgo

package trino

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"reflect"
	"regexp"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

var ownFunction = regexp.MustCompile(`\btrino_[a-z0-9_]+`)

// Register makes the functions that a query calls and that are written in Go
// known to a session of DuckDB's. They are NULL where an argument is.
// known are those that the session has.
func Register(conn *sql.Conn, known map[string]bool, query string) error {
	for _, name := range ownFunction.FindAllString(query, -1) {
		f, ok := goFunctions[name]
		if !ok || known[name] {
			continue
		}
		known[name] = true
		if err := duckdb.RegisterScalarUDF(conn, name, scalar{reflect.ValueOf(f)}); err != nil {
			return fmt.Errorf("register %s: %w", name, err)
		}
	}
	return nil
}

// scalar is a Go function as DuckDB calls it, on several threads at once.
type scalar struct{ f reflect.Value }

// Config describes the function to DuckDB.
func (s scalar) Config() duckdb.ScalarFuncConfig {
	t := s.f.Type()
	c := duckdb.ScalarFuncConfig{ResultTypeInfo: typeInfo(t.Out(0))}
	for i := range t.NumIn() {
		c.InputTypeInfos = append(c.InputTypeInfos, typeInfo(t.In(i)))
	}
	return c
}

// Executor runs the function.
func (s scalar) Executor() duckdb.ScalarFuncExecutor {
	t := s.f.Type()
	return duckdb.ScalarFuncExecutor{RowExecutor: func(args []driver.Value) (out any, err error) {
		defer caught(&err)
		in := make([]reflect.Value, len(args))
		for i, a := range args {
			if in[i] = reflect.ValueOf(a); t.In(i).Kind() == reflect.Slice && t.In(i).Elem().Kind() == reflect.Pointer {
				in[i] = reflect.ValueOf(textList(a.([]any)))
			}
		}
		return result(s.f.Call(in)[0]), nil
	}}
}

func textList(list []any) []*string {
	out := make([]*string, len(list))
	for i, v := range list {
		if s, ok := v.(string); ok {
			out[i] = &s
		}
	}
	return out
}

// result is a value as DuckDB takes it: nil pointers and slices are NULL.
func result(v reflect.Value) any {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil(), v.Kind() == reflect.Slice && v.IsNil():
		return nil
	case v.Kind() == reflect.Pointer:
		return v.Elem().Interface()
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = result(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

func typeInfo(t reflect.Type) duckdb.TypeInfo {
	var info duckdb.TypeInfo
	var err error
	switch {
	case t.Kind() == reflect.Pointer:
		return typeInfo(t.Elem())
	case t == reflect.TypeFor[time.Time]():
		info, err = duckdb.NewTypeInfo(duckdb.TYPE_TIMESTAMP)
	case t == reflect.TypeFor[[]byte]():
		info, err = duckdb.NewTypeInfo(duckdb.TYPE_BLOB)
	case t.Kind() == reflect.Slice:
		info, err = duckdb.NewListInfo(typeInfo(t.Elem()))
	default:
		info, err = duckdb.NewTypeInfo(map[reflect.Kind]duckdb.Type{
			reflect.String: duckdb.TYPE_VARCHAR, reflect.Int64: duckdb.TYPE_BIGINT,
			reflect.Float64: duckdb.TYPE_DOUBLE, reflect.Float32: duckdb.TYPE_FLOAT, reflect.Bool: duckdb.TYPE_BOOLEAN,
		}[t.Kind()])
	}
	if err != nil {
		panic(err) // these are types
	}
	return info
}

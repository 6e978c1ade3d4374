//go:build cgo

package athena

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"athenarefresh/internal/local/athena/trino"
)

// selectMemory, selectThreads and maxExpression bound one SELECT. Its planning
// takes as long as the cube of an expression's depth: 13 s for 300.
const (
	selectMemory  = "1GB"
	selectThreads = 2
	maxExpression = 200
)

// session is a DuckDB of one query's own: in memory, gone with the query.
type session struct {
	db        *sql.DB
	conn      *sql.Conn
	functions functions

	registered map[string]bool // functions of Trino's that are written in Go
}

// openSession starts a DuckDB that can open only files below bodies, can't
// load extensions or spill to disk, and knows the database of the catalog in
// which names without one are looked up.
func openSession(ctx context.Context, bodies []string, database string) (*session, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("start DuckDB: %w", err)
	}
	s := &session{db: sql.OpenDB(connector), registered: map[string]bool{}}
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to DuckDB: %w", err), s.db.Close())
	}
	if err := s.prepare(ctx, bodies, database); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare DuckDB: %w", err), s.close())
	}
	return s, nil
}

func (s *session) close() error { return errors.Join(s.conn.Close(), s.db.Close()) }

func (s *session) prepare(ctx context.Context, bodies []string, database string) error {
	var folders []string
	for _, dir := range bodies {
		folders = append(folders, literal(dir+string(filepath.Separator)))
	}
	settings := []string{
		"ATTACH ':memory:' AS awsdatacatalog",
		"CREATE SCHEMA IF NOT EXISTS awsdatacatalog." + ident(database),
		"SET search_path = " + literal("awsdatacatalog."+ident(database)+",awsdatacatalog.main"),
		"SET TimeZone = 'UTC'",
		"SET memory_limit = " + literal(selectMemory),
		fmt.Sprintf("SET threads = %d", selectThreads),
		"SET temp_directory = ''",
		"SET max_expression_depth = " + fmt.Sprint(maxExpression),
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allowed_directories = [" + strings.Join(folders, ", ") + "]",
		"SET enable_external_access = false",
	}
	for _, q := range settings {
		if err := s.exec(ctx, q); err != nil {
			return err
		}
	}
	if err := trino.Register(s.conn, s.registered, "trino_fail()"); err != nil { // for scans
		return err
	}
	if err := duckdb.RegisterScalarUDF(s.conn, "hive_json", hiveJSON{&s.functions}); err != nil {
		return err
	}
	if err := duckdb.RegisterTableUDF(s.conn, "hive_lines", hiveLines(&s.functions)); err != nil {
		return err
	}
	return duckdb.RegisterScalarUDF(s.conn, "hive_text", hiveText{&s.functions})
}

// lock makes every setting final, for the statement of a stranger that follows.
func (s *session) lock(ctx context.Context) error {
	return s.exec(ctx, "SET lock_configuration = true")
}

func (s *session) exec(ctx context.Context, query string) error {
	_, err := s.conn.ExecContext(ctx, query)
	return err
}

// text runs a query that answers one string.
func (s *session) text(ctx context.Context, query string, args ...any) (string, error) {
	var answer string
	err := s.conn.QueryRowContext(ctx, query, args...).Scan(&answer)
	return answer, err
}

// columns returns the names of a query's columns.
func (s *session) columns(ctx context.Context, query string) (names []string, err error) {
	rows, err := s.conn.QueryContext(ctx, query+" LIMIT 0")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return rows.Columns()
}

// hiveJSON is hive_json(line, n, file): the row that the line is, by folder n.
type hiveJSON struct{ f *functions }

// Config describes the function to DuckDB.
func (h hiveJSON) Config() duckdb.ScalarFuncConfig {
	c := scalarConfig(textType(), textType())
	c.InputTypeInfos = append(c.InputTypeInfos, c.InputTypeInfos[1])
	return c
}

// Executor runs the function, on several threads at once.
func (h hiveJSON) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(args []driver.Value) (any, error) {
		folder, line := h.f.folders[args[1].(int32)], []byte(args[0].(string))
		if !folder.lines {
			folded, err := folder.fold(line)
			return string(folded), err
		}
		row, err := folder.line(line, int(args[2].(int32)))
		return string(row), err
	}}
}

// hiveText is hive_text(line, n): the fields of the line, split by row n.
type hiveText struct{ f *functions }

// Config describes the function to DuckDB.
func (h hiveText) Config() duckdb.ScalarFuncConfig {
	list, err := duckdb.NewListInfo(textType())
	if err != nil {
		panic(err) // VARCHAR is a type
	}
	return scalarConfig(textType(), list)
}

// Executor runs the function, on several threads at once.
func (h hiveText) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(args []driver.Value) (any, error) {
		fields, err := h.f.rows[args[1].(int32)].fields(args[0].(string))
		list := make([]any, len(fields))
		for i, f := range fields {
			if f != nil {
				list[i] = *f
			}
		}
		return list, err
	}}
}

func textType() duckdb.TypeInfo {
	t, err := duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR)
	if err != nil {
		panic(err) // VARCHAR is a type
	}
	return t
}

func scalarConfig(argument, answer duckdb.TypeInfo) duckdb.ScalarFuncConfig {
	number, err := duckdb.NewTypeInfo(duckdb.TYPE_INTEGER)
	if err != nil {
		panic(err) // INTEGER is a type
	}
	return duckdb.ScalarFuncConfig{InputTypeInfos: []duckdb.TypeInfo{argument, number}, ResultTypeInfo: answer}
}

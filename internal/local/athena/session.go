//go:build cgo

package athena

import (
	"context"
	"database/sql"
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
	db    *sql.DB
	conn  *sql.Conn
	lines []*linesOf

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
	return s.registerLines()
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

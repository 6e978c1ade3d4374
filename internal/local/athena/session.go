//go:build cgo

package athena

import (
	"context"
	"errors"
	"fmt"

	"athenarefresh/internal/duck"
	"athenarefresh/internal/local/athena/trino"
)

// selectThreads and maxExpression bound one SELECT, and so does [duck.Memory]. Its
// planning takes as long as the cube of an expression's depth: 13 s for 300.
const (
	selectThreads = 2
	maxExpression = 200
)

// session is the DuckDB of one query.
type session struct {
	*duck.Session
	lines []*linesOf

	registered map[string]bool // functions of Trino's that are written in Go
}

// openSession starts a DuckDB that can open only files below bodies, and knows
// the database of the catalog in which names without one are looked up.
func openSession(ctx context.Context, bodies []string, database string) (*session, error) {
	d, err := duck.Open(ctx, selectThreads, bodies...)
	if err != nil {
		return nil, err
	}
	s := &session{Session: d, registered: map[string]bool{}}
	if err := s.prepare(ctx, database); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare DuckDB: %w", err), s.Close())
	}
	return s, nil
}

func (s *session) prepare(ctx context.Context, database string) error {
	if err := s.Do(ctx,
		"ATTACH ':memory:' AS awsdatacatalog",
		"CREATE SCHEMA IF NOT EXISTS awsdatacatalog."+duck.Ident(database),
		"SET search_path = "+duck.Literal("awsdatacatalog."+duck.Ident(database)+",awsdatacatalog.main"),
		"SET TimeZone = 'UTC'",
		fmt.Sprintf("SET max_expression_depth = %d", maxExpression),
	); err != nil {
		return err
	}
	if err := trino.Register(s.Conn, s.registered, "trino_fail()"); err != nil { // for scans
		return err
	}
	return s.registerLines()
}

// text runs a query that answers one string.
func (s *session) text(ctx context.Context, query string, args ...any) (string, error) {
	var answer string
	err := s.QueryRowContext(ctx, query, args...).Scan(&answer)
	return answer, err
}

// columns returns the names of a query's columns.
func (s *session) columns(ctx context.Context, query string) (names []string, err error) {
	rows, err := s.QueryContext(ctx, query+" LIMIT 0")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return rows.Columns()
}

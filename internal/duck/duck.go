//go:build cgo

package duck

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// Memory bounds what a session may take.
const Memory = "1GB"

// Session is a DuckDB of its caller's own: in memory, gone with it.
type Session struct {
	*sql.Conn
	db *sql.DB
}

// Open starts one that can open only files below folders, can't load extensions
// or spill to disk, and runs as many threads. What else its caller prepares comes
// before [Session.Lock].
func Open(ctx context.Context, threads int, folders ...string) (*Session, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("start DuckDB: %w", err)
	}
	s := &Session{db: sql.OpenDB(connector)}
	if s.Conn, err = s.db.Conn(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to DuckDB: %w", err), s.db.Close())
	}
	var quoted []string
	for _, dir := range folders {
		quoted = append(quoted, Literal(dir+string(filepath.Separator)))
	}
	if err := s.Do(ctx,
		"SET memory_limit = "+Literal(Memory),
		fmt.Sprintf("SET threads = %d", threads),
		"SET temp_directory = ''",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allowed_directories = ["+strings.Join(quoted, ", ")+"]",
		"SET enable_external_access = false",
	); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare DuckDB: %w", err), s.Close())
	}
	return s, nil
}

// Close ends the session.
func (s *Session) Close() error { return errors.Join(s.Conn.Close(), s.db.Close()) }

// Do runs statements until one fails.
func (s *Session) Do(ctx context.Context, statements ...string) error {
	for _, q := range statements {
		if _, err := s.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// Lock makes every setting final, for a stranger's files and statements.
func (s *Session) Lock(ctx context.Context) error {
	return s.Do(ctx, "SET lock_configuration = true")
}

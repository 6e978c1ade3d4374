//go:build cgo

package athena

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"athenarefresh/internal/duck"
	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/athena/trino"
	"athenarefresh/internal/local/glue"
)

// selection is one SELECT on its way.
type selection struct {
	*Engine
	*session
	caller    caller
	query     string // without EXPLAIN
	rewritten string // the query as DuckDB runs it
	explain   string // "", or EXPLAIN [ANALYZE]
	database  string
	tree      node
	outputs   []trino.Column     // the result's columns
	tables    map[string]*source // by database, NUL and name
	uris      map[string]string  // of the files that DuckDB reads, by path
	out       result
	toRead    int64 // bytes of the files, unpacked, and fileBytes for each
}

// runSelect runs a query in a DuckDB of its own.
func (e *Engine) runSelect(ctx context.Context, x *execution) (out *result, err error) {
	q := e.newSelection(x.QueryExecutionContext.Database)
	q.caller = x.caller
	query, err := blankComments(x.Query)
	if err != nil {
		return nil, err
	}
	query = strings.TrimRight(query, "; \t\r\n")
	q.explain = explaining.FindString(query)
	q.query = query[len(q.explain):]
	q.session, err = openSession(ctx, e.bodies, q.database)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, q.session.Close()) }() // the Engine has a Close too
	if err := q.run(ctx); err != nil {
		return nil, q.failure(ctx, err)
	}
	return &q.out, nil
}

// bytesASecond is what a SELECT may take a second more for; to open a file takes
// as long as to read fileBytes.
const (
	bytesASecond = 1 << 20
	fileBytes    = 1 << 10
)

// timed runs the query within its time. What DuckDB plans nothing stops, but
// that is bounded (trino.Translate).
func (q *selection) timed(ctx context.Context) error {
	limit := q.limit + time.Duration(q.toRead/bytesASecond)*time.Second
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := q.answer(timed)
	if changed := q.unchanged(); changed != nil && ctx.Err() == nil {
		return changed
	}
	if err != nil && timed.Err() != nil && ctx.Err() == nil {
		return userFailure(typeLimit, "EXCEEDED_TIME_LIMIT: The local stack ends a SELECT after %v when its files have %d bytes: "+
			"ask for fewer partitions, or look for a join without a condition", limit, q.toRead)
	}
	return err
}

// unchanged fails if a file that was read is another by now.
func (q *selection) unchanged() error {
	for _, s := range q.tables {
		for i := range s.files {
			if err := s.files[i].unchanged(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) newSelection(database string) *selection {
	return &selection{Engine: e, database: cmp.Or(database, "default"), tables: map[string]*source{}, uris: map[string]string{}}
}

// explaining is what a query begins with if its plan is asked for.
var explaining = regexp.MustCompile(`^[ \t\r\n]*(?i:EXPLAIN[ \t\r\n]+(?:ANALYZE[ \t\r\n]+)?)`)

func (q *selection) run(ctx context.Context) error {
	if err := q.translate(ctx); err != nil {
		return err
	}
	if err := trino.Register(q.Conn, q.registered, q.rewritten); err != nil {
		return err
	}
	places(q.tree, q.keysOf, func(ref tableRef, conditions []condition) {
		if s := q.source(ref); s != nil && !strings.HasSuffix(ref.table, partitionsSuffix) {
			s.places = append(s.places, conditions)
		}
	})
	for _, key := range slices.Sorted(maps.Keys(q.tables)) {
		if err := q.define(ctx, q.tables[key]); err != nil {
			return err
		}
	}
	if err := q.Lock(ctx); err != nil {
		return err
	}
	return q.timed(ctx)
}

// translate writes the query in DuckDB's words, with Trino's types, and finds
// its tables in the catalog.
func (q *selection) translate(ctx context.Context) error {
	prepared, err := trino.Prepare(q.query)
	if err != nil {
		return q.translated(err)
	}
	written, err := q.parse(ctx, prepared.SQL, prepared.At)
	if err != nil {
		return err
	}
	out, err := trino.Translate(prepared, written, q.lookup, q.now())
	if err != nil {
		return q.translated(err)
	}
	q.rewritten, q.outputs = out.SQL, out.Columns
	q.tree, err = q.parse(ctx, q.rewritten, nil)
	return err
}

// parse reads a query's syntax tree; at says where a place in it comes from.
func (q *selection) parse(ctx context.Context, query string, at func(int) int) (node, error) {
	serialized, err := q.text(ctx, "SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR)) AS VARCHAR)", query)
	if err != nil {
		return nil, fmt.Errorf("parse the query: %w", err)
	}
	return parseTree(q.query, []byte(serialized), at)
}

// translated is a failure of the translation, with its place.
func (q *selection) translated(err error) error {
	var e *trino.Error
	if !errors.As(err, &e) {
		return err
	}
	where := ""
	if e.At >= 0 {
		where = linePosition(q.query, e.At) + ": "
	}
	return userFailure(failureKind(e.Code), "%s: %s%s", e.Code, where, e.Message)
}

// lookup finds a table of the query in the catalog, and its columns.
func (q *selection) lookup(catalog, database, table string, at int) (*trino.Table, error) {
	ref := tableRef{catalog, database, table}
	if ref.database == "" {
		ref.database = q.database
	}
	if err := q.resolve(ref, at); err != nil {
		return nil, err
	}
	s := q.source(ref)
	out := &trino.Table{SQL: duck.Ident(ref.database) + "." + duck.Ident(table), Database: ref.database}
	columns := s.keys
	if !strings.HasSuffix(table, partitionsSuffix) {
		columns = slices.Concat(s.columns, s.keys)
		out.Columns = append(out.Columns, trino.Column{Name: "$path", Type: trinoType(hiveql.Type{Name: "string"}), Hidden: true})
	}
	for _, c := range columns {
		out.Columns = append(out.Columns, trino.Column{Name: c.Name, Type: trinoType(c.Type)})
	}
	return out, nil
}

func (q *selection) keysOf(ref tableRef) map[string]string {
	if s := q.source(ref); s != nil && !strings.HasSuffix(ref.table, partitionsSuffix) {
		return s.keyTypes()
	}
	return nil
}

// partitionsSuffix makes a table's name that of the list of its partitions.
const partitionsSuffix = "$partitions"

// source returns a table that was resolved, or nil: a name without a database is
// a WITH query's.
func (q *selection) source(ref tableRef) *source {
	return q.tables[ref.database+"\x00"+strings.TrimSuffix(ref.table, partitionsSuffix)]
}

func (q *selection) resolve(ref tableRef, at int) error {
	where := linePosition(q.query, at)
	if ref.catalog != "" && ref.catalog != "awsdatacatalog" {
		return userFailure(typeEntityNotFound, "CATALOG_NOT_FOUND: %s: Catalog '%s' does not exist", where, ref.catalog)
	}
	name, asList := strings.CutSuffix(ref.table, partitionsSuffix)
	s := q.source(ref)
	if s == nil {
		t, err := q.Catalog.Table(ref.database, name)
		if glue.Is(err, glue.CodeNotFound) {
			return q.missing(ref, where)
		}
		if err != nil {
			return err
		}
		if err := q.caller.mayRead(t); err != nil {
			return err
		}
		if s, err = newSource(t); err != nil {
			return err
		}
		q.tables[ref.database+"\x00"+name] = s
	}
	if asList && len(s.keys) == 0 {
		return q.missing(ref, where)
	}
	s.asList, s.asTable = s.asList || asList, s.asTable || !asList
	return nil
}

// missing says whether the database or only the table doesn't exist.
func (q *selection) missing(ref tableRef, where string) error {
	if _, err := q.Catalog.Database(ref.database); glue.Is(err, glue.CodeNotFound) {
		return userFailure(typeEntityNotFound, "SCHEMA_NOT_FOUND: %s: Schema '%s' does not exist", where, ref.database)
	}
	return userFailure(typeTableNotFound, "TABLE_NOT_FOUND: %s: Table 'awsdatacatalog.%s.%s' does not exist", where, ref.database, ref.table)
}

// define makes the views of a table.
func (q *selection) define(ctx context.Context, s *source) error {
	t := s.table
	if err := q.Do(ctx, "CREATE SCHEMA IF NOT EXISTS awsdatacatalog."+duck.Ident(t.DatabaseName)); err != nil {
		return err
	}
	parts, err := q.partitions(ctx, s)
	if err != nil {
		return err
	}
	if s.asList {
		list := "SELECT " + typedKeys(s.keys) + " FROM " + s.temporary
		if err := q.view(ctx, t.DatabaseName, t.Name+partitionsSuffix, list); err != nil {
			return err
		}
	}
	if !s.asTable {
		return nil
	}
	if err := s.list(ctx, readable{q.Objects, q.caller}, parts); err != nil {
		return err
	}
	q.count(s.files)
	sql, err := s.sql(ctx, q.session)
	if err != nil {
		return err
	}
	return q.view(ctx, t.DatabaseName, t.Name, sql)
}

// count adds the files to what is scanned, each once.
func (q *selection) count(files []scanFile) {
	for i := range files {
		f := &files[i]
		if q.uris[f.path] == "" {
			q.uris[f.path] = f.uri
			q.out.scanned += f.size
			q.toRead += f.unpacked() + fileBytes
		}
	}
}

func (q *selection) view(ctx context.Context, database, name, sql string) error {
	return q.Do(ctx, fmt.Sprintf("CREATE VIEW awsdatacatalog.%s.%s AS %s", duck.Ident(database), duck.Ident(name), sql))
}

// partitions returns what is to be read of a table: those of its partitions
// that the query's conditions leave, or the table itself if it has no keys.
func (q *selection) partitions(ctx context.Context, s *source) ([]*scanPartition, error) {
	if len(s.keys) == 0 {
		f, err := formatOf(s.table, s.table.StorageDescriptor)
		return []*scanPartition{{location: s.table.Location(), format: f}}, err // its columns are the table's
	}
	keep, err := q.prune(ctx, s)
	if err != nil || !s.asTable {
		return nil, err
	}
	var parts []*scanPartition
	schemas := partitionSchemas{s, map[string]*partitionColumns{}}
	for p, err := range q.Catalog.Partitions(s.table.DatabaseName, s.table.Name, keep) {
		if err != nil {
			return nil, err
		}
		f, err := formatOf(s.table, p.StorageDescriptor)
		if err != nil {
			return nil, err
		}
		columns, err := schemas.of(p, f)
		if err != nil {
			return nil, err
		}
		parts = append(parts, &scanPartition{p.Values, p.Location(), f, columns})
	}
	return parts, nil
}

// failure puts an error of DuckDB's into Athena's words.
func (q *selection) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var f *failure
	var e *duckdb.Error
	if errors.As(err, &f) || !errors.As(err, &e) {
		return err
	}
	return duckFailure(q, e)
}

//go:build cgo

package infer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"athenarefresh/internal/duck"
	"athenarefresh/internal/schema/sample"
)

// Available returns nil where schemas can be inferred in this build, and else
// says how to get one in which they can.
func Available() error { return nil }

// session is one inference's.
type session struct {
	*duck.Session
	files []sample.File // that are looked at
	notes notes
	known Known
}

// Files infers the schema of a sample's files, all of one format.
func Files(ctx context.Context, taken *sample.Sample, known Known) (_ *Schema, err error) {
	s, err := open(ctx, taken.Dir)
	if err != nil {
		return nil, err
	}
	s.known = known
	defer func() { err = errors.Join(err, s.Close()) }()
	format, err := s.formatOf(taken.Files)
	if err != nil {
		return nil, err
	}
	var out *Schema
	switch format {
	case JSON:
		out, err = s.json(ctx)
	case CloudTrail:
		out, err = s.cloudTrail(ctx)
	case Parquet:
		out, err = s.parquet(ctx)
	default:
		out, err = s.csv(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := s.count(ctx, format, out); err != nil {
		return nil, err
	}
	out.Format, out.Notes = format, s.notes
	return out, nil
}

// open starts a DuckDB that can read only files below dir. One thread, so that
// columns come in the files' order.
func open(ctx context.Context, dir string) (*session, error) {
	s, err := duck.Open(ctx, 1, dir)
	if err != nil {
		return nil, err
	}
	if err := s.Lock(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare DuckDB: %w", err), s.Close())
	}
	return &session{Session: s}, nil
}

// formatOf is the format of the files, by how they begin. What begins like no
// format is taken for CSV; beside files that do, it is left out.
func (s *session) formatOf(files []sample.File) (Format, error) {
	by := map[Format][]sample.File{}
	for _, f := range files {
		one, err := formatOfText(f.Text)
		if err != nil {
			return "", fmt.Errorf("%s: %w", f.Name, err)
		}
		by[one] = append(by[one], f)
	}
	if len(by) > 1 {
		for _, f := range by[CSV] {
			s.notes.add("%s was left out: it is no file as the others", f.Name)
		}
		delete(by, CSV)
	}
	formats := slices.Sorted(maps.Keys(by))
	switch len(formats) {
	case 0:
		return "", errors.New("there is no file to look at")
	case 1:
		s.files = by[formats[0]]
		return formats[0], nil
	}
	return "", fmt.Errorf("the files are of several formats, %s is %s, %s is %s: name a folder that has one",
		by[formats[0]][0].Name, formats[0], by[formats[1]][0].Name, formats[1])
}

func formatOfText(whole string) (Format, error) {
	head := whole[:min(len(whole), 4096)]
	text := strings.TrimLeft(head, " \t\r\n")
	switch {
	case strings.HasPrefix(text, "PAR1"):
		return Parquet, nil
	case trailDocument(head):
		return CloudTrail, nil
	case strings.HasPrefix(text, "{"):
		return JSON, nil
	case jsonList(text):
		return "", errors.New("the files are JSON lists: Athena reads one object a line")
	case strings.HasPrefix(text, "ORC"), strings.HasPrefix(text, "Obj\x01"), strings.ContainsRune(text, 0):
		return "", errors.New("the files are none of JSON, CSV, Parquet: write the schema down (--schema FILE)")
	}
	return CSV, nil
}

// maxObject bounds a JSON document; a sample's files are not larger.
const maxObject = 64 << 20

// structure is that of the JSON values of the files.
func (s *session) structure(ctx context.Context, format string) (*structure, error) {
	var text string
	err := s.QueryRowContext(ctx, fmt.Sprintf(
		"SELECT CAST(json_group_structure(json) AS VARCHAR) FROM read_json_objects(%s, format = '%s', maximum_object_size = %d)",
		s.paths(), format, maxObject)).Scan(&text)
	if err != nil {
		return nil, err
	}
	return parseStructure(text)
}

func (s *session) json(ctx context.Context) (*Schema, error) {
	if err := s.oneALine(); err != nil {
		return nil, err
	}
	top, err := s.structure(ctx, "newline_delimited")
	if err != nil {
		return nil, fmt.Errorf("read the sample as JSON, one object a line: %w", err)
	}
	if top.Kind != '{' {
		return nil, errors.New("not every line of the sample is a JSON object")
	}
	return &Schema{Columns: fold(top.columns(&s.notes), plainName, &s.notes)}, nil
}

func (s *session) cloudTrail(ctx context.Context) (*Schema, error) {
	top, err := s.structure(ctx, "unstructured")
	if err != nil {
		return nil, fmt.Errorf("read the sample as CloudTrail's documents: %w", err)
	}
	records, err := top.recordsOf()
	if err != nil {
		return nil, err
	}
	return &Schema{Columns: fold(records.columns(new(notes)), strings.ToLower, &s.notes)}, nil
}

// paths are the files, as a list of DuckDB's.
func (s *session) paths() string {
	var quoted []string
	for _, f := range s.files {
		quoted = append(quoted, duck.Literal(f.Path))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

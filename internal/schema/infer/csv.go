//go:build cgo

package infer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/duck"
	"athenarefresh/internal/schema/sample"
)

// csv looks at each file by itself: what one doesn't show, another may.
func (s *session) csv(ctx context.Context) (*Schema, error) {
	head, err := s.uncomment()
	if err != nil {
		return nil, err
	}
	var out *Schema
	several := s.several()
	for _, f := range several {
		one, err := s.sniff(ctx, f, head)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = one
			continue
		}
		if err := out.join(one); err != nil {
			return nil, err
		}
		called := func(a, b Column) bool { return a.Name == b.Name }
		if !slices.EqualFunc(out.Columns, one.Columns, called) {
			s.notes.add("%s calls its columns otherwise than %s does, or has them in another order: Athena finds them by their places, whatever they are called", f.Name, several[0].Name)
		}
	}
	if len(out.Columns) < 2 {
		return nil, errText
	}
	if out.Header {
		s.notes.add("the first line of each file is taken for the names of the columns, and not read")
	}
	if out.Comments = len(head); out.Comments > 0 {
		s.notes.add("the lines at the beginning of each file that begin with #, %d of them, are not read", out.Comments)
	}
	if err := s.broken(ctx, out); err != nil {
		return nil, err
	}
	if out.Quote != "" {
		s.notes.add("all columns are strings: fields are quoted, and the SerDe for those reads an empty field as no number")
		for i := range out.Columns {
			out.Columns[i].Type = stringType
		}
	}
	return out, nil
}

// several are the files that have more than a line: of one line nobody can say
// whether it is a header.
func (s *session) several() []sample.File {
	more := slices.DeleteFunc(slices.Clone(s.files), func(f sample.File) bool { return !strings.Contains(strings.TrimSpace(f.Text), "\n") })
	if len(more) == 0 {
		return s.files
	}
	return more
}

// join makes of two files' shapes one that holds both.
func (out *Schema) join(one *Schema) error {
	if !out.Header && !one.Header && (out.Delimiter != one.Delimiter || len(out.Columns) != len(one.Columns)) {
		return errText
	}
	if out.Delimiter != one.Delimiter || out.Header != one.Header || len(out.Columns) != len(one.Columns) {
		return errors.New("the files are no CSV of one shape: they differ in delimiter, header or number of columns")
	}
	if out.Quote == "" {
		out.Quote, out.Escape = one.Quote, one.Escape
	}
	for i := range out.Columns {
		out.Columns[i].Type = wider(out.Columns[i].Type, one.Columns[i].Type)
	}
	return nil
}

// uncomment shows DuckDB the files without the lines of comment at their
// beginning, and returns those: Athena skips a number of lines, whatever they are.
func (s *session) uncomment() (head []string, err error) {
	for i, f := range s.files {
		lines := strings.SplitAfter(f.Text, "\n")
		n := 0
		for n < len(lines) && strings.HasPrefix(lines[n], "#") {
			n++
		}
		if i > 0 && n != len(head) {
			return nil, fmt.Errorf("the files begin with different numbers of lines of comment, %s with %d, %s with %d: Athena skips one number of lines", s.files[0].Name, len(head), f.Name, n)
		}
		if head = lines[:n]; n == 0 {
			continue
		}
		if more := slices.IndexFunc(lines[n:], func(l string) bool { return strings.HasPrefix(l, "#") }); more >= 0 {
			s.notes.add("%s has lines of comment further down, the first is line %d: Athena reads them as rows", f.Name, n+more+1)
		}
		if err := s.instead(i, strings.Join(lines[n:], "")); err != nil {
			return nil, err
		}
	}
	return head, nil
}

// fieldNames are the columns' names where the lines of comment have them, in the
// line #Fields of W3C's logs, and the delimiter that makes as many of a line.
func fieldNames(head []string, line string) (names []string, delimiter string) {
	for _, l := range head {
		if fields, ok := strings.CutPrefix(l, "#Fields:"); ok {
			names = strings.Fields(fields)
		}
	}
	for _, d := range []string{"\t", " ", ",", ";"} {
		if len(names) > 1 && strings.Count(line, d)+1 == len(names) {
			return names, d
		}
	}
	return nil, ""
}

// sniff is the shape of one file; head is what stood in front of it.
func (s *session) sniff(ctx context.Context, f sample.File, head []string) (*Schema, error) {
	first, _, _ := strings.Cut(f.Text, "\n")
	names, delimiter := fieldNames(head, first)
	given := ""
	switch {
	case names != nil:
		given = ", delim = " + duck.Literal(delimiter) + ", header = false"
	case s.known.Delimiter != "":
		given = fmt.Sprintf(", delim = %s, header = %t", duck.Literal(s.known.Delimiter), s.known.Header)
	}
	var quote, escape string
	var columns any
	out := &Schema{}
	err := s.QueryRowContext(ctx, "SELECT Delimiter, Quote, Escape, HasHeader, Columns FROM sniff_csv("+duck.Literal(f.Path)+", sample_size = -1"+given+")").
		Scan(&out.Delimiter, &quote, &escape, &out.Header, &columns)
	if err != nil {
		return nil, fmt.Errorf("%w (read as CSV: %v)", errText, err)
	}
	if quote != "(empty)" && quote != "" && strings.Contains(f.Text, quote) {
		out.Quote, out.Escape = quote, `\`
		if escape != "(empty)" && escape != "" {
			out.Escape = escape
		}
	}
	list, _ := columns.([]any)
	out.Columns = s.named(list, names, out.Header)
	return out, nil
}

// named are the columns that DuckDB found, by the given names, or by those of the
// header, or by their number.
func (s *session) named(found []any, names []string, header bool) (columns []Column) {
	seen := map[string]int{}
	for i, c := range found {
		entry, _ := c.(map[string]any)
		in, _ := entry["name"].(string)
		duck, _ := entry["type"].(string)
		switch {
		case len(names) == len(found):
			in = names[i]
		case !header:
			in = fmt.Sprintf("c%d", i+1)
		}
		name := plainName(in)
		if seen[name]++; seen[name] > 1 {
			s.notes.add("column %d is called %s_%d: the header has %q before", i+1, name, seen[name], name)
			name = fmt.Sprintf("%s_%d", name, seen[name])
		}
		columns = append(columns, Column{Name: name, In: in, Type: ofText(duck)})
	}
	return columns
}

// fields is the files' records as DuckDB reads them, every field a text in the
// column of its place.
func (s *session) fields(out *Schema) string {
	columns := make([]string, len(out.Columns))
	for i := range columns {
		columns[i] = duck.Literal(place(i)) + ": 'VARCHAR'"
	}
	return fmt.Sprintf("read_csv(%s, columns = {%s}, delim = %s, quote = %s, escape = %s, header = %t, auto_detect = false, null_padding = true, strict_mode = false, parallel = false)",
		s.paths(), strings.Join(columns, ", "), duck.Literal(out.Delimiter), duck.Literal(out.Quote), duck.Literal(strings.Trim(out.Escape, `\`)), out.Header)
}

func place(i int) string { return fmt.Sprintf("c%d", i) }

// broken counts the records that have a line break in a field: a SerDe is handed
// one line after the other.
func (s *session) broken(ctx context.Context, out *Schema) error {
	if out.Quote == "" {
		return nil
	}
	var n int64
	err := s.QueryRowContext(ctx, "SELECT count(*) FROM "+s.fields(out)+" AS r WHERE contains(CAST(r AS VARCHAR), chr(10))").Scan(&n)
	if err != nil {
		return fmt.Errorf("count the records of the sample: %w", err)
	}
	if n > 0 {
		s.notes.add("%d of the records have a line break in a quoted field: Athena reads a line at a time, and breaks each of them into several rows", n)
	}
	return nil
}

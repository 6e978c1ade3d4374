//go:build cgo

package infer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"athenarefresh/internal/schema/sample"
)

// jsonList says whether a file that begins so is a list: a line of a log may
// begin with a bracket too.
func jsonList(head string) bool {
	inner, ok := strings.CutPrefix(head, "[")
	inner = strings.TrimLeft(inner, " \t\r\n")
	return ok && (inner == "" || strings.ContainsAny(inner[:1], `{"[]`))
}

// oneALine sees that every line of the files is one JSON object, as Athena reads
// them. Of lines with several its SerDe reads the first: DuckDB is shown all of
// them, one a line, and people are told.
func (s *session) oneALine() error {
	for i, f := range s.files {
		var all []byte
		lines, objects := 0, 0
		for n, line := range bytes.Split([]byte(f.Text), []byte("\n")) {
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			found, err := objectsOf(line)
			if err != nil {
				return fmt.Errorf("%s, line %d: %w: Athena reads one object a line", f.Name, n+1, err)
			}
			for _, o := range found {
				all = append(append(all, o...), '\n')
			}
			lines, objects = lines+1, objects+len(found)
		}
		if objects == lines {
			continue
		}
		s.notes.add("%s has several objects on a line: of its %d objects Athena reads %d, the first of each line", f.Name, objects, lines)
		if err := s.instead(i, string(all)); err != nil {
			return err
		}
	}
	return nil
}

// instead has DuckDB look at another text instead of a file: beside it, under a name
// that no engine reads.
func (s *session) instead(i int, text string) error {
	dir, base := filepath.Split(s.files[i].Path)
	s.files[i] = sample.File{Path: filepath.Join(dir, "_"+base), Name: s.files[i].Name, Text: text}
	return os.WriteFile(s.files[i].Path, []byte(text), 0o600)
}

// objectsOf are the JSON objects of a line.
func objectsOf(line []byte) (found []json.RawMessage, err error) {
	if line[0] == '{' && json.Valid(line) {
		return []json.RawMessage{line}, nil
	}
	d := json.NewDecoder(bytes.NewReader(line))
	for d.More() {
		var one json.RawMessage
		if err := d.Decode(&one); err != nil {
			return nil, fmt.Errorf("it is no JSON object (%w)", err)
		}
		if one[0] != '{' {
			return nil, fmt.Errorf("it is no JSON object")
		}
		found = append(found, one)
	}
	return found, nil
}

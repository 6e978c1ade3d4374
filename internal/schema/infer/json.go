package infer

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"athenarefresh/internal/schema"
)

// structure is what DuckDB's json_group_structure says of values: the name of a
// type, a list with that of its elements, or an object.
type structure schema.Tree

func parseStructure(text string) (*structure, error) {
	t, err := schema.ReadTree(json.NewDecoder(strings.NewReader(text)), math.MaxInt)
	if err != nil {
		return nil, fmt.Errorf("read the structure of the sample: %w", err)
	}
	return (*structure)(t), nil
}

// columns are the members of an object as columns.
func (s *structure) columns(n *notes) (list []Column) {
	for i, name := range s.Names {
		list = append(list, Column{In: name, Type: s.member(i).hive(name, n)})
	}
	return list
}

// recordsOf is the structure of the elements of Records, if the documents have
// nothing else.
func (s *structure) recordsOf() (*structure, error) {
	if slices.Equal(s.Names, []string{"Records"}) && s.Members[0].Kind == '[' {
		if records := (*structure)(s.Members[0]).member(0); records.Kind == '{' {
			return records, nil
		}
	}
	return nil, errors.New(`the files begin as CloudTrail's do, but are not all {"Records": [{…}]}`)
}

func (s *structure) member(i int) *structure { return (*structure)(s.Members[i]) }

// trailDocument says whether a file is one document as CloudTrail writes it.
func trailDocument(text string) bool {
	for _, token := range []string{"{", `"Records"`, ":", "["} {
		rest, ok := strings.CutPrefix(strings.TrimLeft(text, " \t\r\n"), token)
		if !ok {
			return false
		}
		text = rest
	}
	return true
}

// Package infer finds out the schema of a table, wherever somebody says that it comes
// from ([Origin]): above all that of a sample of files, their format, their columns and
// Hive's types of them, and what of that is a guess.
//
// It reads local files only, with DuckDB (where cgo is: [Available]), in a
// session that can read nothing but the sample's folder.
package infer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/hiveql"
)

// Format is what a sample's files are.
type Format string

// The formats that are recognised.
const (
	JSON       Format = "json"       // one object a line
	CloudTrail Format = "cloudtrail" // documents {"Records": […]}; the columns are those of the records
	Parquet    Format = "parquet"
	CSV        Format = "csv"
)

// errText is that files are text in which no fields are told apart.
var errText = errors.New("the files are none of JSON, CSV, Parquet: write the schema down (--schema FILE)")

// Column is a column of the files.
type Column struct {
	Name   string      // as Hive has it: lower case
	In     string      // as the files have it
	Type   hiveql.Type // string where nothing better is sure
	Values int64       // how many rows have one that is not empty; -1 where that was not counted
}

// Schema is what a sample looks like.
type Schema struct {
	Format  Format
	Columns []Column
	Rows    int64    // of the files, by their format: what a table of them should read
	Notes   []string // for people: what was decided and why; files by their paths

	// Of CSV.
	Delimiter string
	Quote     string // "" if no field is quoted: columns may have types
	Escape    string
	Comments  int  // lines that begin with # at the beginning of each file
	Header    bool // the line after those has the columns' names
}

// Known is what is known of files before anybody looks at them.
type Known struct {
	Delimiter string // of fields of text, "" where it isn't known
	Header    bool   // if the delimiter is known: the first line has the names
}

// notes collects what is said of columns; each is said once.
type notes []string

func (n *notes) add(format string, args ...any) {
	if note := fmt.Sprintf(format, args...); !slices.Contains(*n, note) {
		*n = append(*n, note)
	}
}

// plainName is a name that needs no back-quotes for its characters: others than
// a-z, 0-9 and _ become _. cs(User-Agent), of W3C's logs, is cs_user_agent.
func plainName(name string) string {
	name = strings.TrimSuffix(name, ")")
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, strings.ToLower(name))
	if plain == "" {
		return "_"
	}
	return plain
}

// fold gives columns Hive's names, which are the same in upper and lower case.
// What is one then, is one column, a string if the types differ.
func fold(in []Column, rename func(string) string, n *notes) (out []Column) {
	at := map[string]int{}
	for _, c := range in {
		c.Name = rename(c.In)
		i, twice := at[c.Name]
		if !twice {
			at[c.Name] = len(out)
			out = append(out, c)
			continue
		}
		out[i].Values = -1
		n.add("%q and %q are one column for Hive, %s: a row that has both is read wrong or not at all", out[i].In, c.In, c.Name)
		if out[i].Type.String() != c.Type.String() {
			out[i].Type = stringType
		}
	}
	return out
}

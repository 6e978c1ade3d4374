package trino

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// Node is a node of DuckDB's syntax tree as json_serialize_sql writes it:
// objects with a "type" (and expressions with a "class" too).
type Node = map[string]any

// Error is why a query can't be run, in Trino's words.
type Error struct {
	Code    string // "SYNTAX_ERROR", "FUNCTION_NOT_FOUND", …
	At      int    // where in the query, -1: nowhere
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func errorAt(code string, at int, format string, args ...any) error {
	return &Error{code, at, fmt.Sprintf(format, args...)}
}

// mistake is the panic that ends an analysis, or a function, where it found what is
// wrong; caught makes it an error again. A panic of another kind is a fault of ours.
type mistake struct{ error }

func caught(err *error) {
	switch p := recover().(type) {
	case nil:
	case mistake:
		*err = p.error
	default:
		panic(p)
	}
}

// try is the mistake that f ends with, or nil.
func try(f func()) (err error) {
	defer caught(&err)
	f()
	return nil
}

func str(n Node, member string) string {
	s, _ := n[member].(string)
	return s
}

func child(n Node, member string) Node {
	c, _ := n[member].(Node)
	return c
}

func children(n Node, member string) []Node { return list[Node](n, member) }

func texts(n Node, member string) []string { return list[string](n, member) }

func list[T any](n Node, member string) []T {
	values, _ := n[member].([]any)
	var all []T
	for _, v := range values {
		if v, ok := v.(T); ok {
			all = append(all, v)
		}
	}
	return all
}

// place is a node's byte offset in what DuckDB parsed.
func place(n Node) int {
	number, _ := n["query_location"].(json.Number)
	i, err := number.Int64()
	if err != nil {
		return -1 // no place is written as 2^64-1
	}
	return int(i)
}

func lower(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}

// maxKept bounds what is kept: a text may come of a column.
const maxKept = 1000

// kept makes a function remember what it made of texts: a query gives it the same
// one with each row.
func kept[T any](f func(string) T) func(string) T {
	var mu sync.Mutex
	known := map[string]T{}
	return func(s string) T {
		mu.Lock()
		defer mu.Unlock()
		v, ok := known[s]
		if !ok {
			v = f(s)
			if len(known) >= maxKept {
				clear(known)
			}
			known[s] = v
		}
		return v
	}
}

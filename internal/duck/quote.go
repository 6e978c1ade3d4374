// Package duck starts a DuckDB that strangers can't get out of, who wrote what is in
// its files, and at times its statements.
package duck

import "strings"

// Ident quotes a name.
func Ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// Literal quotes a text. NUL can't stand in a statement.
func Literal(s string) string {
	if !strings.Contains(s, "\x00") {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	parts := strings.Split(s, "\x00")
	for i, p := range parts {
		parts[i] = Literal(p)
	}
	return "(" + strings.Join(parts, "||chr(0)||") + ")"
}

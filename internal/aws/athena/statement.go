package athena

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"athenarefresh/internal/refresh"
)

const (
	// maxStatement is the longest statement that Athena takes, in bytes of
	// UTF-8 (Athena user guide, service limits).
	maxStatement = 262_144
	// maxClauses keeps a statement of very short clauses within what Hive was
	// seen to take (4,500 and more) and within minutes of work.
	maxClauses = 5_000
)

// Statement writes the statement that adds parts to t, one line:
//
//	ALTER TABLE `db`.`t` ADD IF NOT EXISTS PARTITION (`dt`='2018-03-01-05') LOCATION 's3://b/t/2018/03/01/05/' PARTITION (…) LOCATION '…'
//
// It needs t's names and keys only; a key without a type counts as a string.
// What can't be written so that Hive reads back exactly the same is an error:
// a control character, "${" (Hive substitutes variables), a number that isn't
// in its shortest form (007 would be stored as 7).
func Statement(t refresh.Table, parts []refresh.Partition) (string, error) {
	b := new(strings.Builder)
	if err := writeHead(b, t); err != nil {
		return "", err
	}
	for _, p := range parts {
		c, err := clause(t.Keys, p)
		if err != nil {
			return "", err
		}
		b.WriteByte(' ')
		b.WriteString(c)
	}
	if b.Len() > maxStatement {
		return "", fmt.Errorf("statement for %s: %d bytes, Athena takes %d", t.ID.Name, b.Len(), maxStatement)
	}
	return b.String(), nil
}

// fits says how many of the first of parts, at least one, fit into a
// statement. A part that can't be written takes no room, it won't be.
func fits(t refresh.Table, parts []refresh.Partition) int {
	b := new(strings.Builder)
	if err := writeHead(b, t); err != nil {
		return 1
	}
	size := b.Len()
	for i, p := range parts[:min(len(parts), maxClauses)] {
		c, err := clause(t.Keys, p)
		if err != nil {
			continue
		}
		if size += 1 + len(c); size > maxStatement {
			return max(i, 1)
		}
	}
	return min(len(parts), maxClauses)
}

func writeHead(b *strings.Builder, t refresh.Table) error {
	db, err := identifier(t.ID.Database)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	name, err := identifier(t.ID.Name)
	if err != nil {
		return fmt.Errorf("table: %w", err)
	}
	b.WriteString("ALTER TABLE " + db + "." + name + " ADD IF NOT EXISTS")
	return nil
}

// clause writes PARTITION (`dt`='…', `n`=7) LOCATION '…'.
func clause(keys []refresh.Key, p refresh.Partition) (string, error) {
	if len(p.Values) != len(keys) || len(keys) == 0 {
		return "", fmt.Errorf("partition %q: the table has %d partition keys", p.Values, len(keys))
	}
	b := new(strings.Builder)
	for i, k := range keys {
		name, err := identifier(k.Name)
		if err != nil {
			return "", fmt.Errorf("partition key: %w", err)
		}
		v, err := value(k, p.Values[i])
		if err != nil {
			return "", fmt.Errorf("partition key %s: %w", k.Name, err)
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name + "=" + v)
	}
	loc, err := literal(p.Location)
	if err != nil {
		return "", fmt.Errorf("location: %w", err)
	}
	return "PARTITION (" + b.String() + ") LOCATION " + loc, nil
}

// identifier quotes a name. Nothing can stand for a back-quote inside one, so
// there must be none.
func identifier(name string) (string, error) {
	if name == "" || strings.ContainsRune(name, '`') || strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name) {
		return "", fmt.Errorf("%q can't be a name", name)
	}
	return "`" + name + "`", nil
}

// value writes a partition value for a key of the type: whole numbers bare,
// because Hive compares a quoted one by its text, and booleans, because text
// that isn't empty is true to Hive; everything else quoted. So are numbers below nought: Hive's grammar has no sign in a partition's value.
func value(k refresh.Key, v string) (string, error) {
	bits := k.Bits()
	switch {
	case k.Type == "boolean" && (v == "true" || v == "false"):
		return v, nil
	case bits == 0:
		return literal(v)
	}
	n, err := strconv.ParseInt(v, 10, bits)
	if err != nil || strconv.FormatInt(n, 10) != v {
		return "", fmt.Errorf("%q is not a %s as the catalog would store it", v, k.Type)
	}
	if n < 0 {
		return literal(v)
	}
	return v, nil
}

// literal writes a string by Hive's rules: a backslash makes the next
// character literal, and a quote is written \'. Doubling it, as in SQL, would
// lose it without a word. This is the last line of defence: what comes here
// was checked when it was read from the key.
func literal(s string) (string, error) {
	switch {
	case !utf8.ValidString(s):
		return "", fmt.Errorf("%q is not UTF-8", s)
	case strings.Contains(s, "${"):
		return "", fmt.Errorf("%q holds ${, which Hive may substitute", s)
	case strings.ContainsFunc(s, unicode.IsControl):
		return "", fmt.Errorf("%q holds a control character", s)
	}
	return "'" + escaper.Replace(s) + "'", nil
}

var escaper = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

//go:build cgo

package trino

import (
	"fmt"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// Text writes a value of DuckDB's as Athena's results do; nil is NULL. A
// timestamp has three digits there, whatever its precision.
func (t Type) Text(v any) *string {
	if v == nil {
		return nil
	}
	s := t.text(v)
	return &s
}

func (t Type) text(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	case []byte:
		return strings.TrimSpace(fmt.Sprintf("% x", v))
	case float64:
		return JavaFloat(v, 64)
	case float32:
		return JavaFloat(float64(v), 32)
	case duckdb.Decimal:
		return decimalText(v.Value, int(v.Scale))
	case time.Time:
		if t.Base == "date" {
			return v.UTC().Format("2006-01-02")
		}
		return roundTimestamp(v.UTC(), 3).Format("2006-01-02 15:04:05.000")
	case int64:
		switch t.Base {
		case zoned:
			return zonedText(v, 3)
		case "interval day to second":
			return daysText(v)
		}
	case int32:
		if t.Base == "interval year to month" {
			return monthsText(int64(v))
		}
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = t.Elems[0].text(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		return t.rowText(v)
	case duckdb.OrderedMap:
		keys, values := v.Keys(), v.Values()
		parts := make([]string, len(keys))
		for i := range keys {
			parts[i] = t.Elems[0].text(keys[i]) + "=" + t.Elems[1].text(values[i])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

func (t Type) rowText(v map[string]any) string {
	parts := make([]string, len(t.Elems))
	for i, e := range t.Elems {
		name := t.Fields[i]
		if name == "" {
			name = fmt.Sprint("field", i)
		}
		parts[i] = name + "=" + e.text(v[t.physical(i)])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

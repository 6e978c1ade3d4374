//go:build cgo

package athena

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// columnOf describes a result's column with Trino's names of types.
func columnOf(t typedResult) columnInfo {
	c := columnInfo{CatalogName: "hive", Name: t.name, Label: t.name, Type: trinoType(t.info), Nullable: "UNKNOWN"}
	switch c.Type {
	case "varchar":
		c.Precision, c.CaseSensitive = math.MaxInt32, true
	case "bigint":
		c.Precision = 19
	case "integer":
		c.Precision = 10
	case "double":
		c.Precision = 17
	case "decimal":
		if d, ok := t.info.Details().(*duckdb.DecimalDetails); ok {
			c.Precision, c.Scale = int(d.Width), int(d.Scale)
		}
	}
	return c
}

// trinoType names a DuckDB type as Athena does. HUGEINT, which sums of
// integers are, is Athena's bigint.
func trinoType(t duckdb.TypeInfo) string {
	switch t.InternalType() {
	case duckdb.TYPE_BOOLEAN:
		return "boolean"
	case duckdb.TYPE_TINYINT:
		return "tinyint"
	case duckdb.TYPE_SMALLINT, duckdb.TYPE_UTINYINT:
		return "smallint"
	case duckdb.TYPE_INTEGER, duckdb.TYPE_USMALLINT:
		return "integer"
	case duckdb.TYPE_BIGINT, duckdb.TYPE_UINTEGER, duckdb.TYPE_UBIGINT, duckdb.TYPE_HUGEINT:
		return "bigint"
	case duckdb.TYPE_FLOAT:
		return "float"
	case duckdb.TYPE_DOUBLE:
		return "double"
	case duckdb.TYPE_DECIMAL:
		return "decimal"
	case duckdb.TYPE_DATE:
		return "date"
	case duckdb.TYPE_TIME:
		return "time"
	case duckdb.TYPE_TIMESTAMP, duckdb.TYPE_TIMESTAMP_S, duckdb.TYPE_TIMESTAMP_MS, duckdb.TYPE_TIMESTAMP_NS:
		return "timestamp"
	case duckdb.TYPE_TIMESTAMP_TZ:
		return "timestamp with time zone"
	case duckdb.TYPE_BLOB:
		return "varbinary"
	case duckdb.TYPE_LIST, duckdb.TYPE_ARRAY:
		return "array"
	case duckdb.TYPE_MAP:
		return "map"
	case duckdb.TYPE_STRUCT:
		return "row"
	}
	return "varchar"
}

// valueText writes a value as Athena's results do; nil is NULL.
func valueText(t duckdb.TypeInfo, v any) *string {
	if v == nil {
		return nil
	}
	s := text(t, v)
	return &s
}

func text(t duckdb.TypeInfo, v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	case []byte:
		return strings.TrimSpace(fmt.Sprintf("% x", v))
	case float64:
		return javaFloat(v, 64)
	case float32:
		return javaFloat(float64(v), 32)
	case duckdb.Decimal:
		return decimalText(v)
	case time.Time:
		return timeText(t.InternalType(), v)
	case []any:
		return listText(t, v)
	case map[string]any:
		return structText(t, v)
	case duckdb.OrderedMap:
		return mapText(t, v)
	}
	return fmt.Sprint(v)
}

// javaFloat writes a number as Java's Double.toString does.
func javaFloat(f float64, bits int) string {
	abs := math.Abs(f)
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		return strings.TrimPrefix(strconv.FormatFloat(f, 'f', -1, bits), "+") + "inity"
	case f == 0 || abs >= 1e-3 && abs < 1e7:
		s := strconv.FormatFloat(f, 'f', -1, bits)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, bits), "E")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	sign := ""
	if exponent[0] == '-' {
		sign = "-"
	}
	return mantissa + "E" + sign + strings.TrimLeft(exponent, "+-0")
}

// decimalText writes all digits of the scale.
func decimalText(d duckdb.Decimal) string {
	digits := new(big.Int).Abs(d.Value).String()
	if missing := int(d.Scale) + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	sign := ""
	if d.Value.Sign() < 0 {
		sign = "-"
	}
	point := len(digits) - int(d.Scale)
	if d.Scale == 0 {
		return sign + digits
	}
	return sign + digits[:point] + "." + digits[point:]
}

func timeText(t duckdb.Type, v time.Time) string {
	v = v.UTC()
	switch t {
	case duckdb.TYPE_DATE:
		return v.Format("2006-01-02")
	case duckdb.TYPE_TIME:
		return v.Format("15:04:05.000")
	case duckdb.TYPE_TIMESTAMP_TZ:
		return v.Format("2006-01-02 15:04:05.000 UTC")
	}
	return v.Format("2006-01-02 15:04:05.000")
}

func listText(t duckdb.TypeInfo, list []any) string {
	var elem duckdb.TypeInfo
	switch d := t.Details().(type) {
	case *duckdb.ListDetails:
		elem = d.Child
	case *duckdb.ArrayDetails:
		elem = d.Child
	}
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = text(elem, v)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func structText(t duckdb.TypeInfo, m map[string]any) string {
	d, ok := t.Details().(*duckdb.StructDetails)
	if !ok {
		return fmt.Sprint(m)
	}
	parts := make([]string, len(d.Entries))
	for i, e := range d.Entries {
		parts[i] = e.Name() + "=" + text(e.Info(), m[e.Name()])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func mapText(t duckdb.TypeInfo, m duckdb.OrderedMap) string {
	d, ok := t.Details().(*duckdb.MapDetails)
	if !ok {
		return fmt.Sprint(m)
	}
	keys, values := m.Keys(), m.Values()
	parts := make([]string, len(keys))
	for i := range keys {
		parts[i] = text(d.Key, keys[i]) + "=" + text(d.Value, values[i])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

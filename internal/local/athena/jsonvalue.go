package athena

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"athenarefresh/internal/hiveql"
)

// What the JSON SerDes make of a value that isn't of the column's type, as Trino
// reads it. OpenX's takes numbers for texts, texts for numbers (5.7 is the
// int 5), any text for a boolean and a time in many forms; what it can't make a
// value of is NULL. Hive's own takes what is of the type, and fails.

// convert returns the JSON of a scalar, raw as it was written, as a value of a type.
func (f *rowFolder) convert(t *hiveql.Type, raw []byte) ([]byte, error) {
	isText := raw[0] == '"'
	text := string(raw)
	if isText {
		text = unquotedJSON(raw)
	}
	isBool := !isText && (text == "true" || text == "false")
	if f.strict && !fitsType(t.Name, isText, isBool, text) {
		return nil, fmt.Errorf("%s is no %s", raw, t.Name)
	}
	switch t.Name {
	case "tinyint", "smallint", "int", "bigint":
		return wholeNumber(t.Name, text), nil
	case "float", "double", "decimal":
		if isBool || math.IsNaN(parseNumber(text)) && text != "NaN" {
			return []byte("null"), nil
		}
		return quotedJSON(strings.TrimSpace(text)), nil
	case "boolean":
		return []byte(strconv.FormatBool(strings.EqualFold(text, "true"))), nil
	case "timestamp":
		return jsonTime(text)
	case "binary":
		return jsonBytes(text), nil
	case "string", "varchar", "char":
		if !isText {
			text = decimalNotation(text)
		}
		if t.Name == "varchar" && len(t.Sizes) > 0 {
			text = string([]rune(text)[:min(len([]rune(text)), t.Sizes[0])])
		}
		return quotedJSON(text), nil
	}
	return raw, nil
}

// fitsType says whether Hive's JsonSerDe takes a value.
func fitsType(name string, isText, isBool bool, text string) bool {
	switch name {
	case "tinyint", "smallint", "int", "bigint", "float", "double", "decimal":
		return !isText && !isBool
	case "boolean":
		return isBool
	case "timestamp", "date":
		_, err := time.Parse(map[string]string{"timestamp": time.DateTime, "date": time.DateOnly}[name], text)
		return isText && err == nil
	}
	return true
}

func quotedJSON(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return []byte("null") // a string always encodes
	}
	return b
}

// unquotedJSON is the text that a string of JSON stands for.
func unquotedJSON(raw []byte) string {
	if text := raw[1 : len(raw)-1]; bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
		return string(text)
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return "" // it is valid JSON
	}
	return text
}

func parseNumber(s string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

// wholeNumber cuts a fraction off; null is what the type doesn't hold.
func wholeNumber(typ, text string) []byte {
	bits := map[string]int{"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}[typ]
	if n, err := strconv.ParseInt(text, 10, bits); err == nil {
		return strconv.AppendInt(nil, n, 10)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok || len(text) > 100 || strings.ContainsAny(text, "/_xXpPbBoO") {
		return []byte("null")
	}
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if high := new(big.Int).Lsh(big.NewInt(1), uint(bits-1)); n.Cmp(high) >= 0 || n.Cmp(new(big.Int).Neg(high)) < 0 {
		return []byte("null")
	}
	return []byte(n.String())
}

var exponentNumber = regexp.MustCompile(`^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d+)$`)

// decimalNotation writes a number with an exponent as Java's BigDecimal does.
func decimalNotation(text string) string {
	m := exponentNumber.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	exponent, err := strconv.Atoi(m[4])
	digits := strings.TrimLeft(m[2]+m[3], "0")
	scale := len(m[3]) - exponent
	if err != nil || digits == "" {
		return text
	}
	adjusted := len(digits) - 1 - scale
	if scale >= 0 && adjusted >= -6 {
		if missing := scale + 1 - len(digits); missing > 0 {
			digits = strings.Repeat("0", missing) + digits
		}
		if point := len(digits) - scale; scale > 0 {
			return m[1] + digits[:point] + "." + digits[point:]
		}
		return m[1] + digits
	}
	out := m[1] + digits[:1]
	if len(digits) > 1 {
		out += "." + digits[1:]
	}
	return fmt.Sprintf("%sE%+d", out, adjusted)
}

var (
	epochNumber = regexp.MustCompile(`^-?\d+(\.\d+)?$`)
	timeText    = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))? ?(Z|[+-]\d{2}:?\d{2})?$`)
)

// jsonTime reads seconds or, of thirteen digits, milliseconds since 1970, and
// dates with a time; one with a zone is told in UTC.
func jsonTime(text string) ([]byte, error) {
	write := func(t time.Time) ([]byte, error) {
		if t.Year() < 1 || t.Year() > 9999 {
			return nil, fmt.Errorf("the local stack doesn't read the time %s, whose year is %d", text, t.Year())
		}
		return quotedJSON(t.UTC().Format("2006-01-02 15:04:05.000")), nil
	}
	if epochNumber.MatchString(text) {
		whole, _, isFraction := strings.Cut(strings.TrimPrefix(text, "-"), ".")
		f := parseNumber(text)
		if isFraction || len(whole) < 13 {
			f *= 1000
		}
		return write(time.UnixMilli(int64(f)))
	}
	m := timeText.FindStringSubmatch(text)
	if m == nil {
		return []byte("null"), nil
	}
	t, err := time.Parse("2006-01-02 15:04:05.000", m[1]+" "+m[2]+"."+(m[3] + "000")[:3])
	if err != nil {
		return []byte("null"), nil
	}
	if zone := strings.Replace(m[4], ":", "", 1); len(zone) == 5 {
		offset, _ := time.Parse("-0700", zone)
		_, seconds := offset.Zone()
		t = t.Add(-time.Duration(seconds) * time.Second)
	}
	return write(t)
}

// jsonBytes is base64, which the scan decodes.
func jsonBytes(text string) []byte {
	if _, err := base64.StdEncoding.DecodeString(text); err != nil {
		return []byte("null")
	}
	return quotedJSON(text)
}

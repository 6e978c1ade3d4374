package glue

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// keyKind is how a type of partition keys is compared. (Glue developer guide,
// GetPartitions: an expression takes keys of these types and of no others.)
type keyKind struct {
	name, title string // "an integer", "Integral"
	read        func(string) (keyValue, bool)
}

// keyValue is compared with others of its kind: by the number, if it is one, or by
// a text that is written so that texts in order are values in order.
type keyValue struct {
	number *big.Rat
	text   string
}

func (a keyValue) compare(b keyValue) int {
	if a.number != nil {
		return a.number.Cmp(b.number)
	}
	return strings.Compare(a.text, b.text)
}

const aString = "a string"

// kindOf returns false for a type that no expression takes.
func kindOf(hiveType string) (keyKind, bool) {
	base, _, _ := strings.Cut(fold(hiveType), "(")
	switch base {
	case "string", "varchar", "char":
		return keyKind{aString, "String", func(s string) (keyValue, bool) { return keyValue{text: s}, true }}, true
	case "int", "integer", "bigint", "long", "tinyint", "smallint":
		return keyKind{"an integer", "Integral", readInteger}, true
	case "decimal":
		return keyKind{"a decimal", "Decimal", readDecimal}, true
	case "date":
		return keyKind{"a date", "Date", readDate}, true
	case "timestamp":
		return keyKind{"a timestamp", "Timestamp", readTimestamp}, true
	}
	return keyKind{}, false
}

var digits = regexp.MustCompile(`^[+-]?[0-9]+$`)

func readInteger(s string) (keyValue, bool) {
	if !digits.MatchString(s) {
		return keyValue{}, false
	}
	return readDecimal(s)
}

// maxExponent is that of Hive's decimals; a larger one would let a short text
// stand for a number that takes forever.
const maxExponent = 38

var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE]([+-]?[0-9]+))?$`)

func readDecimal(s string) (keyValue, bool) {
	m := decimal.FindStringSubmatch(s)
	if m == nil {
		return keyValue{}, false
	}
	if m[3] != "" {
		if e, err := strconv.Atoi(m[3]); err != nil || e > maxExponent || e < -maxExponent {
			return keyValue{}, false
		}
	}
	r, ok := new(big.Rat).SetString(s)
	return keyValue{number: r}, ok
}

func readDate(s string) (keyValue, bool) {
	_, err := time.Parse(time.DateOnly, s)
	return keyValue{text: s}, err == nil
}

func readTimestamp(s string) (keyValue, bool) {
	t, err := time.Parse(time.DateTime, s) // takes a fraction too
	return keyValue{text: t.Format("2006-01-02 15:04:05.000000000")}, err == nil && !strings.HasSuffix(s, ".")
}

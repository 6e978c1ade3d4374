package glue

import (
	"cmp"
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
	read        func(string) (ordered, bool)
}

// ordered is a value that is compared with others of its kind.
type ordered interface{ compare(ordered) int }

var (
	textKind      = &keyKind{"a string", "String", func(s string) (ordered, bool) { return text(s), true }}
	integerKind   = &keyKind{"an integer", "Integral", readInteger}
	decimalKind   = &keyKind{"a decimal", "Decimal", readDecimal}
	dateKind      = &keyKind{"a date", "Date", readDate}
	timestampKind = &keyKind{"a timestamp", "Timestamp", readTimestamp}
)

// kindOf returns nil for a type that no expression takes.
func kindOf(hiveType string) *keyKind {
	base, _, _ := strings.Cut(fold(hiveType), "(")
	switch base {
	case "string", "varchar", "char":
		return textKind
	case "int", "integer", "bigint", "long", "tinyint", "smallint":
		return integerKind
	case "decimal":
		return decimalKind
	case "date":
		return dateKind
	case "timestamp":
		return timestampKind
	}
	return nil
}

type text string

func (a text) compare(b ordered) int { return cmp.Compare(a, b.(text)) }

type number struct{ *big.Rat }

func (a number) compare(b ordered) int { return a.Cmp(b.(number).Rat) }

type moment struct{ time.Time }

func (a moment) compare(b ordered) int { return a.Compare(b.(moment).Time) }

var digits = regexp.MustCompile(`^[+-]?[0-9]+$`)

func readInteger(s string) (ordered, bool) {
	if !digits.MatchString(s) {
		return nil, false
	}
	return readDecimal(s)
}

// maxExponent is that of Hive's decimals; a larger one would let a short text
// stand for a number that takes forever.
const maxExponent = 38

var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE]([+-]?[0-9]+))?$`)

func readDecimal(s string) (ordered, bool) {
	m := decimal.FindStringSubmatch(s)
	if m == nil {
		return nil, false
	}
	if m[3] != "" {
		if e, err := strconv.Atoi(m[3]); err != nil || e > maxExponent || e < -maxExponent {
			return nil, false
		}
	}
	r, ok := new(big.Rat).SetString(s)
	return number{r}, ok
}

func readDate(s string) (ordered, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return moment{t}, err == nil
}

func readTimestamp(s string) (ordered, bool) {
	t, err := time.Parse(time.DateTime, s) // takes a fraction too
	return moment{t}, err == nil && !strings.HasSuffix(s, ".")
}

package table

import (
	"strings"
	"unicode/utf8"
)

// What may be a table's name, a time, a location and a value.

// validName says whether s can be the name of a table: [A-Za-z0-9_]{1,255}.
// Athena folds names to lower case.
func validName(s string) bool { return madeOf(s, "_") }

// validKey says whether s can be the name of a partition key. AWS's own tables
// have some with a dash.
func validKey(s string) bool { return madeOf(s, "_-") }

func madeOf(s, others string) bool {
	if len(s) == 0 || len(s) > 255 {
		return false
	}
	for i := range len(s) {
		if !letterOrDigit(s[i]) && strings.IndexByte(others, s[i]) < 0 {
			return false
		}
	}
	return true
}

func letterOrDigit(c byte) bool { return c-'0' <= 9 || (c|0x20)-'a' <= 25 }

// asName makes a table's name of any text: in lower case, every character that
// no table has a _.
func asName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= utf8.RuneSelf || r != '_' && !letterOrDigit(byte(r)):
			return '_'
		case r >= 'A' && r <= 'Z':
			return r | 0x20
		}
		return r
	}, s)
}

// realTime says whether the first n time fields are a time that the calendar
// has, in the years 1 to 9999.
func realTime(c *captures, n int) bool {
	if n == 0 {
		return true
	}
	y, mo, d := number(c[year]), 1, 1
	if n > 1 {
		mo = number(c[month])
	}
	if n > 2 {
		d = number(c[day])
	}
	return y >= 1 && mo >= 1 && mo <= 12 && d >= 1 && d <= daysIn(y, mo) &&
		(n < 4 || number(c[hour]) < 24) && (n < 5 || number(c[minute]) < 60) && (n < 6 || number(c[second]) < 60)
}

func number(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

func daysIn(y, m int) int {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// wrongLocation says what is wrong with a folder as the location of a
// partition, or "". Athena collapses "//" and finds nothing there
// (docs/aws-facts.md 5.5), "${" may be substituted by the engine (docs/engines.md,
// Hive DDL).
func wrongLocation(folder string) string {
	from := 0 // of the element
	for i := 0; i < len(folder); i++ {
		switch c := folder[i]; {
		case c == '/':
			if e := folder[from:i]; e == "" || e == "." || e == ".." {
				return "it has an element that is empty, . or .."
			}
			from = i + 1
		case c == '$' && i+1 < len(folder) && folder[i+1] == '{':
			return "it holds ${"
		case c < 0x20 || c == 0x7f:
			return "it holds a control character"
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(folder[i:])
			if r == utf8.RuneError {
				return "it is not valid UTF-8"
			}
			if r < 0xa0 {
				return "it holds a control character"
			}
			i += size - 1
		}
	}
	return ""
}

// wrongValue says what is wrong with a partition's value, or "".
func wrongValue(v string) string {
	switch {
	case v == "":
		return "it is empty"
	case v == "__HIVE_DEFAULT_PARTITION__":
		return "it is Hive's word for no value"
	case strings.Contains(v, "${"):
		return "it holds ${"
	}
	for _, r := range v {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return "it holds a control character"
		}
	}
	return ""
}

// unescape undoes the escaping of Hive's folder names: each %XX stands for one
// character, not for one byte of UTF-8 (docs/engines.md). Other % are as they are.
func unescape(s string) string {
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:i])
	for ; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := hex(s[i+1]), hex(s[i+2]); hi|lo < 16 {
				b.WriteRune(rune(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// hex is the value of a hexadecimal digit, or 16 or more.
func hex(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case (c|0x20)-'a' <= 5:
		return (c | 0x20) - 'a' + 10
	}
	return 0xff
}

// firehoseErrors are Firehose's types of what it could not deliver or convert,
// in lower case, but for the ending that all have. It puts such records into a
// folder of that name, or glues the type to the error prefix it was given.
// (Firehose developer guide, "Understand custom prefixes for Amazon S3 objects".)
var firehoseErrors = []string{
	"processing", "format-conversion", "metadata-extraction", "elasticsearch", "amazonopensearchservice",
	"amazonopensearchserverless", "splunk", "http-endpoint", "snowflake", "iceberg",
}

func isErrorOutput(folder string) bool {
	const ending = "-failed"
	n := len(folder) - len(ending)
	if n < len("splunk") || folder[len(folder)-1]|0x20 != 'd' || !equalFold(folder[n:], ending) {
		return false
	}
	for _, e := range firehoseErrors {
		if n >= len(e) && equalFold(folder[n-len(e):n], e) {
			return true
		}
	}
	return false
}

// equalFold compares texts of the same length in ASCII: ſ is no s.
func equalFold(s, lower string) bool {
	for i := range len(lower) {
		c := s[i]
		if c-'A' <= 25 {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// isStaging says whether a folder holds files that a writer is not done with,
// or a table format's own log.
func isStaging(folder string) bool {
	if folder == "" || folder[0] != '_' && folder[0] != '.' {
		return false
	}
	switch folder {
	case "_temporary", "__magic", "_delta_log", ".hoodie":
		return true
	}
	return strings.HasPrefix(folder, ".hive-staging") || strings.HasPrefix(folder, ".spark-staging")
}

package table

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
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
		if r >= utf8.RuneSelf || r != '_' && !letterOrDigit(byte(r)) {
			return '_'
		}
		return lowerASCII(r)
	}, s)
}

// realTime says whether the first n time fields are a time that the calendar
// has, in the years 1 to 9999.
func realTime(c *captures, n int) bool {
	if n == 0 {
		return true
	}
	want := [firstName]int{month: 1, day: 1}
	for f := range n {
		want[f], _ = strconv.Atoi(c[f]) // digits
	}
	t := time.Date(want[year], time.Month(want[month]), want[day], want[hour], want[minute], want[second], 0, time.UTC)
	have := [firstName]int{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second()}
	return want[year] >= 1 && have == want
}

// wrongLocation says what is wrong with a folder as the location of a
// partition, or "". Athena collapses "//" and finds nothing there
// (docs/aws-facts.md 5.5), "${" may be substituted by the engine (docs/engines.md,
// Hive DDL).
func wrongLocation(folder string) string {
	for e := range strings.SplitAfterSeq(folder, "/") {
		if e == "/" || e == "./" || e == "../" {
			return "it has an element that is empty, . or .."
		}
	}
	switch {
	case strings.Contains(folder, "${"):
		return "it holds ${"
	case strings.ContainsRune(folder, utf8.RuneError): // also what the body had as half of a surrogate pair
		return "it is not valid UTF-8"
	case strings.ContainsFunc(folder, unicode.IsControl):
		return "it holds a control character"
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
	case strings.ContainsFunc(v, unicode.IsControl):
		return "it holds a control character"
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
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteRune(rune(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
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
	of, failed := strings.CutSuffix(strings.Map(lowerASCII, folder), "-failed")
	return failed && slices.ContainsFunc(firehoseErrors, func(e string) bool { return strings.HasSuffix(of, e) })
}

// lowerASCII leaves other letters as they are, so that none becomes one of ASCII.
func lowerASCII(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r | 0x20
	}
	return r
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

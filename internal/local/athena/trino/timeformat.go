package trino

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// field is one of a format: what it writes and how it is read.
type timeField struct {
	literal string // of text that stands for itself
	letter  byte   // Joda's
	width   int
}

// mysqlFields are MySQL's letters in Joda's.
var mysqlFields = map[byte]timeField{
	'a': {letter: 'E', width: 3}, 'b': {letter: 'M', width: 3}, 'c': {letter: 'M', width: 1}, 'd': {letter: 'd', width: 2}, 'e': {letter: 'd', width: 1},
	'f': {letter: 'S', width: 6}, 'H': {letter: 'H', width: 2}, 'h': {letter: 'h', width: 2}, 'I': {letter: 'h', width: 2}, 'i': {letter: 'm', width: 2},
	'j': {letter: 'D', width: 3}, 'k': {letter: 'H', width: 1}, 'l': {letter: 'h', width: 1}, 'M': {letter: 'M', width: 4}, 'm': {letter: 'M', width: 2},
	'p': {letter: 'a', width: 1}, 'S': {letter: 's', width: 2}, 's': {letter: 's', width: 2}, 'v': {letter: 'w', width: 2}, 'W': {letter: 'E', width: 4},
	'x': {letter: 'x', width: 4}, 'Y': {letter: 'Y', width: 4}, 'y': {letter: 'Y', width: 2},
}

var mysqlFormat = kept(func(format string) []timeField {
	format = strings.NewReplacer("%%", "%%", "%T", "%H:%i:%s", "%r", "%h:%i:%s %p").Replace(format)
	var out []timeField
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			out = append(out, timeField{literal: format[i : i+1]})
			continue
		}
		if i++; i == len(format) {
			return append(out, timeField{literal: "%"})
		}
		f, ok := mysqlFields[format[i]]
		switch {
		case ok:
			out = append(out, f)
		case strings.IndexByte("DUuVwX", format[i]) >= 0:
			panic(invalid("%%%c not supported in date format string", format[i]))
		default:
			out = append(out, timeField{literal: format[i : i+1]})
		}
	}
	return out
})

// jodaPart is what stands in quotes, in which two are one, or a character.
var jodaPart = regexp.MustCompile(`(?s)'((?:[^']|'')*)'?|.`)

var jodaFormat = kept(func(format string) []timeField {
	var out []timeField
	if format == "" {
		panic(invalid("Invalid pattern specification"))
	}
	for _, m := range jodaPart.FindAllStringSubmatch(format, -1) {
		last := len(out) - 1
		switch c := m[0][0]; {
		case c == '\'':
			out = append(out, timeField{literal: cmp.Or(strings.ReplaceAll(m[1], "''", "'"), "'")})
		case c|32 < 'a' || c|32 > 'z':
			out = append(out, timeField{literal: m[0]})
		case last >= 0 && out[last].letter == c:
			out[last].width++
		case strings.IndexByte("YyxwEeMDdaKhHkmsSzZ", c) < 0:
			panic(invalid("the local stack doesn't take the letter %c in a format", c))
		default:
			out = append(out, timeField{letter: c, width: 1})
		}
	}
	return out
})

func writeTime(t time.Time, fields []timeField) string {
	var b strings.Builder
	for _, f := range fields {
		if f.letter == 0 {
			b.WriteString(f.literal)
			continue
		}
		b.WriteString(f.write(t))
	}
	return b.String()
}

// numberFields are the letters that stand for numbers: which number of a time, its
// range, and how many digits are read.
var numberFields = map[byte]struct {
	of                func(time.Time) int
	low, high, digits int
}{
	'Y': {time.Time.Year, math.MinInt, math.MaxInt, yearDigits},
	'y': {time.Time.Year, math.MinInt, math.MaxInt, yearDigits},
	'x': {func(t time.Time) int { year, _ := t.ISOWeek(); return year }, math.MinInt, math.MaxInt, yearDigits},
	'w': {func(t time.Time) int { _, week := t.ISOWeek(); return week }, 1, 53, 2},
	'e': {isoWeekday, 1, 7, 1},
	'M': {func(t time.Time) int { return int(t.Month()) }, 1, 12, 2},
	'D': {time.Time.YearDay, 1, 366, 3},
	'd': {time.Time.Day, 1, 31, 2},
	'K': {func(t time.Time) int { return t.Hour() % 12 }, 0, 11, 2},
	'h': {func(t time.Time) int { return (t.Hour()+11)%12 + 1 }, 1, 12, 2},
	'H': {time.Time.Hour, 0, 23, 2},
	'k': {func(t time.Time) int { return (t.Hour()+23)%24 + 1 }, 1, 24, 2},
	'm': {time.Time.Minute, 0, 59, 2},
	's': {time.Time.Second, 0, 59, 2},
}

const yearDigits = 9

// isoWeekday is 1 on Mondays.
func isoWeekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

func (f timeField) write(t time.Time) string {
	switch f.letter {
	case 'E':
		return f.text(t.Weekday().String())
	case 'M':
		if f.width >= 3 {
			return f.text(t.Month().String())
		}
	case 'a':
		return t.Format("PM")
	case 'S':
		return (fmt.Sprintf("%03d", t.Nanosecond()/1e6) + strings.Repeat("0", f.width))[:f.width]
	case 'Z':
		return f.offset(t)
	case 'z':
		if t.Location() == time.UTC {
			return "UTC"
		}
	}
	number, ok := numberFields[f.letter]
	if !ok {
		panic(invalid("the local stack doesn't take %c in a format", f.letter))
	}
	n := number.of(t)
	if number.digits == yearDigits && f.width == 2 {
		n %= 100
	}
	return fmt.Sprintf("%0*d", f.width, n)
}

func (f timeField) text(name string) string {
	if f.width >= 4 {
		return name
	}
	return name[:3]
}

func (f timeField) offset(t time.Time) string {
	if f.width >= 3 {
		return t.Location().String()
	}
	_, seconds := t.Zone()
	return offsetText(seconds, map[bool]string{true: ":"}[f.width == 2])
}

func offsetText(seconds int, colon string) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	return fmt.Sprintf("%s%02d%s%02d", sign, seconds/3600, colon, seconds/60%60)
}

func dateFormat(t time.Time, format string) string { return writeTime(t.UTC(), mysqlFormat(format)) }

func formatDatetime(z int64, format string) string {
	t, _ := splitZoned(z)
	return writeTime(t, jodaFormat(format))
}

// parsed is what was read of a text: numbers by their letter, of which y is Y, E is e,
// h is K and k is H; a is 0 or 1.
type parsed struct {
	numbers map[byte]int
	nanos   int
	zone    string
}

func readTime(whole string, fields []timeField) parsed {
	p := parsed{numbers: map[byte]int{}}
	s, ok := whole, true
	for i, f := range fields {
		adjacent := i+1 < len(fields) && fields[i+1].letter != 0 && fields[i+1].letter != 'Z'
		if s, ok = p.read(f, s, adjacent); !ok {
			break
		}
	}
	switch {
	case (!ok || s != "") && s == whole:
		panic(invalid("Invalid format: \"%s\"", whole))
	case !ok || s != "":
		panic(invalid("Invalid format: \"%s\" is malformed at \"%s\"", whole, s))
	}
	return p
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// read reads a field off the beginning of s; adjacent says whether another follows.
func (p *parsed) read(f timeField, s string, adjacent bool) (rest string, ok bool) {
	switch {
	case f.letter == 0:
		return cutFold(s, f.literal)
	case f.letter == 'M' && f.width >= 3:
		return p.readName(s, 'M', 1, 12, func(i int) string { return time.Month(i).String() })
	case f.letter == 'E':
		return p.readName(s, 'e', 1, 7, func(i int) string { return time.Weekday(i % 7).String() })
	case f.letter == 'a':
		return p.readName(s, 'a', 0, 1, func(i int) string { return []string{"AM", "PM"}[i] })
	case f.letter == 'S':
		n := min(spanOf(s, isDigit), 9)
		p.nanos, _ = strconv.Atoi((s[:n] + "000000000")[:9])
		return s[n:], n > 0
	case f.letter == 'Z' || f.letter == 'z':
		return p.readZone(f, s)
	}
	return p.readNumber(f, s, adjacent)
}

func (p *parsed) readNumber(f timeField, s string, adjacent bool) (rest string, ok bool) {
	number := numberFields[f.letter]
	isYear := number.digits == yearDigits
	most, sign := number.digits, 0
	switch {
	case isYear && f.width == 2:
		most = 2
	case isYear && (adjacent || f.width >= 4):
		most = max(f.width, 4)
	}
	if isYear && most > 2 && s != "" && (s[0] == '-' || s[0] == '+') {
		sign = 1
	}
	digits := min(spanOf(s[sign:], isDigit), most)
	n, err := strconv.Atoi(s[:sign+digits])
	if err != nil || n < number.low || n > number.high {
		return s, false
	}
	switch {
	case isYear && f.width == 2 && digits == 2: // 1970 to 2069
		n = (n+30)%100 + 1970
	case f.letter == 'h':
		n %= 12
	case f.letter == 'k':
		n %= 24
	}
	p.numbers[cmp.Or(map[byte]byte{'y': 'Y', 'h': 'K', 'k': 'H'}[f.letter], f.letter)] = n
	return s[sign+digits:], true
}

// readName reads a month, a weekday or a half of the day, whole or three letters.
func (p *parsed) readName(s string, letter byte, first, last int, name func(int) string) (rest string, ok bool) {
	for i := first; i <= last; i++ {
		for _, text := range []string{name(i), name(i)[:min(3, len(name(i)))]} {
			if rest, ok := cutFold(s, text); ok {
				p.numbers[letter] = i
				return rest, true
			}
		}
	}
	return s, false
}

func (p *parsed) readZone(f timeField, s string) (string, bool) {
	if rest, ok := strings.CutPrefix(s, "Z"); ok && f.width < 3 {
		p.zone = "UTC"
		return rest, true
	}
	n := spanOf(s, func(c byte) bool { return isLetter(c) || isDigit(c) || strings.IndexByte("+-:/", c) >= 0 })
	if f.width < 3 && f.letter == 'Z' && !isOffset(s[:n]) {
		return s, false
	}
	if loadZone(s[:n]) == nil || n == 0 {
		return s, false
	}
	p.zone = s[:n]
	return s[n:], true
}

func isOffset(s string) bool { return s != "" && (s[0] == '+' || s[0] == '-') }

// time is the instant's local time.
func (p parsed) time(whole string) time.Time {
	number := func(letter byte, otherwise int) int {
		if n, ok := p.numbers[letter]; ok {
			return n
		}
		return otherwise
	}
	has := func(letter byte) bool { _, ok := p.numbers[letter]; return ok }
	year, month, d, hour := number('Y', 1970), number('M', 1), number('d', 1), number('H', 0)
	if has('a') || has('K') {
		hour = number('K', 0) + 12*number('a', 0)
	}
	t := time.Date(year, time.Month(month), d, hour, number('m', 0), number('s', 0), p.nanos/1e6*1e6, time.UTC)
	if t.Day() != d || int(t.Month()) != month {
		panic(invalid("Cannot parse \"%s\": Value %d for dayOfMonth must be in the range [1,%d]", whole, d, 31))
	}
	if has('D') && !has('d') {
		t = t.AddDate(0, 0, number('D', 0)-t.YearDay())
		if t.Year() != year {
			panic(invalid("Cannot parse \"%s\": Value %d for dayOfYear", whole, number('D', 0)))
		}
	}
	if has('x') || has('w') || has('e') && !has('d') {
		panic(invalid("the local stack doesn't read weeks and weekdays without a date: %s", whole))
	}
	if has('e') && isoWeekday(t) != number('e', 0) {
		panic(invalid("the local stack doesn't read a date on another weekday: %s", whole))
	}
	return t
}

func dateParse(s, format string) time.Time { return readTime(s, mysqlFormat(format)).time(s) }

func parseDatetime(s, format string) int64 {
	p := readTime(s, jodaFormat(format))
	t, zone := p.time(s), zoneNumber(cmp.Or(p.zone, "UTC"))
	if isSkipped(t, zone) {
		panic(invalid("Cannot parse \"%s\": Illegal instant due to time zone offset transition (%s)", s, p.zone))
	}
	return inZone(t, zone)
}

var isoText = regexp.MustCompile(`^([+-]?\d{4,})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:T(?:(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$`)

var isoWeek = regexp.MustCompile(`^(\d{4})-(?:W(\d{2})(?:-(\d))?|(\d{3}))(T.*)?$`)

// calendar writes a date of weeks, or of the days of a year, with months.
func calendar(s string) string {
	m := isoWeek.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	number := func(text string, otherwise int) int {
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
		return otherwise
	}
	t := time.Date(number(m[1], 0), 1, 1, 0, 0, 0, 0, time.UTC)
	if m[4] != "" {
		t = t.AddDate(0, 0, number(m[4], 1)-1)
	} else {
		fourth := time.Date(t.Year(), 1, 4, 0, 0, 0, 0, time.UTC) // is in week 1
		t = fourth.AddDate(0, 0, 1-isoWeekday(fourth)+7*(number(m[2], 1)-1)+number(m[3], 1)-1)
	}
	return t.Format("2006-01-02") + m[5]
}

func fromISO8601(s string) int64 {
	m := isoText.FindStringSubmatch(calendar(s))
	if m == nil {
		panic(invalid("Invalid format: \"%s\"", s))
	}
	t, ok := civil(m[1:7])
	if !ok {
		panic(invalid("Cannot parse \"%s\": a value is out of range", s))
	}
	millis, _ := strconv.Atoi((m[7] + "000")[:3])
	return inZone(t.Add(time.Duration(millis)*time.Millisecond), zoneNumber(cmp.Or(m[8], "UTC")))
}

func isoDate(s string) time.Time {
	if strings.Contains(s, "T") {
		panic(invalid("Invalid format: \"%s\"", s))
	}
	return localTime(fromISO8601(s))
}

func toISO8601(us, p int64) string {
	t := time.UnixMicro(us).UTC()
	return t.Format("2006-01-02T15:04:05") + fraction(t, int(p))
}

func zonedISO8601(z, p int64) string {
	t, _ := splitZoned(z)
	_, seconds := t.Zone()
	offset := "Z"
	if seconds != 0 {
		offset = offsetText(seconds, ":")
	}
	return toISO8601(wall(t).UnixMicro(), p) + offset
}

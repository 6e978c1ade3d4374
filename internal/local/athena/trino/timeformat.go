package trino

import (
	"cmp"
	"fmt"
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

func mysqlFormat(format string) []timeField {
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
}

func jodaFormat(format string) []timeField {
	var out []timeField
	if format == "" {
		panic(invalid("Invalid pattern specification"))
	}
	for i := 0; i < len(format); {
		c := format[i]
		switch {
		case c == '\'':
			end := i + 1
			var b strings.Builder
			for ; end < len(format); end++ {
				if format[end] == '\'' {
					if end+1 < len(format) && format[end+1] == '\'' {
						end++
					} else {
						break
					}
				}
				b.WriteByte(format[end])
			}
			text := b.String()
			if end == i+1 {
				text = "'"
			}
			out = append(out, timeField{literal: text})
			i = end + 1
		case 'a' <= c|32 && c|32 <= 'z':
			n := spanOf(format[i:], func(x byte) bool { return x == c })
			if strings.IndexByte("YyxwEeMDdaKhHkmsSzZ", c) < 0 {
				panic(invalid("the local stack doesn't take the letter %c in a format", c))
			}
			out = append(out, timeField{letter: c, width: n})
			i += n
		default:
			out = append(out, timeField{literal: format[i : i+1]})
			i++
		}
	}
	return out
}

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

func (f timeField) write(t time.Time) string {
	number := func(n int) string { return fmt.Sprintf("%0*d", f.width, n) }
	year, week := t.ISOWeek()
	switch f.letter {
	case 'Y', 'y':
		return f.year(t.Year())
	case 'x':
		return f.year(year)
	case 'w':
		return number(week)
	case 'e':
		return number((int(t.Weekday())+6)%7 + 1)
	case 'E':
		return f.text(t.Weekday().String())
	case 'M':
		if f.width >= 3 {
			return f.text(t.Month().String())
		}
		return number(int(t.Month()))
	case 'D':
		return number(t.YearDay())
	case 'd':
		return number(t.Day())
	case 'a':
		return t.Format("PM")
	case 'K':
		return number(t.Hour() % 12)
	case 'h':
		return number((t.Hour()+11)%12 + 1)
	case 'H':
		return number(t.Hour())
	case 'k':
		return number((t.Hour()+23)%24 + 1)
	case 'm':
		return number(t.Minute())
	case 's':
		return number(t.Second())
	case 'S':
		return (fmt.Sprintf("%03d", t.Nanosecond()/1e6) + strings.Repeat("0", f.width))[:f.width]
	case 'Z':
		return f.offset(t)
	case 'z':
		if t.Location() == time.UTC {
			return "UTC"
		}
	}
	panic(invalid("the local stack doesn't take %c in a format", f.letter))
}

func (f timeField) year(y int) string {
	if f.width == 2 {
		return fmt.Sprintf("%02d", y%100)
	}
	return fmt.Sprintf("%0*d", f.width, y)
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

// parsed is what was read of a text.
type parsed struct {
	year, month, day, yearDay   int
	hour, minute, second, nanos int
	half, hour12                int // of am and pm; -1: none
	weekYear, week, weekday     int
	zone                        string
}

func newParsed() parsed {
	return parsed{year: 1970, month: -1, day: -1, yearDay: -1, half: -1, hour12: -1, weekYear: -1, week: -1, weekday: -1}
}

func readTime(whole string, fields []timeField) parsed {
	p := newParsed()
	s, ok := whole, true
	for i, f := range fields {
		adjacent := i+1 < len(fields) && fields[i+1].letter != 0 && fields[i+1].letter != 'Z'
		rest := ""
		if f.letter == 0 {
			rest, ok = cutFold(s, f.literal)
		} else {
			rest, ok = p.read(f, s, adjacent)
		}
		if !ok {
			break
		}
		s = rest
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

// read reads a field off the beginning of s.
func (p *parsed) read(f timeField, s string, adjacent bool) (string, bool) {
	most := 2
	var into *int
	switch f.letter {
	case 'Y', 'y', 'x':
		most, into = 9, &p.year
		if f.letter == 'x' {
			into = &p.weekYear
		}
		if f.width == 2 {
			most = 2
		} else if adjacent || f.width >= 4 {
			most = max(f.width, 4)
		}
	case 'M':
		if f.width >= 3 {
			return readName(s, func(i int) string { return time.Month(i + 1).String() }, 12, func(i int) { p.month = i + 1 })
		}
		into = &p.month
	case 'E':
		return readName(s, func(i int) string { return time.Weekday(i).String() }, 7, func(i int) { p.weekday = (i+6)%7 + 1 })
	case 'd':
		into = &p.day
	case 'D':
		most, into = 3, &p.yearDay
	case 'w':
		into = &p.week
	case 'e':
		most, into = 1, &p.weekday
	case 'a':
		return readName(s, func(i int) string { return []string{"AM", "PM"}[i] }, 2, func(i int) { p.half = i })
	case 'K', 'h':
		into = &p.hour12
	case 'H', 'k':
		into = &p.hour
	case 'm':
		into = &p.minute
	case 's':
		into = &p.second
	case 'S':
		n := min(spanOf(s, isDigit), 9)
		p.nanos, _ = strconv.Atoi((s[:n] + "000000000")[:9])
		return s[n:], n > 0
	case 'Z', 'z':
		return p.readZone(f, s)
	}
	sign := 0
	if most > 2 && f.letter != 'D' && s != "" && (s[0] == '-' || s[0] == '+') {
		sign = 1
	}
	n := min(spanOf(s[sign:], isDigit), most)
	if n == 0 {
		return s, false
	}
	value, err := strconv.Atoi(s[:sign+n])
	*into = value
	if f.width == 2 && n == 2 && (f.letter == 'Y' || f.letter == 'y' || f.letter == 'x') {
		*into = twoDigits(value)
	}
	return s[sign+n:], err == nil && p.inRange(f.letter, *into)
}

// twoDigits is the year from 1970 to 2069.
func twoDigits(n int) int {
	if n < 70 {
		return 2000 + n
	}
	return 1900 + n
}

func (p *parsed) inRange(letter byte, n int) bool {
	limits := map[byte][2]int{'M': {1, 12}, 'd': {1, 31}, 'D': {1, 366}, 'w': {1, 53}, 'e': {1, 7}, 'K': {0, 11}, 'h': {1, 12}, 'H': {0, 23}, 'k': {1, 24}, 'm': {0, 59}, 's': {0, 59}}
	l, ok := limits[letter]
	if letter == 'k' && n == 24 {
		p.hour = 0
	}
	if letter == 'h' && n == 12 {
		p.hour12 = 0
	}
	return !ok || n >= l[0] && n <= l[1]
}

// readName reads a month, a weekday or a half of the day, whole or three letters.
func readName(s string, name func(int) string, n int, found func(int)) (string, bool) {
	for i := range n {
		for _, text := range []string{name(i), name(i)[:min(3, len(name(i)))]} {
			if rest, ok := cutFold(s, text); ok {
				found(i)
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
	if l, _ := loadZone(s[:n]); l == nil || n == 0 {
		return s, false
	}
	p.zone = s[:n]
	return s[n:], true
}

func isOffset(s string) bool { return s != "" && (s[0] == '+' || s[0] == '-') }

// time is the instant's local time.
func (p parsed) time(whole string) time.Time {
	month, d := max(p.month, 1), max(p.day, 1)
	if p.half >= 0 || p.hour12 >= 0 {
		p.hour = max(p.hour12, 0) + 12*max(p.half, 0)
	}
	t := time.Date(p.year, time.Month(month), d, p.hour, p.minute, p.second, p.nanos/1e6*1e6, time.UTC)
	if t.Day() != d || int(t.Month()) != month {
		panic(invalid("Cannot parse \"%s\": Value %d for dayOfMonth must be in the range [1,%d]", whole, d, 31))
	}
	if p.yearDay > 0 && p.day < 0 {
		t = t.AddDate(0, 0, p.yearDay-t.YearDay())
		if t.Year() != p.year {
			panic(invalid("Cannot parse \"%s\": Value %d for dayOfYear", whole, p.yearDay))
		}
	}
	if p.weekYear >= 0 || p.week >= 0 || p.weekday >= 0 && p.day < 0 {
		panic(invalid("the local stack doesn't read weeks and weekdays without a date: %s", whole))
	}
	if p.weekday >= 0 && (int(t.Weekday())+6)%7+1 != p.weekday {
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
		t = fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7+7*(number(m[2], 1)-1)+number(m[3], 1)-1)
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

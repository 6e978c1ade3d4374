package trino

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a query names zones on machines that have none
)

// A timestamp with time zone is milliseconds since 1970 times 4096 plus the
// number of its zone; 0 is UTC.
var zones = struct {
	sync.Mutex
	known []*time.Location
}{known: []*time.Location{time.UTC}}

func location(z int64) *time.Location {
	zones.Lock()
	defer zones.Unlock()
	return zones.known[z&4095]
}

var offsetZone = regexp.MustCompile(`^(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?$`)

// zoneNumber finds a zone by its name.
func zoneNumber(name string) int64 {
	zone, ok := findZone(name)
	if !ok {
		panic(invalid("'%s' is not a valid time zone", name))
	}
	return zone
}

func findZone(name string) (int64, bool) {
	l := loadZone(name)
	if l == nil {
		return 0, false
	}
	zones.Lock()
	defer zones.Unlock()
	i := slices.IndexFunc(zones.known, func(k *time.Location) bool { return k.String() == l.String() })
	if i >= 0 {
		return int64(i), true
	}
	if len(zones.known) == 4096 {
		panic(invalid("the local stack takes up to 4096 time zones"))
	}
	zones.known = append(zones.known, l)
	return int64(len(zones.known) - 1), true
}

// loadZone finds a zone, which has the name that we call it; nil if there is none.
func loadZone(name string) *time.Location {
	if slices.Contains([]string{"UTC", "Z", "GMT", "UT", "Etc/UTC", "Zulu", "Etc/GMT", "GMT0", "Greenwich", "UCT"}, name) {
		return time.UTC
	}
	if m := offsetZone.FindStringSubmatch(name); m != nil {
		hours, _ := strconv.Atoi(m[2])
		minutes, _ := strconv.Atoi("0" + m[3])
		if hours > 14 || minutes > 59 {
			return nil
		}
		total := hours*60 + minutes
		if total == 0 {
			return time.UTC
		}
		if m[1] == "-" {
			total = -total
		}
		return time.FixedZone(fmt.Sprintf("%s%02d:%02d", m[1], hours, minutes), total*60)
	}
	if !strings.Contains(name, "/") {
		return nil // Local, and names that Java may know otherwise
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return l
}

func splitZoned(z int64) (time.Time, int64) {
	return time.UnixMilli(z >> 12).In(location(z)), z & 4095
}

func joinZoned(t time.Time, zone int64) int64 { return t.UnixMilli()*4096 + zone }

// wall is a local time written as UTC.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func localTime(z int64) time.Time {
	t, _ := splitZoned(z)
	return wall(t)
}

// inZone is the instant of a local time. One that there is twice is the earlier;
// one that a clock put forward leaves out is as much later.
func inZone(t time.Time, zone int64) int64 {
	l := location(zone)
	t = wall(t)
	found := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), l)
	_, offset := found.Zone()
	if !wall(found).Equal(t) { // found is by the offset of the gap's other side
		if wall(found).Before(t) {
			found = t.Add(-time.Duration(offset) * time.Second).In(l)
		}
		return joinZoned(found, zone)
	}
	if start, _ := found.ZoneBounds(); !start.IsZero() {
		_, before := start.Add(-1).Zone()
		if twice := t.Add(-time.Duration(before) * time.Second).In(l); wall(twice).Equal(t) && twice.Before(found) {
			found = twice
		}
	}
	return joinZoned(found, zone)
}

// isSkipped says whether a zone's clock never shows a local time.
func isSkipped(t time.Time, zone int64) bool {
	return !localTime(inZone(t, zone)).Equal(t.Truncate(time.Millisecond))
}

func zoneName(z int64) string { return location(z).String() }

func offsetMinutes(z int64) int64 {
	t, _ := splitZoned(z)
	_, seconds := t.Zone()
	return int64(seconds / 60)
}

func atTimezone(z int64, name string) int64 {
	return z>>12*4096 + zoneNumber(name)
}

// withTimezone is as Joda's clock has it: of a local time that there is twice
// the later one where the zone is east of Greenwich, the earlier one elsewhere.
func withTimezone(t time.Time, name string) int64 {
	zone := zoneNumber(name)
	l := location(zone)
	by := func(offset int) time.Time { return t.Add(-time.Duration(offset) * time.Second).In(l) }
	_, first := t.In(l).Zone()
	_, offset := by(first).Zone()
	_, x := by(first).ZoneBounds()
	_, y := by(offset).ZoneBounds()
	if first < 0 && !x.Equal(y) {
		offset = first // left out by a clock put forward
	}
	return joinZoned(by(offset), zone)
}

// timestamp is a text read as one.
type timestamp struct {
	local     time.Time
	precision int
	zone      string
}

// zoned is the instant that s was read as.
func (t timestamp) zoned(s string) int64 {
	zone, ok := findZone(t.zone)
	if !ok {
		panic(badCast("Value cannot be cast to timestamp: %s", s))
	}
	return inZone(t.local, zone)
}

var dateTime = regexp.MustCompile(`^([+-]?\d{4,5})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?\s*([A-Za-z+-].*)?$`)

func parseTimestamp(s string) timestamp {
	m := dateTime.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		panic(badCast("Value cannot be cast to timestamp: %s", s))
	}
	t, ok := civil(m[1:7])
	if !ok {
		panic(badCast("Value cannot be cast to timestamp: %s", s))
	}
	nanos, _ := strconv.Atoi((m[7] + "000000000")[:9])
	return timestamp{t.Add(time.Duration(nanos)), len(m[7]), m[8]}
}

// civil is the time of a year, month, day, hour, minute and second, of which the
// later may be missing; false if no calendar or clock shows it.
func civil(parts []string) (time.Time, bool) {
	n := []int{0, 1, 1, 0, 0, 0}
	for i, p := range parts {
		if p != "" {
			n[i], _ = strconv.Atoi(p)
		}
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], 0, time.UTC)
	return t, t.Day() == n[2] && int(t.Month()) == n[1] && n[3] <= 23 && n[4] <= 59 && n[5] <= 59
}

func parseDate(s string) time.Time {
	m := dateTime.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil || m[4]+m[8] != "" {
		panic(badCast("Value cannot be cast to date: %s", s))
	}
	t, ok := civil(m[1:4])
	if !ok {
		panic(badCast("Value cannot be cast to date: %s", s))
	}
	return t
}

func castTimestamp(s string, p int64) time.Time {
	t := parseTimestamp(s)
	if t.zone != "" {
		t.local = localTime(t.zoned(s)).Add(t.local.Sub(t.local.Truncate(time.Millisecond)))
	}
	return roundTimestamp(t.local, p)
}

func roundTimestamp(t time.Time, p int64) time.Time {
	unit := int64(math.Pow10(int(9 - p)))
	n := int64(t.Nanosecond())
	return t.Add(time.Duration((n+unit/2)/unit*unit - n))
}

func castZoned(s string, p int64) int64 {
	t := parseTimestamp(s)
	t.zone, t.local = cmp.Or(t.zone, "UTC"), roundTimestamp(t.local, p)
	return t.zoned(s)
}

func fraction(t time.Time, p int) string {
	if p == 0 {
		return ""
	}
	return fmt.Sprintf(".%09d", t.Nanosecond())[:p+1]
}

func zonedText(z, p int64) string {
	return localTime(z).Format("2006-01-02 15:04:05") + fraction(localTime(z), int(p)) + " " + zoneName(z)
}

// signed is a number without its sign, and that.
func signed(n int64) (string, int64) {
	if n < 0 {
		return "-", -n
	}
	return "", n
}

func daysText(ms int64) string {
	sign, ms := signed(ms)
	return fmt.Sprintf("%s%d %02d:%02d:%02d.%03d", sign, ms/day, ms/3_600_000%24, ms/60_000%60, ms/1000%60, ms%1000)
}

func monthsText(n int64) string {
	sign, n := signed(n)
	return fmt.Sprintf("%s%d-%d", sign, n/12, n%12)
}

func wholeDays(ms int64) int64 {
	if ms%day != 0 {
		panic(invalid("Cannot add hour, minutes or seconds to a date"))
	}
	return ms / day
}

// addMonths keeps within the month: January 31 plus one is February 29 or 28.
func addMonths(t time.Time, n int64) time.Time {
	first := time.Date(t.Year(), t.Month(), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC).AddDate(0, int(n), 0)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

func zonedMonths(z, n int64) int64 { return inZone(addMonths(localTime(z), n), z&4095) }

var unitLength = map[string]time.Duration{
	"millisecond": time.Millisecond, "second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour,
}

var unitMonths = map[string]int64{"month": 1, "quarter": 3, "year": 12}

func checkDateUnit(unit string, date bool) {
	if date && slices.Contains([]string{"millisecond", "second", "minute", "hour"}, unit) {
		panic(invalid("'%s' is not a valid DATE field", unit))
	}
}

func dateAdd(unit string, n int64, t time.Time, date bool) time.Time {
	checkDateUnit(unit, date)
	if m := unitMonths[unit]; m != 0 {
		if n > 1_000_000 || n < -1_000_000 {
			panic(invalid("the local stack adds up to a million %ss", unit))
		}
		return addMonths(t, n*m)
	}
	d := unitLength[unit]
	if float64(n)*float64(d) > math.MaxInt64 || float64(n)*float64(d) < math.MinInt64 {
		panic(invalid("the local stack adds up to 292 years of %ss", unit))
	}
	return t.Add(time.Duration(n) * d)
}

func zonedAdd(unit string, n, z, p int64) int64 {
	if d := unitLength[unit]; d != 0 && d < 24*time.Hour {
		t, zone := splitZoned(z)
		return joinZoned(roundTimestamp(t.Add(time.Duration(n)*d), min(p, 3)), zone)
	}
	return inZone(dateAdd(unit, n, localTime(z), false), z&4095)
}

func dateDiff(unit string, a, b time.Time, date bool) int64 {
	checkDateUnit(unit, date)
	if d := unitLength[unit]; d != 0 {
		return (b.UnixMilli() - a.UnixMilli()) / d.Milliseconds()
	}
	return monthsBetween(a, b) / unitMonths[unit]
}

// monthsBetween counts whole months. The last day of a shorter month completes
// one.
func monthsBetween(a, b time.Time) int64 {
	if b.Before(a) {
		return -monthsBetween(b, a)
	}
	n := int64(b.Year()-a.Year())*12 + int64(b.Month()-a.Month())
	if n > 0 && addMonths(a, n).After(b) {
		n--
	}
	return n
}

func zonedDiff(unit string, a, b int64) int64 {
	if d := unitLength[unit]; d != 0 && d < 24*time.Hour {
		return (b>>12 - a>>12) / d.Milliseconds()
	}
	zone := a & 4095
	return dateDiff(unit, localTime(a), localTime(b>>12*4096+zone), false)
}

func dateTrunc(unit string, t time.Time, date bool) time.Time {
	checkDateUnit(unit, date)
	year, month, _ := t.Date()
	switch unit {
	case "year":
		month = time.January
	case "quarter":
		month -= (month - 1) % 3
	case "month":
	default:
		return t.Truncate(unitLength[unit]) // since a Monday
	}
	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
}

func zonedTrunc(unit string, z int64) int64 {
	d := unitLength[unit]
	if d == 0 || d >= 24*time.Hour {
		return inZone(dateTrunc(unit, localTime(z), false), z&4095)
	}
	t, zone := splitZoned(z)
	by := t
	if d == time.Hour {
		by = localTime(z)
	}
	return joinZoned(t.Add(by.Truncate(d).Sub(by)), zone)
}

func fromUnixtime(f float64, zone string) int64 {
	n := zoneNumber(zone)
	if math.IsNaN(f) || math.Abs(f) > 2e12 {
		panic(invalid("Millis overflow: %s", JavaFloat(f*1000, 64)))
	}
	return int64(math.Floor(f*1000+0.5))*4096 + n
}

// intervalLength is what a unit of an interval counts: months, or milliseconds.
var intervalLength = map[string]int64{"year": 12, "month": 1, "day": day, "hour": 3_600_000, "minute": 60_000, "second": 1000}

// parseInterval reads an interval's amount: milliseconds, or months.
func parseInterval(s, from, to string) (amount int64, months bool, err error) {
	if to != "" {
		return parseRange(s, from, to)
	}
	whole, fraction, hasFraction := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 32)
	if err != nil || hasFraction && from != "second" {
		return 0, false, fmt.Errorf("expected a number of %ss", from)
	}
	amount, err = strconv.ParseInt((fraction + "000")[:3], 10, 64)
	if strings.HasPrefix(whole, "-") {
		amount = -amount
	}
	return n*intervalLength[from] + amount, from == "year" || from == "month", err
}

var rangeParts = regexp.MustCompile(`\d+`)

func parseRange(s, from, to string) (int64, bool, error) {
	units := []string{"day", "hour", "minute", "second"}
	if from == "year" && to == "month" {
		units = []string{"year", "month"}
	}
	i, j := slices.Index(units, from), slices.Index(units, to)
	parts := rangeParts.FindAllString(s, -1)
	if i < 0 || j <= i || len(parts) < 1 || len(parts) > j-i+1 {
		return 0, false, fmt.Errorf("expected %s to %s", from, to)
	}
	total := int64(0)
	for k, p := range parts {
		n, err := strconv.ParseInt(p, 10, 32)
		if err != nil {
			return 0, false, err
		}
		total += n * intervalLength[units[i+k]]
	}
	if strings.HasPrefix(s, "-") {
		total = -total
	}
	return total, from == "year", nil
}

var durationText = regexp.MustCompile(`^\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*$`)

func parseDuration(s string) int64 {
	m := durationText.FindStringSubmatch(s)
	factors := map[string]float64{"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": day}
	if m == nil || factors[m[2]] == 0 {
		panic(invalid("duration is not a valid data duration string: %s", s))
	}
	f, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		panic(mistake{err}) // out of range
	}
	return int64(math.Floor(f*factors[m[2]] + 0.5))
}

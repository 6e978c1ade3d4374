package reconcile

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scope bounds what is compared; the zero Scope is everything.
type Scope struct {
	Tables []string // in lower case; none: all
	Bucket string   // "": all
	Prefix string   // of keys
	// Since and Until bound the time that a partition's values say, until not
	// included. A partition whose values say none is outside.
	Since, Until time.Time
}

func (s *Scope) hasTable(name string) bool {
	return len(s.Tables) == 0 || slices.Contains(s.Tables, name)
}

func (s *Scope) hasBucket(name string) bool { return s.Bucket == "" || s.Bucket == name }

// hasFolder says whether a partition's folder is where was listed.
func (s *Scope) hasFolder(bucket, folder string) bool {
	return s.hasBucket(bucket) && strings.HasPrefix(folder, s.Prefix)
}

func (s *Scope) hasTime(keys, values []string) bool {
	if s.Since.IsZero() && s.Until.IsZero() {
		return true
	}
	at, _, ok := TimeOf(keys, values)
	return ok && !at.Before(s.Since) && (s.Until.IsZero() || at.Before(s.Until))
}

// timeForms are those in which one value says a time, and how long that is.
var timeForms = []struct {
	form  string
	grain time.Duration
}{
	{"2006-01-02-15-04", time.Minute}, {"2006-01-02-15", time.Hour}, {"2006-01-02", Day}, {"20060102", Day}, {"2006-01", Month}, {"2006", Year},
}

// The grains that are no time.Duration of their own: a month and a year are not
// always as long.
const (
	Day   = 24 * time.Hour
	Month = 30 * Day
	Year  = 365 * Day
)

// TimeOf is the beginning of the time that a partition's values say, and about how
// long it is: the value of dt, date or day, or the values of year, month, day and
// hour, as many as there are.
func TimeOf(keys, values []string) (at time.Time, grain time.Duration, ok bool) {
	named := func(name string) string {
		if i := slices.Index(keys, name); i >= 0 && i < len(values) {
			return values[i]
		}
		return ""
	}
	for _, name := range []string{"dt", "date", "day", "eventday"} {
		for _, f := range timeForms {
			if f.grain > Day && name != "dt" && name != "date" {
				continue // a day is of a month
			}
			if at, err := time.Parse(f.form, named(name)); err == nil {
				return at, f.grain, true
			}
		}
	}
	parts := [...]int{0, 1, 1, 0} // year, month, day, hour
	for i, name := range []string{"year", "month", "day", "hour"} {
		n, err := strconv.Atoi(named(name))
		if err != nil {
			if i == 0 {
				return time.Time{}, 0, false
			}
			break
		}
		parts[i], grain = n, [...]time.Duration{Year, Month, Day, time.Hour}[i]
	}
	return time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], 0, 0, 0, time.UTC), grain, true
}

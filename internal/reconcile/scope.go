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
	at, ok := timeOf(keys, values)
	return ok && !at.Before(s.Since) && (s.Until.IsZero() || at.Before(s.Until))
}

// timeForms are those in which one value says a time.
var timeForms = []string{"2006-01-02-15-04", "2006-01-02-15", "2006-01-02", "20060102", "2006-01", "2006"}

// timeOf is the beginning of the time that a partition's values say: the value
// of dt, date or day, or the values of year, month, day and hour, as many as
// there are.
func timeOf(keys, values []string) (time.Time, bool) {
	named := func(name string) string {
		if i := slices.Index(keys, name); i >= 0 {
			return values[i]
		}
		return ""
	}
	for _, name := range []string{"dt", "date", "day"} {
		for _, form := range timeForms {
			if len(form) < len("20060102") && name == "day" {
				continue // of a month
			}
			if at, err := time.Parse(form, named(name)); err == nil {
				return at, true
			}
		}
	}
	parts := [...]int{0, 1, 1, 0} // year, month, day, hour
	for i, name := range []string{"year", "month", "day", "hour"} {
		n, err := strconv.Atoi(named(name))
		if err != nil {
			if i == 0 {
				return time.Time{}, false
			}
			break
		}
		parts[i] = n
	}
	return time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], 0, 0, 0, time.UTC), true
}

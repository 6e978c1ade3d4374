package reconcile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
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

// Asked is what is to be compared, as a person says it.
type Asked struct {
	Tables       []string
	Since, Until string // 2026-01-02, 2026-01-02-03, or 36h ago; "": no bound
	Prefix       string // of keys, or s3://BUCKET/PREFIX
}

// Scope is what that means.
func (a *Asked) Scope(now time.Time) (s Scope, err error) {
	for _, t := range a.Tables {
		t = strings.ToLower(t)
		if t == "" || strings.ContainsFunc(t, noName) {
			return s, fmt.Errorf("%q can't be a table's name", t)
		}
		s.Tables = append(s.Tables, t)
	}
	s.Prefix = a.Prefix
	if bucket, prefix, ok := table.CutLocation(a.Prefix); ok {
		s.Bucket, s.Prefix = bucket, prefix
	}
	if s.Since, err = moment(a.Since, now); err != nil {
		return s, fmt.Errorf("--since: %w", err)
	}
	if s.Until, err = moment(a.Until, now); err != nil {
		return s, fmt.Errorf("--until: %w", err)
	}
	return s, nil
}

func noName(r rune) bool {
	return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '_')
}

// moment is a time as people write it: of partitions, or how long ago.
func moment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.DateOnly, "2006-01-02-15", "2006-01-02-15-04", time.RFC3339} {
		if t, err := time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("%q: say 2026-01-02, 2026-01-02-03 or 36h", text)
}

// Check refuses what is not configured, so that a slip of the pen doesn't look like a
// catalog without a fault.
func (s *Scope) Check(router *table.Router) error {
	for _, t := range s.Tables {
		if len(router.RulesFor(t)) == 0 {
			return faults.Hint(fmt.Errorf("reconcile %s: no rule of the configuration feeds this table", t), "these are named: %s", strings.Join(router.Tables(), ", "))
		}
	}
	if s.Bucket != "" && !slices.Contains(router.Buckets(), s.Bucket) {
		return fmt.Errorf("reconcile: bucket %s is not in the configuration", s.Bucket)
	}
	return nil
}

// String is it on a command line.
func (a *Asked) String() (words string) {
	for _, flag := range [][2]string{{"--since", a.Since}, {"--until", a.Until}, {"--prefix", a.Prefix}} {
		if flag[1] != "" {
			words += " " + flag[0] + " " + faults.Word(flag[1])
		}
	}
	return strings.Join(append([]string{words}, a.Tables...), " ")
}

// Absent says which of the tables that were asked for is nowhere: neither in the
// catalog, nor would anything in S3 be its.
func (s *Scope) Absent(sum *Summary) error {
	for _, name := range s.Tables {
		if sum.Tables[name] == nil && sum.Unplaced[refresh.TableMissing] == 0 {
			return fmt.Errorf("table %s: %w", name, refresh.ErrTableMissing)
		}
	}
	return nil
}

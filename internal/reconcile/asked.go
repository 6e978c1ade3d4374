package reconcile

import (
	"fmt"
	"strings"
	"time"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
)

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
	if rest, ok := strings.CutPrefix(a.Prefix, "s3://"); ok {
		s.Bucket, s.Prefix, _ = strings.Cut(rest, "/")
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

// Package schedule reads EventBridge's schedule expressions, rate(…) and
// six-field cron(…), and says when they are due next.
//
// It takes what EventBridge rules take and refuses the rest, each time with
// the words to write instead: an expression that is accepted here is deployed
// as it stands, and the daemon that reads the same configuration obeys it
// too. Everything is in UTC and in whole minutes, as EventBridge has it.
//
// Source: EventBridge user guide, "Creating a rule that runs on a schedule".
package schedule

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxLength is PutRule's limit on a ScheduleExpression, in characters.
const maxLength = 256

// Schedule is a schedule expression that was read. The zero Schedule is none
// at all. Schedules can be compared with ==.
type Schedule struct {
	text  string
	every time.Duration // rate(…); 0: cron(…), which is read again where it is asked for times
}

// Parse reads an expression. Its error says what to write instead.
func Parse(text string) (Schedule, error) {
	s := Schedule{text: text}
	var err error
	switch body, isCron := inside(text, "cron"); {
	case len(text) > maxLength:
		err = fmt.Errorf("longer than %d characters", maxLength)
	case isCron:
		var c cron
		if c, err = parseCron(body); err == nil {
			err = c.everDue()
		}
	default:
		s.every, err = parseRate(text)
	}
	if err != nil {
		return Schedule{}, fmt.Errorf("%s: %w", shown(text), err)
	}
	return s, nil
}

// Minutes returns rate(n minutes).
func Minutes(n int) Schedule {
	return Schedule{text: rate(int64(n), "minute"), every: time.Duration(n) * time.Minute}
}

// rate is an expression as EventBridge takes it.
func rate(n int64, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("rate(%d %s)", n, unit)
}

// String returns the expression as it was written.
func (s Schedule) String() string { return s.text }

// IsZero reports whether s is no schedule.
func (s Schedule) IsZero() bool { return s.text == "" }

// Next returns the first time after t that s is due; false if there is none
// (the expression's last year has passed). A rate counts from t. The time is
// in UTC.
func (s Schedule) Next(t time.Time) (time.Time, bool) {
	switch {
	case s.IsZero():
		return time.Time{}, false
	case s.every > 0:
		return t.UTC().Add(s.every), true
	}
	body, _ := inside(s.text, "cron")
	c, err := parseCron(body)
	if err != nil { // Parse took it
		return time.Time{}, false
	}
	return c.next(t.UTC())
}

// shown is the text for an error message: as it is where that is readable.
func shown(text string) string {
	if len(text) > maxLength {
		text = text[:40] + "…"
	}
	if q := strconv.Quote(text); text == "" || q != `"`+text+`"` {
		return q
	}
	return text
}

// inside returns what stands between name( and the last ).
func inside(text, name string) (string, bool) {
	body, ok := strings.CutPrefix(text, name+"(")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(body, ")")
}

// rateShape is wider than what EventBridge takes, so that the error can point.
var rateShape = regexp.MustCompile(`^rate\( *([0-9]+) *([A-Za-z]+) *\)$`)

func parseRate(text string) (time.Duration, error) {
	m := rateShape.FindStringSubmatch(text)
	if m == nil {
		return 0, errors.New("say rate(10 minutes) or cron(0/10 * * * ? *)")
	}
	name := strings.TrimSuffix(strings.ToLower(m[2]), "s")
	length, ok := units[name]
	if !ok {
		return 0, fmt.Errorf("%s is no unit: say minutes, hours or days", m[2])
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil || n > int64(time.Duration(1<<63-1)/length) {
		return 0, errors.New("too long a time")
	}
	if n == 0 {
		return 0, fmt.Errorf("the least is %s", rate(1, name))
	}
	if want := rate(n, name); want != text {
		return 0, fmt.Errorf("say %s", want)
	}
	return time.Duration(n) * length, nil
}

// units are a rate's, in the singular.
var units = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}

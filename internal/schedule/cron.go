package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// cron is a cron(…) expression: a time is due when every field holds it.
type cron struct {
	minutes, hours, months, years set
	monthDay, weekDay             func(day time.Time) bool // one is "?" and holds every day
}

// set holds the numbers of a field.
type set map[int]bool

// field says what a field's numbers may be. names count from min.
type field struct {
	name     string
	min, max int
	names    []string
	noStep   bool // "/" is not to be had here
}

// The fields in their order. Day of week has no "/", by EventBridge's table of
// wildcards.
func fields() [6]field {
	return [6]field{
		{name: "minutes", min: 0, max: 59},
		{name: "hours", min: 0, max: 23},
		{name: "day-of-month", min: 1, max: 31},
		{name: "month", min: 1, max: 12, names: strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")},
		{name: "day-of-week", min: 1, max: 7, names: strings.Fields("SUN MON TUE WED THU FRI SAT"), noStep: true},
		{name: "year", min: firstYear, max: lastYear},
	}
}

const firstYear, lastYear = 1970, 2199

func parseCron(body string) (cron, error) {
	parts := strings.Split(body, " ")
	switch {
	case strings.Contains(body, "  ") || strings.TrimSpace(body) != body:
		return cron{}, errors.New("say one space between two fields and none around them")
	case len(parts) == 5:
		return cron{}, errors.New("has five fields, as Unix has them: EventBridge's sixth is the year, say * there")
	case len(parts) != 6:
		return cron{}, fmt.Errorf("has %d fields: say minutes, hours, day-of-month, month, day-of-week, year", len(parts))
	}
	if err := oneQuestionMark(parts[2], parts[4]); err != nil {
		return cron{}, err
	}
	var c cron
	var errs [6]error
	f := fields()
	c.minutes, errs[0] = f[0].parse(parts[0])
	c.hours, errs[1] = f[1].parse(parts[1])
	c.monthDay, errs[2] = f[2].parseMonthDay(parts[2])
	c.months, errs[3] = f[3].parse(parts[3])
	c.weekDay, errs[4] = f[4].parseWeekDay(parts[4])
	c.years, errs[5] = f[5].parse(parts[5])
	for i, err := range errs {
		if err != nil {
			return cron{}, fmt.Errorf("%s %s: %w", f[i].name, shown(parts[i]), err)
		}
	}
	return c, nil
}

func oneQuestionMark(monthDays, weekDays string) error {
	switch {
	case monthDays == "?" && weekDays == "?":
		return errors.New("day-of-month and day-of-week are both ?: say * in one of them")
	case monthDays == "?" || weekDays == "?":
		return nil
	case monthDays == "*":
		return errors.New("day-of-month or day-of-week must be ?: say ? for day-of-month")
	case weekDays == "*":
		return errors.New("day-of-month or day-of-week must be ?: say ? for day-of-week")
	}
	return errors.New("day-of-month and day-of-week can't both be given: say ? in one of them")
}

func everyDay(time.Time) bool { return true }

// parseMonthDay reads what any field may have, and ?, L (the last day, whatever its
// number), 15W (the weekday nearest to that day, in the same month) and LW.
func (f field) parseMonthDay(text string) (func(time.Time) bool, error) {
	switch number, nearest := strings.CutSuffix(text, "W"); {
	case text == "?":
		return everyDay, nil
	case text == "L":
		return func(day time.Time) bool { return day == lastDay(day) }, nil
	case text == "LW":
		return func(day time.Time) bool { return day == nearestWeekday(lastDay(day)) }, nil
	case nearest:
		n, err := f.number(number)
		return func(day time.Time) bool { // a month that is too short for that one has none
			return n <= lastDay(day).Day() && day == nearestWeekday(day.AddDate(0, 0, n-day.Day()))
		}, err
	case strings.ContainsAny(text, "LW"):
		return nil, errors.New("say L, LW or 15W alone, not in a list or range")
	}
	days, err := f.parse(text)
	return func(day time.Time) bool { return days[day.Day()] }, err
}

// parseWeekDay reads what any field may have, and ?, L (the last day of a week), 6L
// (the last such day of a month) and 6#3 (the third such day of a month).
func (f field) parseWeekDay(text string) (func(time.Time) bool, error) {
	switch text {
	case "?":
		return everyDay, nil
	case "L":
		text = strconv.Itoa(f.max)
	}
	if name, nth, ok := strings.Cut(text, "#"); ok {
		return f.nthDay(name, nth)
	}
	if name, ok := strings.CutSuffix(text, "L"); ok && !strings.ContainsAny(name, ",-") {
		n, err := f.number(name)
		return func(day time.Time) bool { return weekDay(day) == n && day.AddDate(0, 0, 7).Month() != day.Month() }, err
	}
	days, err := f.parse(text)
	return func(day time.Time) bool { return days[weekDay(day)] }, err
}

// weekDay is a day's number in EventBridge's counting: 1 is Sunday.
func weekDay(day time.Time) int { return int(day.Weekday()) + 1 }

func (f field) nthDay(name, nth string) (func(time.Time) bool, error) {
	if strings.ContainsAny(name+nth, ",-#") {
		return nil, errors.New("a day with # stands alone, such as 6#3")
	}
	n, err := f.number(name)
	if err != nil {
		return nil, err
	}
	if len(nth) != 1 || nth < "1" || nth > "5" {
		return nil, errors.New("a month has a day of the week 1 to 5 times, say 6#3 for the third Friday")
	}
	return func(day time.Time) bool { return weekDay(day) == n && (day.Day()-1)/7+1 == int(nth[0]-'0') }, nil
}

// parse reads a list of *, numbers, names and ranges, each with a step or not.
func (f field) parse(text string) (set, error) {
	s := set{}
	for item := range strings.SplitSeq(text, ",") {
		from, to, step, err := f.item(item)
		if err != nil {
			return nil, err
		}
		for n := from; n <= to; n += step {
			s[n] = true
		}
	}
	return s, nil
}

func (f field) item(text string) (from, to, step int, err error) {
	body, stepText, stepped := strings.Cut(text, "/")
	first, last, ranged := strings.Cut(body, "-")
	step = 1
	if stepped {
		if step, err = f.step(stepText); err != nil {
			return 0, 0, 0, err
		}
	}
	if body == "*" {
		return f.min, f.max, step, nil
	}
	if from, err = f.number(first); err != nil {
		return 0, 0, 0, err
	}
	switch {
	case !ranged && stepped:
		return from, f.max, step, nil
	case !ranged:
		return from, from, step, nil
	}
	if to, err = f.number(last); err != nil {
		return 0, 0, 0, err
	}
	if from > to {
		return 0, 0, 0, fmt.Errorf("%s runs backwards: say %s-%d,%d-%s", body, first, f.max, f.min, last)
	}
	return from, to, step, nil
}

// step refuses one that is longer than the field, since it would never be taken.
func (f field) step(text string) (int, error) {
	if f.noStep {
		return 0, errors.New("there are no steps here: list the days, such as MON,WED,FRI")
	}
	n, err := digits(text)
	if err != nil || n < 1 || n > f.max-f.min {
		return 0, fmt.Errorf("a step is 1 to %d, not %q", f.max-f.min, text)
	}
	return n, nil
}

// number reads a number or, in any case, a name.
func (f field) number(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(name, text) {
			return f.min + i, nil
		}
	}
	n, err := digits(text)
	if err == nil && n >= f.min && n <= f.max {
		return n, nil
	}
	want := fmt.Sprintf("%d to %d", f.min, f.max)
	if f.names != nil {
		want += fmt.Sprintf(" or %s to %s", f.names[0], f.names[len(f.names)-1])
	}
	return 0, fmt.Errorf("say %s, not %q", want, text)
}

// digits reads an unsigned number; no number of a cron has five digits.
func digits(text string) (int, error) {
	if len(text) > 4 {
		return 0, strconv.ErrRange
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err
}

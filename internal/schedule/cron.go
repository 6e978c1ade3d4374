package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// cron is a cron(…) expression: a time is due when every field holds it.
// Exactly one of monthDays and weekDays is "?" and holds every day.
type cron struct {
	minutes, hours, months, years set
	monthDays                     monthDays
	weekDays                      weekDays
}

// monthDays is the day-of-month field.
type monthDays struct {
	days    set
	last    bool // L: the last day, whatever its number; days is empty
	weekday bool // W: the weekday nearest to that one day, in the same month
}

// weekDays is the day-of-week field; 1 is Sunday.
type weekDays struct {
	days set
	last bool // 6L: only the last such day of the month
	nth  int  // 6#3: only the third such day of the month; 0: every
}

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
	c.monthDays, errs[2] = f[2].parseMonthDays(parts[2])
	c.months, errs[3] = f[3].parse(parts[3])
	c.weekDays, errs[4] = f[4].parseWeekDays(parts[4])
	c.years, errs[5] = f[5].parse(parts[5])
	for i, err := range errs {
		if err != nil {
			return cron{}, fmt.Errorf("%s %s: %w", f[i].name, shown(parts[i]), err)
		}
	}
	return c, c.everDue()
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

// parseMonthDays reads what any field may have, and ?, L, LW and 15W.
func (f field) parseMonthDays(text string) (monthDays, error) {
	switch number, nearest := strings.CutSuffix(text, "W"); {
	case text == "?":
		return monthDays{days: f.all()}, nil
	case text == "L":
		return monthDays{last: true}, nil
	case text == "LW":
		return monthDays{last: true, weekday: true}, nil
	case nearest:
		day, err := f.number(number)
		return monthDays{days: f.only(day), weekday: true}, err
	case strings.ContainsAny(text, "LW"):
		return monthDays{}, errors.New("say L, LW or 15W alone, not in a list or range")
	}
	days, err := f.parse(text)
	return monthDays{days: days}, err
}

// parseWeekDays reads what any field may have, and ?, L, 6L and 6#3.
func (f field) parseWeekDays(text string) (weekDays, error) {
	if text == "?" {
		return weekDays{days: f.all()}, nil
	}
	if text == "L" { // the last day of a week
		return weekDays{days: f.only(f.max)}, nil
	}
	if name, nth, ok := strings.Cut(text, "#"); ok {
		return f.nthDay(name, nth)
	}
	if name, ok := strings.CutSuffix(text, "L"); ok && !strings.ContainsAny(name, ",-") {
		day, err := f.number(name)
		return weekDays{days: f.only(day), last: true}, err
	}
	days, err := f.parse(text)
	return weekDays{days: days}, err
}

func (f field) nthDay(name, nth string) (weekDays, error) {
	if strings.ContainsAny(name+nth, ",-#") {
		return weekDays{}, errors.New("a day with # stands alone, such as 6#3")
	}
	day, err := f.number(name)
	if err != nil {
		return weekDays{}, err
	}
	if len(nth) != 1 || nth < "1" || nth > "5" {
		return weekDays{}, errors.New("a month has a day of the week 1 to 5 times, say 6#3 for the third Friday")
	}
	return weekDays{days: f.only(day), nth: int(nth[0] - '0')}, nil
}

// parse reads a list of *, numbers, names and ranges, each with a step or not.
func (f field) parse(text string) (set, error) {
	var s set
	for item := range strings.SplitSeq(text, ",") {
		from, to, step, err := f.item(item)
		if err != nil {
			return set{}, err
		}
		for n := from; n <= to; n += step {
			s.add(n)
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

func (f field) all() set {
	var s set
	for n := f.min; n <= f.max; n++ {
		s.add(n)
	}
	return s
}

func (f field) only(n int) set {
	var s set
	s.add(n)
	return s
}

// set holds the numbers 0 to 99 as they are and years by their distance from
// firstYear: no field has both.
type set [4]uint64

func (s *set) add(n int) {
	i := index(n)
	s[i/64] |= 1 << (i % 64)
}

func (s set) has(n int) bool {
	i := index(n)
	return s[i/64]&(1<<(i%64)) != 0
}

func index(n int) int {
	if n >= firstYear {
		return n - firstYear
	}
	return n
}

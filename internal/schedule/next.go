package schedule

import (
	"errors"
	"time"
)

// everDue refuses dates that no calendar has, such as 30 February, which would
// never be due and never say so.
func (c cron) everDue() error {
	for day := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() <= lastYear; {
		if c.dueOn(day) {
			return nil
		}
		day = c.nextDay(day)
	}
	return errors.New("no calendar has that day, it would never be due")
}

// next returns the first due minute after t.
func (c cron) next(t time.Time) (time.Time, bool) {
	t = t.Truncate(time.Minute).Add(time.Minute)
	for day := t.Truncate(24 * time.Hour); day.Year() <= lastYear; day = c.nextDay(day) {
		if !c.dueOn(day) {
			continue
		}
		if due, ok := c.firstMinute(day, t); ok {
			return due, true
		}
	}
	return time.Time{}, false
}

// firstMinute returns the first due minute of a day that is not before t.
func (c cron) firstMinute(day, t time.Time) (time.Time, bool) {
	for hour := range 24 {
		if !c.hours[hour] {
			continue
		}
		for minute := range 60 {
			due := day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
			if c.minutes[minute] && !due.Before(t) {
				return due, true
			}
		}
	}
	return time.Time{}, false
}

// nextDay is the day after, or later where a whole year or month isn't due.
func (c cron) nextDay(day time.Time) time.Time {
	year, month, _ := day.Date()
	switch {
	case year < firstYear:
		return time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC)
	case !c.years[year]:
		return time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC)
	case !c.months[int(month)]:
		return time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC)
	}
	return day.AddDate(0, 0, 1)
}

func (c cron) dueOn(day time.Time) bool {
	return c.years[day.Year()] && c.months[int(day.Month())] && c.monthDay(day) && c.weekDay(day)
}

// nearestWeekday moves a Saturday to the Friday before and a Sunday to the
// Monday after, or the other way where that would leave the month.
func nearestWeekday(day time.Time) time.Time {
	move := 0
	switch day.Weekday() {
	case time.Saturday:
		if move = -1; day.Day() == 1 {
			move = 2
		}
	case time.Sunday:
		if move = 1; day == lastDay(day) {
			move = -2
		}
	}
	return day.AddDate(0, 0, move)
}

func lastDay(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC)
}

// Longest is the longest interval between two of the next times after now:
// those of a cron are not all alike.
func (s Schedule) Longest(now time.Time) (every time.Duration) {
	const looked = 100
	at, ok := s.Next(now)
	for range looked {
		next, more := s.Next(at)
		if !ok || !more {
			break
		}
		every = max(every, next.Sub(at))
		at = next
	}
	return every
}

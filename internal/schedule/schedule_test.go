package schedule

import (
	"strings"
	"testing"
	"time"
)

func TestParseTakesWhatEventBridgeTakes(t *testing.T) {
	for _, text := range []string{
		"rate(1 minute)", "rate(2 minutes)", "rate(10 minutes)", "rate(1 hour)", "rate(24 hours)", "rate(1 day)", "rate(7 days)",
		"cron(0 10 * * ? *)", "cron(15 12 * * ? *)", "cron(0 18 ? * MON-FRI *)", "cron(0 8 1 * ? *)",
		"cron(0/15 * * * ? *)", "cron(*/5 * * * ? *)", "cron(0/10 * ? * MON-FRI *)", "cron(0/5 8-17 ? * MON-FRI *)",
		"cron(0,30 0-2,20-23 ? JAN,mar,Dec 2,4,SAT 2026-2030)", "cron(10-50/20 * 1/7 1/3 ? 2000/4)",
		"cron(0 0 L * ? *)", "cron(0 0 LW * ? *)", "cron(0 0 15W * ? *)", "cron(0 0 ? * L *)",
		"cron(0 0 ? * 6L *)", "cron(0 0 ? * FRIL *)", "cron(0 0 ? * 3#2 *)", "cron(0 0 ? * TUE#5 *)",
		"cron(0 0 29 2 ? *)", "cron(59 23 31 12 ? 2199)", "cron(0 0 1 1 ? 1970)",
	} {
		s, err := Parse(text)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
		}
		if s.String() != text || s.IsZero() {
			t.Errorf("Parse(%q) is %q", text, s)
		}
	}
}

func TestParseSaysWhatToWriteInstead(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", `"": say rate(10 minutes) or cron(0/10 * * * ? *)`},
		{"10 minutes", `10 minutes: say rate(10 minutes) or cron(0/10 * * * ? *)`},
		{"Rate(10 minutes)", `Rate(10 minutes): say rate(10 minutes) or cron(0/10 * * * ? *)`},
		{"rate(-5 minutes)", `rate(-5 minutes): say rate(10 minutes) or cron(0/10 * * * ? *)`},
		{"rate(1.5 hours)", `rate(1.5 hours): say rate(10 minutes) or cron(0/10 * * * ? *)`},
		{"at(2026-01-01T00:00:00)", `at(2026-01-01T00:00:00): say rate(10 minutes) or cron(0/10 * * * ? *)`},
		{"rate(1 minutes)", `rate(1 minutes): say rate(1 minute)`},
		{"rate(5 minute)", `rate(5 minute): say rate(5 minutes)`},
		{"rate(05 minutes)", `rate(05 minutes): say rate(5 minutes)`},
		{"rate(5  minutes)", `rate(5  minutes): say rate(5 minutes)`},
		{"rate( 5 Minutes )", `rate( 5 Minutes ): say rate(5 minutes)`},
		{"rate(10minutes)", `rate(10minutes): say rate(10 minutes)`},
		{"rate(0 minutes)", `rate(0 minutes): the least is rate(1 minute)`},
		{"rate(30 seconds)", `rate(30 seconds): seconds is no unit: say minutes, hours or days`},
		{"rate(10 mins)", `rate(10 mins): mins is no unit: say minutes, hours or days`},
		{"rate(200000 days)", `rate(200000 days): too long a time`},
		{"rate(99999999999999999999 days)", `rate(99999999999999999999 days): too long a time`},
		{"cron(0/10 * * * ? *) ", `cron(0/10 * * * ? *) : say rate(10 minutes) or cron(0/10 * * * ? *)`},
		{"rate(\n5 minutes)", `"rate(\n5 minutes)": say rate(10 minutes) or cron(0/10 * * * ? *)`},
		{"cron(*/10 * * * *)", `cron(*/10 * * * *): has five fields, as Unix has them: EventBridge's sixth is the year, say * there`},
		{"cron(0 * ? *)", `cron(0 * ? *): has 4 fields: say minutes, hours, day-of-month, month, day-of-week, year`},
		{"cron(0  10 * * ? *)", `cron(0  10 * * ? *): say one space between two fields and none around them`},
		{"cron( 0 10 * * ? *)", `cron( 0 10 * * ? *): say one space between two fields and none around them`},
		{"cron(0 10 * * * *)", `cron(0 10 * * * *): day-of-month or day-of-week must be ?: say ? for day-of-month`},
		{"cron(0 10 1 * * *)", `cron(0 10 1 * * *): day-of-month or day-of-week must be ?: say ? for day-of-week`},
		{"cron(0 10 1 * MON *)", `cron(0 10 1 * MON *): day-of-month and day-of-week can't both be given: say ? in one of them`},
		{"cron(0 10 ? * ? *)", `cron(0 10 ? * ? *): day-of-month and day-of-week are both ?: say * in one of them`},
		{"cron(60 10 * * ? *)", `cron(60 10 * * ? *): minutes 60: say 0 to 59, not "60"`},
		{"cron(0 24 * * ? *)", `cron(0 24 * * ? *): hours 24: say 0 to 23, not "24"`},
		{"cron(0 0 0 * ? *)", `cron(0 0 0 * ? *): day-of-month 0: say 1 to 31, not "0"`},
		{"cron(0 0 * 13 ? *)", `cron(0 0 * 13 ? *): month 13: say 1 to 12 or JAN to DEC, not "13"`},
		{"cron(0 0 ? * 0 *)", `cron(0 0 ? * 0 *): day-of-week 0: say 1 to 7 or SUN to SAT, not "0"`},
		{"cron(0 0 ? * MONDAY *)", `cron(0 0 ? * MONDAY *): day-of-week MONDAY: say 1 to 7 or SUN to SAT, not "MONDAY"`},
		{"cron(0 0 * * ? 1969)", `cron(0 0 * * ? 1969): year 1969: say 1970 to 2199, not "1969"`},
		{"cron(0 0 * * ? 2200)", `cron(0 0 * * ? 2200): year 2200: say 1970 to 2199, not "2200"`},
		{"cron(? 0 * * ? *)", `cron(? 0 * * ? *): minutes ?: say 0 to 59, not "?"`},
		{"cron(0/0 * * * ? *)", `cron(0/0 * * * ? *): minutes 0/0: a step is 1 to 59, not "0"`},
		{"cron(0/60 * * * ? *)", `cron(0/60 * * * ? *): minutes 0/60: a step is 1 to 59, not "60"`},
		{"cron(/5 * * * ? *)", `cron(/5 * * * ? *): minutes /5: say 0 to 59, not ""`},
		{"cron(0 22-2 * * ? *)", `cron(0 22-2 * * ? *): hours 22-2: 22-2 runs backwards: say 22-23,0-2`},
		{"cron(0 0 ? * FRI-MON *)", `cron(0 0 ? * FRI-MON *): day-of-week FRI-MON: FRI-MON runs backwards: say FRI-7,1-MON`},
		{"cron(0 0 ? * 2/2 *)", `cron(0 0 ? * 2/2 *): day-of-week 2/2: there are no steps here: list the days, such as MON,WED,FRI`},
		{"cron(0 0 ? * 3#1,6#3 *)", `cron(0 0 ? * 3#1,6#3 *): day-of-week 3#1,6#3: a day with # stands alone, such as 6#3`},
		{"cron(0 0 ? * 6#6 *)", `cron(0 0 ? * 6#6 *): day-of-week 6#6: a month has a day of the week 1 to 5 times, say 6#3 for the third Friday`},
		{"cron(0 0 1,L * ? *)", `cron(0 0 1,L * ? *): day-of-month 1,L: say L, LW or 15W alone, not in a list or range`},
		{"cron(\a 0 ? * 1 *)", `"cron(\a 0 ? * 1 *)": minutes "\a": say 0 to 59, not "\a"`},
		{"cron(0 0 32W * ? *)", `cron(0 0 32W * ? *): day-of-month 32W: say 1 to 31, not "32"`},
		{"cron(0 0 30 2 ? *)", `cron(0 0 30 2 ? *): no calendar has that day, it would never be due`},
		{"cron(0 0 29 FEB ? 2027)", `cron(0 0 29 FEB ? 2027): no calendar has that day, it would never be due`},
		{strings.Repeat("x", 257), strings.Repeat("x", 40) + "…: longer than 256 characters"},
	} {
		s, err := Parse(test.text)
		if err == nil || err.Error() != test.want {
			t.Errorf("Parse(%q):\n got %v\nwant %s", test.text, err, test.want)
		}
		if !s.IsZero() {
			t.Errorf("Parse(%q) returned a schedule with its error", test.text)
		}
	}
}

// 2026-01-01 was a Thursday.
func TestNextIsDueWhenTheCalendarSaysSo(t *testing.T) {
	for _, test := range []struct{ text, after, want string }{
		{"rate(10 minutes)", "2026-01-01T00:00:30Z", "2026-01-01T00:10:30Z"},
		{"rate(2 days)", "2026-02-28T12:00:00Z", "2026-03-02T12:00:00Z"},
		{"cron(0/10 * * * ? *)", "2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z"},
		{"cron(0/10 * * * ? *)", "2026-01-01T00:09:59Z", "2026-01-01T00:10:00Z"},
		{"cron(0/10 * * * ? *)", "2026-12-31T23:50:00Z", "2027-01-01T00:00:00Z"},
		{"cron(0/10 * * * ? *)", "2026-01-01T00:05:00+02:00", "2025-12-31T22:10:00Z"},
		{"cron(30 8,20 * * ? *)", "2026-01-01T08:30:00Z", "2026-01-01T20:30:00Z"},
		{"cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00:00Z", "2026-01-05T18:00:00Z"},
		{"cron(0 0 L * ? *)", "2028-02-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"cron(0 0 LW * ? *)", "2026-01-01T00:00:00Z", "2026-01-30T00:00:00Z"},
		{"cron(0 0 LW * ? *)", "2026-05-01T00:00:00Z", "2026-05-29T00:00:00Z"},
		{"cron(0 0 15W * ? *)", "2026-02-01T00:00:00Z", "2026-02-16T00:00:00Z"},
		{"cron(0 0 15W * ? *)", "2026-08-01T00:00:00Z", "2026-08-14T00:00:00Z"},
		{"cron(0 0 1W * ? *)", "2026-08-01T00:00:00Z", "2026-08-03T00:00:00Z"},
		{"cron(0 0 31W * ? *)", "2026-05-01T00:00:00Z", "2026-05-29T00:00:00Z"},
		{"cron(0 0 31W * ? *)", "2026-06-01T00:00:00Z", "2026-07-31T00:00:00Z"},
		{"cron(0 0 ? * L *)", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"},
		{"cron(0 0 ? * 6L *)", "2026-01-01T00:00:00Z", "2026-01-30T00:00:00Z"},
		{"cron(0 0 ? * THU#1 *)", "2026-01-01T00:00:00Z", "2026-02-05T00:00:00Z"},
		{"cron(0 0 ? * THU#5 *)", "2026-02-01T00:00:00Z", "2026-04-30T00:00:00Z"},
		{"cron(0 0 29 2 ? *)", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"cron(0 0 1 JAN ? 2000/4)", "2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z"},
		{"cron(0 0 1 1 ? 2030)", "1960-05-05T00:00:00Z", "2030-01-01T00:00:00Z"},
		{"cron(0 0 1 1 ? 2025)", "2026-01-01T00:00:00Z", "never"},
		{"cron(59 23 31 12 ? *)", "2199-12-31T23:59:00Z", "never"},
	} {
		s, err := Parse(test.text)
		if err != nil {
			t.Fatal(err)
		}
		after, err := time.Parse(time.RFC3339, test.after)
		if err != nil {
			t.Fatal(err)
		}
		got := "never"
		if next, ok := s.Next(after); ok {
			got = next.Format(time.RFC3339)
		}
		if got != test.want {
			t.Errorf("%s after %s: got %s, want %s", s, test.after, got, test.want)
		}
	}
	if next, ok := (Schedule{}).Next(time.Now()); ok {
		t.Errorf("no schedule is due at %s", next)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"rate(1 minutes)", "cron(0/10 8-17 ? * MON-FRI 2026)", "cron(0 0 LW FEB ? *)", "cron(0 0 ? * 6#3 *)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n\x00") {
				t.Errorf("the error of %q is not one line: %q", text, err)
			}
			return
		}
		from := time.Date(firstYear-1, 12, 31, 23, 59, 0, 0, time.UTC)
		if next, ok := s.Next(from); !ok || !next.After(from) {
			t.Errorf("%s after %s is due at %s, %t", s, from, next, ok)
		}
	})
}

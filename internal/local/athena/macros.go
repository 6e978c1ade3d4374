package athena

import (
	"fmt"
	"slices"
	"strings"
)

// macros are functions of Trino's that DuckDB lacks, or has with another
// meaning, as the parameters and body of a DuckDB macro. Only those that a
// query calls are defined for it. A macro may use others, which come first.
//
// Not to be had by a macro: transform (list_transform does it),
// format_datetime, functions of maps by cardinality. date_parse, whose format
// must be a constant when DuckDB reads the query, is rewritten.
var macros = []struct{ name, definition string }{
	{"from_unixtime", "(x) AS (to_timestamp(x) AT TIME ZONE 'UTC')"},
	{"to_unixtime", "(x) AS epoch(x)"},
	{"regexp_like", "(s, p) AS regexp_matches(s, p)"},
	{"element_at", "(x, k) AS x[k]"},
	{"cardinality", "(x) AS len(x)"},
	{"json_parse", "(x) AS CAST(x AS JSON)"},
	{"json_format", "(x) AS CAST(x AS VARCHAR)"},
	{"json_extract_scalar", "(x, p) AS CASE WHEN json_type(x, p) IN ('OBJECT', 'ARRAY') THEN NULL ELSE json_extract_string(x, p) END"},
	{"approx_distinct", "(x) AS approx_count_distinct(x)"},
	{"approx_percentile", "(x, p) AS approx_quantile(x, p)"},
	{"date_format", "(d, f) AS strftime(d, " + mysqlFormat + ")"},
	{"date_add", "(u, n, d) AS CASE lower(u) WHEN 'second' THEN d + to_seconds(n) WHEN 'minute' THEN d + to_minutes(n)" +
		" WHEN 'hour' THEN d + to_hours(n) WHEN 'day' THEN d + to_days(CAST(n AS INTEGER)) WHEN 'week' THEN d + to_weeks(CAST(n AS INTEGER))" +
		" WHEN 'month' THEN d + to_months(CAST(n AS INTEGER)) WHEN 'year' THEN d + to_years(CAST(n AS INTEGER)) END"},
	{"at_timezone", "(t, z) AS t AT TIME ZONE z"},
	{"sequence", "(a, b) AS generate_series(a, " + sequenceEnd("1") + "), (a, b, c) AS generate_series(a, " + sequenceEnd("c") + ", c)"},
	{"repeat", "(x, n) AS system.main.repeat(x, " + atMost("n", 10_000, "count argument of repeat function") + ")"},
	{"lpad", "(s, n, p) AS system.main.lpad(s, " + atMost("n", 1_000_000, "target length") + ", p)"},
	{"rpad", "(s, n, p) AS system.main.rpad(s, " + atMost("n", 1_000_000, "target length") + ", p)"},
	{"slice", "(x, s, n) AS list_slice(x, s, s + n - 1)"},
	{"from_iso8601_timestamp", "(s) AS CAST(s AS TIMESTAMPTZ)"},
	{"from_iso8601_date", "(s) AS CAST(s AS DATE)"},
	{"to_iso8601", "(t) AS strftime(t, '%Y-%m-%dT%H:%M:%S.%gZ')"},
	{"array_join", "(x, d) AS array_to_string(x, d)"},
	{"map_agg", "(k, v) AS map(list(k), list(v))"},
	{"day_of_week", "(d) AS isodow(d)"},
	{"day_of_year", "(d) AS dayofyear(d)"},
	{"to_utf8", "(s) AS encode(s)"},
	{"from_utf8", "(b) AS decode(b)"},
	{"to_hex", "(b) AS hex(b)"},
	{"url_extract_host", "(u) AS nullif(regexp_extract(u, '^[a-z]+://([^/:?#]+)', 1), '')"},
}

func isMacro(function string) bool {
	return slices.ContainsFunc(macros, func(m struct{ name, definition string }) bool { return strings.EqualFold(m.name, function) })
}

// maxSequence is how many entries a sequence has at most, as in Trino.
const maxSequence = 10_000

// atMost is the argument n, or an error before anything is made of it: DuckDB's
// memory limit doesn't see what a function makes of constants.
func atMost(n string, limit int, what string) string {
	return fmt.Sprintf("CASE WHEN %[1]s > %[2]d THEN error('%[4]s%[3]s must be less than or equal to %[2]d') ELSE %[1]s END",
		n, limit, what, invalidArgument)
}

// sequenceEnd is the argument b of a sequence from a by a step of numbers, or
// an error. Sequences of dates are as long as they like.
func sequenceEnd(step string) string {
	number := func(x string) string { return "TRY_CAST(CAST(" + x + " AS VARCHAR) AS DOUBLE)" }
	return fmt.Sprintf("CASE WHEN abs(%s - %s) >= %d * abs(%s) THEN error('%sresult of sequence function must not have more than %[3]d entries') ELSE b END",
		number("b"), number("a"), maxSequence, number(step), invalidArgument)
}

// invalidArgument begins the errors that macros raise, as in Trino.
const invalidArgument = "INVALID_FUNCTION_ARGUMENT: "

// mysqlFormat turns the parameter f from MySQL's format letters, which Trino
// takes, into those of strftime. %M comes before %i, which becomes %M.
const mysqlFormat = "replace(replace(replace(replace(replace(replace(replace(f, '%M', '%B'), '%i', '%M'), '%s', '%S'), '%W', '%A'), '%T', '%H:%M:%S'), '%e', '%-d'), '%c', '%-m')"

// rewriteDateParse turns date_parse(s, 'format') into DuckDB's strptime and
// says whether there was any.
func (t *tree) rewriteDateParse() bool {
	found := false
	walk(t.root, func(n node) bool {
		arguments, _ := n["children"].([]any)
		if n["class"] != "FUNCTION" || !strings.EqualFold(str(n, "function_name"), "date_parse") || len(arguments) != 2 {
			return true
		}
		format, _ := arguments[1].(node)
		value := child(format, "value")
		if text, ok := value["value"].(string); ok {
			value["value"] = strings.NewReplacer("%M", "%B", "%i", "%M", "%s", "%S", "%W", "%A", "%T", "%H:%M:%S").Replace(text)
			n["function_name"], found = "strptime", true
		}
		return true
	})
	return found
}

//go:build cgo

package athena

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// full repeats what opens and what shuts something, so that the statement is as
// long as one may be.
func full(before, open, middle, shut, after string) string {
	n := (maxStatement - len(before) - len(middle) - len(after)) / (len(open) + len(shut))
	return before + strings.Repeat(open, n) + middle + strings.Repeat(shut, n) + after
}

// nested is full with a number.
func nested(n int, before, open, middle, shut string) string {
	return before + strings.Repeat(open, n) + middle + strings.Repeat(shut, n)
}

// distinct are n conditions, no two of them alike.
func distinct(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " AND t.dt <> '%d'", i)
	}
	return b.String()
}

// used is how long the processors worked for this process, however busy they are
// with others.
func used(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestAHostileSelectEnds: a statement that is made to cost too much is refused, or
// answered, within seconds of work and minutes of the clock, which goes on where a
// statement hangs and works at nothing; whatever it is, the next is answered.
func TestAHostileSelectEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes seconds")
	}
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(jsonTable)
	for name, c := range map[string]struct{ query, want string }{
		"parentheses":          {full("SELECT ", "(", "1", ")", ""), "SYNTAX_ERROR"},
		"selects in FROM":      {full("SELECT * FROM ", "(SELECT * FROM ", "t", ")", ""), "SYNTAX_ERROR"},
		"WITH in WITH":         {full("", "WITH x AS (", "SELECT 1", ") SELECT * FROM x", ""), "SYNTAX_ERROR"},
		"a long sum":           {full("SELECT 1", "+1", "", "", ""), "SYNTAX_ERROR:"},
		"casts":                {full("SELECT 1", "::int", "", "", ""), "SYNTAX_ERROR:"},
		"joins":                {full("SELECT * FROM t", ",t", "", "", ""), "SYNTAX_ERROR:"},
		"deep structs":         {nested(300, "SELECT ", "{'a':", "1", "}"), "SYNTAX_ERROR:"},
		"subqueries":           {nested(30, "SELECT ", "(SELECT ", "1", ")"), "EXCEEDED_LOCAL_NESTING_LIMIT"},
		"EXISTS":               {nested(30, "SELECT ", "EXISTS(SELECT ", "1", ")"), "EXCEEDED_LOCAL_NESTING_LIMIT"},
		"lambdas":              {nested(30, "SELECT ", "transform(ARRAY[1], x -> ", "1", ")"), "EXCEEDED_LOCAL_NESTING_LIMIT"},
		"functions":            {nested(30, "SELECT ", "array_max(ARRAY[", "1", "])"), "EXCEEDED_LOCAL_NESTING_LIMIT"},
		"comments":             {full("SELECT 1 ", "/* ", "", "", ""), "SYNTAX_ERROR: line 1:10: mismatched input '/'"},
		"columns":              {full("SELECT 1", ",1", "", "", ""), "EXCEEDED_LOCAL_COLUMN_LIMIT: the result has 131069 columns"},
		"a number beyond all":  {full("SELECT ", "9", "", "", ""), "SYNTAX_ERROR: The query is too deep, or a number in it too large"},
		"a parameter":          {"SELECT ?", "INVALID_PARAMETER_USAGE: "},
		"a numbered parameter": {"SELECT * FROM t WHERE dt = $1", "INVALID_PARAMETER_USAGE: "},
		"many conditions":      {"SELECT count(*) FROM t JOIN t AS u ON t.dt = u.dt WHERE true" + distinct(5_000), ""},
	} {
		begun, worked := time.Now(), used(t)
		status := s.wait(s.start(c.query)).Status
		took, worked := time.Since(begun), used(t)-worked
		reason := ""
		if status.StateChangeReason != nil {
			reason = *status.StateChangeReason
		}
		if !strings.HasPrefix(reason, c.want) || (reason == "") != (c.want == "") || worked > 40*time.Second || took > 2*time.Minute {
			t.Errorf("%s: %s after %v, %v of them worked: %.200q, want %q", name, status.State, took, worked, reason, c.want)
		}
	}
	s.want("SELECT 1", []string{"1"})
}

func TestCommentsEndAsTrinoEndsThem(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	for query, want := range map[string]string{
		"SELECT 1 /* a /* b */":                             "1",
		"SELECT /**/ 1 -- it's":                             "1",
		"SELECT '/*', 'it''s --' /* ' */ -- \"\n":           "/*|it's --",
		"SELECT 1 AS \"--\" /* x\n y */ , 2 AS \"a\"\"/*\"": "1|2",
		"SELECT 1 -- x\r, 2":                                "1|2",
	} {
		s.want(query, strings.Split(want, "|"))
	}
	s.failsWith("SELECT /* \n\n */ nope", "line 3:5") // places are as before
	s.failsWith("SELECT 1 /* ", "SYNTAX_ERROR: line 1:10")
}

func TestADeepRowIsRefused(t *testing.T) {
	s := newStack(t)
	s.run("CREATE DATABASE db")
	s.run(jsonTable)
	for name, n := range map[string]int{"deep": maxRowDepth - 1, "deeper": maxRowDepth + 1, "deepest": 3_000_000} {
		s.put("t/dt="+name+"/x.json", `{"id":"1","name":`+nested(n, "", "[", "", "]")+"}\n")
		s.run("ALTER TABLE t ADD PARTITION (dt='" + name + "')")
	}
	s.want("SELECT count(*), max(id) FROM t WHERE dt = 'deep'", []string{"1", "1"})
	s.failsWith("SELECT max(id) FROM t WHERE dt = 'deeper'", "Row is not a valid JSON Object - JSONException: nested too deeply")
	s.failsWith("SELECT max(id) FROM t WHERE dt = 'deepest'", "HIVE_")
	s.want("SELECT 1", []string{"1"})
}

package faults_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
)

// TestEveryReasonIsAFault: what keeps an object from being searchable is said, and
// has a repair.
func TestEveryReasonIsAFault(t *testing.T) {
	other := map[refresh.Reason]string{refresh.Deadline: "slow_table"}
	for _, r := range refresh.Reasons() {
		if r.Ignored() {
			continue
		}
		name := string(r)
		if other[r] != "" {
			name = other[r]
		}
		if _, ok := faults.Of(name); !ok {
			t.Errorf("faults.txt has no entry for the reason %s", r)
		}
	}
}

// TestEveryFaultIsWhole: with a sentence, what is to be done, and arguments that
// somebody gives.
func TestEveryFaultIsWhole(t *testing.T) {
	known := []string{
		"table", "bucket", "queue", "database", "waits", "why", "span", "since", "from", "to", "n", "when", "partition", "catalog", "location",
		"parked", "reason", "example", "behind", "verdict", "advice", "settings", "create", "deploy",
	}
	seen := map[string]bool{}
	for _, f := range faults.All() {
		if seen[f.Name] {
			t.Errorf("%s is there twice", f.Name)
		}
		seen[f.Name] = true
		for _, lacks := range []struct {
			member string
			does   bool
		}{
			{"when: when it is so, and what follows", f.When == ""},
			{"says: the sentence that says it", f.Says == ""},
			{"do: what a person does, or run: the command that repairs it", f.Do == "" && f.Run == nil},
		} {
			if lacks.does {
				t.Errorf("faults.txt: %s lacks %s", f.Name, lacks.member)
			}
		}
		for _, m := range regexp.MustCompile(`\{([a-z]+)\}`).FindAllStringSubmatch(f.Says+f.Do+strings.Join(f.Run, " "), -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("faults.txt: %s: nobody gives {%s}; if somebody does now, it goes into known, in this test", f.Name, m[1])
			}
		}
		if strings.Count(f.Says, "[") != strings.Count(f.Says, "]") {
			t.Errorf("%s: brackets: %s", f.Name, f.Says)
		}
	}
}

func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	for _, c := range []struct {
		name, says string
		args       faults.Args
		run        []string
	}{
		{"table_missing", "payments: no such table; 1 object waits since 03:12", faults.Args{"table": "payments", "waits": "1 object waits since 03:12"}, []string{"athena-refresh table create payments"}},
		{"table_missing", "payments: no such table", faults.Args{"table": "payments", "create": "athena-refresh table create payments --from s3://b/"}, []string{"athena-refresh table create payments --from s3://b/"}},
		{"access_denied", "access denied", nil, []string{"athena-refresh doctor"}},
		{"no_layout_match", "no rule fits 2 messages parked", faults.Args{"parked": "2 messages parked"}, []string{"athena-refresh parked redrive --reason no_layout_match"}},
	} {
		got := faults.New(c.name, c.args)
		if got.Says != c.says || !slices.Equal(got.Run, c.run) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if got := faults.New("no_layout_match", nil); !strings.Contains(got.Do, `({"prefix": "…", "ignore": true})`) {
		t.Errorf("braces are no argument: %q", got.Do)
	}
}

// TestNothingThatAStrangerWroteIsACommand: whatever a bucket, a table or a key is
// called, it is one word.
func TestNothingThatAStrangerWroteIsACommand(t *testing.T) {
	const evil = `b'; rm -rf ~ #$(x)` + "`y`\n"
	for _, f := range faults.All() {
		a := faults.Args{}
		for _, name := range []string{"table", "bucket", "reason", "example", "database", "queue"} {
			a[name] = evil
		}
		for _, command := range faults.New(f.Name, a).Run {
			if strings.Contains(strings.ReplaceAll(command, faults.Word(evil), ""), "rm -rf") {
				t.Errorf("%s: %s", f.Name, command)
			}
		}
	}
	if got := faults.Word(`a'b c`); got != `'a'\''b c'` {
		t.Error(got)
	}
}

func TestAdviceIsALine(t *testing.T) {
	for want, c := range map[string]faults.Case{
		`do it: "a b", "c"`: {Do: "do it", Run: []string{"a b", "c"}}, "do it": {Do: "do it"}, `"c"`: {Run: []string{"c"}}, "": {},
	} {
		if got := c.Advice(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTheWorstIsFirst(t *testing.T) {
	list := []faults.Case{
		faults.New("partitions_empty", faults.Args{"table": "a", "n": "1 partition"}), faults.New("table_missing", faults.Args{"table": "z"}),
		faults.New("table_missing", faults.Args{"table": "b"}), faults.New("queue_missing", faults.Args{"queue": "q"}),
	}
	faults.Sort(list)
	var got []string
	for _, c := range list {
		got = append(got, c.Name+" "+c.Table)
	}
	if want := "queue_missing ,table_missing b,table_missing z,partitions_empty a"; strings.Join(got, ",") != want {
		t.Errorf("%s", strings.Join(got, ","))
	}
}

func TestWaitingIsSaidAsPeopleDo(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for want, got := range map[string]string{
		"":                                      faults.Waits(0, now, now),
		"1 object waits since 04:06":            faults.Waits(1, now.Add(-time.Hour), now),
		"3 objects wait since 2026-03-03 05:06": faults.Waits(3, now.Add(-24*time.Hour), now),
		"2 objects wait":                        faults.Waits(2, time.Time{}, now),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

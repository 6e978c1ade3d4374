// Package faults is what can be amiss, one entry each: when it is so, the sentence
// that says it, and what repairs it. The status page, status, doctor and reconcile
// see different facts, but what they find they say with the same words, and have
// the same done about it. docs/operating.md is made of the same entries.
//
// It is pure. What goes into a sentence was written by strangers in part: in a
// command it is one word of the shell, whatever it holds.
package faults

import (
	"cmp"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Fault is something that can be amiss.
type Fault struct {
	// Name is one word; where a record's reason says the fault, it is that.
	Name string
	// When it is so, and what follows, for people.
	When string
	// Says is the sentence. {name} is an argument; a part in [brackets] is left
	// out where one of its arguments is unknown.
	Says string
	// Do is what a person has to do that no command does; "" if nothing.
	Do string
	// Run are the commands that repair it, in their order, after what Do says.
	Run []string
	// Press is what the page does about it, if it may: a word of Presses.
	Press string
}

// What a page may be asked to do.
const (
	Redrive = "redrive" // send a group of parked messages back
	Fix     = "fix"     // add a table's missing partitions
)

//go:embed faults.txt
var text string

// list is every fault, the worst first.
var list = parse(text)

// parse reads entries, with an empty line before each: the name, then its members
// as "member: text", of which there is one run for each command. A slip panics:
// the first test finds it.
func parse(text string) (list []Fault) {
	_, text, _ = strings.Cut(text, "\n\n") // what is said of all
	for entry := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n\n") {
		lines := strings.Split(entry, "\n")
		f := Fault{Name: lines[0]}
		members := map[string]*string{"when": &f.When, "says": &f.Says, "do": &f.Do, "press": &f.Press}
		for _, line := range lines[1:] {
			member, value, _ := strings.Cut(line, ": ")
			switch to := members[member]; {
			case member == "run":
				f.Run = append(f.Run, value)
			case to == nil || *to != "":
				panic("faults.txt: " + f.Name + ": " + line)
			default:
				*to = value
			}
		}
		list = append(list, f)
	}
	return list
}

// defaults are arguments that a caller knows better at times.
var defaults = map[string]string{
	"deploy": "athena-refresh lambda deploy --processor athena",
	"create": "athena-refresh table create {table}",
}

// Args are what the {names} of an entry stand for.
type Args map[string]string

// Case is a fault that there is.
type Case struct {
	Name   string   `json:"fault"`
	Says   string   `json:"says"`
	Do     string   `json:"do,omitempty"`
	Run    []string `json:"run,omitempty"`
	Table  string   `json:"table,omitempty"`
	Bucket string   `json:"bucket,omitempty"`
	Reason string   `json:"reason,omitempty"`
	Press  string   `json:"press,omitempty"`

	rank int
}

// Of is the entry of a name.
func Of(name string) (Fault, bool) {
	if i := rankOf(name); i >= 0 {
		return list[i], true
	}
	return Fault{}, false
}

func rankOf(name string) int {
	return slices.IndexFunc(list, func(f Fault) bool { return f.Name == name })
}

// New is a case of a fault of the list.
func New(name string, a Args) Case {
	rank := rankOf(name)
	if rank < 0 {
		panic("faults: there is no " + name) // a slip in our own code, which the first test of it finds
	}
	f := list[rank]
	c := Case{Name: name, Says: a.sentence(f.Says), Do: a.sentence(f.Do), Table: a["table"], Bucket: a["bucket"], Reason: a["reason"], Press: f.Press, rank: rank}
	for _, command := range f.Run {
		if text, ok := a.command(command); ok {
			c.Run = append(c.Run, text)
		}
	}
	return c
}

// Advice is what to do, in a line: what Do says, and the commands.
func (c Case) Advice() string {
	var commands []string
	for _, command := range c.Run {
		commands = append(commands, `"`+command+`"`)
	}
	return strings.Trim(c.Do+": "+strings.Join(commands, ", "), ": ")
}

// Sort puts the worst first; what is as bad by its text.
func Sort(cases []Case) {
	slices.SortStableFunc(cases, func(a, b Case) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.Says, b.Says))
	})
}

// open is what of a sentence hangs on its arguments.
var open = regexp.MustCompile(`\[[^]]*\]|\{[a-z]+\}`)

// sentence fills in what there is.
func (a Args) sentence(text string) string {
	return open.ReplaceAllStringFunc(text, func(part string) string {
		filled, whole := a.fill(strings.Trim(part, "[]"), plain)
		if part[0] == '[' && !whole {
			return ""
		}
		return filled
	})
}

// command fills in arguments as words of the shell; false if one is unknown. An
// argument that stands alone is a command itself.
func (a Args) command(text string) (string, bool) {
	if name, ok := strings.CutPrefix(text, "{"); ok && strings.HasSuffix(name, "}") {
		name = strings.TrimSuffix(name, "}")
		if whole := a[name]; whole != "" {
			return whole, true
		}
		text = defaults[name]
	}
	return a.fill(text, Word)
}

// argument is a {name} in an entry; other braces are text.
var argument = regexp.MustCompile(`\{[a-z]+\}`)

// fill replaces every {name}; whole says whether all were known.
func (a Args) fill(text string, as func(string) string) (filled string, whole bool) {
	whole = true
	filled = argument.ReplaceAllStringFunc(text, func(name string) string {
		value := a[name[1:len(name)-1]]
		whole = whole && value != ""
		return as(value)
	})
	return filled, whole
}

func plain(s string) string { return s }

// harmless is a text of which no character means anything to a shell.
var harmless = regexp.MustCompile(`^[a-zA-Z0-9_./:=@%+,-]+$`)

// Word makes one word of the shell of a text.
func Word(s string) string {
	if harmless.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Waits says how many objects wait and since when: "1 object waits since 03:12".
// It is "" for none.
func Waits(n int, since, now time.Time) string {
	switch {
	case n == 0:
		return ""
	case since.IsZero():
		return Waiting(n, "object")
	}
	return Waiting(n, "object") + " since " + Clock(since, now)
}

// Waiting is how many things wait: "1 message waits", "3 messages wait".
func Waiting(n int, what string) string { return Count(n, what) + Verb(n, " waits", " wait") }

// Count is a number of things: "1 object", "3 objects".
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Verb is what so many things do.
func Verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Clock is a time of today as "15:04", another day's with its date.
func Clock(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

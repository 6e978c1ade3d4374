package metrics

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// alert is an entry of alerts.txt, which says what its members are.
type alert struct {
	Name, Says, Do string
	Wait           bool

	Rule  *rule  // Prometheus'; nil: it has none
	Alarm *alarm // CloudWatch's; nil: it has none
}

type rule struct{ Value, Above, For string }

type alarm struct {
	series
	Above    string
	Of       string // "1 period", "3 periods" or "each run"
	Math     string
	Operands map[string]series
}

// panel is an entry of panels.txt.
type panel struct {
	Title, Unit string
	Queries     []struct{ Expr, Legend string }
	Cloud       []series
}

// series is a metric that CloudWatch has, by the name that it has there.
type series struct {
	*Metric
	Shown string
	Stat  string
}

// alerts and panels are all of them.
var alerts, panels = read("alerts.txt", readAlert), read("panels.txt", readPanel)

// read reads entries: each has an empty line before it, its name, and its members
// in lines.
func read[T any](file string, entry func(name string, members [][2]string) T) (list []T) {
	text, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	for _, e := range strings.Split(strings.TrimSpace(string(text)), "\n\n")[1:] {
		lines := strings.Split(e, "\n")
		var members [][2]string
		for _, line := range lines[1:] {
			member, value, _ := strings.Cut(line, ": ")
			members = append(members, [2]string{member, value})
		}
		list = append(list, entry(lines[0], members))
	}
	return list
}

func readAlert(name string, members [][2]string) alert {
	a := alert{Name: name}
	for _, m := range members {
		switch value := m[1]; m[0] {
		case "says":
			a.Says = value
		case "do":
			a.Do = value
		case "wait":
			a.Wait = true
		case "rule":
			p := parts(value, `^(.+) > (\S+?)(?:, for (\d+m))?$`)
			a.Rule = &rule{p[0], p[1], p[2]}
		case "alarm":
			p := parts(value, `^(.+) > (.+), of (1 period|\d periods|each run)$`)
			a.Alarm = &alarm{series: readSeries(p[0]), Above: p[1], Of: p[2]}
		case "math":
			p := parts(value, `^(.+) > (\S+)$`)
			a.Alarm = &alarm{Math: p[0], Above: p[1], Operands: map[string]series{}}
		case "operand":
			p := parts(value, `^(\S+) = (.+)$`)
			a.Alarm.Operands[p[0]] = readSeries(p[1] + ", Sum")
		default:
			panic("alerts.txt: " + name + ": " + m[0])
		}
	}
	return a
}

func readPanel(title string, members [][2]string) panel {
	p := panel{Title: title}
	for _, m := range members {
		switch value := m[1]; m[0] {
		case "unit":
			p.Unit = value
		case "query":
			q := parts(value, `^(.+) as (.+)$`)
			p.Queries = append(p.Queries, struct{ Expr, Legend string }{q[0], q[1]})
		case "series":
			p.Cloud = append(p.Cloud, readSeries(value))
		default:
			panic("panels.txt: " + title + ": " + m[0])
		}
	}
	return p
}

// readSeries reads "queue NumberOfMessagesSent, Sum". A metric may have a name for
// each of its label's values that are always there.
func readSeries(text string) series {
	p := parts(text, `^(\S+) (\S+), (\S+)$`)
	for _, m := range All {
		labels := []string{""}
		if strings.Contains(m.Cloud.Name, "{") {
			for _, s := range m.Samples(&Facts{}) {
				labels = append(labels, s.Labels[0])
			}
		}
		for _, label := range labels {
			if string(m.Cloud.Of) == p[0] && m.CloudName(label) == p[1] {
				return series{m, p[1], p[2]}
			}
		}
	}
	panic("CloudWatch has no " + text + ", by the list")
}

// parts are the groups of a pattern that a text has to fit.
func parts(text, pattern string) []string {
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		panic("this doesn't fit " + pattern + ": " + text)
	}
	return found[1:]
}

// Title is the alert's name in Prometheus: AthenaRefreshDeadLetters.
func (a *alert) Title() string {
	title := "AthenaRefresh"
	for word := range strings.SplitSeq(a.Name, "_") {
		title += strings.ToUpper(word[:1]) + word[1:]
	}
	return title
}

// Expr is the rule's condition.
func (r *rule) Expr() string { return r.Value + " > " + r.Above }

// TestEveryAlertIsWhole, and there once.
func TestEveryAlertIsWhole(t *testing.T) {
	names := map[string]bool{}
	for _, a := range alerts {
		if a.Says == "" || a.Do == "" || a.Rule == nil && a.Alarm == nil || names[a.Name] {
			t.Errorf("%+v is there twice, or lacks something", a)
		}
		names[a.Name] = true
	}
}

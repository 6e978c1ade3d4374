package config

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	page  = "../../docs/configuration.md"
	topic = "../../cmd/athena-refresh/help/config.txt"
)

// TestTheSettingsAreDocumented holds the three places that say what can be set,
// the page, the topic of help and the comments of Config, against what is read:
// the names and the defaults are the same.
func TestTheSettingsAreDocumented(t *testing.T) {
	var want []string
	for _, f := range (&file{}).fields(&Config{}) {
		want = append(want, f.name)
	}
	slices.Sort(want)
	bare, err := withSettings(nil)
	if err != nil {
		t.Fatal(err)
	}
	fields := commented(t)
	for place, said := range map[string]map[string]string{page: column(t, 1), topic: ofTopic(t), "config.go": defaultsOf(fields)} {
		if _, ok := said["buckets"]; !ok && place == topic {
			said["buckets"] = "{}" // has paragraphs of its own
		}
		var names []string
		for name := range said {
			names = append(names, name)
		}
		slices.Sort(names)
		if d := cmp.Diff(want, names); d != "" {
			t.Errorf("the settings that are read (-), and those that %s has (+):\n%s", place, d)
			continue
		}
		for name, is := range said {
			if is != "none" {
				continue
			}
			if field := fields[name].field; !reflect.ValueOf(*bare).FieldByName(field).IsZero() {
				t.Errorf("%s: the default of %s is none, but Config.%s has one", place, name, field)
			}
			delete(said, name)
		}
		set, err := withSettings(said)
		if err != nil {
			t.Errorf("%s: what it has as defaults can't be set: %v", place, err)
			continue
		}
		if d := cmp.Diff(fmt.Sprintf("%+v", *bare), fmt.Sprintf("%+v", *set)); d != "" {
			t.Errorf("the configuration that sets nothing (-), and the one that sets what %s has as defaults (+):\n%s", place, d)
		}
	}
}

// TestTheLimitsAreDocumented: what an error says that a setting may be stands in
// the page and, figures and words, in the comments of Config.
func TestTheLimitsAreDocumented(t *testing.T) {
	limit := regexp.MustCompile(`is out of range: (.+)|must be (true or false|".+" or ".+"), not|(?:is|has) (\d+ to \d+ .+)`)
	allowed, comments := column(t, 2), commented(t)
	found := 0
	for _, f := range (&file{}).fields(&Config{}) {
		for _, wrong := range []string{`"\u00e9"`, `99999999`} {
			_, _, err := parseSection(`"` + f.name + `": ` + wrong)
			var all Errors
			if !errors.As(err, &all) {
				t.Errorf("%s takes %s", f.name, wrong)
				continue
			}
			m := limit.FindStringSubmatch(all[0].Message)
			if m == nil {
				continue
			}
			found++
			may := strings.Join(m[1:], "")
			if plain := strings.ReplaceAll(allowed[f.name], "`", ""); !strings.Contains(plain, strings.ReplaceAll(may, `"`, "")) {
				t.Errorf("%s: %s may be %s, the page says %s", page, f.name, may, plain)
			}
			for _, part := range regexp.MustCompile(`\d+ to \d+|"\w+"`).FindAllString(may, -1) {
				if text := comments[f.name].text; !strings.Contains(text, part) {
					t.Errorf("config.go: the comment of %s doesn't say %s: %s", f.name, part, text)
				}
			}
		}
	}
	if found < 12 {
		t.Errorf("only %d settings have limits: do their errors have other words?", found)
	}
}

// TestTheModuleTakesWhatTheConfigurationTakes: where a setting is one of a few
// words, the module's variable takes the same ones.
func TestTheModuleTakesWhatTheConfigurationTakes(t *testing.T) {
	const module = "../../terraform/variables.tf"
	choices := regexp.MustCompile(`contains\(\[(.*)\], var\.(trigger|catalog)\)`).FindAllStringSubmatch(textOf(t, module), -1)
	for _, m := range choices {
		words := strings.Split(m[1], ", ")
		slices.Sort(words)
		want := "must be " + strings.Join(words, " or ")
		if _, _, err := parseSection(`"` + m[2] + `": ""`); !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s %s, but the configuration says: %v", module, m[2], want, err)
		}
	}
	if len(choices) != 2 {
		t.Errorf("%s has conditions for %q, want one for trigger and one for catalog", module, choices)
	}
}

// TestWhatIsIgnoredIsDocumented, and who an account is.
func TestWhatIsIgnoredIsDocumented(t *testing.T) {
	text := textOf(t, page)
	for _, place := range []string{page, "config.go"} {
		if may := fmt.Sprintf("1 to %d of a-z, 0-9 and -", maxPrefix); !strings.Contains(textOf(t, place), may) {
			t.Errorf("%s doesn't say that account.prefix is %s", place, may)
		}
	}
	for _, name := range append([]string{"account.prefix", "account.region", "account.aws_account_id"}, ignored...) {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("%s doesn't have %s", page, name)
		}
	}
}

// withSettings is the configuration that has these settings.
func withSettings(settings map[string]string) (*Config, error) {
	var members []string
	for name, is := range settings {
		if !regexp.MustCompile(`^([\["{\d]|true$|false$)`).MatchString(is) {
			is = `"` + is + `"`
		}
		members = append(members, `"`+name+`": `+is)
	}
	c, _, err := parseSection(strings.Join(members, ","))
	if err == nil {
		c.Sections = nil // its text
	}
	return c, err
}

func textOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// column is a column of the page's table, by the setting.
func column(t *testing.T, at int) map[string]string {
	_, rows, _ := strings.Cut(textOf(t, page), "| setting | default | allowed |")
	rows, _, _ = strings.Cut(rows, "\n\n")
	cells := map[string]string{}
	for line := range strings.Lines(rows) {
		row := strings.Split(strings.TrimPrefix(line, "| "), " | ")
		for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(row[0], -1) {
			cells[m[1]] = strings.Trim(row[at], "`")
		}
	}
	return cells
}

// ofTopic are the defaults that the topic of help has.
func ofTopic(t *testing.T) map[string]string {
	found := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z_]+) {2,}(rate\(\d+ \w+\)|\S+)`).FindAllStringSubmatch(textOf(t, topic), -1) {
		found[m[1]] = m[2]
	}
	delete(found, "setting") // the line above
	return found
}

// comment is what stands above a field of Config.
type comment struct{ field, is, text string }

func defaultsOf(comments map[string]comment) map[string]string {
	found := map[string]string{}
	for name, c := range comments {
		found[name] = c.is
	}
	return found
}

// commented are Config's fields that are settings, by the name that their comment
// begins with.
func commented(t *testing.T) map[string]comment {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	begins := regexp.MustCompile(`^([a-z_]+)(?:, default ("[^"]*"|[^ .:]+)|: )`)
	found := map[string]comment{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok || field.Doc == nil {
			return true
		}
		text := strings.ReplaceAll(field.Doc.Text(), "\n", " ")
		if m := begins.FindStringSubmatch(text); m != nil {
			is := m[2]
			if d := regexp.MustCompile(`the default (\S+) is`).FindStringSubmatch(text); is == "" && d != nil {
				is = d[1]
			}
			found[m[1]] = comment{field.Names[0].Name, is, text}
		}
		return true
	})
	return found
}

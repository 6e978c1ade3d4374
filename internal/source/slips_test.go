package source

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/table"
)

// TestMain looks through the pages before anything is made of them, as whoever
// writes one need not know Go: what is wrong is a line, with the page's and what to
// do. Without -update, rules.json has to be one too.
func TestMain(m *testing.M) {
	flag.Parse()
	wrong := slips()
	if !*update && wrong == nil {
		if err := checkRules(rulesFile, Pages()); err != nil {
			wrong = append(wrong, fmt.Sprintf("internal/source/rules.json: %v: run go generate ./internal/source", err))
		}
	}
	for _, text := range wrong {
		fmt.Fprintln(os.Stderr, text)
	}
	if wrong != nil {
		fmt.Fprintln(os.Stderr, "Nothing was written and no test ran. The form of a page is in internal/source/doc.go.")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// slips are what is wrong with the pages by themselves.
func slips() (wrong []string) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return []string{err.Error()}
	}
	for _, e := range entries {
		text, err := files.ReadFile(e.Name())
		if err != nil {
			return []string{err.Error()}
		}
		for _, slip := range slipsOf(strings.TrimSuffix(e.Name(), ".md"), string(text)) {
			wrong = append(wrong, "internal/source/"+e.Name()+":"+slip)
		}
	}
	return wrong
}

// slipsOf are what is wrong with a page, each beginning with its line: the first
// thing of its form, or else everything that is wrong with its rules.
func slipsOf(name, text string) (wrong []string) {
	p, err := parse(name, text)
	if err != nil {
		return []string{err.Error()}
	}
	var read lines
	for _, block := range []struct {
		text string
		line int
		to   *[]rule
	}{{p.rules, p.rulesAt, &read.Rules}, {p.companions, p.companionsAt, &read.Companions}} {
		for i, line := range strings.Split(block.text, "\n") {
			if line == "" && block.text == "" {
				continue
			}
			var r rule
			if err := strictly(line, &r); err != nil {
				wrong = append(wrong, fmt.Sprintf("%d: %s: %v", block.line+i, line, err))
			}
			*block.to = append(*block.to, r)
		}
	}
	if wrong != nil {
		return wrong
	}
	alone := lines{Rules: read.Rules} // each companion is an exception of each rule, and a slip there is said once
	for i, r := range alone.source(name).Rules {
		wrong = append(wrong, slipsOfRule(p.rulesAt+i, r)...)
	}
	for i, r := range read.source(name).Companions {
		wrong = append(wrong, slipsOfRule(p.companionsAt+i, r)...)
	}
	return wrong
}

func strictly(line string, r *rule) error {
	d := json.NewDecoder(strings.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil {
		return fmt.Errorf("%w: a line is a JSON object, with the members layout, file, table, partition, except and, of companions, not", err)
	}
	if d.More() {
		return fmt.Errorf("there is more behind its }: a line is one JSON object")
	}
	return nil
}

// slipsOfRule are what is wrong with a rule or a companion in a line of its page.
func slipsOfRule(line int, r table.Rule) (wrong []string) {
	if err := table.Compile(r); err != nil {
		wrong = append(wrong, fmt.Sprintf("%d: %v", line, err))
	}
	if slices.Contains(table.Lost(r), "table") {
		wrong = append(wrong, fmt.Sprintf(`%d: the layout captures {table}, and neither the table nor a partition key has it: say "table": "{table}"`, line))
	}
	return wrong
}

// checkRules says what is wrong with rules.json, which go generate makes: without it
// no test could say anything of use.
func checkRules(text []byte, pages []Page) error {
	var all map[string]lines
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for _, p := range pages {
		if len(all[p.Name].Rules) == 0 {
			return fmt.Errorf("it has nothing of %s.md yet", p.Name)
		}
		l := all[p.Name]
		s := l.source(p.Name)
		for _, r := range slices.Concat(s.Rules, s.Companions) {
			if err := table.Compile(r); err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
		}
		delete(all, p.Name)
	}
	for name := range all {
		return fmt.Errorf("there is no %s.md any more", name)
	}
	return nil
}

// TestASlipInAPageIsNamed: its line, what is wrong and what is right.
func TestASlipInAPageIsNamed(t *testing.T) {
	const page = "# Zeek's logs\n\nBy https://docs.zeek.org.\n\n```keys\nzeek/conn/2023/04/14/x.gz\n```\n\n```rules\n\n" +
		`{"layout": "**/zeek/{table}/{yyyy}/{MM}/{dd}/", "table": "{table}"}` + "\n```\n\n```companions\n" + `{"file": "x"}` + "\n```\n"
	if wrong := slipsOf("zeek", page); wrong != nil {
		t.Fatal(wrong)
	}
	for _, c := range []struct{ old, slip, want string }{
		{"```rules", "```rule", `9: no block is named "rule", but keys, rules, `},
		{"```rules", "```", "9: a block has a name: ```rules"},
		{"{yyyy}", "{yyy}", `11: layout "**/zeek/{table}/{yyy}/{MM}/{dd}/": {yyy}: the fields of a time are {yyyy}`},
		{`, "table": "{table}"`, "", `11: the layout captures {table}, and neither the table nor a partition key has it: say "table": "{table}"`},
		{`, "table": "{table}"`, `, "partition": {"dt": "{yyyy}"}`, `11: the layout captures {table}, `},
		{`"table":`, `"tabel":`, `json: unknown field "tabel": a line is a JSON object, with the members `},
		{`{"file": "x"}`, `{"file": "{x}"}`, `15: file "{x}": {x} is none of {yyyy}`},
		{`{"file": "x"}`, `{"file": "x"} {"file": "y"}`, "15: "},
		{`{"file": "x"}` + "\n```", `{"file": "x"}`, `14: the block "companions" has no end`},
		{`{"file": "x"}`, "", `14: the block "companions" is empty`},
		{"# Zeek's logs", "", "1: it has no title: # …"},
		{"By https", "## Zeek\nBy https", `3: "## Zeek": a page has two headings, its title and "## What to know"`},
	} {
		wrong := slipsOf("zeek", strings.Replace(page, c.old, c.slip, 1))
		if len(wrong) != 1 || !strings.Contains(wrong[0], c.want) {
			t.Errorf("%s instead of %s: %q\nwant %s", c.slip, c.old, wrong, c.want)
		}
	}
	for text, want := range map[string]string{
		`{"zeek": {"rules": [{"layout": "{a}/"}]}}`: "<nil>",
		`{`:  "unexpected end of JSON input",
		`{}`: "it has nothing of zeek.md yet",
		`{"zeek": {"rules": [{"layout": "{yyy}/"}]}}`:                                       `zeek: layout "{yyy}/": {yyy}: the fields of a time are `,
		`{"zeek": {"rules": [{"layout": "{a}/"}]}, "bro": {"rules": [{"layout": "{a}/"}]}}`: "there is no bro.md any more",
	} {
		if err := checkRules([]byte(text), []Page{{Name: "zeek"}}); !strings.HasPrefix(fmt.Sprint(err), want) {
			t.Errorf("rules.json is %s: %v, want %s", text, err, want)
		}
	}
}

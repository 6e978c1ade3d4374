package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/config"
	"athenarefresh/internal/source"
	"athenarefresh/internal/table"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// TestEveryCommandAndFlagIsDocumented holds docs/commands.md against the program:
// the list at its end, and that each command stands in the table of what you want.
func TestEveryCommandAndFlagIsDocumented(t *testing.T) {
	const name = "../../docs/commands.md"
	head, _, _ := strings.Cut(textOf(t, name), "## All of them\n")
	root := (&app{}).root()
	root.InitDefaultCompletionCmd()
	var b strings.Builder
	fmt.Fprintf(&b, "%s## All of them\n\nEach takes these, too: %s.\n\n| command | does | takes |\n|---|---|---|\n", head, flagNames(root.PersistentFlags()))
	wanted, _, _ := strings.Cut(head, "\n## ")
	for _, c := range commands(root) {
		takes := flagNames(c.LocalNonPersistentFlags())
		if takes == "" {
			continue // a topic, or what only helps
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(strings.TrimSuffix(c.UseLine(), " [flags]"), "|", `\|`), c.Short, takes)
		if !regexp.MustCompile("`" + c.CommandPath() + "[ `]").MatchString(wanted) {
			t.Errorf("%s doesn't say what you want when you run %s: a row in its first table", name, c.CommandPath())
		}
	}
	if *updateOutput {
		write(t, name, b.String())
	}
	if diff := cmp.Diff(b.String(), textOf(t, name)); diff != "" {
		t.Errorf("the commands and flags of the program (-), and %s (+): go test ./cmd/athena-refresh -run FlagIsDocumented -update-output\n%s", name, diff)
	}
}

func flagNames(flags *pflag.FlagSet) string {
	var names []string
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			names = append(names, "`--"+f.Name+"`")
		}
	})
	return strings.Join(names, ", ")
}

func TestConfigTopicIsAConfiguration(t *testing.T) {
	dir := t.TempDir()
	global := regexp.MustCompile(`(?m)^  \{"account".*$`).FindString(configTopic)
	lambda := regexp.MustCompile(`(?ms)^  \{\n.*?^  \}$`).FindString(configTopic)
	write(t, dir+"/global.json", global)
	write(t, dir+"/lambda.json", lambda)
	c, warnings, err := config.Load(dir)
	if err != nil || len(warnings) > 0 || len(c.Buckets) != 3 {
		t.Errorf("%v %v %+v", err, warnings, c)
	}
}

// layoutExample is an object of the topic, and what it says becomes of it.
var layoutExample = regexp.MustCompile(`(?m)^  ([a-z-]+) +(\S+/\S+)\n +(?:table (\w+), )?((?:\w+=[\w-]+(?:, )?)+)(?: at (\S+))?$`)

func TestLayoutsTopicIsTrue(t *testing.T) {
	examples := layoutExample.FindAllStringSubmatch(layoutsTopic, -1)
	var explained []string
	for _, m := range examples {
		explained = append(explained, m[1])
	}
	slices.Sort(explained)
	if diff := cmp.Diff(table.LayoutNames(), explained); diff != "" {
		t.Errorf("the layouts of internal/table/layout.go (-), and those that help/layouts.txt has an example of (+):\n%s", diff)
	}
	for _, m := range examples {
		rule := table.Rule{Layout: m[1], Table: "t"}
		if strings.HasPrefix(m[1], "streamalert-") {
			rule.Table = ""
		}
		if m[1] == "hive" {
			rule.Keys = []string{"dt", "region"}
		}
		r, err := table.New([]table.Bucket{{Name: "b", Rules: []table.Rule{rule}}})
		if err != nil {
			t.Fatal(err)
		}
		p := r.Place("b", m[2])
		var pairs []string
		for i, k := range p.Partition.Keys {
			pairs = append(pairs, k+"="+p.Partition.Values[i])
		}
		if got := strings.Join(pairs, ", "); p.Outcome != table.Place || got != m[4] {
			t.Errorf("%s: %s %s, the topic says %s", m[2], p.Outcome, got, m[4])
		}
		if m[3] != "" && p.Partition.Table != m[3] || m[5] != "" && p.Partition.Location != "s3://b/"+m[5] {
			t.Errorf("%s: %+v", m[2], p.Partition)
		}
	}
}

// TestLayoutsTopicsRulesAreRules reads the rules and templates of the text, and
// holds what it says of them against what they do.
func TestLayoutsTopicsRulesAreRules(t *testing.T) {
	rules := regexp.MustCompile(`(?m)^  \{".*\}$`).FindAllString(layoutsTopic, -1)
	if len(rules) != 3 {
		t.Fatalf("%d rules: %q", len(rules), rules)
	}
	c, _, err := config.Load(confDir(t, "p", `{"athena_partition_refresh_config": {"buckets": {"bucket": [`+strings.Join(rules, ",")+`]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	template := regexp.MustCompile(`the template (\S+/)\.`).FindStringSubmatch(strings.ReplaceAll(layoutsTopic, "\n", " "))
	app := regexp.MustCompile(`a template, such as (\S+/):`).FindStringSubmatch(layoutsTopic)
	partition := regexp.MustCompile(`"partition": \{"(\w+)": "(\S+)"\}`).FindStringSubmatch(layoutsTopic)
	if template == nil || app == nil || partition == nil {
		t.Fatalf("%q %q %q", template, app, partition)
	}
	c.Buckets = append(c.Buckets,
		table.Bucket{Name: "key", Rules: []table.Rule{{Layout: template[1], Table: "web"}}},
		table.Bucket{Name: "app", Rules: []table.Rule{{Layout: app[1], Table: "web"}}},
		table.Bucket{Name: "day", Rules: []table.Rule{{Layout: app[1], Table: "web", Partition: []table.KeyTemplate{{Key: partition[1], Value: partition[2]}}}}})
	r, err := table.New(c.Buckets)
	if err != nil {
		t.Fatal(err)
	}
	place := func(bucket, key string) string {
		p := r.Place(bucket, key)
		if p.Outcome != table.Place {
			return string(p.Reason)
		}
		return strings.Join(p.Partition.Keys, ",") + "=" + strings.Join(p.Partition.Values, ",")
	}
	for _, x := range []struct{ bucket, key, want string }{
		{"bucket", "x/tmp/x/dt=1/region=eu/a", "ignored_by_rule"},
		{"bucket", "AWSLogs/1/elasticloadbalancing/eu/2018/03/01/a.log", "account,region,dt=1,eu,2018-03-01"},
		{"bucket", "AWSLogs/1/elasticloadbalancing/eu/2018/03/01/a.log.gz", "no_layout_match"},
		{"bucket", "logs/one/dt=1/region=eu/a", "dt,region=1,eu"},
		{"bucket", "logs/two/dt=1/region=eu/a", "dt,region=1,eu"}, // the conflict that the text warns of
		{"key", "logs/one/dt=1/region=eu/a", "app,dt,region=one,1,eu"},
		{"app", "web/2018-03-01/a", "app,dt=web,2018-03-01"},
		{"day", "web/2018-03-01/a", "day=2018-03-01"},
	} {
		if got := place(x.bucket, x.key); got != x.want {
			t.Errorf("%s/%s: %s, want %s", x.bucket, x.key, got, x.want)
		}
	}
}

// TestSourcesTopicHasEverySource: it is made of the pages.
func TestSourcesTopicHasEverySource(t *testing.T) {
	out, errs, code := invoke(t, "", "help", "sources")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d, stderr %q", code, errs)
	}
	for _, s := range source.All() {
		if !regexp.MustCompile(`(?m)^` + s.Name + `: .+\n  \{"source": "[a-z0-9-]+"\}, table \w+, keys .+\n  \S+$`).MatchString(out) {
			t.Fatalf("%s is not there: %.500s", s.Name, out)
		}
	}
	for line := range strings.Lines(out) {
		if n := len([]rune(strings.TrimSpace(line))); n > 250 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
}

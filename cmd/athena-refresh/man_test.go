package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryCommandHasAManualPage: with what its help says, and no text of ours
// taken for a command of troff's.
func TestEveryCommandHasAManualPage(t *testing.T) {
	dir := t.TempDir()
	root := (&app{stdout: os.Stdout, stderr: os.Stderr}).root()
	root.SetArgs([]string{"man", dir})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	for _, c := range commands(root) {
		page := textOf(t, filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"))
		for line := range strings.Lines(c.Long) {
			if line = strings.TrimRight(line, "\n"); line != "" && !strings.Contains(page, roff(line)) {
				t.Errorf("the page of %s lacks %q", c.CommandPath(), line)
			}
		}
	}
	if page := textOf(t, filepath.Join(dir, "athena-refresh-sources.1")); !strings.Contains(page, "cloudtrail") {
		t.Error("the page of the sources has none")
	}
	man, err := exec.LookPath("man")
	if err != nil {
		t.Skip("there is no man to read them with")
	}
	for _, file := range []string{"athena-refresh.1", "athena-refresh-config.1", "athena-refresh-lambda-deploy.1"} {
		cmd := exec.Command(man, "--warnings", "-l", filepath.Join(dir, file))
		cmd.Env = append(os.Environ(), "MANWIDTH=120", "LC_ALL=C.UTF-8", "PAGER=cat", "MANPAGER=cat")
		var said strings.Builder
		cmd.Stderr = &said
		if out, err := cmd.Output(); err != nil || said.Len() > 0 || !strings.Contains(string(out), "athena-refresh") {
			t.Errorf("%s: %v %s", file, err, said.String())
		}
	}
}

func TestTextIsNoCommandOfTroffs(t *testing.T) {
	for text, want := range map[string]string{
		"a-b":        `a\-b`,
		`\d`:         `\ed`,
		".SH x\n'y":  "\\&.SH x\n\\&'y",
		"  .x\na'.b": "  .x\na'.b",
	} {
		if got := roff(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

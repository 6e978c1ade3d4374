//go:build cgo

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/source"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// logFolder is a folder of logs, and what is known of it: a file of
// testdata/folders. Lines of its comment say:
//
//	sample: SOURCE [FOLDER/] [strip=FOLDER/]  what a source's sample has lies there too, the folder in front of it or not
//	at: FOLDER/                       the flag
//	gzip: FILE                        it is packed, though its name doesn't say so
//	found: TABLE SOURCE               what discover has to find; - is no source
//	query: SQL => ROW / ROW           and open to answer
//	fails: SQL => TEXT                or to say
//	says: TEXT                        on stderr, of either
//	undone: TEXT                      the same, and open exits with 3
type logFolder struct {
	files                    map[string]string
	at                       string
	found, says              []string
	sql, want, failing, whys []string
	undone                   bool
}

var folderLine = regexp.MustCompile(`(?m)^(sample|at|gzip|found|query|fails|says|undone): (.*)$`)

func readFolder(t *testing.T, name string) *logFolder {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f := &logFolder{files: map[string]string{}}
	var packed []string
	for _, m := range folderLine.FindAllStringSubmatch(string(archive.Comment), -1) {
		before, after, _ := strings.Cut(m[2], " => ")
		switch m[1] {
		case "sample":
			words := append(strings.Fields(m[2]), "")
			f.sample(t, words[0], words[1])
		case "at":
			f.at = m[2]
		case "gzip":
			packed = append(packed, m[2])
		case "found":
			f.found = append(f.found, m[2])
		case "query":
			f.sql, f.want = append(f.sql, before), append(f.want, after)
		case "fails":
			f.failing, f.whys = append(f.failing, before), append(f.whys, after)
		case "says", "undone":
			f.says, f.undone = append(f.says, m[2]), f.undone || m[1] == "undone"
		}
	}
	for _, x := range archive.Files {
		if f.files[x.Name] = body(t, x); slices.Contains(packed, x.Name) {
			f.files[x.Name] = zipped(t, string(x.Data))
		}
	}
	return f
}

// sample adds a source's sample, below a folder or without one.
func (f *logFolder) sample(t *testing.T, name, where string) {
	t.Helper()
	archive, err := txtar.ParseFile(samples + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	strip, stripped := strings.CutPrefix(where, "strip=")
	for _, x := range archive.Files {
		key := x.Name
		if stripped {
			var below bool
			if key, below = strings.CutPrefix(key, strip); !below {
				continue
			}
		} else {
			key = where + key
		}
		f.files[key] = body(t, x)
	}
}

// lay puts the files into a folder called logs.
func (f *logFolder) lay(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "logs")
	for name, text := range f.files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, path, text)
	}
	return dir
}

// TestFoldersAreOpened: what lies in each folder is found, and searched with no
// other step. What --save kept answers the same, on a stack of its own where the
// files land and one invocation refreshes.
func TestFoldersAreOpened(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes seconds")
	}
	t.Parallel()
	names, err := filepath.Glob("testdata/folders/*.txtar")
	if err != nil || len(names) < 30 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			f := readFolder(t, name)
			dir := f.lay(t)
			said := f.discovered(t, dir)
			kept := filepath.Join(t.TempDir(), "conf")
			out, errs := f.opened(t, dir, kept)
			for i, answer := range f.want {
				if d := cmp.Diff(answer, rows(out, i)); d != "" {
					t.Errorf("%s\n%s\n%s", f.sql[i], d, errs)
				}
			}
			for _, text := range slices.Concat(f.says, f.whys) {
				if !strings.Contains(said+errs, text) {
					t.Errorf("it does not say %q but\n%s%s", text, said, errs)
				}
			}
			if len(f.sql) > 0 && !t.Failed() {
				f.again(t, kept)
			}
		})
	}
}

// discovered checks what discover finds, and returns what it says besides.
func (f *logFolder) discovered(t *testing.T, dir string) string {
	t.Helper()
	out, errs, err := program(append([]string{"discover", dir, "--json"}, f.flags()...)...)
	if err != nil {
		t.Fatalf("discover: %v: %s", err, errs)
	}
	var found []string
	for line := range strings.Lines(out) {
		var x struct {
			Type, Table string
			Source      *string
		}
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			t.Fatal(err)
		}
		if x.Source == nil {
			x.Source = new(string)
			*x.Source = "-"
		}
		if x.Type == "table" {
			found = append(found, x.Table+" "+*x.Source)
		}
	}
	slices.Sort(found)
	if d := cmp.Diff(slices.Sorted(slices.Values(f.found)), found); d != "" {
		t.Errorf("found\n%s\n%s", d, out)
	}
	return out + errs
}

func (f *logFolder) flags() []string {
	if f.at == "" {
		return nil
	}
	return []string{"--at", f.at}
}

// opened asks all queries of the folder.
func (f *logFolder) opened(t *testing.T, dir, kept string) (out, errs string) {
	t.Helper()
	args := append([]string{"open", dir, "--save", kept}, f.flags()...)
	for _, q := range slices.Concat(f.sql, f.failing) {
		args = append(args, "--query", q)
	}
	out, errs, err := program(append(args, "--yes")...)
	var left *exec.ExitError
	failing := len(f.failing) > 0 || len(f.sql) == 0 || f.undone
	if (err != nil) != failing || f.undone != (errors.As(err, &left) && left.ExitCode() == exitUndone) {
		t.Errorf("open: %v\n%s", err, errs)
	}
	return out, errs
}

// again asks the queries of a stack that has the kept configuration, to which the
// files came by notifications.
func (f *logFolder) again(t *testing.T, conf string) {
	t.Helper()
	stack := served(t, conf, t.TempDir())
	m := &made{t: t, conf: conf, client: newClient(stack.url), env: environment(stack.url)}
	at := f.at
	if global, err := os.ReadFile(filepath.Join(conf, "global.json")); err != nil {
		t.Fatal(err)
	} else if guessed := regexp.MustCompile(`"at": "([^"]*)"`).FindSubmatch(global); guessed != nil {
		at = string(guessed[1])
	}
	for name, text := range f.files {
		m.put("logs", at+name, text)
	}
	once := exec.Command("athena-refresh", "once", "--conf", conf)
	once.Env = m.env
	var left *exec.ExitError
	if out, err := once.CombinedOutput(); err != nil && !(errors.As(err, &left) && left.ExitCode() == exitUndone) { // 3: what is no log is parked
		t.Fatalf("once: %v: %s", err, out)
	}
	for i, q := range f.sql {
		if got := rows(m.run("query", q), 0); got != f.want[i] {
			t.Errorf("of what was kept: %s\ngot  %s\nwant %s", q, got, f.want[i])
		}
	}
}

// rows are those of an answer, as a line of testdata/folders has them.
func rows(csv string, answer int) string {
	all := append(strings.Split(csv, "\n\n"), make([]string, answer+1)...)
	lines := strings.Split(strings.TrimSpace(all[answer]), "\n")
	return strings.Join(lines[1:], " / ")
}

// program runs athena-refresh where there is no AWS.
func program(args ...string) (out, errs string, err error) {
	cmd := exec.Command("athena-refresh", args...)
	cmd.Env = environment("http://127.0.0.1:1")
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	return o.String(), e.String(), err
}

// TestSamplesAreOpened: each source's sample is named, as a folder, and its page's
// queries are answered.
func TestSamplesAreOpened(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes seconds")
	}
	t.Parallel()
	pages := source.Pages()
	for _, p := range pages {
		if _, err := fs.Stat(os.DirFS(samples), p.Name+".txtar"); err != nil || p.Name == "json-lines" { // which is anybody's
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			f := &logFolder{files: map[string]string{}}
			f.sample(t, p.Name, "")
			args := []string{"open", f.lay(t), "--yes", "--bucket", bucketOf(p.Name)}
			for _, q := range p.Queries {
				args = append(args, "--query", q.SQL)
			}
			out, errs, err := program(args...)
			if err != nil || !strings.Contains(errs, `"source":"`+p.Name+`"`) {
				t.Errorf("%v: %s", err, errs)
			}
			answers := strings.Split(strings.TrimSpace(out), "\n\n")
			for i, q := range p.Queries {
				if len(answers) < len(p.Queries) { // one that failed has none, so that nobody knows which is whose
					if !slices.Contains(answers, q.Answer) {
						t.Errorf("%s.md: %s: the page's answer is not among those of the sample", p.Name, q.Title)
					}
				} else if d := cmp.Diff(q.Answer, answers[i]); d != "" {
					t.Errorf("%s.md: %s: the page's answer (-), and the sample's (+)\n%s", p.Name, q.Title, d)
				}
			}
		})
	}
}

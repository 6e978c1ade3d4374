// Operators asks of each operator of a package whether a test would notice if it
// were another: < as <= and >=, && as ||, ++ as --, break as continue, + as -.
//
//	go run ./.ci/operators [-files NAME.go,NAME.go] [-skip REGEXP] [-most N] [-v] ./internal/table
//
// The mutants are those of gremlins (docs/mutants.md), but for & before an
// operand, which never compiles. To build and link a test binary takes longer
// than most tests, so one binary holds nearly all of them, each behind a switch
// (switches.go); the others are built one by one. What survives is printed with
// its line, and is for a person to answer: by a test, or in docs/mutants.md.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"athenarefresh/.ci/gotest"
)

// The tests may take so many times as long with a mutant as without, ten seconds
// at least. One that takes longer is noticed: it made a loop without an end.
const (
	times    = 20
	patience = 10 * time.Second
)

func main() {
	files := flag.String("files", "", "only these `files` of the package, in this order")
	skip := flag.String("skip", "", "leave out the tests that match this regular `expression`")
	most := flag.Int("most", -1, "fail if more than `N` survive")
	verbose := flag.Bool("v", false, "print what is killed too")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: go run ./.ci/operators [flags] PACKAGE")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	survived, err := run(ctx, flag.Arg(0), *files, *skip, *verbose)
	if err == nil && *most >= 0 && survived > *most {
		err = fmt.Errorf("%d survived in %s, %d are known to", survived, flag.Arg(0), *most)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "operators:", err)
		os.Exit(1)
	}
}

// run tries all mutants and returns how many survive.
func run(ctx context.Context, pkg, files, skip string, verbose bool) (int, error) {
	l := bench{pkg: pkg, skip: skip, patience: 10 * time.Minute}
	var err error
	if l.dir, err = filepath.Abs(pkg); err != nil {
		return 0, err
	}
	if l.work, err = os.MkdirTemp("", "operators-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(l.work)
	names, err := l.sources(files)
	if err != nil {
		return 0, err
	}
	mutants, err := l.buildSwitched(ctx, names)
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	if out, err := l.test(ctx, l.binary("switched"), 0); err != nil {
		return 0, fmt.Errorf("the tests fail without a mutant: %w\n%s", err, out)
	}
	l.patience = max(times*time.Since(begun), patience)
	count := map[string]int{}
	for _, m := range mutants {
		verdict, by := l.try(ctx, m)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if count[verdict]++; verdict == "survived" || verbose {
			fmt.Printf("%s:%d:%d: %s as %s: %s %s: %s\n", m.file, m.line, m.column, m.from, m.to, verdict, by, m.text)
		}
	}
	for _, verdict := range slices.Sorted(maps.Keys(count)) {
		fmt.Printf("%d %s\n", count[verdict], verdict)
	}
	return count["survived"], nil
}

// bench is where mutants of a package are built and tried.
type bench struct {
	pkg  string
	dir  string // the package's
	work string
	skip string

	patience time.Duration
}

func (l *bench) binary(name string) string { return filepath.Join(l.work, name+".test") }

// sources are the package's files, or those that were asked for.
func (l *bench) sources(asked string) ([]string, error) {
	if asked != "" {
		return strings.Split(asked, ","), nil
	}
	entries, err := os.ReadDir(l.dir)
	var names []string
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
	}
	return names, err
}

// buildSwitched builds the binary that holds the mutants of all files.
func (l *bench) buildSwitched(ctx context.Context, names []string) ([]*mutant, error) {
	changed := map[string][]byte{}
	var all []*mutant
	for _, name := range names {
		src, err := os.ReadFile(filepath.Join(l.dir, name))
		if err != nil {
			return nil, err
		}
		s, err := parse(name, src, len(all)+1)
		if err != nil {
			return nil, err
		}
		changed[name], changed["operators_switch.go"] = []byte(s.switched()), []byte(s.helpers())
		all = append(all, s.mutants...)
	}
	slices.SortFunc(all, func(a, b *mutant) int {
		return cmp.Or(slices.Index(names, a.file)-slices.Index(names, b.file), a.at-b.at, a.id-b.id)
	})
	if out, err := l.build(ctx, "switched", changed); err != nil {
		return nil, fmt.Errorf("build the tests with all mutants: %w\n%s", err, out)
	}
	return all, nil
}

// build builds the package's tests with files in the place of others.
func (l *bench) build(ctx context.Context, name string, files map[string][]byte) (out []byte, err error) {
	replace := map[string]string{}
	for file, content := range files {
		to := filepath.Join(l.work, file)
		replace[filepath.Join(l.dir, file)] = to
		if err := os.WriteFile(to, content, 0o600); err != nil {
			return nil, err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	overlay := filepath.Join(l.work, "overlay.json")
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", overlay, "-o", l.binary(name), l.pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	return cmd.CombinedOutput()
}

// test runs a binary with one mutant, 0 for none.
func (l *bench) test(ctx context.Context, binary string, id int) (string, error) {
	args := []string{"-test.failfast", "-test.timeout", l.patience.String()}
	if l.skip != "" {
		args = append(args, "-test.skip", l.skip)
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = l.dir
	cmd.Env = append(os.Environ(), "MUTANT="+strconv.Itoa(id), "TMPDIR="+l.work)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// try says what became of a mutant, and which test noticed it.
func (l *bench) try(ctx context.Context, m *mutant) (verdict, by string) {
	binary := l.binary("switched")
	if m.alone {
		binary = l.binary("alone")
		if _, err := l.build(ctx, "alone", map[string][]byte{m.file: m.source()}); err != nil {
			return "does not compile", ""
		}
	}
	out, err := l.test(ctx, binary, m.id)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "survived", ""
	case !errors.As(err, &exit):
		return "could not be run", err.Error()
	case strings.Contains(out, "panic: test timed out"):
		return "timed out", ""
	}
	return "killed", "by " + gotest.Failed(out)
}

// Mutants proves the proofs: it breaks the code in ways that have names, each
// of which would break a promise (docs/decisions.md), and fails if
// the tests don't notice one of them.
//
//	go run ./.ci/mutants [-run REGEXP] [-v]
//
// The tree is copied once and the copy is never changed: a break is an overlay
// (go help build, -overlay) of one file, so breaks run beside each other and
// share all that the build cache has of the rest. Tests run without cgo, so
// that none of them links DuckDB. A break fails the run if the tests pass all
// the same, if it does not compile, and if its text is not there exactly once.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// workers is how many breaks are tried at a time; patience is how long a test
// binary may take, many times what any of them needs.
const (
	workers  = 2
	patience = "90s"
)

func main() {
	only := flag.String("run", "", "try only the breaks whose name matches this regular `expression`")
	verbose := flag.Bool("v", false, "show what the tests said")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *only, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, verbose bool) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(slices.Clone(breaks), func(b mutant) bool { return !match.MatchString(b.name) })
	l := lab{verbose: verbose}
	if l.dir, err = os.MkdirTemp("", "mutants-"); err != nil {
		return err
	}
	defer os.RemoveAll(l.dir)
	if err := l.copyTree(ctx); err != nil {
		return fmt.Errorf("copy the tree: %w", err)
	}
	if err := l.healthy(ctx, chosen); err != nil {
		return err
	}
	failed := l.tryAll(ctx, chosen)
	fmt.Printf("%d passed, %d failed\n", len(chosen)-failed, failed)
	if failed > 0 {
		return errors.New("not every break was noticed")
	}
	return ctx.Err()
}

// lab is where breaks are tried: a copy of the tree, and one overlay a break.
type lab struct {
	dir     string
	verbose bool

	mu sync.Mutex // one line at a time
}

func (l *lab) tree() string { return filepath.Join(l.dir, "tree") }

// copyTree copies what git knows of the working tree, or would: the tests have
// to notice breaks of what is there now, committed or not.
func (l *lab) copyTree(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		content, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return err
		}
		to := filepath.Join(l.tree(), name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(to, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// healthy runs the tests that the breaks name on the code as it is. Where they
// fail already, that they fail with a break says nothing.
func (l *lab) healthy(ctx context.Context, chosen []mutant) error {
	begun := time.Now()
	var tests []string
	for _, b := range chosen {
		if !slices.Contains(tests, b.tests) {
			tests = append(tests, b.tests)
		}
	}
	errs := make([]error, len(tests))
	inParallel(len(tests), func(i int) {
		if out, err := l.test(ctx, tests[i], ""); err != nil {
			errs[i] = fmt.Errorf("the tests fail without any break: %s\n%s", tests[i], out)
		}
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	fmt.Printf("%-55s    %-90s %5.1f s\n", "(the code as it is)", "passes", time.Since(begun).Seconds())
	return nil
}

// tryAll tries breaks and returns how many were not noticed.
func (l *lab) tryAll(ctx context.Context, chosen []mutant) (failed int) {
	inParallel(len(chosen), func(i int) {
		begun := time.Now()
		verdict, ok := l.try(ctx, i, chosen[i])
		l.mu.Lock()
		defer l.mu.Unlock()
		fmt.Printf("%-55s %d  %-90s %5.1f s\n", chosen[i].name, chosen[i].promise, verdict, time.Since(begun).Seconds())
		if !ok {
			failed++
		}
	})
	return failed
}

// inParallel calls f with 0 to n-1, a few at a time.
func inParallel(n int, f func(i int)) {
	next := make(chan int)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}

// try runs the tests on a broken tree, and says which of them noticed.
func (l *lab) try(ctx context.Context, i int, b mutant) (verdict string, ok bool) {
	overlay, err := l.overlay(i, b)
	if err != nil {
		return "FAILED: " + err.Error(), false
	}
	out, err := l.test(ctx, b.tests, overlay)
	if l.verbose {
		fmt.Println(out)
	}
	switch {
	case ctx.Err() != nil:
		return "interrupted", false
	case err == nil:
		return "SURVIVED: " + b.tests + " passes", false
	case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
		return "FAILED: does not compile: " + lineOf(out, ".go:"), false
	}
	return "killed by " + killer(out), true
}

// overlay writes the broken file and the list that puts it in the place of the
// good one.
func (l *lab) overlay(i int, b mutant) (path string, err error) {
	good := filepath.Join(l.tree(), b.file)
	content, err := os.ReadFile(good)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(content), b.old); n != 1 {
		return "", fmt.Errorf("its text is %d times in %s", n, b.file)
	}
	bad := filepath.Join(l.dir, fmt.Sprintf("%d.go", i))
	if err := os.WriteFile(bad, []byte(strings.Replace(string(content), b.old, b.new, 1)), 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {good: bad}})
	if err != nil {
		return "", err
	}
	path = filepath.Join(l.dir, fmt.Sprintf("%d.json", i))
	return path, os.WriteFile(path, list, 0o600)
}

// test runs go test with the arguments in tests. What a test that panics leaves
// behind goes with the lab.
func (l *lab) test(ctx context.Context, tests, overlay string) (string, error) {
	args := []string{"test", "-vet=off", "-failfast", "-timeout", patience}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, strings.Fields(tests)...)...)
	cmd.Dir = l.tree()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "TMPDIR="+l.dir, fmt.Sprintf("GOMAXPROCS=%d", max(1, runtime.NumCPU()/workers)))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// runningTest is a test in the trace of a panic that it didn't live to report.
var runningTest = regexp.MustCompile(`\.(Test\w+)[.(]`)

// killer is the test that failed, the innermost of its line.
func killer(out string) string {
	all := failedTest.FindAllStringSubmatch(out, -1)
	if all == nil {
		if m := runningTest.FindStringSubmatch(out); m != nil {
			return m[1]
		}
		return lineOf(out, "panic: ")
	}
	name := all[0][1]
	for _, m := range all {
		if strings.HasPrefix(m[1], name+"/") {
			name = m[1]
		}
	}
	return name
}

// lineOf is the first line that holds a text.
func lineOf(out, text string) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, text) {
			return strings.TrimSpace(line)
		}
	}
	return "no line with " + text
}

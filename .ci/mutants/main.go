// Mutants proves the proofs: it breaks the code in ways that have names, each
// of which would break a promise (docs/decisions.md; breaks.go), and fails if
// the tests don't notice one of them.
//
//	go run ./.ci/mutants [-run REGEXP] [-v]
//	go run ./.ci/mutants -tool [-run REGEXP] [-v] PACKAGE…
//
// With -tool the breaks are those of a mutation tool, all that it knows for
// these packages (tool.go). It fails if one survives that has no answer
// (answers.go).
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
	tool := flag.Bool("tool", false, "try the mutants that a tool finds in the packages named")
	verbose := flag.Bool("v", false, "show what the tests said")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *only, *verbose, *tool, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, verbose, tool bool, packages []string) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	l := lab{verbose: verbose}
	if l.dir, err = os.MkdirTemp("", "mutants-"); err != nil {
		return err
	}
	defer os.RemoveAll(l.dir)
	if err := l.copyTree(ctx); err != nil {
		return fmt.Errorf("copy the tree: %w", err)
	}
	all := named()
	if tool {
		if all, err = l.gremlins(ctx, packages); err != nil {
			return err
		}
	} else if len(packages) > 0 {
		return fmt.Errorf("%s: packages are for -tool", packages[0])
	}
	chosen := slices.DeleteFunc(all, func(b trial) bool { return !match.MatchString(b.name) })
	if err := l.healthy(ctx, chosen); err != nil {
		return err
	}
	verdicts := l.tryAll(ctx, chosen)
	fmt.Println(verdicts)
	if verdicts[survived]+verdicts[unfit] > 0 {
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
func (l *lab) healthy(ctx context.Context, chosen []trial) error {
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

// verdict is what became of a break.
type verdict int

const (
	killed   verdict = iota // a test noticed
	excused                 // none did, and answers.go says why none could
	void                    // the tool's mutant doesn't compile
	survived                // none did
	unfit                   // it can't be tried
	verdictCount
)

// tally counts verdicts.
type tally [verdictCount]int

func (t tally) String() string {
	return fmt.Sprintf("%d killed, %d survived, %d could not be tried; of a tool's besides, %d are no change and %d don't compile",
		t[killed], t[survived], t[unfit], t[excused], t[void])
}

// tryAll tries breaks.
func (l *lab) tryAll(ctx context.Context, chosen []trial) (all tally) {
	inParallel(len(chosen), func(i int) {
		begun := time.Now()
		v, words := l.try(ctx, i, chosen[i])
		l.mu.Lock()
		defer l.mu.Unlock()
		if all[v]++; v != void {
			fmt.Printf("%-55s %d  %-90s %5.1f s\n", chosen[i].name, chosen[i].promise, words, time.Since(begun).Seconds())
		}
	})
	return all
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
func (l *lab) try(ctx context.Context, i int, b trial) (verdict, string) {
	overlay, err := l.overlay(i, b)
	if err != nil {
		return unfit, "FAILED: " + err.Error()
	}
	out, err := l.test(ctx, b.tests, overlay)
	if l.verbose {
		fmt.Println(out)
	}
	switch {
	case ctx.Err() != nil:
		return unfit, "interrupted"
	case err == nil && b.excuse != "":
		return excused, "no change: " + b.excuse
	case err == nil:
		return survived, "SURVIVED: " + b.tests + " passes"
	case !strings.Contains(out, "[build failed]") && !strings.Contains(out, "[setup failed]"):
		return killed, "killed by " + killer(out)
	case b.found:
		return void, ""
	}
	return unfit, "FAILED: does not compile: " + lineOf(out, ".go:")
}

// overlay writes the broken file and the list that puts it in the place of the
// good one.
func (l *lab) overlay(i int, b trial) (path string, err error) {
	good := filepath.Join(l.tree(), b.file)
	content, err := os.ReadFile(good)
	if err != nil {
		return "", err
	}
	at := b.offset
	if !b.found {
		if n := strings.Count(string(content), b.old); n != 1 {
			return "", fmt.Errorf("its text is %d times in %s", n, b.file)
		}
		at = strings.Index(string(content), b.old)
	}
	broken := slices.Concat(content[:at], []byte(b.new), content[at+len(b.old):])
	bad := filepath.Join(l.dir, fmt.Sprintf("%d.go", i))
	if err := os.WriteFile(bad, broken, 0o600); err != nil {
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

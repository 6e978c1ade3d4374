// Mutants proves the proofs: it breaks the code in ways that have names, each
// of which would break a promise (docs/decisions.md), and fails if
// the tests don't notice one of them.
//
//	go run ./.ci/mutants [-n] [-run REGEXP] [-v]
//
// Breaks lie beside the package that they break, in testdata/breaks.txt, and move
// with it:
//
//	# Text behind # is for people.
//
//	break 2: a key decoded twice
//	-		return decoded
//	+		return DecodeKey(decoded)
//
// The number is the promise: 1 lost, 2 wrong, 3 blocked, 4 too much work,
// 5 unexplained. Lines with - are in the package exactly once, whichever of its
// files (tests aside) they are in; lines with + stand in their place, none if
// there are none. The first and the last may be a part of a line.
//
// All tests of the package have to notice, all of them together: one that fails
// is enough. Other ones are named as go test takes them, the package from here:
//
//	tests: -run Written
//	also: ./internal/daemon -run TestNothingIsLost -seeds 80 -count 5
//
// A line "tests" names the ones that have to notice, one before the first break
// those of all breaks that have none. A line "also" names more: these have to
// notice too.
//
// A break that many tests run before the one that notices names that one: it is
// proved as well, and sooner.
//
// The tree is copied once and the copy is never changed: a break is an overlay
// (go help build, -overlay) of one file, so breaks run beside each other and
// share all that the build cache has of the rest. One test binary a package holds
// nearly all of them (switch.go), built without cgo, so that none links DuckDB. A break fails the run if the tests pass all the same, if it does
// not compile, if its text is not there exactly once, and if the tests that it names
// are not there; with -n only these last are looked at, in no time.
package main

import (
	"context"
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
	"strconv"
	"strings"
	"sync"
	"time"

	"athenarefresh/.ci/gotest"
)

// workers is how many breaks are tried at a time; patience is how long a test
// binary may take, many times what any of them needs. Tests that take longer than
// quick run when the others have noticed nothing.
const (
	workers  = 2
	patience = "90s"
	quick    = 200 * time.Millisecond
)

func main() {
	only := flag.String("run", "", "try only the breaks whose \"package: name\" matches this regular `expression`")
	dry := flag.Bool("n", false, "only see that the text of each is there once, and its tests")
	verbose := flag.Bool("v", false, "show what the tests said")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: go run ./.ci/mutants [-n] [-run REGEXP] [-v]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *only, *dry, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, dry, verbose bool) error {
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
	all, err := findBreaks(l.tree())
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(all, func(m mutant) bool { return !match.MatchString(strings.TrimPrefix(m.pkg, "./") + ": " + m.name) })
	if len(chosen) == 0 {
		return fmt.Errorf("no break is called so: -run %s", only)
	}
	if err := l.placed(chosen); err != nil || dry {
		return err
	}
	if err := l.combine(ctx, chosen); err != nil {
		return err
	}
	if err := l.healthy(ctx, chosen); err != nil {
		return err
	}
	inParallel(len(chosen), func(i int) { l.try(ctx, i+1, chosen[i]) })
	fmt.Printf("%.0f s building, %.0f s testing, %d at a time\n", l.built.Seconds(), l.tested.Seconds(), workers)
	fmt.Printf("%d passed, %d failed\n", l.noticed, l.failed)
	if l.failed > 0 {
		return errors.New("not every break was noticed")
	}
	return ctx.Err()
}

// lab is where breaks are tried: a copy of the tree, and overlays.
type lab struct {
	dir      string
	verbose  bool
	all      string            // the overlay with all breaks that can be switched
	binaries map[string]string // the tests with that overlay, by package

	slow map[string]string // those of a selection that take longer than quick, as -run has them

	mu              sync.Mutex // one line at a time
	noticed, failed int
	built, tested   time.Duration
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

// placed sees that each text is there once, and that there are tests to notice.
func (l *lab) placed(chosen []mutant) error {
	var errs []error
	for _, m := range chosen {
		_, _, err := m.place(l.tree())
		errs = append(errs, err)
		for _, s := range m.tests {
			if err := s.there(l.tree()); err != nil {
				errs = append(errs, fmt.Errorf("%s:%d: %s: %w", m.file, m.line, m.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// healthy runs the tests that the breaks name on the code as it is, and sees which
// take long. Where they fail already, that they fail with a break says nothing.
func (l *lab) healthy(ctx context.Context, chosen []mutant) error {
	begun := time.Now()
	var all []selection
	for _, m := range chosen {
		all = append(all, m.tests...)
	}
	byPackage := perPackage(all)
	errs := make([]error, len(byPackage))
	l.binaries, l.slow = map[string]string{}, map[string]string{}
	inParallel(len(byPackage), func(i int) {
		pkg := byPackage[i][0].pkg
		binary, err := l.build(ctx, fmt.Sprintf("all-%d", i), pkg, l.all)
		if err != nil {
			errs[i] = err
			return
		}
		l.mu.Lock()
		l.binaries[pkg] = binary
		l.mu.Unlock()
		for _, s := range byPackage[i] {
			out, err := l.test(ctx, binary, s, 0, "-test.v")
			if err != nil {
				errs[i] = fmt.Errorf("the tests fail without any break: %s\n%s", s, out)
				return
			}
			if long := gotest.Slower(out, quick); !s.runs() && len(long) > 0 {
				slow := "^(" + strings.Join(long, "|") + ")$"
				if out, err := l.look(ctx, binary, s, slow, 0); err != nil {
					errs[i] = fmt.Errorf("tests fail without those that are quicker, or slower: %s\n%s", s, out)
					return
				}
				l.mu.Lock()
				l.slow[s.String()] = slow
				l.mu.Unlock()
			}
		}
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	l.say("(the code as it is)", 0, "passes", begun)
	return nil
}

// perPackage is each selection once, those of a package together.
func perPackage(all []selection) [][]selection {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b selection) int { return strings.Compare(a.String(), b.String()) })
	all = slices.CompactFunc(all, func(a, b selection) bool { return a.String() == b.String() })
	var groups [][]selection
	for i, s := range all {
		if i == 0 || all[i-1].pkg != s.pkg {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], s)
	}
	return groups
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

// try breaks the package and says of each selection of tests what noticed.
func (l *lab) try(ctx context.Context, id int, m mutant) {
	overlay := ""
	if !m.switched {
		var err error
		if overlay, err = l.overlay(strconv.Itoa(id), m); err != nil {
			l.failure(m, err.Error(), time.Now())
			return
		}
	}
	for _, selections := range perPackage(m.tests) {
		begun, pkg := time.Now(), selections[0].pkg
		binary := l.binaries[pkg]
		if !m.switched {
			var err error
			if binary, err = l.build(ctx, strconv.Itoa(id), pkg, overlay); err != nil {
				l.failure(m, err.Error(), begun)
				continue
			}
			defer os.Remove(binary)
		}
		for _, s := range selections {
			out, err := l.look(ctx, binary, s, l.slow[s.String()], id)
			if l.verbose {
				fmt.Println(out)
			}
			switch {
			case ctx.Err() != nil:
				l.failure(m, "interrupted", begun)
			case err != nil && !errors.As(err, new(*exec.ExitError)):
				l.failure(m, err.Error(), begun)
			case err == nil:
				l.failure(m, s.String()+" passes", begun)
			default:
				l.notice(m, "killed by "+gotest.Failed(out), begun)
			}
			begun = time.Now()
		}
	}
}

func (l *lab) failure(m mutant, why string, begun time.Time) {
	l.say(m.name, m.promise, "FAILED: "+why, begun)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed++
}

func (l *lab) notice(m mutant, by string, begun time.Time) {
	l.say(m.name, m.promise, by, begun)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noticed++
}

func (l *lab) say(name string, promise int, verdict string, begun time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Printf("%-55s %d  %-90s %5.1f s\n", name, promise, verdict, time.Since(begun).Seconds())
}

// overlay is that of one break alone.
func (l *lab) overlay(id string, m mutant) (path string, err error) {
	good, broken, err := m.place(l.tree())
	if err != nil {
		return "", err
	}
	f := &switchedFile{}
	f.text.Write(broken)
	return l.writeOverlay(id, map[string]*switchedFile{good: f})
}

// build builds the tests of a package, with the files of an overlay. Paths are
// trimmed: what the cache has doesn't hang on where the tree was copied to.
func (l *lab) build(ctx context.Context, id, pkg, overlay string) (binary string, err error) {
	defer l.spent(&l.built, time.Now())
	binary = filepath.Join(l.dir, id+".test")
	args := []string{"test", "-c", "-trimpath", "-vet=off", "-ldflags=-s -w", "-o", binary}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, pkg)...)
	cmd.Dir, cmd.Env = l.tree(), l.environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s does not compile: %s", pkg, gotest.Line(string(out), ".go:"))
	}
	return binary, nil
}

// ofGoTest are the flags that a test binary knows by a longer name.
var ofGoTest = regexp.MustCompile(`^-(run|skip|count|short)\b`)

// look has the selected tests look for one break, the slow ones if the others
// don't notice it.
func (l *lab) look(ctx context.Context, binary string, s selection, slow string, id int) (string, error) {
	if slow == "" {
		return l.test(ctx, binary, s, id)
	}
	if out, err := l.test(ctx, binary, s.without(slow), id); err != nil {
		return out, err
	}
	return l.test(ctx, binary, s, id, "-test.run", slow)
}

// test runs selected tests with one break, 0 for none. What a test that panics
// leaves behind goes with the lab.
func (l *lab) test(ctx context.Context, binary string, s selection, id int, more ...string) (string, error) {
	defer l.spent(&l.tested, time.Now())
	args := append([]string{"-test.failfast", "-test.timeout", patience}, more...)
	for _, a := range s.args {
		args = append(args, ofGoTest.ReplaceAllString(a, "-test.$1"))
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env = filepath.Join(l.tree(), s.pkg), append(l.environment(), "MUTANT="+strconv.Itoa(id))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// spent adds the time since begun to what was spent on something.
func (l *lab) spent(on *time.Duration, begun time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*on += time.Since(begun)
}

func (l *lab) environment() []string {
	return append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "TMPDIR="+l.dir,
		fmt.Sprintf("GOMAXPROCS=%d", max(1, runtime.NumCPU()/workers)))
}

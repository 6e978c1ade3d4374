//go:build unix

// Bench measures the figures of docs/performance.md and writes its table.
//
//	go run ./bench [-baseline FILE] [-only REGEXP] [-repeat N] [-write docs/performance.md]
//
// Each figure is compared with another of the same run on the same machine: with a
// reader of JSON, an idle process, or the least that the statements' own time
// allows. With -baseline it also runs the original function, in Python: FILE is a
// program that takes a file of bodies, one a line, and prints one JSON object with
// cpu_s, the seconds that the bodies took, and peak_rss_mib.
//
// It needs a machine that does nothing else, Linux, and about five minutes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// figure is a row of the table.
type figure struct {
	name, must, bound string
	measure           func(context.Context, *bench) (result, error)
}

// result is what was measured, for people.
type result struct {
	measured string
	ratio    string // to something else of this run
}

// bench is one run.
type bench struct {
	dir      string // for what is built and made
	program  string // athena-refresh
	load     string // a file of bodies
	baseline string // "": not given
	repeat   int
	logs     map[string]string // what tests printed, by how they were called
}

func main() {
	b := &bench{logs: map[string]string{}}
	only := flag.String("only", "", "measure only the figures whose name matches this regular `expression`")
	flag.StringVar(&b.baseline, "baseline", "", "`file` of the original's driver; without, its columns say so")
	flag.IntVar(&b.repeat, "repeat", 5, "how often what is quick is measured: the median counts")
	write := flag.String("write", "", "put the table into this `page`, between its marks")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx, *only, *write); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context, only, page string) (err error) {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if b.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(b.dir)
	if err := b.install(ctx); err != nil {
		return err
	}
	var table strings.Builder
	table.WriteString("| figure | measured | must | in the same run | what bounds it |\n|---|---|---|---|---|\n")
	for _, f := range figures {
		if !wanted.MatchString(f.name) {
			continue
		}
		r, err := f.measure(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		row := fmt.Sprintf("| %s | %s | %s | %s | %s |\n", f.name, r.measured, f.must, r.ratio, f.bound)
		fmt.Print(row)
		table.WriteString(row)
	}
	if page == "" {
		return nil
	}
	return put(page, table.String())
}

// install builds the program and copies it, as whoever installs it does: what the
// linker wrote itself lies in larger pages of the system's cache, and up to 25 MB
// more of it count as resident. By cp, because what this process has is counted as
// what each of its children once had (getrusage(2), ru_maxrss).
func (b *bench) install(ctx context.Context) error {
	built := filepath.Join(b.dir, "built")
	b.program = filepath.Join(b.dir, "athena-refresh")
	if _, err := output(ctx, "go", "build", "-o", built, "./cmd/athena-refresh"); err != nil {
		return err
	}
	_, err := output(ctx, "cp", built, b.program)
	return err
}

// output runs a program and returns all that it printed.
func output(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// The marks of a page between which the table stands.
const (
	begin = "<!-- go run ./bench -write -->\n"
	end   = "<!-- end -->\n"
)

func put(page, table string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no lines %q and %q", page, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(page, []byte(before+begin+table+end+after), 0o644)
}

// median sorts its argument.
func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

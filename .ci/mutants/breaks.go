package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mutant is a way to break a package.
type mutant struct {
	file, name string // where it is written, and what it is called
	line       int
	promise    int
	pkg        string // the folder of the package that it breaks, ./internal/event
	old, new   string
	tests      []selection // each of them has to notice

	switched bool // it is in the binary that holds all of them
	alone    bool // it can't be
}

// selection is tests of a package: what go test would take.
type selection struct {
	pkg  string
	args []string
}

func (s selection) String() string { return strings.Join(append([]string{s.pkg}, s.args...), " ") }

var (
	// test begins a test, or what runs as one.
	test = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w*)\(`)
	// asked is what -run gives, up to what is below a test.
	asked = regexp.MustCompile(`-run[= ]([^ /]+)`)
)

// runs tells whether it names the tests to run.
func (s selection) runs() bool { return asked.MatchString(s.String()) }

// without is the selection without some tests more.
func (s selection) without(tests string) selection {
	s.args = slices.Clone(s.args)
	if i := slices.Index(s.args, "-skip"); i >= 0 && i+1 < len(s.args) {
		s.args[i+1] += "|" + tests
	} else {
		s.args = append(s.args, "-skip", tests)
	}
	return s
}

// there sees that the package has a test for each name that -run gives, one at
// least if it gives none. What is below a test is not looked for.
func (s selection) there(root string) error {
	names, err := filepath.Glob(filepath.Join(root, s.pkg, "*_test.go"))
	if err != nil {
		return err
	}
	var tests []string
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, m := range test.FindAllStringSubmatch(string(content), -1) {
			tests = append(tests, m[1])
		}
	}
	wanted := []string{"."}
	if m := asked.FindStringSubmatch(s.String()); m != nil {
		wanted = strings.Split(m[1], "|")
	}
	for _, name := range wanted {
		matcher, err := regexp.Compile(name)
		if err != nil {
			return fmt.Errorf("tests: %s: %w", s, err)
		}
		if !slices.ContainsFunc(tests, matcher.MatchString) {
			return fmt.Errorf("tests: %s: there are none", s)
		}
	}
	return nil
}

// isBreaks tells the files with breaks.
func isBreaks(name string) bool {
	return strings.HasSuffix(filepath.ToSlash(name), "/testdata/breaks.txt")
}

// findBreaks reads all files with breaks below root.
func findBreaks(root string) ([]mutant, error) {
	var all []mutant
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !isBreaks(name) {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		some, err := parse(filepath.ToSlash(rel), string(text))
		all = append(all, some...)
		return err
	})
	return all, errors.Join(err, unique(all))
}

func unique(all []mutant) error {
	var errs []error
	seen := map[string]mutant{}
	for _, m := range all {
		if other, ok := seen[m.name]; ok {
			errs = append(errs, fmt.Errorf("%s:%d: %s:%d has the same name", m.file, m.line, other.file, other.line))
		}
		seen[m.name] = m
	}
	return errors.Join(errs...)
}

var (
	head  = regexp.MustCompile(`^break ([1-5]): (\S.*)$`)
	which = regexp.MustCompile(`^(tests|also):(.*)$`)
)

// parse reads the breaks of a file, whose package is the folder above its own.
func parse(file, text string) ([]mutant, error) {
	pkg := "./" + path.Dir(path.Dir(file))
	usual := []selection{{pkg: pkg}}
	var all []mutant
	for i, line := range strings.Split(text, "\n") {
		wrong := func(why string) error { return fmt.Errorf("%s:%d: %s: %q", file, i+1, why, line) }
		switch {
		case line == "", line[0] == '#':
		case head.MatchString(line):
			m := head.FindStringSubmatch(line)
			promise, _ := strconv.Atoi(m[1])
			all = append(all, mutant{file: file, line: i + 1, name: m[2], promise: promise, pkg: pkg, tests: slices.Clone(usual)})
		case which.MatchString(line):
			m := which.FindStringSubmatch(line)
			s := selected(pkg, m[2])
			switch {
			case len(all) == 0 && m[1] == "tests":
				usual = []selection{s}
			case len(all) == 0:
				return nil, wrong("before the first break")
			case m[1] == "tests":
				all[len(all)-1].tests = []selection{s}
			default:
				all[len(all)-1].tests = append(all[len(all)-1].tests, s)
			}
		case len(all) > 0 && line[0] == '-':
			all[len(all)-1].old += line[1:] + "\n"
		case len(all) > 0 && line[0] == '+':
			all[len(all)-1].new += line[1:] + "\n"
		default:
			return nil, wrong("neither a break nor a line of one")
		}
	}
	for i := range all {
		m := &all[i]
		m.old, m.new = strings.TrimSuffix(m.old, "\n"), strings.TrimSuffix(m.new, "\n")
		if m.old == "" || m.old == m.new {
			return nil, fmt.Errorf("%s:%d: %s: it changes nothing", file, m.line, m.name)
		}
	}
	return all, nil
}

// selected is the selection that a line names, of pkg if it names no package.
func selected(pkg, line string) selection {
	s := selection{pkg: pkg, args: strings.Fields(strings.ReplaceAll(line, "-skip=", "-skip "))}
	if len(s.args) > 0 && strings.HasPrefix(s.args[0], "./") {
		s.pkg, s.args = s.args[0], s.args[1:]
	}
	return s
}

// place finds the one file of the package, tests aside, that holds the break's
// text, and is what it looks like with the break.
func (m mutant) place(root string) (file string, broken []byte, err error) {
	names, err := filepath.Glob(filepath.Join(root, m.pkg, "*.go"))
	if err != nil {
		return "", nil, err
	}
	var in []string
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return "", nil, err
		}
		text := string(content)
		for range strings.Count(text, m.old) {
			in = append(in, filepath.Base(name))
			file, broken = name, []byte(strings.Replace(text, m.old, m.new, 1))
		}
	}
	switch len(in) {
	case 1:
		return file, broken, nil
	case 0:
		return "", nil, fmt.Errorf("%s:%d: %s: its text isn't in %s any more", m.file, m.line, m.name, m.pkg)
	}
	return "", nil, fmt.Errorf("%s:%d: %s: its text is in %s %d times (%s): give it a line more", m.file, m.line, m.name, m.pkg, len(in), strings.Join(in, ", "))
}

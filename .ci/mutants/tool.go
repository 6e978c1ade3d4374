package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// gremlinsVersion is the mutation tool whose mutants are tried. It only lists
// them (docs/mutants.md says why): they are tried here, as breaks with names are.
const gremlinsVersion = "github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0"

// trial is a break that is tried: by its name, or as a tool found it.
type trial struct {
	mutant
	found  bool   // by the tool, which has no promise in mind
	offset int    // of what it replaces; with a name: where the text is
	excuse string // why it changes nothing (answers.go)
}

// named are the breaks as trials.
func named() (all []trial) {
	for _, b := range breaks {
		all = append(all, trial{mutant: b})
	}
	return all
}

// replacements are what gremlins does to a token, by the names of its kinds.
var replacements = map[string]map[string]string{
	"CONDITIONALS_BOUNDARY": {"<": "<=", "<=": "<", ">": ">=", ">=": ">"},
	"CONDITIONALS_NEGATION": {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"},
	"ARITHMETIC_BASE":       {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*"},
	"INVERT_NEGATIVES":      {"-": "+"},
	"INCREMENT_DECREMENT":   {"++": "--", "--": "++"},
	"INVERT_LOGICAL":        {"&&": "||", "||": "&&"},
	"INVERT_LOOPCTRL":       {"break": "continue", "continue": "break"},
	"INVERT_BITWISE":        {"&": "|", "|": "&", "^": "&", "&^": "&", "<<": ">>", ">>": "<<"},
	"INVERT_ASSIGNMENTS":    {"+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "%=": "*="},
}

// tokens, longest first, so that `<=` isn't taken for `<`.
var tokens = []string{"continue", "break", "&^", "<<", ">>", "<=", ">=", "==", "!=", "++", "--", "&&", "||", "+=", "-=", "*=", "/=", "%=",
	"<", ">", "+", "-", "*", "/", "%", "&", "|", "^"}

// quicker are the packages of which not every test is needed, as in breaks.
var quicker = []string{drives, queues, ddl, glues}

// gremlins lists the mutants of packages (import paths as go test takes them).
func (l *lab) gremlins(ctx context.Context, packages []string) (all []trial, err error) {
	for _, pkg := range packages {
		if !strings.HasPrefix(pkg, "./") {
			return nil, fmt.Errorf("%s: a package is named as a folder, ./internal/…", pkg)
		}
		cmd := exec.CommandContext(ctx, "go", "run", gremlinsVersion, "unleash", "--dry-run",
			"--invert-logical", "--invert-loopctrl", "--invert-bitwise", "--invert-assignments", pkg)
		cmd.Dir = l.tree()
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("list the mutants of %s: %w: %s", pkg, err, bytes.TrimSpace(out))
		}
		found, err := l.listed(pkg, string(out))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

var listing = regexp.MustCompile(`(?m)^\s*(?:RUNNABLE|NOT COVERED) (\w+) at (\S+\.go):(\d+):(\d+)$`)

// listed reads gremlins' list: a kind and a position for each mutant. What it
// says isn't covered is a mutant all the same.
func (l *lab) listed(pkg, out string) (all []trial, err error) {
	tests := pkg
	if i := slices.IndexFunc(quicker, func(t string) bool { return strings.HasPrefix(t, pkg+" ") }); i >= 0 {
		tests = quicker[i]
	}
	seen := map[string]bool{} // a minus sign is listed by two kinds
	for _, m := range listing.FindAllStringSubmatch(out, -1) {
		kind, name := m[1], m[2]
		line, _ := strconv.Atoi(m[3])
		column, _ := strconv.Atoi(m[4])
		b := trial{mutant: mutant{file: filepath.Join(pkg, name), tests: tests}, found: true}
		text, at, err := l.lineAt(b.file, line)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(tokens, func(t string) bool { return strings.HasPrefix(text[column-1:], t) && replacements[kind][t] != "" })
		if i < 0 {
			return nil, fmt.Errorf("%s:%d:%d: gremlins has a %s there, this doesn't know of what", b.file, line, column, kind)
		}
		b.old, b.offset = tokens[i], at+column-1
		b.new = replacements[kind][b.old]
		b.name = fmt.Sprintf("%s:%d:%d %s → %s", strings.TrimPrefix(b.file, "internal/"), line, column, b.old, b.new)
		b.excuse = answer(b.file, strings.TrimSpace(text), b.old, b.new)
		if !seen[b.name] {
			seen[b.name] = true
			all = append(all, b)
		}
	}
	return all, nil
}

// lineAt is a line of a file, and where it begins.
func (l *lab) lineAt(file string, line int) (text string, offset int, err error) {
	content, err := os.ReadFile(filepath.Join(l.tree(), file))
	if err != nil {
		return "", 0, err
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for n := 1; lines.Scan(); n++ {
		if n == line {
			return lines.Text(), offset, nil
		}
		offset += len(lines.Bytes()) + 1
	}
	return "", 0, fmt.Errorf("%s has no line %d", file, line)
}

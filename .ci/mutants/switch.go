package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// To build and link a test binary takes longer than most tests, so one binary
// holds nearly all breaks, each behind a switch: a function with breaks is there
// once as it is and once for each break, and one of its name calls the one that
// the environment names (MUTANT). What can't be switched is built by itself: a
// constant, a generic function, one that recovers from a panic (it has to be the
// deferred one itself), and a copy that doesn't compile.

// combine switches the breaks and writes the overlay that holds all of them.
func (l *lab) combine(ctx context.Context, chosen []mutant) error {
	for {
		files, err := l.switchedFiles(chosen)
		if err != nil {
			return err
		}
		if l.all, err = l.writeOverlay("all", files); err != nil {
			return err
		}
		out, err := l.compile(ctx, chosen)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if l.verbose {
			fmt.Println(out)
		}
		if !leaveOut(chosen, files, out) {
			return fmt.Errorf("the code with all breaks does not compile: %s", out)
		}
	}
}

// compile compiles the broken packages, all breaks in them.
func (l *lab) compile(ctx context.Context, chosen []mutant) (out string, err error) {
	args := []string{"build", "-trimpath", "-gcflags=-e", "-overlay", l.all}
	for _, m := range chosen {
		if !slices.Contains(args, m.pkg) {
			args = append(args, m.pkg)
		}
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = l.tree(), l.environment()
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// switchedFile is a file with all its breaks.
type switchedFile struct {
	path   string // where it is for the overlay, and the compiler
	text   strings.Builder
	copies []brokenCopy
}

// brokenCopy is where a break's copy of a function begins and ends, by lines.
type brokenCopy struct{ mutant, from, to int }

var compileError = regexp.MustCompile(`(?m)^(\S+\.go):(\d+):\d+: `)

// leaveOut has each break be built alone whose copy does not compile.
func leaveOut(chosen []mutant, files map[string]*switchedFile, out string) (some bool) {
	for _, e := range compileError.FindAllStringSubmatch(out, -1) {
		line, _ := strconv.Atoi(e[2])
		for _, f := range files {
			if filepath.Base(e[1]) != filepath.Base(f.path) {
				continue
			}
			for _, c := range f.copies {
				if c.from <= line && line <= c.to {
					chosen[c.mutant].switched, chosen[c.mutant].alone, some = false, true, true
				}
			}
		}
	}
	return some
}

// switchedFiles makes the files that have breaks, and one a package that has the
// switch.
func (l *lab) switchedFiles(chosen []mutant) (map[string]*switchedFile, error) {
	byFile := map[string][]int{}
	for i, m := range chosen {
		file, _, err := m.place(l.tree())
		if err != nil {
			return nil, err
		}
		byFile[file] = append(byFile[file], i)
	}
	files := map[string]*switchedFile{}
	var errs []error
	for file, of := range byFile {
		name, f, err := switchFile(file, chosen, of)
		if errs = append(errs, err); err != nil || f == nil {
			continue
		}
		files[file] = f
		helper := &switchedFile{}
		fmt.Fprintf(&helper.text, "package %s\n\nimport (\n\t\"os\"\n\t\"strconv\"\n)\n\nvar mutantID, _ = strconv.Atoi(os.Getenv(\"MUTANT\"))\n", name)
		files[filepath.Join(filepath.Dir(file), "mutants_switch.go")] = helper
	}
	return files, errors.Join(errs...)
}

// switchFile puts the breaks of a file behind switches; nil if none can be.
func switchFile(file string, chosen []mutant, of []int) (pkg string, f *switchedFile, err error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return "", nil, err
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, src, parser.SkipObjectResolution)
	if err != nil {
		return "", nil, err
	}
	text, done := string(src), 0
	at := func(p token.Pos) int { return set.Position(p).Offset }
	for _, d := range parsed.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !switchable(fn, text[at(d.Pos()):at(d.End())]) {
			continue
		}
		var inside []int
		for _, i := range of {
			m := &chosen[i]
			begin := strings.Index(text, m.old)
			if m.alone || begin <= at(fn.Body.Lbrace) || begin+len(m.old) > at(fn.Body.Rbrace) {
				continue
			}
			m.switched = true
			inside = append(inside, i)
		}
		if len(inside) == 0 {
			continue
		}
		if f == nil {
			f = &switchedFile{}
		}
		f.text.WriteString(text[done:at(fn.Pos())])
		f.function(fn, text, at, chosen, inside)
		done = at(fn.End())
	}
	if f != nil {
		f.text.WriteString(text[done:])
	}
	return parsed.Name.Name, f, nil
}

func switchable(fn *ast.FuncDecl, text string) bool {
	if fn.Body == nil || fn.Type.TypeParams != nil || strings.Contains(text, "recover()") || fn.Name.Name == "init" || fn.Name.Name == "main" || fn.Name.Name == "_" {
		return false
	}
	if fn.Recv != nil {
		t := fn.Recv.List[0].Type
		if star, ok := t.(*ast.StarExpr); ok {
			t = star.X
		}
		_, plain := t.(*ast.Ident)
		return plain
	}
	return true
}

// function writes a function that switches, the one as it is, and the broken ones.
func (f *switchedFile) function(fn *ast.FuncDecl, text string, at func(token.Pos) int, chosen []mutant, inside []int) {
	of := func(n ast.Node) string { return text[at(n.Pos()):at(n.End())] }
	var params, args []string
	for _, field := range fn.Type.Params.List {
		for range max(1, len(field.Names)) {
			name := fmt.Sprintf("p%d", len(params))
			params = append(params, name+" "+of(field.Type))
			if _, variadic := field.Type.(*ast.Ellipsis); variadic {
				name += "..."
			}
			args = append(args, name)
		}
	}
	receiver, on, results, give := "", "", "", ""
	if fn.Recv != nil {
		receiver, on = "(r0 "+of(fn.Recv.List[0].Type)+") ", "r0."
	}
	if fn.Type.Results != nil {
		results, give = " "+of(fn.Type.Results), "return "
	}
	call := func(i int) string {
		return fmt.Sprintf("%s%s%s_mutant%d(%s)", give, on, fn.Name.Name, i, strings.Join(args, ", "))
	}
	w := &f.text
	fmt.Fprintf(w, "func %s%s(%s)%s {\n\tswitch mutantID {\n", receiver, fn.Name.Name, strings.Join(params, ", "), results)
	for _, i := range inside {
		fmt.Fprintf(w, "\tcase %d:\n\t\t%s\n", i+1, call(i+1))
	}
	fmt.Fprintf(w, "\tdefault:\n\t\t%s\n\t}\n}\n\n", call(0))
	named := func(body string, i int) string {
		head := at(fn.Name.End()) - at(fn.Pos())
		return body[:head] + fmt.Sprintf("_mutant%d", i) + body[head:] + "\n\n"
	}
	good := of(fn)
	w.WriteString(named(good, 0))
	for _, i := range inside {
		from := strings.Count(w.String(), "\n") + 1
		w.WriteString(named(strings.Replace(good, chosen[i].old, chosen[i].new, 1), i+1))
		f.copies = append(f.copies, brokenCopy{i, from, strings.Count(w.String(), "\n") + 1})
	}
}

// writeOverlay writes files, and the list that puts them in the places of others.
func (l *lab) writeOverlay(name string, files map[string]*switchedFile) (path string, err error) {
	replace := map[string]string{}
	for file, f := range files {
		to := filepath.Join(l.dir, fmt.Sprintf("%s-%d.go", name, len(replace)))
		replace[file], f.path = to, to
		if err := os.WriteFile(to, []byte(f.text.String()), 0o600); err != nil {
			return "", err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(l.dir, name+".json")
	return path, os.WriteFile(path, list, 0o600)
}

package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// mutant is one operator that is another.
type mutant struct {
	id       int
	file     string
	line     int
	column   int
	at       int // in the file, bytes
	from, to string
	text     string // of its line
	alone    bool   // it can't be behind a switch

	good []byte // the file
}

// source is the file with the mutant.
func (m *mutant) source() []byte {
	return slices.Concat(m.good[:m.at], []byte(m.to), m.good[m.at+len(m.from):])
}

// others are what is put in an operator's place.
var others = map[token.Token][]string{
	token.ADD: {"-"}, token.SUB: {"+"}, token.MUL: {"/"}, token.QUO: {"*"}, token.REM: {"*"},
	token.LSS: {"<=", ">="}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<="}, token.GEQ: {">", "<"},
	token.EQL: {"!="}, token.NEQ: {"=="}, token.LAND: {"||"}, token.LOR: {"&&"},
	token.AND: {"|"}, token.OR: {"&"}, token.XOR: {"&"}, token.AND_NOT: {"&"}, token.SHL: {">>"}, token.SHR: {"<<"},
	token.INC: {"--"}, token.DEC: {"++"}, token.BREAK: {"continue"}, token.CONTINUE: {"break"},
	token.ADD_ASSIGN: {"-="}, token.SUB_ASSIGN: {"+="}, token.MUL_ASSIGN: {"/="}, token.QUO_ASSIGN: {"*="},
}

// source is a file whose mutants are found while it is written anew, with each
// operator that may be another behind a switch:
//
//	a < b     (operatorIs(7) && a <= b || operatorIs(8) && a >= b || !operatorIs(7) && !operatorIs(8) && a < b)
//	a && b    operatorAnd(9, func() bool { return a }, func() bool { return b })
//	n++       if operatorIs(10) { n-- } else { n++ }
//
// What would need to know types, or a place for another statement, is left as it
// is: those mutants are built alone.
type source struct {
	name      string
	src       []byte
	files     *token.FileSet
	tree      *ast.File
	inList    map[ast.Node]bool // statements in whose place an if may stand
	constants map[ast.Node]bool
	mutants   []*mutant
	first     int // id
}

func parse(name string, src []byte, first int) (*source, error) {
	s := &source{name: name, src: src, files: token.NewFileSet(), inList: map[ast.Node]bool{}, constants: map[ast.Node]bool{}, first: first}
	var err error
	if s.tree, err = parser.ParseFile(s.files, name, src, parser.SkipObjectResolution); err != nil {
		return nil, err
	}
	for n := range ast.Preorder(s.tree) {
		var list []ast.Stmt
		switch n := n.(type) {
		case *ast.BlockStmt:
			list = n.List
		case *ast.CaseClause:
			list = n.Body
		case *ast.CommClause:
			list = n.Body
		case *ast.GenDecl:
			if n.Tok == token.CONST || n.Tok == token.TYPE {
				for c := range ast.Preorder(n) {
					s.constants[c] = true
				}
			}
		}
		for _, stmt := range list {
			s.inList[stmt] = true
		}
	}
	return s, nil
}

func (s *source) helpers() string {
	return "package " + s.tree.Name.Name + `

import (
	"os"
	"strconv"
)

var operatorChosen = func() int { n, _ := strconv.Atoi(os.Getenv("MUTANT")); return n }()

func operatorIs(n int) bool { return n == operatorChosen }

func operatorAnd(n int, a, b func() bool) bool {
	if operatorIs(n) {
		return a() || b()
	}
	return a() && b()
}

func operatorOr(n int, a, b func() bool) bool {
	if operatorIs(n) {
		return a() && b()
	}
	return a() || b()
}
`
}

// switched is the file with its switches.
func (s *source) switched() string { return s.within(s.tree, 0, len(s.src)) }

func (s *source) offset(p token.Pos) int { return s.files.Position(p).Offset }

// within is the text of a node, from and to somewhere, with the switches of what
// is in it.
func (s *source) within(n ast.Node, from, to int) string {
	var b strings.Builder
	ast.Inspect(n, func(c ast.Node) bool {
		if c == nil || c == n {
			return c == n
		}
		text, ok := s.behindSwitch(c)
		if ok {
			b.Write(s.src[from:s.offset(c.Pos())])
			b.WriteString(text)
			from = s.offset(c.End())
		}
		return !ok
	})
	b.Write(s.src[from:to])
	return b.String()
}

// text is a node's, with its own switch and those within.
func (s *source) text(n ast.Node) string {
	if text, ok := s.behindSwitch(n); ok {
		return text
	}
	return s.within(n, s.offset(n.Pos()), s.offset(n.End()))
}

// behindSwitch notes the mutants of a node and is its text, if it has a switch.
func (s *source) behindSwitch(n ast.Node) (text string, ok bool) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if s.constants[n] {
			break
		}
		switch n.Op {
		case token.LAND:
			return s.logical("operatorAnd", n), true
		case token.LOR:
			return s.logical("operatorOr", n), true
		case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
			return s.comparison(n), true
		}
	case *ast.IncDecStmt:
		if s.inList[n] {
			m, x := s.note(n.TokPos, n.Tok, false)[0], s.text(n.X)
			return fmt.Sprintf("if operatorIs(%d) { %s%s } else { %s%s }", m.id, x, m.to, x, m.from), true
		}
	}
	switch n := n.(type) {
	case *ast.BinaryExpr:
		s.note(n.OpPos, n.Op, true)
	case *ast.UnaryExpr:
		if n.Op == token.SUB {
			s.note(n.OpPos, n.Op, true)
		}
	case *ast.IncDecStmt:
		s.note(n.TokPos, n.Tok, true)
	case *ast.AssignStmt:
		s.note(n.TokPos, n.Tok, true)
	case *ast.BranchStmt:
		s.note(n.TokPos, n.Tok, true)
	}
	return "", false
}

func (s *source) logical(name string, n *ast.BinaryExpr) string {
	m := s.note(n.OpPos, n.Op, false)[0]
	return fmt.Sprintf("%s(%d, func() bool { return %s }, func() bool { return %s })", name, m.id, s.text(n.X), s.text(n.Y))
}

func (s *source) comparison(n *ast.BinaryExpr) string {
	mutants := s.note(n.OpPos, n.Op, false)
	x, y := s.text(n.X), s.text(n.Y)
	text, none := "", ""
	for _, m := range mutants {
		text += fmt.Sprintf("operatorIs(%d) && %s %s %s || ", m.id, x, m.to, y)
		none += fmt.Sprintf("!operatorIs(%d) && ", m.id)
	}
	return fmt.Sprintf("(%s%s%s %s %s)", text, none, x, n.Op, y)
}

// note keeps the mutants of an operator, if it has any.
func (s *source) note(p token.Pos, op token.Token, alone bool) (noted []*mutant) {
	at := s.files.Position(p)
	for _, to := range others[op] {
		line, _, _ := bytes.Cut(s.src[s.offset(p)-at.Column+1:], []byte("\n"))
		m := &mutant{id: s.first + len(s.mutants), file: s.name, line: at.Line, column: at.Column, at: at.Offset,
			from: op.String(), to: to, text: string(bytes.TrimSpace(line)), alone: alone, good: s.src}
		s.mutants = append(s.mutants, m)
		noted = append(noted, m)
	}
	return noted
}

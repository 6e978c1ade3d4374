package hiveql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Type is a Hive type.
type Type struct {
	Name   string   // lower case: "bigint", "decimal", "array", "map", "struct", "uniontype"
	Sizes  []int    // of decimal (precision, scale), varchar and char (length)
	Fields []string // of a struct, in order, in lower case
	Elems  []Type   // of an array (1), a map (2), a struct (one for each field)
}

// String is the type as the catalog stores it: "struct<a:bigint,b:array<string>>".
func (t Type) String() string {
	var parts []string
	for _, n := range t.Sizes {
		parts = append(parts, strconv.Itoa(n))
	}
	if len(parts) > 0 {
		return t.Name + "(" + strings.Join(parts, ",") + ")"
	}
	for i, e := range t.Elems {
		if t.Name == "struct" {
			parts = append(parts, t.Fields[i]+":"+e.String())
		} else {
			parts = append(parts, e.String())
		}
	}
	if len(parts) > 0 {
		return t.Name + "<" + strings.Join(parts, ",") + ">"
	}
	return t.Name
}

// ParseType reads a type as the catalog stores it.
func ParseType(s string) (Type, error) {
	p, err := newParser(s)
	if err != nil {
		return Type{}, err
	}
	t := p.parseType(0)
	p.expectEnd()
	if p.err != nil {
		return Type{}, fmt.Errorf("parse type %q: %w", s, p.err)
	}
	return t, nil
}

// maxTypeDepth bounds the recursion on a stranger's text.
const maxTypeDepth = 100

func isPrimitive(name string) bool {
	return slices.Contains([]string{"tinyint", "smallint", "int", "bigint", "boolean", "float",
		"double", "string", "binary", "date", "timestamp", "decimal", "varchar", "char"}, name)
}

// typeSynonym maps other spellings to the catalog's.
func typeSynonym(name string) string {
	switch name {
	case "integer":
		return "int"
	case "long":
		return "bigint"
	case "real":
		return "float"
	case "dec", "numeric":
		return "decimal"
	}
	return name
}

func (p *parser) parseType(depth int) Type {
	if depth > maxTypeDepth {
		p.fail("a type nested less deeply")
	}
	if p.tok.kind != word {
		p.fail("a type")
		return Type{}
	}
	t := Type{Name: typeSynonym(strings.ToLower(p.tok.text))}
	switch {
	case t.Name == "array" || t.Name == "map" || t.Name == "uniontype":
		p.next()
		t.Elems = p.typeArguments(depth, map[string]int{"array": 1, "map": 2}[t.Name])
	case t.Name == "struct":
		p.next()
		t.Fields, t.Elems = p.structFields(depth)
	case isPrimitive(t.Name):
		p.next()
		t.Sizes = p.sizes(t.Name)
	default:
		p.fail("a type")
	}
	return t
}

// typeArguments reads <type, …>; n is how many there must be, 0 for any.
func (p *parser) typeArguments(depth, n int) []Type {
	var args []Type
	p.expect("<")
	for {
		args = append(args, p.parseType(depth+1))
		if !p.accept(",") {
			break
		}
	}
	if n > 0 && len(args) != n {
		p.fail(fmt.Sprintf("%d type arguments", n))
	}
	p.expect(">")
	return args
}

func (p *parser) structFields(depth int) (names []string, types []Type) {
	p.expect("<")
	for {
		names = append(names, p.fieldName())
		p.expect(":")
		types = append(types, p.parseType(depth+1))
		p.optionalComment()
		if !p.accept(",") {
			break
		}
	}
	p.expect(">")
	return names, types
}

// fieldName takes any word: a crawler names fields by whatever JSON has, and
// the catalog stores them without back-quotes.
func (p *parser) fieldName() string {
	t := p.tok
	if t.kind != word && t.kind != quotedWord && t.kind != number {
		p.fail("a field's name")
	}
	p.next()
	return strings.ToLower(t.text)
}

// sizes reads (n) or (n, m) where the type takes them.
func (p *parser) sizes(name string) []int {
	most := map[string]int{"decimal": 2, "varchar": 1, "char": 1}[name]
	if name == "decimal" && !p.at("(") {
		return []int{10, 0}
	}
	if most == 0 || !p.accept("(") {
		return nil
	}
	var sizes []int
	for {
		sizes = append(sizes, p.size())
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	if len(sizes) > most {
		p.fail("fewer sizes of the type")
	}
	if name == "decimal" && len(sizes) == 1 {
		sizes = append(sizes, 0)
	}
	return sizes
}

func (p *parser) size() int {
	n, err := strconv.Atoi(p.tok.text)
	if p.tok.kind != number || err != nil || n > 65535 {
		p.fail("a size")
		return 0
	}
	p.next()
	return n
}

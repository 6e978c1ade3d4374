package hiveql

import (
	"cmp"
	"fmt"
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

// primitive types, and how many sizes each takes.
var primitive = map[string]int{
	"tinyint": 0, "smallint": 0, "int": 0, "bigint": 0, "boolean": 0, "float": 0, "double": 0,
	"string": 0, "binary": 0, "date": 0, "timestamp": 0, "decimal": 2, "varchar": 1, "char": 1,
}

// nested types, and how many types each holds, 0 for any number.
var nested = map[string]int{"array": 1, "map": 2, "uniontype": 0}

// synonym maps other spellings to the catalog's.
var synonym = map[string]string{"integer": "int", "long": "bigint", "real": "float", "dec": "decimal", "numeric": "decimal"}

func (p *parser) parseType(depth int) Type {
	if depth > maxTypeDepth {
		p.fail("a type nested less deeply")
	}
	if p.tok.kind != word {
		p.fail("a type")
		return Type{}
	}
	name := strings.ToLower(p.tok.text)
	t := Type{Name: cmp.Or(synonym[name], name)}
	held, isNested := nested[t.Name]
	sizes, isPrimitive := primitive[t.Name]
	switch {
	case isNested:
		p.next()
		p.list("<", func() { t.Elems = append(t.Elems, p.parseType(depth+1)) })
		if held > 0 && len(t.Elems) != held {
			p.fail(fmt.Sprintf("%d type arguments", held))
		}
		p.expect(">")
	case t.Name == "struct":
		p.next()
		p.list("<", func() {
			t.Fields = append(t.Fields, p.fieldName())
			p.expect(":")
			t.Elems = append(t.Elems, p.parseType(depth+1))
			p.textAfter("COMMENT")
		})
		p.expect(">")
	case isPrimitive:
		p.next()
		t.Sizes = p.sizes(sizes)
	default:
		p.fail("a type")
	}
	return t
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

// sizes reads (n) or (n, m) of a type that takes as many at most. A decimal has two.
func (p *parser) sizes(most int) []int {
	var sizes []int
	if most > 0 && p.at("(") {
		p.list("(", func() { sizes = append(sizes, p.size()) })
		p.expect(")")
		if len(sizes) > most {
			p.fail("fewer sizes of the type")
		}
	}
	if most == 2 && len(sizes) == 0 {
		return []int{10, 0}
	}
	if most == 2 && len(sizes) == 1 {
		return append(sizes, 0)
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

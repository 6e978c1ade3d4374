package table

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The template language:
//
//	template = [ "**/" ] step { step }
//	step     = element "/" | "[" element "/" { element "/" } "]"
//	element  = { constant | "{" field "}" }
//	field    = yyyy | MM | dd | HH | mm | M | d | a name of the operator's own
//
// "**/" stands for any leading elements, none included; what stands in
// brackets may be missing.

// template is a parsed template, before its optional steps are spelled out.
type template struct {
	text     string
	anywhere bool   // "**/" in front
	steps    []step // in order
	names    []string
	slots    map[string]slot // of names
}

type step struct {
	elements []element
	optional bool
}

var timeFields = map[string]piece{
	"yyyy": {field: year, min: 4, max: 4},
	"MM":   {field: month, min: 2, max: 2},
	"dd":   {field: day, min: 2, max: 2},
	"HH":   {field: hour, min: 2, max: 2},
	"mm":   {field: minute, min: 2, max: 2},
	"M":    {field: month, min: 1, max: 2},
	"d":    {field: day, min: 1, max: 2},
}

var fieldName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

const tableField = "table"

// maxOptional bounds the optional steps of a template: each doubles its
// spellings, which are tried one by one.
const maxOptional = 6

func parseTemplate(text string) (*template, error) {
	t := &template{text: text, slots: map[string]slot{}}
	rest, anywhere := strings.CutPrefix(text, "**/")
	t.anywhere = anywhere
	for rest != "" {
		var err error
		if rest, err = t.parseStep(rest); err != nil {
			return nil, fmt.Errorf("layout %q: %w", text, err)
		}
	}
	optional := 0
	for _, s := range t.steps {
		if s.optional {
			optional++
		}
	}
	switch {
	case optional == len(t.steps):
		return nil, fmt.Errorf("layout %q: it has no element that is always there", text)
	case optional > maxOptional:
		return nil, fmt.Errorf("layout %q: %d of its parts are optional, %d may be", text, optional, maxOptional)
	}
	return t, nil
}

func (t *template) parseStep(s string) (rest string, err error) {
	if !strings.HasPrefix(s, "[") {
		text, rest, ok := strings.Cut(s, "/")
		if !ok {
			return "", fmt.Errorf("%q does not end in a slash: a layout is a folder", s)
		}
		e, err := t.parseElement(text, false)
		t.steps = append(t.steps, step{elements: []element{e}})
		return rest, err
	}
	inner, rest, ok := strings.Cut(s[1:], "]")
	if !ok {
		return "", fmt.Errorf("%q has no closing bracket", s)
	}
	opt := step{optional: true}
	for inner != "" {
		text, more, ok := strings.Cut(inner, "/")
		if !ok {
			return "", fmt.Errorf("[%s]: say [%s/], whole elements may be optional", inner, inner)
		}
		e, err := t.parseElement(text, true)
		if err != nil {
			return "", err
		}
		opt.elements, inner = append(opt.elements, e), more
	}
	if opt.elements == nil {
		return "", fmt.Errorf("empty brackets")
	}
	t.steps = append(t.steps, opt)
	return rest, nil
}

func (t *template) parseElement(s string, optional bool) (element, error) {
	if s == "" {
		return element{}, fmt.Errorf("it has an empty element")
	}
	var pieces []piece
	for s != "" {
		literal, field, found := strings.Cut(s, "{")
		if strings.ContainsAny(literal, "[]}*") {
			return element{}, fmt.Errorf("%q: *, [, ] and } can't be part of a constant", literal)
		}
		if literal != "" {
			pieces = append(pieces, piece{literal: literal, field: noField})
		}
		if !found {
			break
		}
		name, rest, ok := strings.Cut(field, "}")
		if !ok {
			return element{}, fmt.Errorf("{%s has no closing brace", field)
		}
		p, err := t.field(name, optional)
		if err != nil {
			return element{}, err
		}
		pieces, s = append(pieces, p), rest
	}
	return newElement(pieces), nil
}

// field returns the piece for {name} and gives the name its slot.
func (t *template) field(name string, optional bool) (piece, error) {
	p, isTime := timeFields[name]
	unique := name
	switch {
	case isTime:
		unique = [...]string{"year", "month", "day", "hour", "minute"}[p.field] + " of the time"
	case !fieldName.MatchString(name):
		return piece{}, fmt.Errorf("{%s}: a name is made of a-z, 0-9 and _, or is one of yyyy MM dd HH mm M d", name)
	case optional && name == tableField:
		return piece{}, fmt.Errorf("{table} can't be optional")
	default:
		p.field = firstName + slot(len(t.names))
		t.names = append(t.names, name)
	}
	if _, twice := t.slots[unique]; twice {
		return piece{}, fmt.Errorf("{%s}: the %s is captured twice", name, unique)
	}
	if p.field >= maxSlots {
		return piece{}, fmt.Errorf("it captures more than %d names", maxSlots-firstName)
	}
	t.slots[unique] = p.field
	if isTime {
		t.slots[name] = p.field
	}
	return p, nil
}

// captured says whether an element has the field.
func (e *element) captures(f slot) bool {
	return slices.ContainsFunc(e.pieces, func(p piece) bool { return p.field == f })
}

// spellings returns the template's elements with and without each optional
// step, those with more of them first.
func (t *template) spellings() [][]element {
	all := [][]element{nil}
	for _, s := range t.steps {
		var next [][]element
		for _, before := range all {
			next = append(next, slices.Concat(before, s.elements))
		}
		if s.optional {
			next = append(next, all...)
		}
		all = next
	}
	return all
}

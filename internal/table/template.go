package table

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The template language, which this file parses; match_element.go reads a key's
// folders by it:
//
//	template = [ "**/" ] step { step }
//	step     = element "/" | "[" element "/" { element "/" } "]"
//	element  = { constant | "{" field "}" } | "{" key "=" [ value ] "}"
//	field    = yyyy | MM | dd | HH | mm | ss | M | d | H | name [ ":" ( digits | text "*" ) ]
//
// "**/" stands for any leading elements, none included; what stands in
// brackets may be missing. {key=} is a folder key=value as Hive names it: the
// key in any case, the value escaped. A name may say of how many digits it is,
// or what it begins with.

// template is a parsed template, before its optional steps are spelled out.
type template struct {
	text     string
	anywhere bool             // "**/" in front
	steps    []step           // in order
	names    []string         // captured, time fields apart
	fields   map[string]piece // what a {name} of a partition or a table stands for
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
	"ss":   {field: second, min: 2, max: 2},
	"M":    {field: month, min: 1, max: 2},
	"d":    {field: day, min: 1, max: 2},
	"H":    {field: hour, min: 1, max: 2},
}

// timeWords are the time fields by their slots, and the names of their padded
// spelling.
var timeWords = [...]struct{ word, padded string }{
	{"year", "yyyy"}, {"month", "MM"}, {"day", "dd"}, {"hour", "HH"}, {"minute", "mm"}, {"second", "ss"},
}

const timeFieldNames = "{yyyy} {MM} {dd} {HH} {mm} {ss} {M} {d} {H}"

var (
	fieldName = regexp.MustCompile(`^[a-z_][a-z0-9_-]*$`)
	slip      = regexp.MustCompile(`^[yMdHhms]+$`) // meant as a time field, surely
)

const tableField = "table"

// maxOptional bounds the optional steps of a template: each doubles its
// spellings, which are tried one by one.
const maxOptional = 6

func parseTemplate(text string) (*template, error) {
	t := &template{text: text, fields: map[string]piece{}}
	rest, anywhere := strings.CutPrefix(text, anyElements)
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
	if key, value, ok := keyValueForm(s); ok {
		return t.keyValue(key, value)
	}
	var pieces []piece
	text := s
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
	for i := range pieces[1:] {
		if a, b := &pieces[i], &pieces[i+1]; a.digit() && b.digit() && !(a.fixed() && b.fixed()) {
			return element{}, fmt.Errorf("a {M}, {d} or {H} stands next to other digits, so it has no clear end: use {MM}, {dd} or {HH}")
		}
	}
	return newElement(text, pieces), nil
}

// keyValueForm takes {key=} and {key=value} apart.
func keyValueForm(s string) (key, value string, ok bool) {
	inner, isField := strings.CutPrefix(s, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	if key, value, ok = strings.Cut(inner, "="); !ok || !isField || !closed || strings.ContainsAny(inner, "{}") {
		return "", "", false
	}
	return key, value, true
}

// keyValue is the element for a folder key=value; the only value it may have,
// "" for any.
func (t *template) keyValue(key, value string) (element, error) {
	name := strings.ToLower(key)
	if !validKey(name) {
		return element{}, fmt.Errorf("key %q: a partition key is made of letters, digits, _ and -", key)
	}
	p, err := t.name(name, piece{literal: value, exact: value != "", unescape: true})
	if err != nil {
		return element{}, err
	}
	return newElement(key+"="+value, []piece{{literal: name + "=", field: noField, fold: true}, p}), nil
}

// field returns the piece for {name} and remembers what the name stands for.
func (t *template) field(text string, optional bool) (piece, error) {
	if p, ok := timeFields[text]; ok {
		of := timeWords[p.field]
		if _, twice := t.fields[of.padded]; twice {
			return p, fmt.Errorf("{%s}: the %s of the time is captured twice", text, of.word)
		}
		t.fields[of.padded], t.fields[text] = p, p
		return p, nil
	}
	name, limit, _ := strings.Cut(text, ":")
	switch {
	case slip.MatchString(name):
		return piece{}, fmt.Errorf("{%s}: the fields of a time are %s", name, timeFieldNames)
	case !fieldName.MatchString(name):
		return piece{}, fmt.Errorf("{%s}: a name is made of a-z, 0-9, _ and -, or is one of %s", name, timeFieldNames)
	case optional && name == tableField:
		return piece{}, fmt.Errorf("{table} can't be optional")
	}
	var p piece
	if limit != "" {
		n, err := strconv.Atoi(limit)
		begins, star := strings.CutSuffix(limit, "*")
		if star = star && !strings.ContainsAny(begins, "*/"); !star && (err != nil || n < 1 || n > 255) {
			return p, fmt.Errorf("{%s}: behind the colon stands how many digits it has, or what it begins with and a *", text)
		}
		if p.literal = begins; !star {
			p = piece{min: n, max: n}
		}
	}
	return t.name(name, p)
}

// name gives a name its slot.
func (t *template) name(name string, p piece) (piece, error) {
	if _, twice := t.fields[name]; twice {
		return p, fmt.Errorf("{%s}: the name is captured twice", name)
	}
	if p.field = firstName + slot(len(t.names)); p.field >= maxSlots {
		return p, fmt.Errorf("it captures more than %d names", maxSlots-firstName)
	}
	t.names = append(t.names, name)
	t.fields[name] = p
	return p, nil
}

// captures says whether an element has the field.
func (e *element) captures(f slot) bool {
	return slices.ContainsFunc(e.pieces, func(p piece) bool { return p.field == f })
}

// spellings returns the template's elements without and with each optional
// step, in the order in which they are tried: those where it is absent first.
func (t *template) spellings() [][]element {
	all := [][]element{nil}
	for _, s := range t.steps {
		var next [][]element
		for _, before := range all {
			if s.optional {
				next = append(next, before)
			}
			next = append(next, slices.Concat(before, s.elements))
		}
		all = next
	}
	return all
}

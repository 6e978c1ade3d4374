package table

import (
	"regexp"
	"strings"
)

// A layout is matched one element of the key at a time: an element of a template
// ("{M}", "dt={yyyy}-{MM}-{dd}") fits a folder's name or not, whatever its
// neighbours are, because no name holds a slash.

// slot is where a capture is kept while a key is matched. The time fields come
// first, in the order in which they make up dt.
type slot int

const (
	year slot = iota
	month
	day
	hour
	minute
	second
	firstName // the first of the names that the template itself chose
)

// maxSlots bounds the captures of one template, the six time fields included.
const maxSlots = 17

// captures are the texts that a key had where the template has fields.
type captures [maxSlots]string

// piece is a constant, a time field or a name within an element.
type piece struct {
	literal  string // the constant; of a name: what its text begins with
	field    slot   // noField: a constant
	min      int    // digits at least; 0: a name of any text
	max      int    // digits at most
	fold     bool   // the constant is matched in any case (the keys of key=value)
	exact    bool   // the name's text is literal, no more
	unescape bool   // %XX in the name's text stands for one character (the values of key=value)
}

const noField slot = -1

func (p *piece) constant() bool { return p.field == noField || p.exact }

// digit says whether the piece is a number of the template's.
func (p *piece) digit() bool { return p.min > 0 }

func (p *piece) fixed() bool { return p.constant() || p.digit() && p.min == p.max }

// element matches one element of a key, whole.
type element struct {
	text   string // as the template has it
	plain  string // the element, where it is constant
	pieces []piece
	shape  *regexp.Regexp // the shortest text for each piece that fits, where it is not constant
}

func newElement(text string, pieces []piece) element {
	if len(pieces) == 1 && pieces[0].field == noField && !pieces[0].fold {
		return element{text: text, plain: pieces[0].literal, pieces: pieces}
	}
	return element{text: text, pieces: pieces, shape: regexp.MustCompile(expression(pieces))}
}

// expression is the regular expression for pieces, its groups in their order.
func expression(pieces []piece) string {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for _, p := range pieces {
		switch {
		case p.fold:
			b.WriteString("(" + inAnyCase(p.literal) + ")")
		case p.constant():
			b.WriteString("(" + regexp.QuoteMeta(p.literal) + ")")
		case !p.digit():
			b.WriteString("(" + regexp.QuoteMeta(p.literal) + ".*?)")
		case p.min == p.max:
			b.WriteString("(" + strings.Repeat("[0-9]", p.max) + ")")
		default:
			b.WriteString("([0-9][0-9]??)") // {M}, {d} and {H}: one digit if that fits
		}
	}
	b.WriteString(`\z`)
	return b.String()
}

var lowerCase = regexp.MustCompile("[a-z]")

// inAnyCase is the expression for a key's name: to (?i) the letter ſ is an s.
func inAnyCase(name string) string {
	return lowerCase.ReplaceAllStringFunc(regexp.QuoteMeta(name), func(c string) string { return "[" + c + strings.ToUpper(c) + "]" })
}

// match says whether s fits the element and keeps what its fields captured, in c
// if that is not nil.
func (e *element) match(s string, c *captures) bool {
	if e.shape == nil {
		return s == e.plain
	}
	if c == nil {
		return e.shape.MatchString(s)
	}
	groups := e.shape.FindStringSubmatchIndex(s)
	if groups == nil {
		return false
	}
	for i := range e.pieces {
		if f := e.pieces[i].field; f != noField {
			c[f] = s[groups[2*i+2]:groups[2*i+3]]
		}
	}
	return true
}

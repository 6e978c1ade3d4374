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

func (p *piece) width() int {
	if p.constant() {
		return len(p.literal)
	}
	return p.max
}

// take says whether s is what the piece stands for, and keeps it.
func (p *piece) take(s string, c *captures) bool {
	switch {
	case p.fold:
		if !strings.EqualFold(s, p.literal) { // of as many bytes, so ſ is no s
			return false
		}
	case p.constant():
		if s != p.literal {
			return false
		}
	case !p.digit():
		if !strings.HasPrefix(s, p.literal) {
			return false
		}
	default:
		if len(s) < p.min || len(s) > p.max || strings.Trim(s, "0123456789") != "" {
			return false
		}
	}
	if c != nil && p.field != noField {
		c[p.field] = s
	}
	return true
}

// element matches one element of a key, whole.
type element struct {
	text     string // as the template has it
	plain    string // the element, where it is constant
	pieces   []piece
	variable int            // index of the only piece of variable length; without one, len(pieces)
	several  *regexp.Regexp // where there are more of those: the shortest text for each that fits
}

func newElement(text string, pieces []piece) element {
	e := element{text: text, pieces: pieces, variable: len(pieces)}
	if len(pieces) == 1 && pieces[0].field == noField && !pieces[0].fold {
		e.plain = pieces[0].literal
	}
	for i := range pieces {
		switch {
		case pieces[i].fixed():
		case e.variable == len(pieces):
			e.variable = i
		default:
			e.several = regexp.MustCompile(expression(pieces))
		}
	}
	return e
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
// if that is not nil. Most elements have one piece of variable length at most: a
// regular expression for those takes four times as long for a key.
func (e *element) match(s string, c *captures) bool {
	if e.several != nil {
		return e.matchSeveral(s, c)
	}
	for i := range e.variable {
		w := e.pieces[i].width()
		if len(s) < w || !e.pieces[i].take(s[:w], c) {
			return false
		}
		s = s[w:]
	}
	if e.variable == len(e.pieces) {
		return s == ""
	}
	for i := len(e.pieces) - 1; i > e.variable; i-- {
		w := e.pieces[i].width()
		if len(s) < w || !e.pieces[i].take(s[len(s)-w:], c) {
			return false
		}
		s = s[:len(s)-w]
	}
	return e.pieces[e.variable].take(s, c)
}

func (e *element) matchSeveral(s string, c *captures) bool {
	groups := e.several.FindStringSubmatchIndex(s)
	if groups == nil {
		return false
	}
	for i := range e.pieces {
		if f := e.pieces[i].field; c != nil && f != noField {
			c[f] = s[groups[2*i+2]:groups[2*i+3]]
		}
	}
	return true
}

package event

import (
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep a body may nest.
const maxDepth = 100

// scanner reads JSON (RFC 8259) strictly, in one pass and without copying:
// strings without escapes are parts of the body. After the first error it
// stands still: every loop over it ends, and end reports false. See
// docs/decisions.md for what it was measured against.
type scanner struct {
	s      string
	i      int
	depth  int
	failed bool
}

func (p *scanner) fail() { p.failed, p.i = true, len(p.s) }

func (p *scanner) need(ok bool) {
	if !ok {
		p.fail()
	}
}

// peek returns the first byte of the next token, 0 at the end.
func (p *scanner) peek() byte {
	if p.i < len(p.s) && p.s[p.i] > ' ' {
		return p.s[p.i]
	}
	return p.peekAfterSpace()
}

func (p *scanner) peekAfterSpace() byte {
	for ; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (p *scanner) accept(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c || p.peekAfterSpace() == c {
		p.i++
		return true
	}
	return false
}

// end says whether everything was read and nothing was wrong.
func (p *scanner) end() bool { return p.peek() == 0 && p.i == len(p.s) && !p.failed }

// members walks the members of an object; entries those of a list. The caller
// reads or skips each value before asking for the next.
type members struct {
	p     *scanner
	name  string
	begun bool
}

type entries struct {
	p     *scanner
	begun bool
}

func (p *scanner) object() members { p.open('{'); return members{p: p} }
func (p *scanner) list() entries   { p.open('['); return entries{p: p} }

func (p *scanner) open(c byte) {
	p.depth++
	p.need(p.accept(c) && p.depth <= maxDepth)
}

func (m *members) next() bool {
	if m.begun {
		if name, ok := m.p.plainName(); ok {
			m.name = name
			return true
		}
	}
	if !m.p.more('}', &m.begun) {
		return false
	}
	if m.p.peek() != '"' {
		m.p.fail()
		return false
	}
	m.name = m.p.str()
	m.p.need(m.p.accept(':'))
	return !m.p.failed
}

// plainName reads ,"name": where it is written just so, as it mostly is.
func (p *scanner) plainName() (string, bool) {
	s, i := p.s, p.i
	if i+1 >= len(s) || s[i] != ',' || s[i+1] != '"' {
		return "", false
	}
	i += 2
	end := i + plain(s[i:])
	if end+1 >= len(s) || s[end] != '"' || s[end+1] != ':' {
		return "", false
	}
	p.i = end + 2
	return s[i:end], true
}

func (l *entries) next() bool { return l.p.more(']', &l.begun) }

// more says whether another value follows before the closing byte. A comma
// before the closing byte is found when that is read as the value.
func (p *scanner) more(closing byte, begun *bool) bool {
	switch c := p.peek(); {
	case p.failed:
		return false
	case c == closing:
		p.i++
		p.depth--
		return false
	case *begun && c != ',':
		p.fail()
		return false
	case *begun:
		p.i++
	}
	*begun = true
	return true
}

// null reads a null if one is next.
func (p *scanner) null() bool {
	if p.peek() != 'n' {
		return false
	}
	p.word("null")
	return true
}

func (p *scanner) word(w string) {
	p.need(strings.HasPrefix(p.s[p.i:], w))
	p.i = min(p.i+len(w), len(p.s))
}

// text reads a string or null; false where something else was there instead.
func (p *scanner) text() (text, bool) {
	switch p.peek() {
	case '"':
		return text{p.str(), true}, true
	case 'n':
		p.word("null")
		return text{}, true
	}
	p.skip()
	return text{}, false
}

// skip reads any value and checks its syntax.
func (p *scanner) skip() {
	switch c := p.peek(); c {
	case '"':
		p.rawString()
	case '{':
		for m := p.object(); m.next(); {
			p.skip()
		}
	case '[':
		for l := p.list(); l.next(); {
			p.skip()
		}
	case 't':
		p.word("true")
	case 'f':
		p.word("false")
	case 'n':
		p.word("null")
	default:
		p.number()
	}
}

// rawString reads a string and returns what is between its quotes.
func (p *scanner) rawString() (raw string, escaped bool) {
	s := p.s
	for i := p.i + 1; ; {
		i += plain(s[i:])
		if i == len(s) {
			break
		}
		if s[i] == '"' {
			raw, p.i = s[p.i+1:i], i+1
			return raw, escaped
		}
		n := escapeLen(s[i:])
		if n == 0 {
			break // a control character, or no escape that there is
		}
		i, escaped = i+n, true
	}
	p.fail()
	return "", false
}

// plain counts the leading bytes that stand for themselves in a string: not a
// quote, a backslash or a control character. Eight at a time: most of a body
// is strings.
func plain(s string) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		b := s[i : i+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		quote, slash := w^ones*'"', w^ones*'\\'
		// The lowest byte that is found is right; those above it may be found by a borrow.
		found := ((w-ones*0x20)&^w | (quote-ones)&^quote | (slash-ones)&^slash) & tops
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(s) && s[i] >= 0x20 && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}

// escapeLen is the length of the escape at the beginning of s, 0 if it is none.
func escapeLen(s string) int {
	if len(s) < 2 || s[0] != '\\' {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if hex4(s[2:]) >= 0 {
			return 6
		}
	}
	return 0
}

// str reads a string.
func (p *scanner) str() string {
	raw, escaped := p.rawString()
	if !escaped {
		return raw
	}
	return unescape(raw)
}

// unescape decodes a string that rawString found well formed. Half a surrogate
// pair becomes U+FFFD. A body inside SNS is one long such string: encoding/json
// takes four times as long for it.
func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			return string(append(b, s...))
		}
		b = append(b, s[:i]...)
		c := s[i+1]
		s = s[i+2:]
		if c != 'u' {
			if named := strings.IndexByte("bfnrt", c); named >= 0 {
				c = "\b\f\n\r\t"[named]
			}
			b = append(b, c)
			continue
		}
		r := hex4(s)
		s = s[4:]
		if utf16.IsSurrogate(r) {
			low := rune(-1)
			if strings.HasPrefix(s, `\u`) {
				low = hex4(s[2:])
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				s = s[6:]
			}
		}
		b = utf8.AppendRune(b, r)
	}
}

// hex4 is the value of the four hexadecimal digits that s begins with, or -1.
func hex4(s string) rune {
	v, err := strconv.ParseUint(s[:min(4, len(s))], 16, 16)
	if err != nil || len(s) < 4 {
		return -1
	}
	return rune(v)
}

// number reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (p *scanner) number() {
	p.byteIn("-")
	if !p.byteIn("0") {
		p.need(p.digits())
	}
	if p.byteIn(".") {
		p.need(p.digits())
	}
	if p.byteIn("eE") {
		p.byteIn("+-")
		p.need(p.digits())
	}
}

func (p *scanner) byteIn(set string) bool {
	if p.i < len(p.s) && strings.IndexByte(set, p.s[p.i]) >= 0 {
		p.i++
		return true
	}
	return false
}

func (p *scanner) digits() bool {
	from := p.i
	for p.i < len(p.s) && p.s[p.i]-'0' <= 9 {
		p.i++
	}
	return p.i > from
}

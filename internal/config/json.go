package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// value is a JSON value that knows where it stands: encoding/json's own
// decoding forgets positions, the order of members and duplicates, and this
// package needs all three.
type value struct {
	at, end int // offsets of its first byte and after its last
	is      any // string, json.Number, bool, nil, []value or []member
}

type member struct {
	at   int // offset of the name
	name string
	value
}

// kind names a value's type as a person would.
func (v value) kind() string {
	switch v.is.(type) {
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "true or false"
	case []value:
		return "a list"
	case []member:
		return "an object"
	}
	return "null"
}

// readTree reads a file's one value. The error comes with its offset.
func readTree(data []byte) (root value, at int, err error) {
	if at, err := readable(data); err != nil {
		return value{}, at, err
	}
	// The scanner behind Unmarshal knows the exact offset of an error, and
	// refuses text after the value and too deep a nesting, as a Decoder doesn't.
	var all json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		var syntax *json.SyntaxError
		if !errors.As(err, &syntax) {
			return value{}, 0, fmt.Errorf("read JSON: %w", err)
		}
		at, err := explain(data, syntax)
		return value{}, at, err
	}
	w := walker{data, json.NewDecoder(bytes.NewReader(data))}
	w.tokens.UseNumber()
	root, err = w.value()
	return root, 0, err
}

// readable refuses what isn't text in UTF-8, before JSON is asked.
func readable(data []byte) (at int, err error) {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return 0, hint(`the least is {}`, "the file is empty")
	case bytes.HasPrefix(data, []byte("\ufeff")):
		return 0, hint("save it as UTF-8 without a BOM", "begins with a byte order mark")
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return 0, hint("save it as UTF-8", "is UTF-16")
	}
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return at, hint("it was cut off while written, or is UTF-16: save it as UTF-8", "a NUL byte")
	}
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at, hint("save it as UTF-8", "the byte 0x%02x is not UTF-8", data[at])
		}
		at += size
	}
	return 0, nil
}

// explain turns the scanner's error into words for the mistakes that people
// make, at the place where they made it.
func explain(data []byte, syntax *json.SyntaxError) (at int, err error) {
	at = int(syntax.Offset) - 1 // the offset counts the byte that was refused
	before := len(bytes.TrimRight(data[:at], " \t\r\n")) - 1
	switch c := data[at]; {
	case syntax.Error() == "unexpected end of JSON input":
		last := len(bytes.TrimRight(data, " \t\r\n")) - 1
		return last, hint(`a }, ] or " is missing`, "the file ends in the middle")
	case c == '/' || c == '#':
		return at, hint("remove it", "JSON has no comments")
	case (c == '}' || c == ']') && before >= 0 && data[before] == ',':
		return before, hint("remove it", "a comma before the closing %c", c)
	case c == '\'':
		return at, hint(`JSON writes "…"`, "a single quote")
	case c == '"' && before >= 0 && bytes.IndexByte([]byte(`"}]el0123456789`), data[before]) >= 0:
		return at, hint("a comma is missing in front of it, or a colon", "not JSON: %s", syntax)
	case c == '\n' || c == '\r':
		return at, hint(`a " is missing in this line`, "a string that doesn't end")
	case c == 'T' || c == 'F' || c == 'N':
		return at, hint("JSON writes true, false and null", "not JSON: %s", syntax)
	}
	return at, fmt.Errorf("not JSON: %w", syntax)
}

// walker builds a tree of a file that was found to be JSON.
type walker struct {
	data   []byte
	tokens *json.Decoder
}

// at is the offset of the next token.
func (w walker) at() int {
	at := int(w.tokens.InputOffset())
	for at < len(w.data) && bytes.IndexByte([]byte(" \t\r\n:,"), w.data[at]) >= 0 {
		at++
	}
	return at
}

func (w walker) value() (value, error) {
	v := value{at: w.at()}
	token, err := w.tokens.Token()
	if err != nil {
		return v, fmt.Errorf("read JSON: %w", err)
	}
	switch token {
	case json.Delim('{'):
		v.is, err = w.members()
	case json.Delim('['):
		v.is, err = w.items()
	default:
		v.is = token
	}
	v.end = int(w.tokens.InputOffset())
	return v, err
}

func (w walker) members() ([]member, error) {
	all := []member{}
	for w.tokens.More() {
		m := member{at: w.at()}
		token, err := w.tokens.Token()
		if err != nil {
			return nil, fmt.Errorf("read JSON: %w", err)
		}
		m.name, _ = token.(string) // the scanner let nothing else through
		if m.value, err = w.value(); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	_, err := w.tokens.Token()
	return all, err
}

func (w walker) items() ([]value, error) {
	all := []value{}
	for w.tokens.More() {
		v, err := w.value()
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	_, err := w.tokens.Token()
	return all, err
}

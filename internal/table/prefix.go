package table

import (
	"fmt"
	"strings"
)

// prefix is a compiled Rule.Prefix.
type prefix struct {
	anywhere bool     // "**/" in front: it may begin at any element
	parts    []string // split at the stars: one non-empty element stands between two
}

const anyElements = "**/"

func compilePrefix(text string) (prefix, error) {
	rest, anywhere := strings.CutPrefix(text, anyElements)
	p := prefix{anywhere: anywhere, parts: strings.Split(rest, "*")}
	last := len(p.parts) - 1
	for i, part := range p.parts {
		inside := i > 0 && i < last
		if i > 0 && part != "" && part[0] != '/' || i < last && part != "" && part[len(part)-1] != '/' || inside && part == "" {
			return p, fmt.Errorf("prefix %q: a * stands for a whole element, between slashes, and **/ for any elements, at the beginning", text)
		}
	}
	return p, nil
}

func (p *prefix) String() string {
	text := strings.Join(p.parts, "*")
	if p.anywhere {
		return anyElements + text
	}
	return text
}

// constant is what every key begins with that the prefix fits.
func (p *prefix) constant() string {
	if p.anywhere {
		return ""
	}
	return p.parts[0]
}

// takesAll says whether the prefix fits every key.
func (p *prefix) takesAll() bool { return len(p.parts) == 1 && p.parts[0] == "" }

// fits says whether a key begins as the prefix says.
func (p *prefix) fits(key string) bool {
	for {
		if p.fitsHere(key) {
			return true
		}
		i := strings.IndexByte(key, '/')
		if !p.anywhere || i < 0 {
			return false
		}
		key = key[i+1:]
	}
}

func (p *prefix) fitsHere(key string) bool {
	for i, part := range p.parts {
		if i > 0 {
			n := strings.IndexByte(key, '/')
			if n < 0 {
				n = len(key)
			}
			if n == 0 {
				return false
			}
			key = key[n:]
		}
		rest, ok := strings.CutPrefix(key, part)
		if !ok {
			return false
		}
		key = rest
	}
	return true
}

// mayFit says whether the prefix fits some key that begins with folder.
func (p *prefix) mayFit(folder string) bool {
	rest := folder
	for i, part := range p.parts {
		if i > 0 {
			n := strings.IndexByte(rest, '/')
			if n < 0 {
				return true // the element of the star is yet to come
			}
			if n == 0 {
				return p.anywhere
			}
			rest = rest[n:]
		}
		after, ok := strings.CutPrefix(rest, part)
		if !ok {
			return p.anywhere || strings.HasPrefix(part, rest)
		}
		rest = after
	}
	return true
}

// mayFitFile says whether the prefix fits some file of the folder itself, though
// not the folder.
func (p *prefix) mayFitFile(folder string) bool {
	last := p.parts[len(p.parts)-1]
	return !strings.HasSuffix(last, "/") && p.mayFit(folder)
}

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
func (p *prefix) fits(key string) bool { return p.portion(key) == all }

// portion says how many of the keys that begin with a text the prefix fits.
func (p *prefix) portion(begins string) portion {
	if !p.anywhere {
		return p.portionHere(begins)
	}
	for rest, ok := begins, true; ok; _, rest, ok = strings.Cut(rest, "/") {
		if p.portionHere(rest) == all {
			return all
		}
	}
	return some
}

func (p *prefix) portionHere(begins string) portion {
	for i, part := range p.parts {
		if i > 0 {
			n := strings.IndexByte(begins, '/')
			switch {
			case n == 0:
				return none
			case n < 0 && (begins == "" || part != ""):
				return some // the element of the star, or what follows it, is yet to come
			case n < 0:
				return all
			}
			begins = begins[n:]
		}
		rest, ok := strings.CutPrefix(begins, part)
		switch {
		case ok:
			begins = rest
		case strings.HasPrefix(part, begins):
			return some
		default:
			return none
		}
	}
	return all
}

// endsInFile says whether the prefix may end within the name of a file.
func (p *prefix) endsInFile() bool {
	return !strings.HasSuffix(p.parts[len(p.parts)-1], "/")
}

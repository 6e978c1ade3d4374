package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/schedule"
	"athenarefresh/internal/terminal"
)

// field is a member that an object may have. read nil: it is accepted and
// ignored.
type field struct {
	name string
	read func(value) error
}

// object reads an object's members by their names. In an open object others
// are someone else's; else they are refused, as is any name that is there twice.
func (f *file) object(v value, path string, open bool, fields []field) {
	if !v.isObject() {
		f.problem(v.at, path, wrongKind("an object", v))
		return
	}
	seen := map[string]int{}
	for _, m := range v.members() {
		i := slices.IndexFunc(fields, func(x field) bool { return x.name == m.name })
		switch first, twice := seen[m.name]; {
		case i < 0 && (open || m.example()):
		case i < 0:
			f.problem(m.at, under(path, m.name), fmt.Errorf("no such setting: did you mean %q?", nearest(m.name, fields)))
		case twice:
			line, _ := position(f.data, first)
			f.problem(m.at, under(path, m.name), fmt.Errorf("is there twice, first in line %d", line))
		case fields[i].read != nil:
			if err := fields[i].read(m.value); err != nil {
				f.problem(m.value.at, under(path, m.name), err)
			}
		}
		if _, twice := seen[m.name]; !twice {
			seen[m.name] = m.at
		}
	}
}

// example recognises "...": "...", which StreamAlert's documentation has where
// it leaves something out.
func (m member) example() bool { return m.name == "..." && m.is == "..." }

func (v value) isObject() bool {
	_, ok := v.is.([]member)
	return ok
}

// members are an object's; none where v is no object.
func (v value) members() []member {
	all, _ := v.is.([]member)
	return all
}

// member is the last of an object's that has a name.
func (v value) member(name string) (found value, ok bool) {
	for _, m := range v.members() {
		if m.name == name {
			found, ok = m.value, true
		}
	}
	return found, ok
}

// under is the path of a member; a name that would be hard to read is quoted.
func under(path, name string) string {
	plain := name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
	switch {
	case !plain:
		return path + "[" + strconv.Quote(name) + "]"
	case path == "":
		return name
	}
	return path + "." + name
}

func wrongKind(want string, v value) error { return fmt.Errorf("must be %s, not %s", want, v.kind()) }

// text reads a string that passes check; nil: any.
func text(to *string, check func(string) error) func(value) error {
	return func(v value) error {
		s, ok := v.is.(string)
		if !ok {
			if n, ok := v.is.(json.Number); ok {
				return hint(`write "`+n.String()+`"`, "%s", wrongKind("a string", v))
			}
			return wrongKind("a string", v)
		}
		if check != nil {
			if err := check(s); err != nil {
				return err
			}
		}
		*to = s
		return nil
	}
}

func boolean(to *bool) func(value) error {
	return func(v value) error {
		b, ok := v.is.(bool)
		if !ok {
			return wrongKind("true or false", v)
		}
		*to = b
		return nil
	}
}

// number reads a whole number, or a string that holds one, as older files do.
func number(to *int, least, most int, unit string) func(value) error {
	return func(v value) error {
		var digits string
		switch n := v.is.(type) {
		case json.Number:
			digits = n.String()
		case string:
			digits = n
		default:
			return wrongKind("a number", v)
		}
		n, err := strconv.Atoi(digits)
		if err != nil && !errors.Is(err, strconv.ErrRange) || strings.HasPrefix(digits, "+") {
			return fmt.Errorf("%q is not a whole number", digits)
		}
		if err != nil || n < least || n > most {
			return fmt.Errorf("%s is out of range: %d to %d %s", digits, least, most, unit)
		}
		*to = n
		return nil
	}
}

func seconds(to *time.Duration, least, most int) func(value) error {
	return func(v value) error {
		var n int
		if err := number(&n, least, most, "seconds")(v); err != nil {
			return err
		}
		*to = time.Duration(n) * time.Second
		return nil
	}
}

func choice[T any](to *T, choices map[string]T) func(value) error {
	return func(v value) error {
		var word string
		if err := text(&word, nil)(v); err != nil {
			return err
		}
		chosen, ok := choices[word]
		if !ok {
			return fmt.Errorf(`must be "%s", not %q`, strings.Join(slices.Sorted(maps.Keys(choices)), `" or "`), word)
		}
		*to = chosen
		return nil
	}
}

// named are the choices that are words themselves.
func named[T ~string](all ...T) map[string]T {
	choices := map[string]T{}
	for _, one := range all {
		choices[string(one)] = one
	}
	return choices
}

func expression(to *schedule.Schedule) func(value) error {
	return func(v value) error {
		var s string
		if err := text(&s, checkText)(v); err != nil {
			return err
		}
		parsed, err := schedule.Parse(s)
		if err != nil {
			return err
		}
		*to = parsed
		return nil
	}
}

// nearest is the name of fields that takes the fewest edits to make of name.
func nearest(name string, fields []field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	best, _ := terminal.Nearest(name, names)
	return best
}

// list reads a list of strings that each pass check.
func (f *file) list(path, kind string, to *[]string, check func(string) error) func(value) error {
	return func(v value) error {
		items, ok := v.is.([]value)
		if !ok {
			return wrongKind(kind, v)
		}
		*to = make([]string, len(items))
		for i, item := range items {
			if err := text(&(*to)[i], check)(item); err != nil {
				f.problem(item.at, fmt.Sprintf("%s[%d]", path, i), err)
			}
		}
		return nil
	}
}

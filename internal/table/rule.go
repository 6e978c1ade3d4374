package table

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// rule is a compiled Rule.
type rule struct {
	prefix  prefix
	file    filePattern   // that has to fit; "": any
	files   []filePattern // one of which has to fit; nil: any
	except  []shape
	ignore  bool
	source  string // "": the rule takes a key whether its layout fits or not
	layout  *layout
	table   string // "": the layout captures it
	anyText bool   // any text that the layout captures becomes a table's name
	number  int    // in the configuration, from 1
	text    string // for people
}

// shape is a compiled Shape.
type shape struct {
	layout     *layout // nil: anywhere
	beside     bool    // its run begins where the rule's does, of which it is an exception
	files, not []filePattern
}

// companion is what a source's writer lands beside its logs.
type companion struct {
	prefix prefix
	shape  shape
	source string
	number int
}

// Compile says what is wrong with a rule, or nil. A rule with a source has to be
// spelt out before.
func Compile(r Rule) error {
	_, err := compile(&r)
	return err
}

// Lost is what a rule's layout captures in every key and neither its table nor its
// partition has: names, and time fields down to the minute. Folders that differ in
// nothing else are one partition, of which the catalog has one location: objects of
// the others are parked.
func Lost(r Rule) []string {
	if c, err := compile(&r); err == nil && c.layout != nil {
		return c.layout.lost
	}
	return nil
}

func compile(r *Rule) (c rule, err error) {
	if r.Companion != nil {
		_, err := compileCompanion(r)
		return c, err
	}
	c = rule{ignore: r.Ignore, source: r.Source, number: r.Number}
	if c.prefix, err = compilePrefix(r.Prefix); err != nil {
		return c, err
	}
	if r.File != "" {
		if c.file, err = compileFilePattern(r.File); err != nil {
			return c, err
		}
	}
	if r.Ignore {
		if r.Layout != "" || r.Table != "" || r.Keys != nil || r.Partition != nil || r.Source != "" {
			return c, errors.New(`a rule that ignores has nothing but "prefix" and "file"`)
		}
		c.text = "ignore"
		return c, nil
	}
	if err := c.compileLayout(r); err != nil {
		return c, err
	}
	return c, c.compileSource(r)
}

// compileLayout compiles how the rule reads table and partition.
func (c *rule) compileLayout(r *Rule) (err error) {
	name := r.Layout
	if name == "" && r.Source == "" {
		name = "streamalert"
	}
	if err := checkLayout(name); err != nil {
		return err
	}
	c.text = "layout " + name
	pattern := ""
	switch reads := capturesTable(name); {
	case strings.ContainsAny(r.Table, "{}"):
		pattern, c.anyText = r.Table, true
	case r.Table == "" && reads:
		pattern = "{" + tableField + "}"
	case r.Table == "":
		return fmt.Errorf("layout %q needs \"table\"", name)
	case reads && r.Source == "":
		return fmt.Errorf("layout %q reads the table out of the key: leave out \"table\"", name)
	case !validName(r.Table):
		return fmt.Errorf("table %q: a table's name is made of letters, digits and _, at most 255", r.Table)
	}
	if pattern == "" {
		c.table = strings.ToLower(r.Table)
	}
	of := *r
	of.Layout = name
	if c.layout, err = compileLayout(&of, pattern); err != nil {
		return err
	}
	if c.anyText && !c.layout.spellings[0].table.captures() {
		return fmt.Errorf("table %q captures nothing", r.Table)
	}
	return nil
}

// capturesTable says whether a layout reads the table out of the key.
func capturesTable(layout string) bool {
	texts := []string{layout}
	if n, ok := named[layout]; ok {
		texts = n.templates
	}
	return strings.Contains(texts[0], "{"+tableField+"}")
}

// compileSource compiles what makes the rule one of a source.
func (c *rule) compileSource(r *Rule) (err error) {
	if r.Source != "" {
		c.text = "source " + r.Source
	}
	if c.files, err = compileFilePatterns(r.Files); err != nil {
		return err
	}
	for i := range r.Except {
		e, err := compileShape(&r.Except[i])
		if err != nil {
			return err
		}
		e.beside = e.layout != nil && e.layout.begins() != "" && e.layout.begins() == c.layout.begins()
		c.except = append(c.except, e)
	}
	return nil
}

func compileShape(s *Shape) (c shape, err error) {
	if c.files, err = compileFilePatterns(s.Files); err != nil {
		return c, err
	}
	if c.not, err = compileFilePatterns(s.Not); err != nil || s.Layout == "" {
		return c, err
	}
	t, err := parseTemplate(s.Layout)
	if err != nil {
		return c, err
	}
	c.layout = &layout{}
	for _, elements := range t.spellings() {
		c.layout.spellings = append(c.layout.spellings, spelling{anywhere: t.anywhere, run: elements})
	}
	return c, nil
}

func compileCompanion(r *Rule) (c companion, err error) {
	c = companion{source: r.Source, number: r.Number}
	if c.prefix, err = compilePrefix(r.Prefix); err != nil {
		return c, err
	}
	c.shape, err = compileShape(r.Companion)
	return c, err
}

// begins is the constant that every run of the layout begins with, "" if it
// has none.
func (l *layout) begins() string {
	first := ""
	for i := range l.spellings {
		text, ok := l.spellings[i].run[0].constant(noField, "")
		if !ok || first != "" && text != first {
			return ""
		}
		first = text
	}
	return first
}

// fileFits says whether the last element of a key is one that the rule takes.
func (r *rule) fileFits(name string) bool {
	return (r.file == "" || r.file.fits(name)) && (r.files == nil || anyFits(r.files, name))
}

func (s shape) readsFile() bool { return s.files != nil || s.not != nil }

// takes says whether the rule decides about a key; where it is a source's, m is
// then the run of its shape.
func (r *rule) takes(f *keyPath, m *match) bool {
	if !r.prefix.fits(f.key) || r.source != "" && !r.layout.find(f, m) {
		return false
	}
	return r.fileFits(f.file()) && (r.source == "" || !r.excepted(f, m))
}

// excepted says whether the key has one of the shapes that the rule leaves to
// others.
func (r *rule) excepted(f *keyPath, m *match) bool {
	return slices.ContainsFunc(r.except, func(s shape) bool { return s.fits(f, m) })
}

// fits says whether a key has the shape; of is the run of the rule of which it
// is an exception, or nil.
func (s *shape) fits(f *keyPath, of *match) bool {
	return s.fileFits(f.file()) && (s.layout == nil || s.inside(f, of))
}

func (s *shape) fileFits(name string) bool {
	return (s.files == nil || anyFits(s.files, name)) && !anyFits(s.not, name)
}

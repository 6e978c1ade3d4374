package schema

import (
	"fmt"
	"slices"

	"athenarefresh/internal/source"
)

// Names are the schemas that are known by name, in order: those of the sources
// whose pages have a table.
func Names() []string {
	var names []string
	for _, p := range pages() {
		if p.Table != "" {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Named is a schema of [Names], and whether there is one of that name.
func Named(name string) (Schema, bool) {
	for _, p := range pages() {
		if p.Name != name || p.Table == "" {
			continue
		}
		s, err := Read([]byte(p.Table), Format{})
		if err != nil {
			panic(fmt.Sprintf("schema: the table of page %s: %v", name, err)) // a test reads it
		}
		return s, true
	}
	return Schema{}, false
}

// pages are a part of the program, which a test reads.
func pages() []source.Page {
	list, err := source.Pages()
	if err != nil {
		panic(fmt.Sprintf("schema: %v", err))
	}
	return list
}

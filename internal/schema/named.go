package schema

import (
	"fmt"

	"athenarefresh/internal/source"
)

// Names are the schemas that are known by name, in order: those of the sources
// whose pages have a table.
func Names() []string {
	var names []string
	for _, p := range source.Pages() {
		if p.Table != "" {
			names = append(names, p.Name)
		}
	}
	return names
}

// Named is a schema of [Names], and whether there is one of that name.
func Named(name string) (Schema, bool) {
	p, ok := source.PageOf(name)
	if !ok || p.Table == "" {
		return Schema{}, false
	}
	s, err := Read([]byte(p.Table), Format{})
	if err != nil {
		panic(fmt.Sprintf("schema: the table of page %s: %v", name, err)) // a test reads it
	}
	return s, true
}

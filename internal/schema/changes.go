package schema

import (
	"fmt"

	"athenarefresh/internal/hiveql"
)

// Changes are what becomes other in a table, for people, a line each.
func Changes(now, columns []hiveql.Column, before, after *Format) []string {
	list := []string{}
	for i, c := range columns {
		switch {
		case i >= len(now):
			list = append(list, fmt.Sprintf("+ %s %s", c.Name, c.Type))
		case now[i].Type.String() != c.Type.String():
			list = append(list, fmt.Sprintf("~ %s %s, was %s", c.Name, c.Type, now[i].Type))
		case now[i].Comment != c.Comment:
			list = append(list, fmt.Sprintf("~ %s, its comment", c.Name))
		}
	}
	if a, b := before.String(), after.String(); a != b {
		list = append(list, fmt.Sprintf("~ read by %s, was %s", b, a))
	}
	return list
}

package main

import (
	"slices"
	"strings"
	"testing"
)

// TestEveryCommandRefusesSurplusArguments: by cobra's rule one without Args takes
// any, and says nothing of a word that it doesn't look at.
func TestEveryCommandRefusesSurplusArguments(t *testing.T) {
	many := slices.Repeat([]string{"surplus"}, 20)
	seen := 0
	for _, c := range commands((&app{}).root()) {
		if !c.Runnable() {
			continue // a page of help
		}
		seen++
		if c.Args == nil {
			t.Errorf("%s has no Args, and so takes any: exactly(0, …) takes none", c.CommandPath())
		} else if takesMany := strings.Contains(c.Use, "…"); (c.Args(c, many) == nil) != takesMany {
			t.Errorf("%s is used as %q, and takes %d arguments: %t", c.CommandPath(), c.Use, len(many), !takesMany)
		}
	}
	if seen < 20 {
		t.Errorf("only %d commands were looked at", seen)
	}
}

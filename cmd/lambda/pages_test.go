package main

import (
	"bytes"
	"os"
	"testing"

	"athenarefresh/internal/source"
)

// TestTheFunctionCarriesTheRulesAlone: the pages of the sources are for people.
func TestTheFunctionCarriesTheRulesAlone(t *testing.T) {
	built(t)
	program, err := os.ReadFile(bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	pages := source.Pages()
	for _, p := range pages {
		if bytes.Contains(program, []byte(p.About)) {
			t.Errorf("the page of %s is in the function", p.Name)
		}
		if layout := source.All()[0].Rules[0].Layout; !bytes.Contains(program, []byte(layout)) {
			t.Fatalf("the rules of the sources are not in the function: %s", layout)
		}
	}
}

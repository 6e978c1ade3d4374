//go:build cgo && linux

package main

import (
	"debug/elf"
	"testing"
)

func TestDuckDBIsNotExported(t *testing.T) {
	f, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	exported := 0
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF {
			exported++
		}
	}
	if exported > 1000 {
		t.Errorf("the program exports %d symbols", exported)
	}
}

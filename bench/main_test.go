//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheTableIsPutBetweenItsMarks(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) {
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("above\n" + begin + "old\n" + end + "below\n")
	if err := put(page, "| new |\n"); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(page); string(text) != "above\n"+begin+"| new |\n"+end+"below\n" {
		t.Errorf("%s", text)
	}
	write("above\n" + begin + "old\n")
	if err := put(page, "| new |\n"); err == nil {
		t.Error("a page without its marks was written")
	}
}

func TestNumbersOfATest(t *testing.T) {
	n, err := numbers("x in 7.7s: 25\nx in 8s: 26\n", `in ([\d.]+)s: (\d+)`)
	if err != nil || median(n[0]) != 8 || median(n[1]) != 26 {
		t.Errorf("%v %v", n, err)
	}
	if _, err := numbers("", "x"); err == nil {
		t.Error("nothing was taken for numbers")
	}
}

package prompt

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCSVTellsNullFromEmptyAndLeavesTextAsItIs(t *testing.T) {
	var out bytes.Buffer
	columns := []Column{{Name: "a,b", Type: "varchar"}}
	p := Rows("csv", &out, columns)
	texts := []string{"", "=1+1", "a\"b", "a\r\nb", " x", "null", "\x1b[31m"}
	rows := [][]*string{{nil}}
	for i := range texts {
		rows = append(rows, []*string{&texts[i]})
	}
	for _, r := range rows {
		if err := p.Row(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	want := "\"a,b\"\n\n\"\"\n=1+1\n\"a\"\"b\"\n\"a\r\nb\"\n\" x\"\nnull\n\x1b[31m\n"
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

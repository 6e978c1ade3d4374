package reconcile

import "testing"

// What is taken for hidden may be dropped with its partition, so in doubt it is not.
func TestWhatNoEngineReads(t *testing.T) {
	for path, want := range map[string]bool{
		"":                  true, // the folder's own object
		"_SUCCESS":          true,
		".crc":              true,
		"sub/":              true,
		"_temporary/x":      true,
		"a/.hidden/b/x":     true,
		"x.json":            false,
		"sub/x.json":        false,
		"a/b_c/d.e/x":       false,
		"//x":               false,
		"sub/_SUCCESS":      true,
		"x_$folder$":        true,
		"part-0000_1.snapp": false,
	} {
		if got := hidden(path); got != want {
			t.Errorf("%q: %t, want %t", path, got, want)
		}
	}
}

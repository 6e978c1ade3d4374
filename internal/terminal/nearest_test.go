package terminal

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"cloudtrail", "vpcflow", "eventName"}
	for name, want := range map[string]struct {
		best  string
		edits int
	}{"cloudtrial": {"cloudtrail", 1}, "eventname": {"eventName", 0}, "vpc_flow": {"vpcflow", 1}, "": {"vpcflow", 7}} {
		if best, edits := Nearest(name, names); best != want.best || edits != want.edits {
			t.Errorf("%q: %s by %d, want %s by %d", name, best, edits, want.best, want.edits)
		}
	}
	if best, _ := Nearest("x", nil); best != "" {
		t.Errorf("of none: %q", best)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1: "1 byte", 1023: "1023 bytes", 1024: "1.0 KB", 1536: "1.5 KB", 5 << 30: "5.0 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

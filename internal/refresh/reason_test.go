package refresh_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"athenarefresh/internal/refresh"

	"github.com/google/go-cmp/cmp"
)

// A reason that is missing from the list would be counted nowhere.
func TestReasonsIsTheWholeList(t *testing.T) {
	constant := regexp.MustCompile(`(?m)^\t\w+ +Reason = "(\w+)"`)
	var want []refresh.Reason
	for _, dir := range []string{".", "../event", "../table"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range constant.FindAllSubmatch(source, -1) {
				want = append(want, refresh.Reason(m[1]))
			}
		}
	}
	slices.Sort(want)
	if d := cmp.Diff(slices.Compact(want), refresh.Reasons()); d != "" {
		t.Error(d)
	}
}

package worker

import (
	"runtime/debug"
	"testing"
)

func TestAVersionSaysWhatItIs(t *testing.T) {
	tree := func(revision, modified string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: modified}}}
	}
	for want, got := range map[string]string{
		"v1.2.3":                           versionOf("v1.2.3", tree("abc", "true")),
		"v1.2.4":                           versionOf("", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.4"}}),
		"commit 0123456789ab":              versionOf("", tree("0123456789abcdef", "false")),
		"commit 0123456789ab with changes": versionOf("", tree("0123456789abcdef", "true")),
		"unstamped build":                  versionOf("", tree("", "")),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

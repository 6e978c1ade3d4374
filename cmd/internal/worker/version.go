package worker

import (
	"cmp"
	"runtime/debug"
)

// version is stamped by the linker: -X athenarefresh/cmd/internal/worker.version=v1.2.3
var version string

// Version is the one that was stamped, else the module's where the program was
// installed by it, else the commit of the working tree, as far as go build knew it.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionOf(version, info)
}

func versionOf(stamped string, info *debug.BuildInfo) string {
	if v := cmp.Or(stamped, info.Main.Version); v != "" && v != "(devel)" {
		return v
	}
	said := map[string]string{}
	for _, s := range info.Settings {
		said[s.Key] = s.Value
	}
	commit := said["vcs.revision"]
	if commit == "" {
		return "unstamped build"
	}
	v := "commit " + commit[:min(len(commit), 12)]
	if said["vcs.modified"] == "true" {
		v += " with changes"
	}
	return v
}

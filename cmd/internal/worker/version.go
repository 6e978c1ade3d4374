package worker

import "runtime/debug"

// version is stamped by the linker: -X athenarefresh/cmd/internal/worker.version=v1.2.3
var version string

// Version is the one that was stamped, else the module's where the program was
// installed by it, else that of the working tree.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}

package main

import (
	"runtime"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/local"

	"github.com/spf13/cobra"
)

// versionLine is what version --json prints.
type versionLine struct {
	Type     string `json:"type"`     // "version"
	Version  string `json:"version"`  // of the program
	Go       string `json:"go"`       // that built it
	Platform string `json:"platform"` // such as linux/arm64
	Local    bool   `json:"local"`    // whether the embedded AWS is in it
}

func (a *app) version() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  exactly(0, "version: takes no arguments"),
		RunE: func(*cobra.Command, []string) error {
			v, platform, without := worker.Version(), runtime.GOOS+"/"+runtime.GOARCH, ""
			if local.CanSelect() != nil {
				without = ", built without cgo: without local, demo, open and the inference of schemas"
			}
			return a.show(versionLine{"version", v, runtime.Version(), platform, without == ""},
				"athena-refresh %s, %s %s%s\n", v, runtime.Version(), platform, without)
		},
	}
	a.jsonFlag(cmd)
	return cmd
}

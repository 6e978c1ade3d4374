package main

import (
	"runtime"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/local"

	"github.com/spf13/cobra"
)

func (a *app) version() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  exactly(0, "version: takes no arguments"),
		RunE: func(*cobra.Command, []string) error {
			v, platform := worker.Version(), runtime.GOOS+"/"+runtime.GOARCH
			if a.json {
				return printJSON(a.stdout, struct {
					Type     string `json:"type"`
					Version  string `json:"version"`
					Go       string `json:"go"`
					Platform string `json:"platform"`
					Local    bool   `json:"local"` // whether the embedded AWS is in it
				}{"version", v, runtime.Version(), platform, local.CanSelect() == nil})
			}
			without := ""
			if local.CanSelect() != nil {
				without = ", built without cgo: without local, demo, open and the inference of schemas"
			}
			return a.printf("athena-refresh %s, %s %s%s\n", v, runtime.Version(), platform, without)
		},
	}
	a.jsonFlag(cmd)
	return cmd
}

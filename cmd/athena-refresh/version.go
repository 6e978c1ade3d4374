package main

import (
	"runtime"

	"athenarefresh/cmd/internal/worker"

	"github.com/spf13/cobra"
)

func (a *app) version() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  exactly(0, "version: takes no arguments"),
		RunE: func(*cobra.Command, []string) error {
			v := worker.Version()
			if a.json {
				return printJSON(a.stdout, struct {
					Version string `json:"version"`
					Go      string `json:"go"`
				}{v, runtime.Version()})
			}
			return a.printf("athena-refresh %s, %s %s/%s\n", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
	a.jsonFlag(cmd)
	return cmd
}

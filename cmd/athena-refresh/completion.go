package main

import (
	"errors"
	"slices"

	"athenarefresh/internal/parked"

	"github.com/spf13/cobra"
)

// complete says what shells offer where the commands themselves don't: of
// arguments nothing, but for the files of replay. Whoever completes waits for
// it, so nothing is asked of AWS: what the configuration says is offered.
func (a *app) complete(root *cobra.Command) error {
	errs := []error{root.MarkPersistentFlagDirname("conf")}
	offer := func(values cobra.CompletionFunc, flag string, path ...string) {
		cmd, _, err := root.Find(path)
		errs = append(errs, err, cmd.RegisterFlagCompletionFunc(flag, values))
	}
	words := func(list ...string) cobra.CompletionFunc {
		return cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
	}
	offer(words("table", "csv", "json"), "format", "query")
	offer(words(engineRepair), "engine", "reconcile")
	offer(words(parked.Reasons()...), "reason", "parked", "redrive")
	offer(func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		return a.completeTables(cmd, nil, begun)
	}, "table", "parked", "redrive")
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "replay":
			continue // a file
		case "explain":
			cmd.ValidArgsFunction = a.completeBuckets
		case "local":
			errs = append(errs, cmd.MarkFlagDirname("data"))
		}
		offerNoFiles(cmd)
	}
	return errors.Join(errs...)
}

// offerNoFiles is for a command and those below it.
func offerNoFiles(cmd *cobra.Command) {
	if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, sub := range cmd.Commands() {
		offerNoFiles(sub)
	}
}

// completeTables completes a table's name: one of those that the rules name.
func (a *app) completeTables(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	_, router, err := a.router()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return router.Tables(), cobra.ShellCompDirectiveNoFileComp
}

// completeMoreTables is completeTables for a command that takes several.
func (a *app) completeMoreTables(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	names, directive := a.completeTables(cmd, nil, begun)
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(args, name) }), directive
}

// completeBuckets completes a bucket's name; what follows it are keys.
func (a *app) completeBuckets(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	c, err := a.config()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.BucketNames(), cobra.ShellCompDirectiveNoFileComp
}

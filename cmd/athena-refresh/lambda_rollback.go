package main

import (
	"context"
	"errors"
	"slices"

	"athenarefresh/internal/aws/account"
	"athenarefresh/internal/deploy"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

func (a *app) lambdaRollback() *cobra.Command {
	var f lambdaFlags
	cmd := &cobra.Command{
		Use:   "rollback --processor athena|rule|alert|all",
		Short: "Have the version before serve again",
		Long: `Rollback points the alias production at the version before the one that serves.
It stays there until you deploy the function again, whatever else you change
meanwhile. Rollback skips a version of this function that doesn't answer.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return deployError(a.rollback(cmd.Context(), &f))
		},
	}
	a.processorFlag(cmd, &f)
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show where the aliases would go, and change nothing")
	return cmd
}

// rollback finds the way back for every function before it moves one.
func (a *app) rollback(ctx context.Context, f *lambdaFlags) error {
	t, err := a.target(ctx)
	if err != nil {
		return err
	}
	functions := account.NewFunctions(t.cfg)
	asked := slices.DeleteFunc(slices.Clone(processors[:3]), func(p string) bool { return !f.asks(p) })
	work, err := deploy.PlanRollbacks(ctx, functions, t.c, a.conf, asked...)
	if err != nil {
		return err
	}
	var wrong []error
	for _, r := range work { // what fails keeps no other from it
		if !f.dryRun {
			if err := r.Make(ctx, functions); err != nil {
				wrong = append(wrong, err)
				continue
			}
		}
		if err := a.sayRolledBack(r, f.dryRun); err != nil {
			return err
		}
	}
	return errors.Join(wrong...)
}

// lambdaRolledBack is a line of lambda rollback --json.
type lambdaRolledBack struct {
	Type     string `json:"type"`     // "rollback"
	Function string `json:"function"` // its name
	From     string `json:"from"`     // the version that served before; of a dry run, that serves
	Version  string `json:"version"`  // that serves now; of a dry run, that would serve
	Done     bool   `json:"done"`     // false: a dry run
}

func (a *app) sayRolledBack(r deploy.Rollback, dryRun bool) error {
	format := "function %s went back from version %s to version %s; it stays there until it is deployed again\n"
	if dryRun {
		format = "function %s would go back from version %s to version %s\n"
	}
	return a.show(lambdaRolledBack{"rollback", r.Function, r.From, r.To, !dryRun}, format, terminal.Escape(r.Function), r.From, r.To)
}

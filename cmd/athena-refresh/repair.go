package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/prompt"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"
)

const engineRepair = "repair"

// repairLine is a line of reconcile --engine repair --json.
type repairLine struct {
	Type string `json:"type"` // "repair"
	Line string `json:"line"` // Athena's
}

// repair has Athena look for a table's folders itself, and prints what it says.
func (a *app) repair(ctx context.Context, athena *query.Client, catalog refresh.Reader, router *table.Router, name string) error {
	t, err := catalog.Table(ctx, name)
	if err != nil {
		return explainAWS("reconcile "+name, err)
	}
	if why := reconcile.CantRepair(router.RulesFor(name), &t); why != "" {
		return faults.Hint(fmt.Errorf("reconcile --engine repair %s: %s", name, why), "athena-refresh reconcile --fix %s adds what Athena can't see", name)
	}
	stop := terminal.Progress(a.stderr, func() string { return "Athena looks at every folder" })
	result, err := athena.Run(ctx, "MSCK REPAIR TABLE `"+name+"`")
	stop()
	switch {
	case errors.As(err, new(*query.Failed)):
		return faults.Hint(fmt.Errorf("MSCK REPAIR TABLE %s: %w", name, err),
			"one folder whose name Hive would write otherwise fails it as a whole: athena-refresh reconcile --fix %s adds all others", name)
	case err != nil:
		return explainAWS("reconcile "+name, err)
	}
	return a.sayRepaired(result)
}

func (a *app) sayRepaired(answer *prompt.Answer) error {
	for row, err := range answer.Rows {
		if err != nil {
			return queryError(err)
		}
		line := strings.Join(prompt.Texts(row, ""), "\t")
		if err := a.show(repairLine{"repair", line}, "Athena: %s\n", terminal.Escape(line)); err != nil {
			return err
		}
	}
	return nil
}

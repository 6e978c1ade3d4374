package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/aws/account"
	"athenarefresh/internal/deploy"
	"athenarefresh/internal/terminal"
)

// redeployment is a processor of StreamAlert's.
type redeployment struct {
	processor string
	functions *account.Functions
	list      []deploy.Redeployment
}

func (a *app) redeployment(ctx context.Context, t *target, processor string) (*redeployment, error) {
	f := account.NewFunctions(t.cfg)
	list, err := deploy.PlanRedeployment(ctx, f, t.c, a.conf, processor)
	return &redeployment{processor, f, list}, err
}

func (r *redeployment) empty() bool {
	return !slices.ContainsFunc(r.list, func(one deploy.Redeployment) bool { return !one.Empty() })
}

// lambdaRedeploy is a line of lambda deploy --json, for each of StreamAlert's
// functions, before it is deployed.
type lambdaRedeploy struct {
	Type       string             `json:"type"`       // "redeploy"
	Processor  string             `json:"processor"`  // rule or alert
	Function   string             `json:"function"`   // its name
	Package    string             `json:"package"`    // where its code comes from; "" if it stays
	Attributes []deploy.Attribute `json:"attributes"` // what differs; none if nothing is to change
}

func (r *redeployment) show(a *app) error {
	var words strings.Builder
	var lines []any
	for _, one := range r.list {
		changes := append([]deploy.Attribute{}, one.Changes()...)
		lines = append(lines, lambdaRedeploy{"redeploy", r.processor, one.Function, one.Package, changes})
		if len(changes) == 0 {
			fmt.Fprintf(&words, "%s: nothing to change in function %s\n", r.processor, one.Function)
			continue
		}
		fmt.Fprintln(&words, one)
	}
	return a.showAll(lines, words.String())
}

func (r *redeployment) carryOut(ctx context.Context, a *app) error {
	var failed []error
	for _, one := range r.list {
		stop := terminal.Progress(a.stderr, func() string { return "deploying " + one.Function })
		m, err := one.Make(ctx, r.functions)
		stop()
		if err != nil {
			failed = append(failed, fmt.Errorf("deploy %s: %w", one.Function, err))
			continue
		}
		if err := r.report(a, one, m); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

func (r *redeployment) report(a *app, one deploy.Redeployment, m deploy.Move) error {
	text := fmt.Sprintf("%s: done: version %s of function %s serves", r.processor, m.To, one.Function)
	if m.From != m.To && m.From != "" {
		text += ", before it was " + m.From
	}
	return a.showAll([]any{lambdaSummary{
		Type: "summary", Processor: r.processor, Function: one.Function, Changed: len(one.Changes()) > 0 || m.From != m.To,
		From: m.From, Version: m.To, Left: []string{}, Kept: []string{},
	}}, text)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"athenarefresh/internal/aws/account"
	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/deploy"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

func (a *app) lambdaDestroy() *cobra.Command {
	var f lambdaFlags
	cmd := &cobra.Command{
		Use:   "destroy --processor athena",
		Short: "Take the function and its resources out of the account",
		Long: `Destroy asks for the function's name, takes our entry off the buckets'
notifications, and deletes what deploy made. It keeps the data buckets and their
objects, the database with its tables (--drop-database deletes them), and the
bucket of Athena's results (--drop-results).`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return deployError(a.destroy(cmd.Context(), &f))
		},
	}
	a.processorFlag(cmd, &f)
	flags := cmd.Flags()
	flags.StringVar(&f.yesDestroy, "yes-destroy", "", "the function's name: don't ask")
	flags.BoolVar(&f.dropDatabase, "drop-database", false, "the database and its tables too; the files stay")
	flags.BoolVar(&f.dropResults, "drop-results", false, "the bucket of Athena's results too, with what is in it")
	return cmd
}

func (a *app) destroy(ctx context.Context, f *lambdaFlags) error {
	if f.processor != "athena" {
		return faults.Hint(fmt.Errorf("destroy --processor %s: this program did not make StreamAlert's functions", f.processor), "StreamAlert's own tooling takes them away; --processor athena destroys what is this program's")
	}
	t, err := a.target(ctx)
	if err != nil {
		return err
	}
	f.architecture = string(deploy.ARM64) // of what is not deployed
	d, err := newDeployment(ctx, t, f, deploy.NoBundle)
	if err != nil {
		return err
	}
	if d.fresh {
		return fmt.Errorf("destroy: %w: there is no state in %s", deploy.ErrNothingDeployed, deploy.StateBucket(t.c))
	}
	if err := d.open(ctx); err != nil {
		return err
	}
	defer d.close()
	x, err := d.d.PrepareDestruction(ctx, deploy.Keep{Database: !f.dropDatabase, Results: !f.dropResults})
	if err != nil {
		return fmt.Errorf("destroy: %w", err)
	}
	if err := a.confirmDestruction(ctx, t, f, x); err != nil {
		return err
	}
	step, stop := a.steps("destroying")
	left, err := x.Make(ctx, step)
	stop()
	if err != nil {
		return errors.Join(append(left, err)...)
	}
	for _, err := range left {
		a.say(fmt.Sprintf("left undone: it notifies a queue that is gone, if it did: %v", err))
	}
	if err := a.sayDestroyed(t, x); err != nil || len(left) == 0 {
		return err
	}
	return errUndone
}

func (a *app) confirmDestruction(ctx context.Context, t *target, f *lambdaFlags, x *deploy.Destruction) error {
	name := t.c.FunctionName
	a.say(fmt.Sprintf("Function %s and %d resources are deleted; buckets that no longer notify the queue: %s.", name, x.Resources(), strings.Join(x.Buckets(), ", ")))
	if err := a.sayLost(ctx, t, x); err != nil {
		return err
	}
	if f.yesDestroy == "" {
		answer, err := a.ask("Type the function's name to destroy it: ", "--yes-destroy "+name)
		if err != nil {
			return err
		}
		f.yesDestroy = answer
	}
	if f.yesDestroy != name {
		return errors.Join(fmt.Errorf("%s is not the function's name, %s", f.yesDestroy, name), errNotConfirmed)
	}
	return nil
}

// sayLost counts what people may miss of what is deleted.
func (a *app) sayLost(ctx context.Context, t *target, x *deploy.Destruction) error {
	for _, q := range x.Queues() {
		waiting, err := inQueue(ctx, t.cfg, q)
		if err != nil {
			return err
		}
		if waiting > 0 {
			a.say(fmt.Sprintf("Queue %s holds %s, which are deleted with it, and what they speak of is not added. \"athena-refresh once\" settles them, \"athena-refresh parked\" shows those that could not be placed.", q, faults.Count(waiting, "message")))
		}
	}
	if group := x.WorkGroup(); group != "" {
		saved, err := account.SavedQueries(ctx, t.cfg, group)
		if err != nil {
			return err
		}
		if saved > 0 {
			a.say(fmt.Sprintf("Work group %s has %d saved queries, which are deleted with it.", group, saved))
		}
	}
	return nil
}

// inQueue is how many messages a queue holds; 0 if there is no such queue.
func inQueue(ctx context.Context, cfg aws.Config, name string) (int, error) {
	n, err := depth(ctx, cfg, name)
	if awserror.NoSuchQueue(err) {
		return 0, nil
	}
	return n, err
}

// lambdaDestroyed is what lambda destroy --json prints.
type lambdaDestroyed struct {
	Type      string   `json:"type"`      // "destroyed"
	Function  string   `json:"function"`  // its name
	Resources int      `json:"resources"` // that were destroyed
	Buckets   []string `json:"buckets"`   // that no longer notify the queue
	Kept      []string `json:"kept"`      // what is still there, the state among it
}

func (a *app) sayDestroyed(t *target, x *deploy.Destruction) error {
	kept := append([]string{"bucket " + deploy.StateBucket(t.c)}, x.Kept()...)
	return a.show(lambdaDestroyed{"destroyed", t.c.FunctionName, x.Resources(), x.Buckets(), kept},
		"destroyed: function %s and its resources, %d in all\nkept: %s, and the data\nA later deploy takes what was kept over again with --adopt.\n",
		t.c.FunctionName, x.Resources(), terminal.Escape(strings.Join(kept, ", ")))
}

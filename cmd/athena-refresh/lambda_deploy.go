package main

import (
	"context"
	"errors"
	"fmt"

	"athenarefresh/internal/deploy"

	"github.com/spf13/cobra"
)

func (a *app) lambdaDeploy() *cobra.Command {
	var f lambdaFlags
	cmd := &cobra.Command{
		Use:   "deploy --processor athena|rule|alert|all",
		Short: "Put the function and its settings in place",
		Long: `Deploy builds the function, or takes the one that was released (--package, which
needs no Go and no source), shows what it will change in the account, asks, and
does it: the queue, the function, its triggers and alarms by Terraform, then a
new version of the function, which has to answer before it serves, and last the
buckets' notifications. It may be repeated: it does what is missing, and says so
if that is nothing. If it fails, the version that served goes on serving.

rule and alert redeploy StreamAlert's functions, from the package that
rule_processor_config and alert_processor_config in lambda.json name: code,
memory, timeout and log level. all checks all three before it changes any.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return deployError(a.deploy(cmd.Context(), &f))
		},
	}
	a.processorFlag(cmd, &f)
	flags := cmd.Flags()
	flags.BoolVar(&f.yes, "yes", false, "don't ask")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would be changed, and change nothing")
	flags.BoolVar(&f.adopt, "adopt", false, "take over resources of these names that exist already")
	flags.StringVar(&f.architecture, "arch", string(deploy.ARM64), "arm64 or x86_64")
	flags.StringVar(&f.source, "source", ".", "folder of this program's source, to build the function from")
	flags.StringVar(&f.pkg, "package", "", "the function, built already: a release's zip, checked against SHA256SUMS beside it, or the program bootstrap")
	flags.StringVar(&f.sum, "sha256", "", "what the package's checksum has to be, in hexadecimal")
	return cmd
}

// deploy prepares every processor that is asked for before it changes one.
func (a *app) deploy(ctx context.Context, f *lambdaFlags) error {
	if f.architecture != string(deploy.ARM64) && f.architecture != string(deploy.AMD64) {
		return fmt.Errorf("--arch %s: it is arm64 or x86_64", f.architecture)
	}
	if f.sum != "" && f.pkg == "" {
		return errors.New("--sha256 is a package's: name it with --package")
	}
	t, err := a.target(ctx)
	if err != nil {
		return err
	}
	var work []deployable
	var wrong []error
	for _, p := range []string{"rule", "alert"} {
		if f.asks(p) {
			r, err := a.redeployment(ctx, t, p)
			work, wrong = append(work, r), append(wrong, err)
		}
	}
	if f.asks("athena") {
		f.checkOnly = errors.Join(wrong...) != nil
		d, err := a.athenaDeployment(ctx, t, f)
		if d != nil {
			defer d.close()
		}
		work, wrong = append(work, d), append(wrong, err)
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	return a.carryOut(ctx, f, work)
}

// deployable is one processor, checked and planned.
type deployable interface {
	empty() bool
	show(a *app) error // what it would change
	carryOut(ctx context.Context, a *app) error
}

// carryOut shows, asks and does. What fails does not keep the others from it:
// each is complete by itself.
func (a *app) carryOut(ctx context.Context, f *lambdaFlags, work []deployable) error {
	something := false
	for _, d := range work {
		something = something || !d.empty()
		if err := d.show(a); err != nil {
			return err
		}
	}
	if f.dryRun {
		return nil
	}
	if something {
		if err := a.confirm("Go on?", f.yes); err != nil {
			return err
		}
	}
	var failed []error
	var undone error
	for _, d := range work {
		err := d.carryOut(ctx, a)
		if errors.Is(err, errUndone) {
			undone, err = err, nil
		}
		failed = append(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return undone
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"athenarefresh/internal/aws/account"
	"athenarefresh/internal/aws/diagnostics"
	"athenarefresh/internal/aws/s3client"
	"athenarefresh/internal/deploy"
	"athenarefresh/internal/deploy/terraform"
	"athenarefresh/internal/doctor"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/terminal"
)

// deployment is the function of this program.
type deployment struct {
	t     *target
	f     *lambdaFlags
	d     *deploy.Deployment
	tf    *terraform.Terraform
	opts  terraform.Options
	plan  *deploy.Prepared
	fresh bool             // there is no state bucket yet
	letGo []deploy.Renamed // what is kept under its old name, and no part of the deployment any more
}

// newDeployment looks for the state. Its user opens and closes it.
func newDeployment(ctx context.Context, t *target, f *lambdaFlags, bundle deploy.Bundle) (*deployment, error) {
	bucket := deploy.StateBucket(t.c)
	there, err := account.HasBucket(ctx, t.cfg, bucket, t.c.Account)
	if err != nil {
		return nil, err
	}
	d := &deployment{t: t, f: f, fresh: !there, opts: terraform.Options{
		Variables: deploy.Variables(t.c, t.cfg.Region, deploy.Architecture(f.architecture), bundle),
		Zip:       bundle.Zip, Region: t.cfg.Region, StateKey: deploy.StateKey, PathStyle: s3client.PathStyle(t.cfg),
	}}
	if there {
		d.opts.StateBucket = bucket
	}
	d.d = &deploy.Deployment{
		Config: t.c, Bundle: bundle, QueueARN: deploy.QueueARN(t.c, t.cfg.Region),
		Functions: account.NewFunctions(t.cfg), Finder: account.NewFinder(t.cfg, t.c.Account),
		Wirer:        &deploy.Wirer{Buckets: account.NewBuckets(t.cfg)},
		DropDatabase: func(ctx context.Context, name string) error { return account.DropDatabase(ctx, t.cfg, name) },
	}
	return d, nil
}

// athenaDeployment builds and plans.
func (a *app) athenaDeployment(ctx context.Context, t *target, f *lambdaFlags) (*deployment, error) {
	if err := a.checkKey(ctx, t); err != nil {
		return nil, err
	}
	bundle, err := a.bundle(ctx, t, f)
	if err != nil {
		return nil, err
	}
	d, err := newDeployment(ctx, t, f, bundle)
	if err != nil {
		return nil, err
	}
	return d, d.prepare(ctx, a)
}

// bundle is the function's package, built or given.
func (a *app) bundle(ctx context.Context, t *target, f *lambdaFlags) (deploy.Bundle, error) {
	arch := deploy.Architecture(f.architecture)
	var binary []byte
	var err error
	if f.pkg != "" {
		binary, err = deploy.ReadProgram(f.pkg, f.sum, arch)
	} else {
		stop := terminal.Progress(a.stderr, func() string { return "building the function" })
		binary, err = deploy.Build(ctx, f.source, arch)
		stop()
	}
	if err != nil {
		return deploy.Bundle{}, err
	}
	return deploy.NewBundle(binary, t.c)
}

// open begins anew with Terraform.
func (d *deployment) open(ctx context.Context) (err error) {
	d.close()
	d.tf, err = terraform.New(ctx, d.opts)
	d.d.Terraform = d.tf
	return err
}

// prepare plans. What holds something and is named otherwise in the
// configuration is let go of first, if that is said to be right: it can't be
// planned with.
func (d *deployment) prepare(ctx context.Context, a *app) error {
	if err := d.open(ctx); err != nil {
		return err
	}
	err := d.makePlan(ctx, a)
	var others deploy.RenamedError
	if !errors.As(err, &others) {
		return err
	}
	if d.f.dryRun || d.f.checkOnly {
		return faults.Hint(err, "without --dry-run, and with nothing else wrong, this asks, lets go of them, and shows the rest")
	}
	a.say("These have another name in the configuration. The old ones are kept, with all that is in them, and are no part of the deployment any more:")
	for _, r := range others {
		a.say(fmt.Sprintf("  %s %s → %s", r.Kind, r.Old, r.New))
	}
	if err := a.confirm("Go on?", d.f.yes); err != nil {
		return err
	}
	if err := d.d.LetGo(ctx, others); err != nil {
		return err
	}
	d.letGo = others
	return d.makePlan(ctx, a)
}

func (d *deployment) makePlan(ctx context.Context, a *app) (err error) {
	defer terminal.Progress(a.stderr, func() string { return "comparing the account with the configuration" })()
	d.plan, err = d.d.Prepare(ctx, d.f.adopt)
	return err
}

func (d *deployment) close() {
	if d.tf != nil {
		d.tf.Close()
	}
}

func (d *deployment) empty() bool { return d.plan.Empty() }

// carryOut makes the deployment. The first one makes the bucket for the state,
// and plans once more with it.
func (d *deployment) carryOut(ctx context.Context, a *app) error {
	begin, changed := d.plan.New(), !d.empty()
	if changed {
		made, err := account.MakeStateBucket(ctx, d.t.cfg, deploy.StateBucket(d.t.c), d.t.c.Account)
		if err != nil {
			return err
		}
		if d.fresh = made || d.fresh; d.fresh {
			d.opts.StateBucket = deploy.StateBucket(d.t.c)
			if err := d.open(ctx); err != nil {
				return err
			}
			if err := d.makePlan(ctx, a); err != nil {
				return err
			}
		}
	}
	step, stop := a.steps("applying")
	done, err := d.plan.Make(ctx, step)
	stop()
	if err != nil {
		return err
	}
	return d.report(ctx, a, done, begin, changed)
}

// steps shows what Terraform is at, until stop.
func (a *app) steps(before string) (step func(deploy.Step), stop func()) {
	var at atomic.Pointer[deploy.Step]
	stop = terminal.Progress(a.stderr, func() string {
		if s := at.Load(); s != nil {
			return fmt.Sprintf("%s, %s", s.Address, s.Took)
		}
		return before
	})
	return func(s deploy.Step) { at.Store(&s) }, stop
}

// checkKey refuses kms_key_arn if S3 may not use it: with the queue encrypted by
// it, notifications would vanish without an error anywhere. Who may not read a
// key's policy is told to look.
func (a *app) checkKey(ctx context.Context, t *target) error {
	if t.c.KMSKeyARN == "" {
		return nil
	}
	k, err := diagnostics.Facts(t.cfg, nil).Key(ctx, t.c.KMSKeyARN)
	switch {
	case errors.Is(err, doctor.ErrDenied):
		a.tell(slog.LevelWarn, fmt.Sprintf("whether S3 may use the key was not checked: %v. Its policy needs the statement of docs/terraform.md, \"A key of your own\"", err), "")
		return nil
	case errors.Is(err, doctor.ErrMissing):
		return faults.Hint(fmt.Errorf("kms_key_arn: there is no key %s", t.c.KMSKeyARN), "correct it in lambda.json, or leave it out: then SQS's own key is used")
	case err != nil:
		return explainAWS("look at kms_key_arn", err)
	}
	switch f := doctor.KeyForQueue(deploy.QueueARN(t.c, t.cfg.Region), k, t.c); f.Verdict {
	case doctor.OK:
	case doctor.Wrong:
		return faults.Hint(fmt.Errorf("kms_key_arn: %s", f.What), "%s; docs/terraform.md has it under \"A key of your own\"", f.Hint)
	default:
		a.tell(slog.LevelWarn, "kms_key_arn: "+f.What, "")
	}
	return nil
}

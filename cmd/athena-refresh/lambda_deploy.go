package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"athenarefresh/internal/deploy"
	"athenarefresh/internal/deploy/onaws"
	"athenarefresh/internal/deploy/terraform"
	"athenarefresh/internal/terminal"

	"github.com/spf13/cobra"
)

func (a *app) lambdaDeploy() *cobra.Command {
	var f lambdaFlags
	cmd := &cobra.Command{
		Use:   "deploy --processor athena|rule|alert|all",
		Short: "Put the function and its settings in place",
		Long: `Deploy builds the function, shows what it will change in the account, asks, and
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
	flags.StringVar(&f.pkg, "package", "", "the function, built already: its program, or a zip that holds it as bootstrap")
	return cmd
}

// deploy prepares every processor that is asked for before it changes one.
func (a *app) deploy(ctx context.Context, f *lambdaFlags) error {
	if f.architecture != string(deploy.ARM64) && f.architecture != string(deploy.AMD64) {
		return fmt.Errorf("--arch %s: it is arm64 or x86_64", f.architecture)
	}
	t, err := a.target(ctx)
	if err != nil {
		return err
	}
	var work []deployable
	var wrong []error
	add := func(d deployable, err error) {
		if err != nil {
			wrong = append(wrong, err)
			return
		}
		work = append(work, d)
	}
	if f.processor != "athena" {
		for _, p := range []string{"rule", "alert"} {
			if f.processor == p || f.processor == "all" {
				add(a.redeployment(ctx, t, p))
			}
		}
	}
	if f.processor == "athena" || f.processor == "all" {
		d, err := a.athenaDeployment(ctx, t, f)
		if d != nil {
			defer d.close()
		}
		add(d, err)
	}
	if err := joined(wrong); err != nil {
		return err
	}
	return a.carryOut(ctx, f, work)
}

// joined is the error, or all of them as one.
func joined(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
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
	if something && !f.yes {
		if err := a.confirm("Go on?", "--yes"); err != nil {
			return err
		}
	}
	var failed []error
	undone := false
	for _, d := range work {
		err := d.carryOut(ctx, a)
		if undone = undone || errors.Is(err, errUndone); err != nil && !errors.Is(err, errUndone) {
			failed = append(failed, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if err := joined(failed); err != nil {
		return err
	}
	if undone {
		return errUndone
	}
	return nil
}

// deployment is the function of this program.
type deployment struct {
	t     *target
	f     *lambdaFlags
	d     *deploy.Deployment
	tf    *terraform.Terraform
	opts  terraform.Options
	plan  *deploy.Prepared
	fresh bool // there is no state bucket yet
}

// athenaDeployment builds and plans.
func (a *app) athenaDeployment(ctx context.Context, t *target, f *lambdaFlags) (*deployment, error) {
	bundle, err := a.bundle(ctx, t, f)
	if err != nil {
		return nil, err
	}
	bucket := deploy.StateBucket(t.c)
	there, err := onaws.HasBucket(ctx, t.cfg, bucket)
	if err != nil {
		return nil, err
	}
	d := &deployment{t: t, f: f, fresh: !there, opts: terraform.Options{
		Variables: deploy.Variables(t.c, t.cfg.Region, deploy.Architecture(f.architecture), bundle),
		Zip:       bundle.Zip, Region: t.cfg.Region, StateKey: deploy.StateKey, PathStyle: onaws.PathStyle(t.cfg),
	}}
	if there {
		d.opts.StateBucket = bucket
	}
	functions := onaws.NewFunctions(t.cfg)
	d.d = &deploy.Deployment{
		Config: t.c, Bundle: bundle, QueueARN: deploy.QueueARN(t.c, t.cfg.Region),
		Functions: functions, Prober: functions, Finder: onaws.NewFinder(t.cfg),
		Wirer:    &deploy.Wirer{Buckets: onaws.NewBuckets(t.cfg)},
		Messages: func(ctx context.Context, url string) (int, error) { return onaws.Messages(ctx, t.cfg, url) },
	}
	return d, d.prepare(ctx, a)
}

// bundle is the function's package, built or given.
func (a *app) bundle(ctx context.Context, t *target, f *lambdaFlags) (deploy.Bundle, error) {
	arch := deploy.Architecture(f.architecture)
	var binary []byte
	var err error
	if f.pkg != "" {
		binary, err = deploy.ReadProgram(f.pkg, arch)
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

// prepare plans. A database that the configuration doesn't name any more is let
// go of first, if that is said to be right: it can't be planned with.
func (d *deployment) prepare(ctx context.Context, a *app) (err error) {
	if d.tf, err = terraform.New(ctx, d.opts); err != nil {
		return err
	}
	d.d.Terraform = d.tf
	d.plan, err = d.planned(ctx, a)
	var other *deploy.DatabaseError
	if !errors.As(err, &other) {
		return err
	}
	if d.f.dryRun {
		return hint(err, "without --dry-run this asks, lets go of it, and shows the rest")
	}
	if !d.f.yes {
		if err := a.confirm(fmt.Sprintf("The database changes from %s to %s. %s is kept, with its tables, and is no part of the deployment any more. Go on?", other.Old, other.New, other.Old), "--yes"); err != nil {
			return err
		}
	}
	if err := d.d.LetGo(ctx); err != nil {
		return err
	}
	a.say(fmt.Sprintf("the database %s is kept, and no part of the deployment any more", other.Old))
	d.plan, err = d.planned(ctx, a)
	return err
}

func (d *deployment) planned(ctx context.Context, a *app) (*deploy.Prepared, error) {
	stop := terminal.Progress(a.stderr, func() string { return "comparing the account with the configuration" })
	defer stop()
	return d.d.Prepare(ctx, d.f.adopt)
}

func (d *deployment) close() {
	if d.tf != nil {
		d.tf.Close()
	}
}

func (d *deployment) empty() bool { return d.plan.Empty() }

// lambdaChange is a line of lambda deploy --json, for each resource.
type lambdaChange struct {
	Type string `json:"type"` // "change"
	deploy.Change
	Resource string `json:"resource"` // such as aws_sqs_queue
}

// lambdaBucket is a line of lambda deploy --json, for each bucket.
type lambdaBucket struct {
	Type   string `json:"type"` // "bucket"
	Bucket string `json:"bucket"`
	Do     string `json:"do"`            // wire, unwire, none or left
	Why    string `json:"why,omitempty"` // why it is left as it is
}

func (d *deployment) show(a *app) error {
	var b strings.Builder
	if d.fresh {
		fmt.Fprintf(&b, "create  bucket %s, for Terraform's state\n", deploy.StateBucket(d.t.c))
	}
	for _, c := range d.plan.Plan.Changes {
		if a.json {
			if err := printJSON(a.stdout, lambdaChange{"change", c, c.Type}); err != nil {
				return err
			}
		}
		fmt.Fprintln(&b, c.String())
	}
	if m, known := d.plan.Alias(); known && !d.plan.Publishes() {
		if m.Why != "" {
			fmt.Fprintf(&b, "%s\n", aliasLine(d.t.c.FunctionName, m))
		}
	} else if d.plan.Publishes() {
		fmt.Fprintf(&b, "publish a version of function %s; it serves once it has answered\n", d.t.c.FunctionName)
	}
	for _, bucket := range d.plan.Buckets {
		line, out := bucketLine(bucket)
		if line != "" {
			fmt.Fprintln(&b, line)
		}
		if a.json {
			if err := printJSON(a.stdout, out); err != nil {
				return err
			}
		}
	}
	if d.empty() {
		fmt.Fprintf(&b, "athena: nothing to change: function %s and all of its resources are as configured\n", d.t.c.FunctionName)
	}
	return a.planText(b.String())
}

// planText prints a plan for a person: it is the result of --dry-run, and
// otherwise what goes before the question.
func (a *app) planText(text string) error {
	if a.json || text == "" {
		return nil
	}
	return a.printText(strings.TrimSuffix(text, "\n"))
}

func aliasLine(function string, m deploy.Move) string {
	if m.From == m.To {
		return fmt.Sprintf("version %s of function %s stays: %s", m.From, function, m.Why)
	}
	text := fmt.Sprintf("alias %s of function %s: version %s → %s", deploy.Alias, function, m.From, m.To)
	if m.Why != "" {
		text += ": " + m.Why
	}
	return text
}

func bucketLine(b deploy.BucketPlan) (string, lambdaBucket) {
	out := lambdaBucket{Type: "bucket", Bucket: b.Bucket, Do: "none"}
	switch {
	case b.Err != nil:
		out.Do, out.Why = "left", b.Err.Error()
		return "left    " + b.Err.Error(), out
	case b.Do == "wire":
		out.Do = b.Do
		return fmt.Sprintf("notify  bucket %s will notify the queue", b.Bucket), out
	case b.Do == "unwire":
		out.Do = b.Do
		return fmt.Sprintf("notify  bucket %s will no longer notify the queue", b.Bucket), out
	}
	return "", out
}

// lambdaSummary is the last line of lambda deploy --json, for each processor.
type lambdaSummary struct {
	Type      string   `json:"type"` // "summary"
	Processor string   `json:"processor"`
	Function  string   `json:"function"`
	Changed   bool     `json:"changed"`
	From      string   `json:"from"`    // the version that served
	Version   string   `json:"version"` // that serves
	Left      []string `json:"left"`    // what could not be done
}

// carryOut makes the deployment. The first one makes the bucket for the state,
// and plans once more with it.
func (d *deployment) carryOut(ctx context.Context, a *app) error {
	begin, changed := d.plan.New(), !d.empty()
	if changed {
		made, err := onaws.MakeStateBucket(ctx, d.t.cfg, deploy.StateBucket(d.t.c))
		if err != nil {
			return err
		}
		if d.fresh = made || d.fresh; d.fresh {
			if err := d.again(ctx, a); err != nil {
				return err
			}
		}
	}
	var at atomic.Pointer[deploy.Step]
	stop := terminal.Progress(a.stderr, func() string {
		if s := at.Load(); s != nil {
			return fmt.Sprintf("%s, %s", s.Address, s.Took)
		}
		return "applying"
	})
	done, err := d.plan.Make(ctx, func(s deploy.Step) { at.Store(&s) })
	stop()
	if err != nil {
		return err
	}
	return d.report(a, done, begin, changed)
}

func (d *deployment) again(ctx context.Context, a *app) (err error) {
	d.close()
	d.opts.StateBucket = deploy.StateBucket(d.t.c)
	if d.tf, err = terraform.New(ctx, d.opts); err != nil {
		return err
	}
	d.d.Terraform = d.tf
	d.plan, err = d.planned(ctx, a)
	return err
}

func (d *deployment) report(a *app, done *deploy.Done, begin []string, changed bool) error {
	out := lambdaSummary{Type: "summary", Processor: "athena", Function: d.t.c.FunctionName, Changed: changed, From: done.Alias.From, Version: done.Alias.To, Left: []string{}}
	for _, err := range done.Left {
		out.Left = append(out.Left, err.Error())
		a.say("left undone: " + err.Error())
		a.say("hint: " + leftHint(err))
	}
	if err := d.printReport(a, out, done, begin, changed); err != nil {
		return err
	}
	if len(done.Left) > 0 {
		return errUndone
	}
	return nil
}

func leftHint(err error) string {
	var overlap *deploy.OverlapError
	if errors.As(err, &overlap) {
		return "narrow that rule to other events or keys; or have the bucket notify an SNS topic or EventBridge instead, and that both queues: what they send is understood"
	}
	return "make the bucket, then deploy again; or take it out of buckets in lambda.json"
}

func (d *deployment) printReport(a *app, out lambdaSummary, done *deploy.Done, begin []string, changed bool) error {
	if a.json {
		return printJSON(a.stdout, out)
	}
	var b strings.Builder
	if changed {
		fmt.Fprintf(&b, "athena: done: version %s of function %s serves", out.Version, out.Function)
		if done.Program != "" {
			fmt.Fprintf(&b, " (athena-refresh %s)", done.Program)
		}
		b.WriteString("\n")
		if out.From != out.Version || done.Alias.Why != "" {
			fmt.Fprintln(&b, aliasLine(out.Function, done.Alias))
		}
	}
	for _, w := range done.Buckets {
		if w.Served != nil {
			fmt.Fprintf(&b, "bucket %s notifies the queue already, by its rule %q\n", w.Bucket, w.Served.ID)
		}
	}
	if len(begin) > 0 {
		fmt.Fprintf(&b, "What landed before in %s is not in the queue. To add its partitions:\n  %s\n", strings.Join(begin, ", "), a.paste("athena-refresh reconcile --fix"))
	}
	return a.planText(b.String())
}

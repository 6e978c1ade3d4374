package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/aws/account"
	"athenarefresh/internal/deploy"
)

// lambdaChange is a line of lambda deploy --json, for each resource.
type lambdaChange struct {
	Type string `json:"type"` // "change"
	deploy.Change
	Resource string `json:"resource"` // such as aws_sqs_queue
}

// lambdaWider is a line of lambda deploy --json, for each policy that allows more
// than the configuration names.
type lambdaWider struct {
	Type string `json:"type"` // "wider"
	What string `json:"what"` // that is allowed beyond the configuration, and why
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
	for _, w := range d.plan.Plan.Widened {
		if a.json {
			if err := printJSON(a.stdout, lambdaWider{"wider", w}); err != nil {
				return err
			}
		}
		fmt.Fprintln(&b, "wider  ", w)
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
	Kept      []string `json:"kept"`    // under its old name, and no part of the deployment any more
}

func (d *deployment) report(ctx context.Context, a *app, done *deploy.Done, begin []string, changed bool) error {
	out := lambdaSummary{
		Type: "summary", Processor: "athena", Function: d.t.c.FunctionName, Changed: changed,
		From: done.Alias.From, Version: done.Alias.To, Left: []string{}, Kept: d.kept(ctx),
	}
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

// kept says what is kept under its old name, and how much waits in it.
func (d *deployment) kept(ctx context.Context) []string {
	list := []string{}
	for _, r := range d.letGo {
		text := r.Kind + " " + r.Old
		if r.Kind == deploy.KindQueue {
			n, err := account.Messages(ctx, d.t.cfg, r.ID)
			if text += ", with " + count(n, "message"); err != nil {
				text = fmt.Sprintf("%s %s; %v", r.Kind, r.Old, err)
			}
		}
		list = append(list, text)
	}
	return list
}

func leftHint(err error) string {
	switch {
	case errors.Is(err, deploy.ErrElsewhere):
		return "deploy another refresh in that region for it, with a prefix of its own, or send its events here through EventBridge"
	case errors.Is(err, deploy.ErrNoBucket):
		return "make the bucket, then deploy again; or take it out of buckets in lambda.json"
	case errors.Is(err, deploy.ErrDenied):
		return "allow whoever deploys s3:GetBucketNotification and s3:PutBucketNotification on it. If it is another account's: name that account in notify_from, and have its owner notify the queue"
	case errors.Is(err, deploy.ErrRefused):
		return "S3 checks every queue, topic and function that the bucket notifies, others' too: mend or remove the one that it names, then deploy again"
	case errors.Is(err, deploy.ErrFull):
		return "take one of its rules off, or have the bucket notify an SNS topic or EventBridge, which pass it on"
	case errors.As(err, new(*deploy.OverlapError)):
		return "narrow that rule to other events or keys; or have the bucket notify an SNS topic or EventBridge instead, and that both queues: what they send is understood"
	}
	return "deploy again; or take the bucket out of buckets in lambda.json"
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
	for _, k := range out.Kept {
		fmt.Fprintf(&b, "kept: %s\n", k)
	}
	if slices.ContainsFunc(d.letGo, func(r deploy.Renamed) bool { return r.Kind == deploy.KindQueue }) {
		b.WriteString("What waits in an old queue is settled by \"athena-refresh once\" with its name as queue_name, in a copy of the configuration; then delete it.\n")
	}
	if len(begin) > 0 {
		fmt.Fprintf(&b, "What landed before in %s is not in the queue. To add its partitions:\n  %s\n", strings.Join(begin, ", "), a.paste("athena-refresh reconcile --fix"))
	}
	return a.planText(b.String())
}

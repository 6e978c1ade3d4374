package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/deploy"
	"athenarefresh/internal/faults"
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
	Type   string `json:"type"`          // "bucket"
	Bucket string `json:"bucket"`        // whose notifications it is about
	Do     string `json:"do"`            // wire, unwire, none or left
	Why    string `json:"why,omitempty"` // why it is left as it is
}

func (d *deployment) show(a *app) error {
	var words strings.Builder
	var lines []any
	say := func(format string, args ...any) { fmt.Fprintf(&words, format+"\n", args...) }
	function := d.t.c.FunctionName
	if d.fresh {
		say("create  bucket %s, for Terraform's state", deploy.StateBucket(d.t.c))
	}
	for _, c := range d.plan.Plan.Changes {
		lines = append(lines, lambdaChange{"change", c, c.Type})
		say("%s", c)
	}
	for _, w := range d.plan.Plan.Widened {
		lines = append(lines, lambdaWider{"wider", w})
		say("wider   %s", w)
	}
	if m, known := d.plan.Alias(); d.plan.Publishes() {
		say("publish a version of function %s; it serves once it has answered", function)
	} else if known && m.Why != "" {
		say("%s", m.Of(function))
	}
	for _, b := range d.plan.Buckets {
		line := lambdaBucket{"bucket", b.Bucket, cmp.Or(b.Do, "none"), ""}
		if b.Err != nil {
			line.Do, line.Why = "left", b.Err.Error()
		}
		lines = append(lines, line)
		if line.Do != "none" {
			say("%s", b)
		}
	}
	if d.empty() {
		say("athena: nothing to change: function %s and all of its resources are as configured", function)
	}
	return a.showAll(lines, words.String())
}

// showAll prints lines with --json, and otherwise words, some of which are strangers'.
func (a *app) showAll(lines []any, words string) error {
	switch {
	case a.json:
		for _, line := range lines {
			if err := printJSON(a.stdout, line); err != nil {
				return err
			}
		}
	case words != "":
		return a.printText(strings.TrimSuffix(words, "\n"))
	}
	return nil
}

// lambdaSummary is the last line of lambda deploy --json, for each processor.
type lambdaSummary struct {
	Type      string   `json:"type"`      // "summary"
	Processor string   `json:"processor"` // athena, rule or alert
	Function  string   `json:"function"`  // its name
	Changed   bool     `json:"changed"`   // whether anything is not as it was
	From      string   `json:"from"`      // the version that served
	Version   string   `json:"version"`   // that serves
	Left      []string `json:"left"`      // what could not be done
	Kept      []string `json:"kept"`      // under its old name, and no part of the deployment any more
}

func (d *deployment) report(ctx context.Context, a *app, done *deploy.Done, begin []string, changed bool) error {
	out := lambdaSummary{
		Type: "summary", Processor: "athena", Function: d.t.c.FunctionName, Changed: changed,
		From: done.Alias.From, Version: done.Alias.To, Left: []string{}, Kept: d.kept(ctx),
	}
	for _, err := range done.Left {
		out.Left = append(out.Left, err.Error())
		a.say("left undone: " + err.Error())
		a.say("hint: " + deploy.Advice(err))
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
			n, err := inQueue(ctx, d.t.cfg, r.Old)
			if text += ", with " + faults.Count(n, "message"); err != nil {
				text = fmt.Sprintf("%s %s; %v", r.Kind, r.Old, err)
			}
		}
		list = append(list, text)
	}
	return list
}

func (d *deployment) printReport(a *app, out lambdaSummary, done *deploy.Done, begin []string, changed bool) error {
	var b strings.Builder
	if changed {
		fmt.Fprintf(&b, "athena: done: version %s of function %s serves", out.Version, out.Function)
		if done.Program != "" {
			fmt.Fprintf(&b, " (athena-refresh %s)", done.Program)
		}
		b.WriteString("\n")
		if out.From != out.Version || done.Alias.Why != "" {
			fmt.Fprintln(&b, done.Alias.Of(out.Function))
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
	return a.showAll([]any{out}, b.String())
}

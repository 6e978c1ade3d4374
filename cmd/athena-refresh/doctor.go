package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"athenarefresh/cmd/internal/worker"
	"athenarefresh/internal/aws/account"
	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/diagnostics"
	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/config"
	"athenarefresh/internal/deploy"
	"athenarefresh/internal/doctor"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
)

// doctorFlags are what doctor does beside looking.
type doctorFlags struct {
	probe  bool
	wait   time.Duration
	bundle string // the file's name
}

func (a *app) doctor() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check a deployment and say what to do",
		Long: `Doctor checks all that the refresh depends on: credentials, the queue with its
policy, key and dead-letter queue, the buckets' notifications, the database and
the tables with their keys, the work group, the function and its trigger,
permissions, the clock. It changes nothing and receives nothing.

Each line is a check: ok, a warning, wrong, or not checked, with a hint if there
is something to do. It exits 3 if there is. It doesn't if the function isn't
deployed, or if it couldn't check something that the refresh can do without.

--probe puts an empty object into each bucket, for an hour of 1971, below
` + doctor.Reserved + ` where the layout allows. It follows the object to the queue,
the function, its partition and a SELECT. It names the first link that is broken,
what to do and the seconds it took, and removes object and partition again.
--bundle writes one file for a bug report, with findings, policies, attributes and
the last reasons, and with other names for accounts, buckets and objects.`,
		Args: exactly(0, "doctor: takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, router, err := a.router()
			if err != nil {
				return err
			}
			return a.examine(cmd.Context(), c, router, &f)
		},
	}
	a.jsonFlag(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.probe, "probe", false, "follow an object from every bucket to a SELECT")
	flags.DurationVar(&f.wait, "wait", 0, "with --probe: how long a partition may take; else until the next run of the schedule and its end")
	flags.StringVar(&f.bundle, "bundle", "", "write a redacted `FILE` for a bug report")
	return cmd
}

func (a *app) examine(ctx context.Context, c *config.Config, router *table.Router, f *doctorFlags) error {
	d := &doctor.Doctor{Config: c, Router: router}
	cfg, err := a.aws(ctx, c)
	if ctx.Err() != nil {
		return errInterrupted
	}
	catalog, closeCatalog := worker.Catalog(cfg, c)
	d.Facts = diagnostics.Facts(cfg, catalog)
	d.Facts.Partitions = func(ctx context.Context, t refresh.Table) iter.Seq2[refresh.Partition, error] {
		return glue.NewReader(cfg, c.Database).All(ctx, t, "")
	}
	d.Facts.Schema = glue.NewTables(cfg, c.Database).Schema
	d.Facts.Parked = func(ctx context.Context, most int) ([]parked.Copy, error) {
		queue, err := sqs.Open(ctx, cfg, c.Queue)
		if err != nil {
			return nil, err
		}
		return sampleParked(ctx, queue, most)
	}
	if err != nil { // a finding, and the cause of all others
		d.Facts.Identity = func(context.Context) (doctor.Identity, error) {
			return doctor.Identity{}, fmt.Errorf("%w: %w", doctor.ErrNoCredentials, awserror.Innermost(err))
		}
	}
	return errors.Join(a.look(ctx, d, cfg, f), closeCatalog())
}

// look probes, or looks the deployment over; a bundle has both.
func (a *app) look(ctx context.Context, d *doctor.Doctor, cfg aws.Config, f *doctorFlags) error {
	var findings []doctor.Finding
	if !f.probe || f.bundle != "" {
		findings = a.findings(ctx, d)
	}
	if f.probe {
		if f.bundle != "" {
			d.Done = nil
		}
		findings = append(findings, a.probe(ctx, d, cfg, f.wait)...)
	}
	if f.bundle != "" {
		if err := a.writeBundle(ctx, d, cfg, findings, f.bundle); err != nil {
			return err
		}
	}
	return a.printFindings(findings)
}

// findings runs the doctor, and shows how far it is.
func (a *app) findings(ctx context.Context, d *doctor.Doctor) []doctor.Finding {
	var done atomic.Int64
	var last atomic.Value
	last.Store("credentials")
	d.Done = func(f doctor.Finding) {
		done.Add(1)
		last.Store(f.Check + " " + f.Subject)
	}
	stop := terminal.Progress(a.stderr, func() string {
		return fmt.Sprintf("%s, last %s", faults.Count(int(done.Load()), "check"), last.Load())
	})
	defer stop()
	return d.Run(ctx)
}

func (a *app) printFindings(findings []doctor.Finding) error {
	well := true
	for _, f := range findings {
		well = well && f.Well()
		f.Hint = a.paste(f.Hint)
		var err error
		if a.json {
			err = printTyped(a.stdout, "finding", f)
		} else {
			err = a.printf("%s", findingText(a.stdout, f))
		}
		if err != nil {
			return err
		}
	}
	if slices.ContainsFunc(findings, func(f doctor.Finding) bool { return f.Unheard() }) {
		a.advise("what landed meanwhile is in no message: once that is mended, \"athena-refresh reconcile\" finds it")
	}
	if !well {
		return errUndone
	}
	return nil
}

// findingText is a finding for a person:
//
//	wrong        table alerts: there is no such table
//	             hint: athena-refresh table create alerts …
func findingText(w io.Writer, f doctor.Finding) string {
	const indent = 13
	verdict := fmt.Sprintf("%-*s", indent, f.Verdict)
	if f.Verdict == doctor.Wrong || f.Verdict == doctor.Warning {
		verdict = terminal.Bold(w, verdict)
	}
	text := fmt.Sprintf("%s%s %s: %s", verdict, strings.ReplaceAll(f.Check, "_", " "), terminal.Escape(f.Subject), terminal.Escape(f.What))
	if f.Seconds > 0 {
		text += fmt.Sprintf(" (%.1f s)", f.Seconds)
	}
	if f.Hint != "" {
		text += fmt.Sprintf("\n%*shint: %s", indent, "", terminal.Escape(f.Hint))
	}
	return text + "\n"
}

// probe follows an object from every bucket.
func (a *app) probe(ctx context.Context, d *doctor.Doctor, cfg aws.Config, wait time.Duration) []doctor.Finding {
	if wait == 0 {
		wait = doctor.ProbeWait(d.Config, time.Now())
	}
	begin := time.Now()
	stop := terminal.Progress(a.stderr, func() string {
		return fmt.Sprintf("an object of each bucket is followed, %v of at most %v", time.Since(begin).Round(time.Second), wait.Round(time.Second))
	})
	defer stop()
	return d.Probe(ctx, probeTools(cfg, d.Config), wait)
}

func probeTools(cfg aws.Config, c *config.Config) doctor.Tools {
	put, remove := diagnostics.Marks(cfg)
	functions := account.NewFunctions(cfg)
	mender := glue.NewMender(cfg, glue.NewReader(cfg, c.Database))
	return doctor.Tools{
		Put: put, Remove: remove, Select: searcher(cfg, c).Do,
		Drop: func(ctx context.Context, tab refresh.Table, values []string) error {
			return errors.Join(mender.Drop(ctx, tab, []refresh.Partition{{Values: values}})...)
		},
		Answers: func(ctx context.Context) error {
			serving, err := functions.Serving(ctx, c.FunctionName)
			if err != nil {
				return err
			}
			return deploy.Answers(ctx, functions, c.FunctionName, serving.Version, c)
		},
	}
}

// writeBundle writes what a bug report needs into a file.
func (a *app) writeBundle(ctx context.Context, d *doctor.Doctor, cfg aws.Config, findings []doctor.Finding, name string) error {
	about := doctor.About{
		Version: worker.Version(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Plan: deploy.Variables(d.Config, cfg.Region, deploy.ARM64, deploy.NoBundle),
	}
	text, err := d.Bundle(ctx, about, findings)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	a.say(fmt.Sprintf("%s: accounts, buckets and objects have other names in it; look it over before you send it to anybody", name))
	return nil
}

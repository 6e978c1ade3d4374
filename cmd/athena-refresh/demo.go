package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"athenarefresh/conf"
	"athenarefresh/internal/aws/provision"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/demo"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/local"
	"athenarefresh/internal/prompt"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"
)

// demoFlags are the flags of demo.
type demoFlags struct {
	from                 string
	serve, keep, verbose bool
	defaultConf          bool // neither --conf nor a folder conf: what the program ships with
}

func (a *app) demo() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole path on this machine, on real log files",
		Long: `Demo starts an S3, SQS, Glue and Athena of its own on this machine, lands
CloudTrail files in it, shows that a query finds nothing, refreshes, and shows
that the same query finds every row. It needs no AWS and leaves nothing behind.
It fails if a single row is missing.`,
		Args: exactly(0, "demo: takes no arguments; --from names a folder of CloudTrail files"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Stat(a.conf); !cmd.Flags().Changed("conf") && errors.Is(err, fs.ErrNotExist) {
				f.defaultConf = true
			}
			return a.runDemo(cmd.Context(), &f)
		},
	}
	a.jsonFlag(cmd)
	cmd.Flags().StringVar(&f.from, "from", "", "folder of your own CloudTrail files (.json, .json.gz), searched through")
	cmd.Flags().BoolVar(&f.serve, "serve", false, "serve what was landed until Ctrl-C, refresh what lands, and show the status page")
	cmd.Flags().BoolVar(&f.keep, "keep", false, "keep the data")
	cmd.Flags().BoolVar(&f.verbose, "verbose", false, "show the log too")
	return cmd
}

// runDemo tells the story in a folder of its own, and removes that however the
// story ends.
func (a *app) runDemo(ctx context.Context, f *demoFlags) (err error) {
	files, err := f.files()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "athena-refresh-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if !f.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	if f.defaultConf {
		a.conf = filepath.Join(dir, "conf")
		if err := os.CopyFS(a.conf, conf.Files); err != nil {
			return fmt.Errorf("demo: write the default configuration: %w", err)
		}
	}
	c, router, err := a.router()
	if err != nil {
		return err
	}
	t := &story{begun: time.Now(), flags: f, dir: dir, files: files, land: &demo.Lander{Bucket: c.Prefix + ".cloudtrail", Now: time.Now()}}
	if t.table, err = a.demoTable(router, t.land.Bucket); err != nil {
		return err
	}
	level := slog.LevelWarn
	if f.verbose {
		level = slog.LevelDebug
	}
	if t.opened, err = a.openStack(ctx, c, router, a.log(level), local.Options{Data: filepath.Join(dir, "data")}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	err = t.tell(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("demo: %w", errInterrupted)
	case errors.Is(err, errNoFiles):
		return faults.Hint(fmt.Errorf("demo: %w in %s", err, f.from), `a CloudTrail file is {"Records": [{…}, …]}, as .json or .json.gz`)
	}
	return explainAWS("demo", err)
}

// files are the CloudTrail files to land.
func (f *demoFlags) files() (fs.FS, error) {
	if f.from == "" {
		return demo.Shipped(), nil
	}
	switch info, err := os.Stat(f.from); {
	case err != nil:
		return nil, fmt.Errorf("demo: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("demo: %s: not a folder", f.from)
	}
	return os.DirFS(f.from), nil
}

// demoTable is the table to which the configuration sends what will land.
func (a *app) demoTable(router *table.Router, bucket string) (string, error) {
	p := router.Place(bucket, "AWSLogs/111122223333/CloudTrail/us-east-1/2023/07/10/x.json.gz")
	if p.Outcome != table.Place {
		return "", faults.Hint(fmt.Errorf("demo: the configuration in %s has no table for s3://%s/AWSLogs/{account}/CloudTrail/{region}/{yyyy}/{MM}/{dd}/: %s", a.conf, bucket, p.Reason),
			"where there is no folder conf, demo uses the configuration that it ships with")
	}
	return p.Partition.Table, nil
}

// story is the demo, a step after the other.
type story struct {
	*opened
	begun time.Time
	flags *demoFlags
	dir   string
	files fs.FS
	land  *demo.Lander
	table string
	step  int

	failed error // to write
}

var errNoFiles = errors.New("no CloudTrail file")

// tell tells the whole story. What lands is settled by what settles it in open and
// run, so that the page knows of it. Its error is a failure, or a mismatch.
func (t *story) tell(ctx context.Context) (err error) {
	if err := t.steps(ctx, t.makeTable, t.landFiles, t.before); err != nil {
		return err
	}
	page, end := "", "nothing is left behind"
	if t.flags.serve {
		if page, err = t.listen(); err != nil {
			return err
		}
		end = "it is served until Ctrl-C"
	}
	if t.flags.keep {
		end = "the data is kept in " + t.dir
	}
	return t.serving(ctx, func(ctx context.Context) error {
		if err := t.steps(ctx, t.settle, t.after, t.answer); err != nil {
			return err
		}
		t.printf("Done in %.1f s; %s.\n", time.Since(t.begun).Seconds(), end)
		if t.failed != nil || !t.flags.serve {
			return t.failed
		}
		if err := t.app.introduce(t.config, t.stack, page); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
}

func (t *story) steps(ctx context.Context, all ...func(context.Context) error) error {
	for _, step := range all {
		if err := errors.Join(step(ctx), t.failed); err != nil {
			return err
		}
	}
	return nil
}

// printf prints for people, until that fails; JSON has lines of its own.
func (t *story) printf(format string, args ...any) {
	if !t.app.json && t.failed == nil {
		t.failed = t.app.printf(format, args...)
	}
}

// head begins a step.
func (t *story) head(format string, args ...any) {
	t.step++
	t.printf("%s\n", terminal.Bold(t.app.stdout, fmt.Sprintf("%d. %s", t.step, fmt.Sprintf(format, args...))))
}

// line prints a line of JSON.
func (t *story) line(v any) {
	if t.app.json && t.failed == nil {
		t.failed = printJSON(t.app.stdout, v)
	}
}

// makeTable makes the table, unless the configuration says what it is.
func (t *story) makeTable(ctx context.Context) error {
	t.head("An S3, SQS, Glue and Athena of its own: %s", t.stack.url)
	if _, ok := t.app.saved(t.table); ok {
		return nil
	}
	h, err := homeOf(t.router, t.table, "")
	if err != nil {
		return err
	}
	m := tableMaker{tables: &tables{app: t.app, c: t.config, rules: t.router}}
	planned, err := m.plan(ctx, h, &origin{schema: "cloudtrail"})
	if err != nil {
		return err
	}
	if err := t.search.Do(ctx, planned.DDL); err != nil {
		return fmt.Errorf("make table %s: %w", t.table, queryError(err))
	}
	return nil
}

// mostSkipped is how many skipped files are named.
const mostSkipped = 20

// demoLanded is a line of demo --json.
type demoLanded struct {
	Type    string `json:"type"` // "landed"
	Table   string `json:"table"`
	Bucket  string `json:"bucket"`
	Objects int    `json:"objects"`
	Records int    `json:"records"`
	Bytes   int64  `json:"bytes"`
}

// landFiles puts the files into the bucket.
func (t *story) landFiles(ctx context.Context) error {
	client := provision.S3(t.stack.cfg)
	t.land.Put = func(ctx context.Context, bucket, key string, body []byte) error {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
		return err
	}
	stop := terminal.Progress(t.app.stderr, func() string { return count(t.land.Landed().Objects, "file") + " landed" })
	err := t.land.Land(ctx, t.files)
	stop()
	skipped := t.land.Skipped()
	for _, s := range skipped[:min(len(skipped), mostSkipped)] {
		t.app.say("skipped: " + terminal.Escape(s.Path) + ": " + terminal.Escape(s.Why))
	}
	if more := len(skipped) - mostSkipped; more > 0 {
		t.app.say(fmt.Sprintf("skipped: %d more", more))
	}
	n := t.land.Landed()
	switch {
	case err != nil:
		return fmt.Errorf("land the files: %w", err)
	case n.Objects == 0:
		return errNoFiles
	}
	t.head("%s land in s3://%s: %s records", count(n.Objects, "CloudTrail file"), t.land.Bucket, terminal.Thousands(n.Records))
	t.line(demoLanded{"landed", t.table, t.land.Bucket, n.Objects, n.Records, n.Bytes})
	return nil
}

// demoCount is a line of demo --json.
type demoCount struct {
	Type   string `json:"type"` // "before" or "after"
	Table  string `json:"table"`
	Rows   int    `json:"rows"`
	Landed int    `json:"landed"`
}

// before shows that nothing is found yet.
func (t *story) before(ctx context.Context) error {
	t.head("A query finds nothing: the table has no partition yet")
	return t.count(ctx, "before", 0, "")
}

// after shows that everything is found.
func (t *story) after(ctx context.Context) error {
	t.head("The same query finds every row")
	n := t.land.Landed().Records
	return t.count(ctx, "after", n, fmt.Sprintf(" of %s landed", terminal.Thousands(n)))
}

// count counts the rows of the table and holds them against what there has to be.
func (t *story) count(ctx context.Context, when string, want int, verdict string) error {
	sql := "SELECT count(*) FROM " + t.table
	_, rows, err := t.ask(ctx, sql)
	if err != nil {
		return err
	}
	if len(rows) != 1 || len(rows[0]) != 1 || rows[0][0] == nil {
		return fmt.Errorf("%s: the answer is not one number", sql)
	}
	n, err := strconv.Atoi(*rows[0][0])
	if err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	if n != want {
		err = fmt.Errorf("%s finds %d rows, not %d", sql, n, want)
	}
	t.printf("   %s: %s rows%s\n", sql, terminal.Thousands(n), verdict)
	t.line(demoCount{when, t.table, n, t.land.Landed().Records})
	return err
}

func (t *story) ask(ctx context.Context, sql string) ([]prompt.Column, [][]*string, error) {
	answer, err := t.search.Run(ctx, sql)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", sql, queryError(err))
	}
	rows, err := answer.All()
	return answer.Columns, rows, err
}

// settle waits until all that landed is settled.
func (t *story) settle(ctx context.Context) error {
	t.head("The refresh adds the partitions that S3's notifications call for")
	w, begun := t.worker, time.Now()
	stop := terminal.Progress(t.app.stderr, func() string { return progress(w.Refresher.Tally()) })
	err := t.untilSettled(ctx)
	stop()
	if err != nil {
		return err
	}
	tally := w.Refresher.Tally()
	r := newReport(ctx, w.Queue, daemon.Summary{Received: tally.Settled(), Took: time.Since(begun)}, tally, &waits{})
	r.Type = "refresh"
	text := fmt.Sprintf("%s: %s added", count(r.Messages, "message"), count(r.Partitions, "partition"))
	if l := r.Searchable; l != nil {
		text += fmt.Sprintf(", searchable %s after landing (p50)", terminal.Milliseconds(l.P50))
	}
	if n := r.Outcomes[refresh.Parked]; n > 0 {
		text += fmt.Sprintf("; %s parked%s", count(n, "message"), terminal.Counts(": ", r.Reasons))
	}
	t.printf("   %s\n", text)
	t.line(r)
	return nil
}

// unmoved is how long nothing may be settled until the story gives up: longer than
// what was put off stays away.
const unmoved = time.Minute

func (t *story) untilSettled(ctx context.Context) error {
	w, landed := t.worker, t.land.Landed().Objects
	for last, moved := 0, time.Now(); ; {
		tally := w.Refresher.Tally() // first: what is settled later is still in the queue then
		waiting, inFlight, err := w.Queue.Depth(ctx)
		settled := tally.Settled()
		switch {
		case err != nil:
			return err
		case settled >= landed && waiting+inFlight == 0:
			return nil
		case settled > last:
			last, moved = settled, time.Now()
		case time.Since(moved) > unmoved:
			return faults.Hint(fmt.Errorf("%s in the queue, and none was settled for %s", count(waiting+inFlight, "message"), unmoved), "--verbose shows the log")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// demoAnswer is the last line of demo --json.
type demoAnswer struct {
	Type    string      `json:"type"` // "answer"
	SQL     string      `json:"sql"`
	Columns []string    `json:"columns"`
	Rows    [][]*string `json:"rows"`
}

// answer asks something worth asking of any account.
func (t *story) answer(ctx context.Context) error {
	t.head("Which calls failed?")
	sql := `SELECT eventname, errorcode, count(*) AS times, min(eventtime) AS first
FROM ` + t.table + ` WHERE errorcode IS NOT NULL GROUP BY 1, 2
ORDER BY times DESC, first, eventname LIMIT 5`
	columns, rows, err := t.ask(ctx, sql)
	if err != nil {
		return err
	}
	if t.app.json {
		line := demoAnswer{Type: "answer", SQL: sql, Rows: append([][]*string{}, rows...)}
		for _, c := range columns {
			line.Columns = append(line.Columns, c.Name)
		}
		t.line(line)
		return nil
	}
	t.printf("   %s\n", strings.ReplaceAll(sql, "\n", "\n   "))
	shown := prompt.Table(t.app.stdout, terminal.Width(t.app.stdout), "   ", columns)
	for _, r := range rows {
		if err := shown.Row(r); err != nil {
			return err
		}
	}
	return shown.Close()
}

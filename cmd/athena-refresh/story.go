package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/aws/provision"
	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/config"
	"athenarefresh/internal/demo"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"
)

// story is the demo: a step after the other.
type story struct {
	app    *app
	config *config.Config
	router *table.Router
	stack  *stack
	files  fs.FS
	flags  demoFlags
	dir    string
	log    *slog.Logger

	ways   [3]way // by demo.Way
	search *query.Client
	lander *demo.Lander
	step   int
}

// way is where files land in one of the ways, and the table that finds them.
type way struct {
	bucket    string
	partition table.Partition // of a sample object
	shape     string
	landed    demo.Landed
}

// tell tells the whole story. Its error is a failure, or a mismatch.
func (t *story) tell(ctx context.Context) error {
	begun := time.Now()
	t.search = searcher(t.stack.cfg, t.config)
	for _, step := range []func(context.Context) error{t.prepare, t.land, t.before, t.refresh, t.after, t.answer} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	end := "nothing is left behind"
	switch {
	case t.flags.keep:
		end = "the data is kept in " + t.dir
	case t.flags.serve:
		end = "it is served until Ctrl-C"
	}
	return t.printf("\nDone in %.1f s; %s.\n", time.Since(begun).Seconds(), end)
}

// head begins a step.
func (t *story) head(format string, args ...any) error {
	t.step++
	text := fmt.Sprintf("%d. %s", t.step, fmt.Sprintf(format, args...))
	return t.printf("%s%s\n", strings.Repeat("\n", min(t.step-1, 1)), terminal.Bold(t.app.stdout, text))
}

// printf prints for people; --json has lines of its own.
func (t *story) printf(format string, args ...any) error {
	if t.app.json {
		return nil
	}
	return t.app.printf(format, args...)
}

// line prints a line of --json.
func (t *story) line(v any) error {
	if !t.app.json {
		return nil
	}
	return printJSON(t.app.stdout, v)
}

// prepare makes the buckets, the queues and the tables.
func (t *story) prepare(ctx context.Context) error {
	if err := t.head("An S3, SQS, Glue and Athena of its own: %s", t.stack.url); err != nil {
		return err
	}
	if err := provision.Make(ctx, t.stack.cfg, t.config, t.search.Do); err != nil {
		return explainAWS("make the resources", err)
	}
	if err := t.place(); err != nil {
		return err
	}
	trail, data := &t.ways[demo.Trail], &t.ways[demo.Data]
	for _, ddl := range []string{demo.TrailDDL(trail.bucket, &trail.partition), demo.EventsDDL(data.bucket, &data.partition)} {
		if err := t.search.Do(ctx, ddl); err != nil {
			return explainAWS("make the demo's tables", err)
		}
	}
	return t.printf("   buckets that notify a queue, a dead-letter queue, a database with three tables\n")
}

// place finds out to which tables the configuration sends what will land.
func (t *story) place() error {
	prefix := t.config.Prefix
	t.ways = [3]way{
		demo.Trail:  {bucket: prefix + ".cloudtrail", shape: "AWSLogs/{account}/CloudTrail/{region}/{yyyy}/{MM}/{dd}/"},
		demo.Data:   {bucket: prefix + ".streamalert.data", shape: demo.EventsTable + "/{yyyy}/{MM}/{dd}/{HH}/"},
		demo.Alerts: {bucket: prefix + ".streamalerts", shape: "alerts/{yyyy}/{MM}/{dd}/{HH}/"},
	}
	sample := strings.NewReplacer("{account}", "111122223333", "{region}", "us-east-1", "{yyyy}", "2023", "{MM}", "07", "{dd}", "10", "{HH}", "12")
	for i := range t.ways {
		w := &t.ways[i]
		p := t.router.Place(w.bucket, sample.Replace(w.shape)+"x.json.gz")
		if p.Outcome != table.Place {
			return hint(fmt.Errorf("demo: the configuration in %s has no table for s3://%s/%s: %s", t.app.conf, w.bucket, w.shape, p.Reason),
				"where there is no folder conf, demo uses the configuration that it ships with")
		}
		w.partition = p.Partition
	}
	if name := t.ways[demo.Alerts].partition.Table; name != "alerts" {
		return fmt.Errorf("demo: the configuration in %s sends alerts to table %s, not to alerts", t.app.conf, name)
	}
	return nil
}

// land puts the files into the buckets.
func (t *story) land(ctx context.Context) error {
	t.lander = &demo.Lander{Put: provision.S3(t.stack.cfg).PutObject, Now: time.Now()}
	for i := range t.ways {
		t.lander.Buckets[i] = t.ways[i].bucket
	}
	stop := terminal.Progress(t.app.stderr, func() string {
		n, _ := t.lander.Files()
		return count(n, "file") + " landed"
	})
	err := t.lander.Land(ctx, t.files)
	stop()
	files, skipped := t.lander.Files()
	t.warnSkipped(skipped)
	switch {
	case err != nil:
		return explainAWS("demo: land the files", err)
	case files == 0:
		return hint(fmt.Errorf("demo: no CloudTrail file in %s", t.flags.from), `a CloudTrail file is {"Records": [{…}, …]}, as .json or .json.gz`)
	}
	for i := range t.ways {
		t.ways[i].landed = t.lander.Landed(demo.Way(i))
	}
	return t.sayLanded(files)
}

// mostSkipped is how many skipped files are named.
const mostSkipped = 20

func (t *story) warnSkipped(skipped []demo.Skipped) {
	for i, s := range skipped {
		if i == mostSkipped {
			fmt.Fprintf(t.app.stderr, "skipped: %d more\n", len(skipped)-i)
			return
		}
		fmt.Fprintf(t.app.stderr, "skipped: %s: %s\n", terminal.Escape(s.Path), terminal.Escape(s.Why))
	}
}

// demoLanded is a line of demo --json.
type demoLanded struct {
	Type    string `json:"type"` // "landed"
	Table   string `json:"table"`
	Bucket  string `json:"bucket"`
	Objects int    `json:"objects"`
	Records int    `json:"records"`
	Bytes   int64  `json:"bytes"`
}

func (t *story) sayLanded(files int) error {
	if err := t.head("%s land in S3, in three ways", count(files, "CloudTrail file")); err != nil {
		return err
	}
	out := []string{fmt.Sprintf("   %-20s %9s %9s %10s", "", "objects", "records", "bytes")}
	for i := range t.ways {
		w := &t.ways[i]
		n := w.landed
		out = append(out,
			fmt.Sprintf("   %-20s %9s %9s %10s", w.partition.Table, terminal.Thousands(n.Objects), terminal.Thousands(n.Records), terminal.Thousands(int(n.Bytes))),
			fmt.Sprintf("     s3://%s/%s", w.bucket, w.shape))
		if err := t.line(demoLanded{"landed", w.partition.Table, w.bucket, n.Objects, n.Records, n.Bytes}); err != nil {
			return err
		}
	}
	out = append(out, "   An event makes an alert, of the first of these rules that fits:")
	for _, r := range demo.Rules() {
		out = append(out, fmt.Sprintf("     %-21s %s", r.Name, r.Description))
	}
	return t.printf("%s\n", strings.Join(out, "\n"))
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
	if err := t.head("A query finds nothing: no table has a partition yet"); err != nil {
		return err
	}
	return t.count(ctx, "before", func(w *way) int { return 0 })
}

// after shows that everything is found.
func (t *story) after(ctx context.Context) error {
	if err := t.head("The same query finds every row"); err != nil {
		return err
	}
	return t.count(ctx, "after", func(w *way) int { return w.landed.Records })
}

// count counts the rows of the tables and holds them against what there has
// to be.
func (t *story) count(ctx context.Context, when string, want func(*way) int) error {
	var wrong []error
	for i := range t.ways {
		w := &t.ways[i]
		sql := "SELECT count(*) FROM " + w.partition.Table
		n, err := t.number(ctx, sql)
		if err != nil {
			return explainAWS("demo: "+sql, err)
		}
		verdict := ""
		if when == "after" {
			verdict = fmt.Sprintf(" of %s landed", terminal.Thousands(w.landed.Records))
		}
		if err := t.printf("   %-40s %9s rows%s\n", sql, terminal.Thousands(n), verdict); err != nil {
			return err
		}
		if err := t.line(demoCount{when, w.partition.Table, n, w.landed.Records}); err != nil {
			return err
		}
		if n != want(w) {
			wrong = append(wrong, fmt.Errorf("demo: %s finds %d rows, not %d", sql, n, want(w)))
		}
	}
	return errors.Join(wrong...)
}

func (t *story) number(ctx context.Context, sql string) (int, error) {
	result, err := t.search.Run(ctx, sql)
	if err != nil {
		return 0, err
	}
	rows, err := result.All(ctx)
	if err != nil {
		return 0, err
	}
	if len(rows) != 1 || len(rows[0]) != 1 || rows[0][0] == nil {
		return 0, fmt.Errorf("the answer is not one number")
	}
	return strconv.Atoi(*rows[0][0])
}

// mostRounds bounds the refreshes: what is put off, because very much landed
// at once, comes again after half a minute.
const mostRounds = 20

// refresh adds the partitions, by the code of the command once.
func (t *story) refresh(ctx context.Context) error {
	if err := t.head(`The refresh, as "athena-refresh once" does it`); err != nil {
		return err
	}
	for range mostRounds {
		r, err := t.app.refresh(ctx, t.stack.cfg, t.config, t.router, t.log)
		if err != nil {
			return err
		}
		if err := t.sayRefreshed(r); err != nil {
			return err
		}
		if r.Outcomes[refresh.Retry] == 0 && !r.TimeIsUp {
			break
		}
		if err := t.waitFor(ctx, r.RetryAt); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (t *story) sayRefreshed(r *report) error {
	r.Type = "refresh"
	if err := t.line(r); err != nil || t.app.json {
		return err
	}
	var b strings.Builder
	if err := r.print(&b); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if err := t.printf("   %s", line); err != nil {
			return err
		}
	}
	return nil
}

// waitFor waits until messages that were put off are there again.
func (t *story) waitFor(ctx context.Context, at *time.Time) error {
	if at == nil {
		return ctx.Err()
	}
	fmt.Fprintf(t.app.stderr, "waiting until %s for what was put off\n", at.Local().Format(time.TimeOnly))
	select {
	case <-time.After(time.Until(*at)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// question is one worth asking of any account.
const question = `SELECT rule_name, context['event'] AS event, context['who'] AS who, count(*) AS times, min(created) AS first
FROM alerts GROUP BY 1, 2, 3 ORDER BY times DESC, first, event, who LIMIT 12`

// demoAnswer is the last line of demo --json.
type demoAnswer struct {
	Type    string      `json:"type"` // "answer"
	SQL     string      `json:"sql"`
	Columns []string    `json:"columns"`
	Rows    []query.Row `json:"rows"`
}

// answer asks who did what.
func (t *story) answer(ctx context.Context) error {
	if err := t.head("Who did what?"); err != nil {
		return err
	}
	result, err := t.search.Run(ctx, question)
	if err != nil {
		return explainAWS("demo: ask who did what", err)
	}
	rows, err := result.All(ctx)
	if err != nil {
		return explainAWS("demo: ask who did what", err)
	}
	if t.app.json {
		a := demoAnswer{Type: "answer", SQL: question, Rows: append([]query.Row{}, rows...)}
		for _, c := range result.Columns {
			a.Columns = append(a.Columns, c.Name)
		}
		return t.line(a)
	}
	if err := t.printf("   %s\n\n", strings.ReplaceAll(question, "\n", "\n   ")); err != nil {
		return err
	}
	table := tableRows(t.app.stdout, "   ", result.Columns)
	for _, row := range rows {
		if err := table.row(row); err != nil {
			return err
		}
	}
	return table.close()
}

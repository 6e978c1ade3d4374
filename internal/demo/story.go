package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"
)

// Stage is where a story is told: the embedded AWS, and what speaks to it.
type Stage struct {
	URL    string
	Make   func(context.Context) error // the buckets, the queues, the database
	Search *query.Client
	// Refresh refreshes once, as the command once does.
	Refresh func(context.Context) (Round, error)
	Land    *Lander // its buckets are the story's to choose
}

// Round is what a refresh did.
type Round struct {
	Text    string     // for people, lines
	Line    any        // for --json
	More    bool       // something was put off, or the time was up
	RetryAt *time.Time // when what was put off is there again
}

// Story is the demo: a step after the other.
type Story struct {
	Stage
	Prefix         string
	Router         *table.Router
	Files          fs.FS
	Stdout, Stderr io.Writer
	// JSON prints a line for programs; nil: the story is for people.
	JSON func(any) error
	Show func(indent string, columns []query.Column, rows []query.Row) error // to people

	ways [3]way
	step int
}

// way is where files land in one of the ways, and the table that finds them.
type way struct {
	bucket    string
	partition table.Partition // of a sample object
	shape     string
	landed    Landed
}

// ErrNoFiles says that there is no CloudTrail file to land.
var ErrNoFiles = errors.New("no CloudTrail file")

// NoTable says that the configuration has no table for what the demo lands.
type NoTable struct {
	Place  string
	Reason table.Reason
}

func (e *NoTable) Error() string { return fmt.Sprintf("no table for %s: %s", e.Place, e.Reason) }

// Tell tells the whole story. Its error is a failure, or a mismatch.
func (t *Story) Tell(ctx context.Context, end string) error {
	begun := time.Now()
	for _, step := range []func(context.Context) error{t.prepare, t.land, t.before, t.refresh, t.after, t.answer} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return t.printf("\nDone in %.1f s; %s.\n", time.Since(begun).Seconds(), end)
}

// head begins a step.
func (t *Story) head(format string, args ...any) error {
	t.step++
	text := fmt.Sprintf("%d. %s", t.step, fmt.Sprintf(format, args...))
	return t.printf("%s%s\n", strings.Repeat("\n", min(t.step-1, 1)), terminal.Bold(t.Stdout, text))
}

// printf prints for people; JSON has lines of its own.
func (t *Story) printf(format string, args ...any) error {
	if t.JSON != nil {
		return nil
	}
	if _, err := fmt.Fprintf(t.Stdout, format, args...); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	return nil
}

// line prints a line of JSON.
func (t *Story) line(v any) error {
	if t.JSON == nil {
		return nil
	}
	return t.JSON(v)
}

// prepare makes the buckets, the queues and the tables.
func (t *Story) prepare(ctx context.Context) error {
	if err := t.head("An S3, SQS, Glue and Athena of its own: %s", t.URL); err != nil {
		return err
	}
	if err := t.Make(ctx); err != nil {
		return fmt.Errorf("make the resources: %w", err)
	}
	if err := t.place(); err != nil {
		return err
	}
	trail, data := &t.ways[Trail], &t.ways[Data]
	for _, ddl := range []string{TrailDDL(trail.bucket, &trail.partition), EventsDDL(data.bucket, &data.partition)} {
		if err := t.Search.Do(ctx, ddl); err != nil {
			return fmt.Errorf("make the demo's tables: %w", err)
		}
	}
	return nil
}

// place finds out to which tables the configuration sends what will land.
func (t *Story) place() error {
	t.ways = [3]way{
		Trail:  {bucket: t.Prefix + ".cloudtrail", shape: "AWSLogs/{account}/CloudTrail/{region}/{yyyy}/{MM}/{dd}/"},
		Data:   {bucket: t.Prefix + ".streamalert.data", shape: EventsTable + "/{yyyy}/{MM}/{dd}/{HH}/"},
		Alerts: {bucket: t.Prefix + ".streamalerts", shape: "alerts/{yyyy}/{MM}/{dd}/{HH}/"},
	}
	sample := strings.NewReplacer("{account}", "111122223333", "{region}", "us-east-1", "{yyyy}", "2023", "{MM}", "07", "{dd}", "10", "{HH}", "12")
	for i := range t.ways {
		w := &t.ways[i]
		p := t.Router.Place(w.bucket, sample.Replace(w.shape)+"x.json.gz")
		if p.Outcome != table.Place {
			return &NoTable{"s3://" + w.bucket + "/" + w.shape, p.Reason}
		}
		w.partition = p.Partition
	}
	if name := t.ways[Alerts].partition.Table; name != "alerts" {
		return fmt.Errorf("alerts are sent to table %s, not to alerts", name)
	}
	return nil
}

// land puts the files into the buckets.
func (t *Story) land(ctx context.Context) error {
	for i := range t.ways {
		t.Land.Buckets[i] = t.ways[i].bucket
	}
	stop := terminal.Progress(t.Stderr, func() string {
		n, _ := t.Land.Files()
		return count(n, "file") + " landed"
	})
	err := t.Land.Land(ctx, t.Files)
	stop()
	files, skipped := t.Land.Files()
	t.warnSkipped(skipped)
	switch {
	case err != nil:
		return fmt.Errorf("land the files: %w", err)
	case files == 0:
		return ErrNoFiles
	}
	for i := range t.ways {
		t.ways[i].landed = t.Land.Landed(Way(i))
	}
	return t.sayLanded(files)
}

// mostSkipped is how many skipped files are named.
const mostSkipped = 20

func (t *Story) warnSkipped(skipped []Skipped) {
	for i, s := range skipped {
		if i == mostSkipped {
			fmt.Fprintf(t.Stderr, "skipped: %d more\n", len(skipped)-i)
			return
		}
		fmt.Fprintf(t.Stderr, "skipped: %s: %s\n", terminal.Escape(s.Path), terminal.Escape(s.Why))
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

func (t *Story) sayLanded(files int) error {
	if err := t.head("%s land in S3, in three ways", count(files, "CloudTrail file")); err != nil {
		return err
	}
	out := []string{fmt.Sprintf("   %-20s %9s %9s %10s", "", "objects", "records", "bytes")}
	for i := range t.ways {
		w := &t.ways[i]
		n := w.landed
		out = append(out,
			fmt.Sprintf("   %-20s %9s %9s %10s", w.partition.Table, terminal.Thousands(n.Objects), terminal.Thousands(n.Records), terminal.Thousands(int(n.Bytes))))
		if err := t.line(demoLanded{"landed", w.partition.Table, w.bucket, n.Objects, n.Records, n.Bytes}); err != nil {
			return err
		}
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
func (t *Story) before(ctx context.Context) error {
	if err := t.head("A query finds nothing: no table has a partition yet"); err != nil {
		return err
	}
	return t.count(ctx, "before", func(w *way) int { return 0 })
}

// after shows that everything is found.
func (t *Story) after(ctx context.Context) error {
	if err := t.head("The same query finds every row"); err != nil {
		return err
	}
	return t.count(ctx, "after", func(w *way) int { return w.landed.Records })
}

// count counts the rows of the tables and holds them against what there has
// to be.
func (t *Story) count(ctx context.Context, when string, want func(*way) int) error {
	var wrong []error
	for i := range t.ways {
		w := &t.ways[i]
		sql := "SELECT count(*) FROM " + w.partition.Table
		n, err := t.number(ctx, sql)
		if err != nil {
			return fmt.Errorf("%s: %w", sql, err)
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
			wrong = append(wrong, fmt.Errorf("%s finds %d rows, not %d", sql, n, want(w)))
		}
	}
	return errors.Join(wrong...)
}

func (t *Story) number(ctx context.Context, sql string) (int, error) {
	_, rows, err := t.ask(ctx, sql)
	if err != nil {
		return 0, err
	}
	if len(rows) != 1 || len(rows[0]) != 1 || rows[0][0] == nil {
		return 0, fmt.Errorf("the answer is not one number")
	}
	return strconv.Atoi(*rows[0][0])
}

func (t *Story) ask(ctx context.Context, sql string) ([]query.Column, []query.Row, error) {
	result, err := t.Search.Run(ctx, sql)
	if err != nil {
		return nil, nil, err
	}
	rows, err := result.All(ctx)
	return result.Columns, rows, err
}

// mostRounds bounds the refreshes: what is put off, because very much landed
// at once, comes again after half a minute.
const mostRounds = 20

// refresh adds the partitions.
func (t *Story) refresh(ctx context.Context) error {
	if err := t.head(`The refresh, as "athena-refresh once" does it`); err != nil {
		return err
	}
	for range mostRounds {
		r, err := t.Refresh(ctx)
		if err != nil {
			return err
		}
		if err := t.line(r.Line); err != nil {
			return err
		}
		for line := range strings.Lines(r.Text) {
			if err := t.printf("   %s", line); err != nil {
				return err
			}
		}
		if !r.More {
			break
		}
		if err := t.waitFor(ctx, r.RetryAt); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// waitFor waits until messages that were put off are there again.
func (t *Story) waitFor(ctx context.Context, at *time.Time) error {
	if at == nil {
		return ctx.Err()
	}
	fmt.Fprintf(t.Stderr, "waiting until %s for what was put off\n", at.Local().Format(time.TimeOnly))
	select {
	case <-time.After(time.Until(*at)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// question is one worth asking of any account.
const question = `SELECT rule_name, context['event'] AS event, context['who'] AS who, count(*) AS times, min(created) AS first
FROM alerts GROUP BY 1, 2, 3 ORDER BY times DESC, first, event, who LIMIT 5`

// demoAnswer is the last line of demo --json.
type demoAnswer struct {
	Type    string      `json:"type"` // "answer"
	SQL     string      `json:"sql"`
	Columns []string    `json:"columns"`
	Rows    []query.Row `json:"rows"`
}

// answer asks who did what.
func (t *Story) answer(ctx context.Context) error {
	if err := t.head("Who did what?"); err != nil {
		return err
	}
	columns, rows, err := t.ask(ctx, question)
	if err != nil {
		return fmt.Errorf("ask who did what: %w", err)
	}
	if t.JSON != nil {
		a := demoAnswer{Type: "answer", SQL: question, Rows: append([]query.Row{}, rows...)}
		for _, c := range columns {
			a.Columns = append(a.Columns, c.Name)
		}
		return t.JSON(a)
	}
	if err := t.printf("   %s\n\n", strings.ReplaceAll(question, "\n", "\n   ")); err != nil {
		return err
	}
	return t.Show("   ", columns, rows)
}

// count is "1 file" or "2 files".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

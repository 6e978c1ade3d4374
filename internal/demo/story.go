package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/prompt"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/terminal"
)

// Story shows that what lands is found, a step after the other: Before up to the
// refresh, After from there on. It goes on while somebody settles the queue.
type Story struct {
	*Lander
	Files  fs.FS  // to land
	Folder string // that they are from
	Table  string // where they are found
	URL    string // of the AWS that has all this
	Kept   string // folder in which its data stays; "": nowhere
	Served bool   // it goes on after the story

	Make     func(context.Context) error                                    // makes the table
	Ask      func(ctx context.Context, sql string) (*prompt.Answer, error)  // runs a SELECT
	Depth    func(context.Context) (waiting, inFlight int, err error)       // of the queue
	Tally    func() refresh.Tally                                           // what was settled
	Progress func(refresh.Tally) string                                     // in a line, until all is
	Report   func(context.Context, refresh.Tally, time.Duration) (line any) // for programs

	Out, Err io.Writer
	JSON     bool                                              // Show shows lines, and no words
	Show     func(line any, format string, words ...any) error // on Out
	Say      func(string)                                      // on Err

	step   int
	failed error // to show
}

// Before makes the table, lands the files, and shows that nothing is found.
func (s *Story) Before(ctx context.Context) error {
	s.head(nil, "An S3, SQS, Glue and Athena of its own: %s", s.URL)
	return s.steps(ctx, s.Make, s.landFiles, s.before)
}

// After waits until what landed is settled, and shows that everything is found. Its
// error is a failure, or a mismatch.
func (s *Story) After(ctx context.Context) error {
	return s.steps(ctx, s.settle, s.after, s.answer, s.end)
}

func (s *Story) steps(ctx context.Context, all ...func(context.Context) error) error {
	for _, step := range all {
		if err := errors.Join(step(ctx), s.failed); err != nil {
			return err
		}
	}
	return nil
}

// show shows a line or words, until that fails; what has no line is for people.
func (s *Story) show(line any, format string, words ...any) {
	if s.failed == nil && (line != nil || !s.JSON) {
		s.failed = s.Show(line, format, words...)
	}
}

// head begins a step.
func (s *Story) head(line any, format string, words ...any) {
	s.step++
	s.show(line, "%s\n", terminal.Bold(s.Out, fmt.Sprintf("%d. %s", s.step, fmt.Sprintf(format, words...))))
}

// mostSkipped is how many skipped files are named.
const mostSkipped = 20

// landedLine is a line of demo --json.
type landedLine struct {
	Type   string `json:"type"`   // "landed"
	Table  string `json:"table"`  // that they belong to
	Bucket string `json:"bucket"` // that they land in
	Landed
}

// landFiles puts the files into the bucket.
func (s *Story) landFiles(ctx context.Context) error {
	stop := terminal.Progress(s.Err, func() string { return faults.Count(s.Landed().Objects, "file") + " landed" })
	skipped, err := s.Land(ctx, s.Files)
	stop()
	for _, f := range skipped[:min(len(skipped), mostSkipped)] {
		s.Say("skipped: " + terminal.Escape(f.Path) + ": " + terminal.Escape(f.Why))
	}
	if more := len(skipped) - mostSkipped; more > 0 {
		s.Say(fmt.Sprintf("skipped: %d more", more))
	}
	n := s.Landed()
	switch {
	case err != nil:
		return fmt.Errorf("land the files: %w", err)
	case n.Objects == 0:
		return faults.Hint(fmt.Errorf("no CloudTrail file in %s", s.Folder), `a CloudTrail file is {"Records": [{…}, …]}, as .json or .json.gz`)
	}
	s.head(landedLine{"landed", s.Table, s.Bucket, n}, "%s land in s3://%s: %s records", faults.Count(n.Objects, "CloudTrail file"), s.Bucket, terminal.Thousands(n.Records))
	return nil
}

// rowsLine is a line of demo --json.
type rowsLine struct {
	Type   string `json:"type"`   // "before" or "after"
	Table  string `json:"table"`  // that was asked
	Rows   int    `json:"rows"`   // that the query finds
	Landed int    `json:"landed"` // rows of what was landed
}

func (s *Story) before(ctx context.Context) error {
	return s.count(ctx, "A query finds nothing: the table has no partition yet", "before", 0, "")
}

func (s *Story) after(ctx context.Context) error {
	n := s.Landed().Records
	return s.count(ctx, "The same query finds every row", "after", n, fmt.Sprintf(" of %s landed", terminal.Thousands(n)))
}

// count counts the rows of the table and holds them against what there has to be.
func (s *Story) count(ctx context.Context, head, when string, want int, verdict string) error {
	s.head(nil, "%s", head)
	sql := "SELECT count(*) FROM " + s.Table
	_, rows, err := s.ask(ctx, sql)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.Join(prompt.Texts(slices.Concat(rows...), "NULL"), ", "))
	if err != nil {
		return fmt.Errorf("%s: the answer is not one number: %w", sql, err)
	}
	s.show(rowsLine{when, s.Table, n, s.Landed().Records}, "   %s: %s rows%s\n", sql, terminal.Thousands(n), verdict)
	if n != want {
		return fmt.Errorf("%s finds %d rows, not %d", sql, n, want)
	}
	return nil
}

func (s *Story) ask(ctx context.Context, sql string) ([]prompt.Column, [][]*string, error) {
	answer, err := s.Ask(ctx, sql)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", sql, err)
	}
	rows, err := answer.All()
	return answer.Columns, rows, err
}

// settle waits until all that landed is settled.
func (s *Story) settle(ctx context.Context) error {
	s.head(nil, "The refresh adds the partitions that S3's notifications call for")
	begun := time.Now()
	stop := terminal.Progress(s.Err, func() string { return s.Progress(s.Tally()) })
	err := s.untilSettled(ctx)
	stop()
	if err != nil {
		return err
	}
	t := s.Tally()
	text := fmt.Sprintf("%s: %s added", faults.Count(t.Settled(), "message"), faults.Count(t.Partitions(), "partition"))
	if l := t.AllSearchable(); len(l.Samples) > 0 {
		text += fmt.Sprintf(", searchable %s after landing (p50)", terminal.Milliseconds(l.Percentile(50).Milliseconds()))
	}
	if n := t.Messages[refresh.Parked]; n > 0 {
		text += fmt.Sprintf("; %s parked%s", faults.Count(n, "message"), terminal.Counts(": ", t.Reasons))
	}
	s.show(s.Report(ctx, t, time.Since(begun)), "   %s\n", text)
	return nil
}

// unmoved is how long nothing may be settled until the story gives up: longer than
// what was put off stays away.
const unmoved = time.Minute

func (s *Story) untilSettled(ctx context.Context) error {
	landed := s.Landed().Objects
	for last, moved := 0, time.Now(); ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		tally := s.Tally() // first: what is settled later is still in the queue then
		waiting, inFlight, err := s.Depth(ctx)
		settled := tally.Settled()
		switch {
		case err != nil:
			return err
		case settled >= landed && waiting+inFlight == 0:
			return nil
		case settled > last:
			last, moved = settled, time.Now()
		case time.Since(moved) > unmoved:
			return faults.Hint(fmt.Errorf("%s in the queue, and none was settled for %s", faults.Count(waiting+inFlight, "message"), unmoved), "--verbose shows the log")
		}
	}
	return ctx.Err()
}

// answerLine is the last line of demo --json.
type answerLine struct {
	Type    string      `json:"type"`    // "answer"
	SQL     string      `json:"sql"`     // that was asked
	Columns []string    `json:"columns"` // their names
	Rows    [][]*string `json:"rows"`    // each a list of texts; null: NULL
}

// answer asks something worth asking of any account.
func (s *Story) answer(ctx context.Context) error {
	s.head(nil, "Which calls failed?")
	sql := `SELECT eventname, errorcode, count(*) AS times, min(eventtime) AS first
FROM ` + s.Table + ` WHERE errorcode IS NOT NULL GROUP BY 1, 2
ORDER BY times DESC, first, eventname LIMIT 5`
	columns, rows, err := s.ask(ctx, sql)
	if err != nil {
		return err
	}
	line := answerLine{Type: "answer", SQL: sql, Rows: append([][]*string{}, rows...)}
	for _, c := range columns {
		line.Columns = append(line.Columns, c.Name)
	}
	s.show(line, "   %s\n", strings.ReplaceAll(sql, "\n", "\n   "))
	if s.JSON {
		return nil
	}
	shown := prompt.Table(s.Out, terminal.Width(s.Out), "   ", columns)
	for _, r := range rows {
		if err := shown.Row(r); err != nil {
			return err
		}
	}
	return shown.Close()
}

// end says what becomes of all that.
func (s *Story) end(context.Context) error {
	rest := map[bool]string{false: "nothing is left behind", true: "it is served until Ctrl-C"}[s.Served]
	if s.Kept != "" {
		rest = "the data is kept in " + s.Kept
	}
	s.show(nil, "Done in %.1f s; %s.\n", time.Since(s.Now).Seconds(), rest)
	return nil
}

package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/prompt"
	"athenarefresh/internal/refresh"
)

// world is where a story takes place: what lands is settled one object after the
// other, and then found.
type world struct {
	bodies
	each    time.Duration // that an object takes to be settled; 0: none ever is
	missing int           // records that no query finds
	begun   time.Time
}

func (w *world) settled() int {
	if w.each == 0 {
		return 0
	}
	return min(int(time.Since(w.begun)/w.each), len(w.puts))
}

func (w *world) depth(context.Context) (waiting, inFlight int, err error) {
	return len(w.puts) - w.settled(), 0, nil
}

func (w *world) tally() refresh.Tally {
	return refresh.Tally{Messages: map[refresh.Outcome]int{refresh.Done: w.settled()}, Added: map[string]int{"trail": w.settled()}}
}

func (w *world) ask(_ context.Context, sql string) (*prompt.Answer, error) {
	row := []string{"ConsoleLogin", "Failed", "1", "2023-07-10T12:59:59Z"}
	if strings.HasPrefix(sql, "SELECT count(*)") {
		row = []string{fmt.Sprint(max(w.settled()-w.missing, 0))}
	}
	a := &prompt.Answer{Rows: func(yield func([]*string, error) bool) {
		var values []*string
		for i := range row {
			values = append(values, &row[i])
		}
		yield(values, nil)
	}}
	for i := range row {
		a.Columns = append(a.Columns, prompt.Column{Name: fmt.Sprintf("c%d", i)})
	}
	return a, nil
}

// tell tells a story of three files, with a record each, in a bubble.
func (w *world) tell(t *testing.T, asJSON bool) (shown string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w.puts, w.begun = map[string][]byte{}, time.Now()
		one := file(`{"Records":[` + login + `]}`)
		var out bytes.Buffer
		s := &Story{
			Lander: &Lander{Put: w.put, Bucket: "trail", Now: time.Now()}, Table: "trail", URL: "http://here",
			Files: fstest.MapFS{"a.json": one, "b.json": one, "c.json": one, "d.txt": one},
			Make:  func(context.Context) error { return nil }, Ask: w.ask, Depth: w.depth, Tally: w.tally,
			Progress: func(refresh.Tally) string { return "" },
			Report: func(_ context.Context, t refresh.Tally, _ time.Duration) any {
				return map[string]int{"messages": t.Settled()}
			},
			Out: &out, Err: &out, JSON: asJSON, Say: func(text string) { fmt.Fprintln(&out, text) },
			Show: func(line any, format string, words ...any) error {
				if asJSON {
					return json.NewEncoder(&out).Encode(line)
				}
				_, err := fmt.Fprintf(&out, format, words...)
				return err
			},
		}
		if err = s.Before(t.Context()); err == nil {
			err = s.After(t.Context())
		}
		shown = out.String()
	})
	return shown, err
}

const toldInWords = `1. An S3, SQS, Glue and Athena of its own: http://here
skipped: d.txt: not a .json or .json.gz
2. 3 CloudTrail files land in s3://trail: 3 records
3. A query finds nothing: the table has no partition yet
   SELECT count(*) FROM trail: 0 rows
4. The refresh adds the partitions that S3's notifications call for
   3 messages: 3 partitions added
5. The same query finds every row
   SELECT count(*) FROM trail: 3 rows of 3 landed
6. Which calls failed?
   SELECT eventname, errorcode, count(*) AS times, min(eventtime) AS first
   FROM trail WHERE errorcode IS NOT NULL GROUP BY 1, 2
   ORDER BY times DESC, first, eventname LIMIT 5
   c0            c1      c2  c3
   ────────────  ──────  ──  ────────────────────
   ConsoleLogin  Failed  1   2023-07-10T12:59:59Z
Done in 150.0 s; nothing is left behind.
`

var toldInLines = []string{
	"skipped: d.txt: ", `{"type":"landed","table":"trail","bucket":"trail","objects":3,"records":3,"bytes":`,
	`{"type":"before","table":"trail","rows":0,"landed":3}`, `{"messages":3}`, `{"type":"after","table":"trail","rows":3,"landed":3}`,
	`{"type":"answer","sql":"SELECT eventname,`,
}

// TestASlowQueueIsWaitedFor: as long as something is settled every minute.
func TestASlowQueueIsWaitedFor(t *testing.T) {
	w := &world{each: 50 * time.Second}
	if shown, err := w.tell(t, false); err != nil || shown != toldInWords {
		t.Errorf("%v, told:\n%s", err, shown)
	}
	shown, err := w.tell(t, true)
	lines := strings.Split(shown, "\n")
	for i, begins := range toldInLines {
		if err != nil || len(lines) != len(toldInLines)+1 || !strings.HasPrefix(lines[i], begins) {
			t.Errorf("%v, line %d doesn't begin with %s:\n%s", err, i, begins, shown)
		}
	}
}

func TestARowThatIsNotFoundIsAnError(t *testing.T) {
	w := &world{each: time.Second, missing: 1}
	shown, err := w.tell(t, true)
	if err == nil || err.Error() != "SELECT count(*) FROM trail finds 2 rows, not 3" {
		t.Errorf("%v, told:\n%s", err, shown)
	}
	if !strings.HasSuffix(shown, `{"type":"after","table":"trail","rows":2,"landed":3}`+"\n") {
		t.Errorf("the count that is wrong isn't the last line:\n%s", shown)
	}
}

func TestAQueueThatDoesNotMoveIsGivenUp(t *testing.T) {
	_, err := new(world).tell(t, false)
	if err == nil || err.Error() != "3 messages in the queue, and none was settled for 1m0s" || faults.HintOf(err) == "" {
		t.Errorf("%v, hint %q", err, faults.HintOf(err))
	}
}

package statuspage_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/statuspage"
	"athenarefresh/internal/table"
)

// script is what a stranger would have a browser and a terminal do.
const script = `</code><script>document.title="owned"</script><img src=x onerror="document.title='owned'">` + "\x1b[2J\u202e\n"

var begun = time.Date(2026, 11, 27, 2, 0, 0, 0, time.UTC)

// source is a daemon that has seen a little of everything.
func source() statuspage.Source {
	recent := &statuspage.Recent{}
	recent.Note(refresh.Noted{At: begun, Outcome: "retry", Reason: refresh.TableMissing, Message: "m1", Bucket: "data", Key: "t/x", Why: "table t: not there"})
	recent.Note(refresh.Noted{At: begun.Add(time.Second), Outcome: "park", Reason: "malformed", Message: "m2"})
	recent.Note(refresh.Noted{At: begun.Add(2 * time.Second), Outcome: "park", Reason: "no_layout_match", Message: "m3", Bucket: "logs", Key: script, Why: script})
	tally := func() refresh.Tally {
		return refresh.Tally{
			Messages: map[refresh.Outcome]int{refresh.Done: 1234, refresh.Parked: 2, refresh.Retry: 3}, Records: 2000,
			Reasons: map[refresh.Reason]int{"hidden": 5, refresh.TableMissing: 3, "malformed": 1, "no_layout_match": 1},
			Added:   map[string]int{"alerts": 3, "big": 40, "also": 3}, Adds: 7, Lookups: 9, Throttles: 1,
			Searchable: map[string]refresh.Latencies{"alerts": {Objects: 2, Samples: []time.Duration{time.Second, 3 * time.Second}}},
		}
	}
	return statuspage.Source{
		About: statuspage.About{Version: "v1", Queue: "p_notifications", Database: "p_streamalert", Region: "eu-west-1", Trigger: "queue", Catalog: "athena", Begun: begun},
		Health: func() daemon.Health {
			return daemon.Health{Alive: begun.Add(time.Hour), Received: begun.Add(time.Hour - 5*time.Second),
				Done: daemon.Summary{Received: 1239, Deleted: 1236, Hidden: 3, Depth: &daemon.Depth{Waiting: 0, InFlight: 4}}}
		},
		Tally: tally, Recent: recent, History: &statuspage.History{Counts: tally}, Stuck: time.Minute,
		CatalogDown: func() bool { return false },
		Reconciled:  func() reconcile.Last { return reconcile.Last{At: begun, Summary: &reconcile.Summary{}} },
		Explain: func(bucket, key string) (table.Placement, []string) {
			return table.Placement{Outcome: table.Park, Reason: "unknown_bucket"}, []string{"bucket " + bucket + ": none", "key " + key}
		},
	}
}

func TestTheViewIsWhatWasDone(t *testing.T) {
	s := source()
	s.Next = func(after time.Time) (time.Time, bool) { return after.Add(time.Minute), true }
	v := s.View(begun.Add(time.Hour))
	if want := begun.Add(time.Hour + time.Minute); v.Next == nil || !v.Next.Equal(want) {
		t.Errorf("next at %v, not %s", v.Next, want)
	}
	if v.Placed != 1990 || v.Records != 2000 || v.Partitions != 46 || v.Parked != 2 || v.Retried != 3 || *v.Waiting != 0 || *v.InFlight != 4 {
		t.Errorf("%+v", v)
	}
	var tables, reasons, recent []string
	for _, x := range v.Tables {
		tables = append(tables, fmt.Sprint(x.Name, " ", x.Partitions, " ", x.Searchable.P99))
	}
	for _, x := range v.Reasons {
		reasons = append(reasons, fmt.Sprint(x.Outcome, " ", x.Reason, " ", x.Records))
	}
	for _, x := range v.Recent {
		recent = append(recent, x.Message)
	}
	if d := cmp.Diff([]string{"big 40 0", "alerts 3 3", "also 3 0"}, tables); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"retry table_missing 3", "park malformed 1", "park no_layout_match 1", "ignore hidden 5"}, reasons); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"m3", "m2", "m1"}, recent); d != "" {
		t.Error(d)
	}
	if n := len(v.Minutes); n != 60 || v.Minutes[59].Done != 1234 || v.Minutes[58].Done != 0 {
		t.Errorf("%d minutes, the last %+v", n, v.Minutes[n-1])
	}
}

func TestTheStateIsTheWorstThatIsKnown(t *testing.T) {
	now := begun.Add(time.Hour)
	for _, c := range []struct {
		health daemon.Health
		down   bool
		want   string
	}{
		{daemon.Health{Alive: now, Received: now}, false, "running"},
		{daemon.Health{Alive: now, Received: now}, true, "the catalog as a whole does not work"},
		{daemon.Health{Alive: now}, true, "the queue has not answered yet"},
		{daemon.Health{Alive: now, Received: now.Add(-3 * time.Minute), Failing: true}, true, "the queue does not answer; it last did 3 min ago"},
		{daemon.Health{Alive: now, Failing: true}, false, "the queue does not answer, and never did"},
		{daemon.Health{Alive: now.Add(-2 * time.Minute), Received: now, Failing: true}, true, "it has stood still for 2m0s"},
	} {
		s := source()
		s.Health, s.CatalogDown = func() daemon.Health { return c.health }, func() bool { return c.down }
		if got := s.View(now).State; !strings.HasPrefix(got.Words, c.want) || got.OK != (c.want == "running") {
			t.Errorf("%+v: %+v, want %q", c.health, got, c.want)
		}
	}
}

// TestEveryReasonHasWords, and the outcome that README.md's table has.
func TestEveryReasonHasWords(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	said := map[refresh.Reason]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[a-z0-9_` ]+`) \\| (ignored|parked|tried again) \\|").FindAllStringSubmatch(string(readme), -1) {
		for _, name := range strings.Fields(strings.ReplaceAll(row[1], "`", " ")) {
			said[refresh.Reason(name)] = map[string]string{"ignored": "ignore", "parked": "park", "tried again": "retry"}[row[2]]
		}
	}
	for _, r := range refresh.Reasons() {
		s := source()
		s.Tally = func() refresh.Tally { return refresh.Tally{Reasons: map[refresh.Reason]int{r: 1}} }
		got := s.View(begun).Reasons[0]
		if got.Words == "" || got.Outcome != said[r] {
			t.Errorf("%s: %+v, README.md says %q", r, got, said[r])
		}
	}
}

// TestNothingThatAKeySaysRuns: what strangers wrote is text, on the page and in
// the JSON.
func TestNothingThatAKeySaysRuns(t *testing.T) {
	server := httptest.NewServer(statuspage.Handler(source()))
	defer server.Close()
	_, page := get(t, server.URL+"/?bucket=b&key="+"%3Cscript%3Ealert(1)%3C/script%3E%0A")
	_, text := get(t, server.URL+"/status.json")
	for what, bad := range map[string]string{"a script": "<script>", "an image": "<img", "an escape": "\x1b", "a change of direction": "\u202e"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %s out of a key", what)
		}
	}
	for what, bad := range map[string]string{"an escape": "\x1b", "an escape, escaped": `\u001b`, "a change of direction": "\u202e"} {
		if strings.Contains(text, bad) {
			t.Errorf("status.json has %s out of a key", what)
		}
	}
	for _, want := range []string{
		`s3://logs/&lt;/code&gt;&lt;script&gt;`, `\x1b[2J\u202e\n`, // as text
		`?bucket=logs&amp;key=%3C%2Fcode%3E%3Cscript%3E`, // and as it was, in a question
		`<li>bucket b: none</li><li>key &lt;script&gt;alert(1)&lt;/script&gt;\n</li>`,
		`<span class="park">park</span>: <code>unknown_bucket</code>: the configuration has no such bucket`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in the page:\n%s", want, page)
		}
	}
	var v statuspage.View
	if err := json.Unmarshal([]byte(text), &v); err != nil || v.Queue != "p_notifications" || len(v.Recent) != 3 {
		t.Errorf("%v: %+v", err, v)
	}
}

// TestAPageOfTheWebCanNotRead what is served for this machine alone, under a
// name that it has resolve to 127.0.0.1.
func TestAPageOfTheWebCanNotRead(t *testing.T) {
	server := httptest.NewServer(statuspage.Handler(source()))
	defer server.Close()
	for path, guarded := range map[string]bool{"/": true, "/status.json": true, "/metrics": false, "/healthz": false, "/readyz": false} {
		for host, local := range map[string]bool{"rebound.example": false, "rebound.example:8463": false, "127.0.0.1.example": false, "": false,
			"localhost": true, "localhost:8463": true, "127.0.0.1:1": true, "[::1]:8463": true, "[::1]": true} {
			r := httptest.NewRequest("GET", server.URL+path, nil)
			r.RequestURI = ""
			if r.Host = host; host == "" {
				r.Host = "."
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if refused := resp.StatusCode == http.StatusForbidden; refused != (guarded && !local) {
				t.Errorf("%s asked as %q: %s", path, host, resp.Status)
			}
			if guarded && local && !strings.HasPrefix(resp.Header.Get("Content-Security-Policy"), "default-src 'none';") {
				t.Errorf("%s has no policy of what may run", path)
			}
		}
	}
}

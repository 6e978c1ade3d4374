package statuspage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/coverage"
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/statuspage"
	"athenarefresh/internal/table"
)

// script is what a stranger would have a browser and a terminal do.
const script = `</code><script>document.title="owned"</script><img src=x onerror="document.title='owned'">` + "\x1b[2J\u202e\n"

var begun = time.Now().UTC().Truncate(time.Second)

func router() *table.Router {
	r, err := table.New([]table.Bucket{{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}}})
	if err != nil {
		panic(err)
	}
	return r
}

// source is a daemon with which all is well.
func source() statuspage.Source {
	now := time.Now()
	model := coverage.New(router().Place)
	return statuspage.Source{
		About:    statuspage.About{Version: "v1", Queue: "p_notifications", Database: "p_streamalert", Region: "eu-west-1", Trigger: "queue", Catalog: "athena", Begun: now},
		Coverage: model,
		Watcher:  &statuspage.Watcher{Model: model},
		Health: func() daemon.Health {
			return daemon.Health{Alive: now, Received: now, Done: daemon.Summary{Received: 1239, Deleted: 1236, Hidden: 3, Depth: &daemon.Depth{}}}
		},
		Tally:      func() refresh.Tally { return refresh.Tally{Adds: 7, Added: map[string]int{"alerts": 46}} },
		Stuck:      time.Minute,
		Reconciled: func() reconcile.Last { return reconcile.Last{At: now, Summary: &reconcile.Summary{}} },
		Create:     func(name string) string { return "athena-refresh table create " + name + " --schema FILE" },
		Paste:      func(command string) string { return command },
		Ask: func(_ context.Context, q string) statuspage.Answer {
			return statuspage.Answer{Steps: []string{"asked of " + q}, Outcome: "park", Reason: "unknown_bucket", Words: "no bucket " + q}
		},
		Token: "secret",
	}
}

func note(m *coverage.Model, outcome string, reason refresh.Reason, key string, landed time.Time) {
	m.Note(refresh.Noted{At: time.Now(), Landed: landed, Outcome: outcome, Reason: reason, Added: reason == "", Message: key, Bucket: "data", Key: key, Records: 1})
}

// key is an object of a table that is of a time.
func key(name string, at time.Time) string {
	return name + "/" + at.UTC().Format("2006/01/02/15") + "/x"
}

// TestTheVerdict: each thing that can be amiss is named first with its repair, and
// where nothing is, no more is said than is known. The clock stands still: what is
// said counts minutes.
func TestTheVerdict(t *testing.T) { synctest.Test(t, verdict) }

func verdict(t *testing.T) {
	begun := time.Now()
	hour := begun.Add(-time.Hour)
	three := 3
	for _, c := range []struct {
		fault string
		with  func(*statuspage.Source)
		says  string
		run   string
	}{
		{"", func(*statuspage.Source) {}, "Everything that landed is searchable: S3 and the catalog were compared", ""},
		{"", func(s *statuspage.Source) {
			s.Queues = &statuspage.Queues{Ask: func(context.Context) (statuspage.Depths, error) {
				return statuspage.Depths{Waiting: 1, InFlight: 2}, nil
			}}
		}, "Nothing is amiss; 3 messages are to be settled.", ""},
		{"", func(s *statuspage.Source) { s.Reconciled = nil }, "Everything that was notified is searchable.", ""},
		{"", func(s *statuspage.Source) {
			s.Health = func() daemon.Health { return daemon.Health{Alive: time.Now()} }
		}, "The queue has not answered yet.", ""},
		{"stands_still", func(s *statuspage.Source) {
			s.Health = func() daemon.Health { return daemon.Health{Alive: begun.Add(-2 * time.Minute), Received: begun} }
		}, "the daemon has stood still for 2 min", ""},
		{"queue_silent", func(s *statuspage.Source) {
			s.Health = func() daemon.Health { return daemon.Health{Alive: time.Now(), Failing: true} }
		}, "queue p_notifications does not answer", "athena-refresh doctor"},
		{"queue_missing", func(s *statuspage.Source) {
			s.Queues = &statuspage.Queues{Ask: func(context.Context) (statuspage.Depths, error) {
				return statuspage.Depths{}, fmt.Errorf("%w: x", statuspage.ErrNoQueue)
			}}
			s.Health = func() daemon.Health { return daemon.Health{Alive: time.Now(), Failing: true} }
		}, "queue p_notifications: there is no such queue", "athena-refresh lambda deploy --processor athena"},
		{"was_stopped", func(s *statuspage.Source) {
			s.Stopped = statuspage.Pause{From: begun.Add(-time.Hour), To: begun}
			s.Queues = &statuspage.Queues{Ask: func(context.Context) (statuspage.Depths, error) { return statuspage.Depths{Waiting: 3}, nil }}
		}, "nothing was received from ", "athena-refresh status"},
		{"database_missing", func(s *statuspage.Source) {
			s.CatalogFailure = func() error { return fmt.Errorf("x: %w", refresh.ErrDatabaseMissing) }
		}, "database p_streamalert: there is no such database", "aws glue create-database --database-input Name=p_streamalert"},
		{"access_denied", func(s *statuspage.Source) {
			s.CatalogFailure = func() error { return refresh.ErrAccessDenied }
			s.Coverage.Note(refresh.Noted{At: time.Now(), Landed: hour, Outcome: "retry", Reason: refresh.AccessDenied, Why: "glue:GetTable", Message: "m", Bucket: "data", Key: key("t", hour), Records: 1})
		}, "access denied: glue:GetTable; 1 object waits since", "athena-refresh doctor"},
		{"table_missing", func(s *statuspage.Source) {
			note(s.Coverage, "retry", refresh.TableMissing, key("payments", hour), hour)
		},
			"payments: no such table; 1 object waits since", "athena-refresh table create payments --schema FILE"},
		{"throttled", func(s *statuspage.Source) { note(s.Coverage, "retry", refresh.Throttled, key("t", hour), hour) }, "t: AWS refuses calls", "athena-refresh status"},
		{"slow_table", func(s *statuspage.Source) { note(s.Coverage, "retry", refresh.Deadline, key("t", hour), hour) }, "t: behind by 60 min", "athena-refresh table show t"},
		{"slow_table", func(s *statuspage.Source) {
			s.Coverage.Note(refresh.Noted{At: time.Now(), Landed: hour, Outcome: "partition", Added: true, Took: 100 * time.Second, Bucket: "data", Key: key("t", hour), Records: 1})
		}, "t: behind by 100 s", "athena-refresh table show t"},
		{"", func(s *statuspage.Source) { note(s.Coverage, "partition", "", key("t", hour), hour) }, "Everything that landed", ""}, // it was caught up with
		{"location_conflict", func(s *statuspage.Source) { note(s.Coverage, "park", refresh.LocationConflict, key("t", hour), hour) }, "t: 1 partition elsewhere", "athena-refresh reconcile --relocate t"},
		{"partitions_missing", func(s *statuspage.Source) {
			s.Coverage.Compared(time.Now(), []reconcile.Finding{{Kind: reconcile.Missing, Table: "t", Keys: []string{"dt"}, Values: []string{"2026-03-04-05"}, Location: "s3://data/t/2026/03/04/05/"}})
		}, "t: 1 partition in S3 and not in the catalog, of 2026-03-04 05:00: a query misses their rows", "athena-refresh reconcile --fix t"},
		{"parked", func(s *statuspage.Source) {
			s.Queues = &statuspage.Queues{Ask: func(context.Context) (statuspage.Depths, error) { return statuspage.Depths{Parked: &three}, nil }}
		}, "3 messages parked", "athena-refresh parked sample"},
		{"configuration_refused", func(s *statuspage.Source) {
			s.Configuration = func() statuspage.Configuration {
				return statuspage.Configuration{Refused: []string{"lambda.json:1:1: \x1b<b>"}}
			}
		}, `the configuration's files are refused, the old ones are obeyed: lambda.json:1:1: \x1b<b>`, "athena-refresh help config"},
		{"restart_needed", func(s *statuspage.Source) {
			s.Configuration = func() statuspage.Configuration {
				return statuspage.Configuration{Restart: []string{"timeout", "queue_name"}}
			}
		}, "these settings are others by now, and take a restart: timeout, queue_name", ""},
		{"reconcile_failed", func(s *statuspage.Source) {
			s.Reconciled = func() reconcile.Last { return reconcile.Last{Failed: errors.New("no")} }
		}, "S3 and the catalog could not be compared: no", "athena-refresh reconcile"},
		{"partitions_empty", func(s *statuspage.Source) {
			s.Reconciled = func() reconcile.Last {
				return reconcile.Last{At: begun, Summary: &reconcile.Summary{Tables: map[string]*reconcile.TableSummary{"t": {Empty: three}}}}
			}
		}, "t: 3 partitions with nothing in S3", "athena-refresh reconcile --drop-empty t"},
	} {
		s := source()
		c.with(&s)
		v := lookAt(t, s)
		switch {
		case c.fault == "":
			if !v.State.OK || !strings.HasPrefix(v.State.Words, c.says) {
				t.Errorf("%q: %+v %+v", c.says, v.State, v.Faults)
			}
		case len(v.Faults) == 0 || v.Faults[0].Name != c.fault || !strings.HasPrefix(v.Faults[0].Says, c.says) || v.State.OK:
			t.Errorf("%s: %+v", c.fault, v.Faults)
		case c.run == "" && v.Faults[0].Run == nil, slices.Contains(v.Faults[0].Run, c.run):
		default:
			t.Errorf("%s: %q, want %q", c.fault, v.Faults[0].Run, c.run)
		}
	}
}

// lookAt is what a page's JSON has.
func lookAt(t *testing.T, s statuspage.Source) (v statuspage.View) {
	t.Helper()
	w := httptest.NewRecorder()
	statuspage.Handler(s).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost/status.json", nil))
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return v
}

// watched is a source whose dead-letter queue holds copies, and that is looked at.
func watched(t *testing.T, s statuspage.Source, copies ...parked.Copy) statuspage.Source {
	t.Helper()
	n := len(copies)
	s.Queues = &statuspage.Queues{Ask: func(context.Context) (statuspage.Depths, error) { return statuspage.Depths{Parked: &n}, nil }}
	s.Watcher.Router, s.Watcher.Receiving = router, func() bool { return true }
	s.Watcher.Catalog, s.Watcher.Sample = nothing{}, func(context.Context, int) ([]parked.Copy, error) { return copies, nil }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Watcher.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	for lookAt(t, s).Sampled.IsZero() {
		time.Sleep(5 * time.Millisecond)
	}
	return s
}

// nothing is a catalog without tables.
type nothing struct{ coverage.Catalog }

func (nothing) Tables(context.Context) ([]string, error) { return nil, nil }

func copyOf(bucket, key string, reasons ...refresh.Reason) parked.Copy {
	quoted, _ := json.Marshal(url.QueryEscape(key))
	return parked.Copy{
		ID: key, Body: fmt.Sprintf(`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":%q},"object":{"key":%s}}}]}`, bucket, quoted),
		Note: &parked.Note{Reasons: reasons, ID: "m"}, Sent: begun,
	}
}

// TestWhatIsParkedIsSaid, and what has a place by now may go back.
func TestWhatIsParkedIsSaid(t *testing.T) {
	s := watched(t, source(),
		copyOf("nobody", "a", "unknown_bucket"), copyOf("data", key("t", begun), "unknown_bucket"), copyOf("data", "x", "no_layout_match"),
		parked.Copy{ID: "1", Body: "{"}, copyOf("data", key("u", begun), refresh.PartitionKeysMismatch))
	v := lookAt(t, s)
	var names []string
	for _, c := range v.Faults {
		names = append(names, c.Name)
	}
	if want := []string{"partition_keys_mismatch", "unknown_bucket", "no_layout_match", "malformed", "parked_ready"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v\n%+v", names, want, v.Groups)
	}
	if ready := v.Faults[len(v.Faults)-1]; ready.Press != faults.Redrive || ready.Table != "t" || ready.Bucket != "data" {
		t.Errorf("%+v", ready)
	}
}

// TestALookIsDoneWhenItIsThrough: neither one that is under way, nor one that failed,
// has seen an empty queue.
func TestALookIsDoneWhenItIsThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, rules := source(), router()
		outcomes := make(chan error, 2)
		outcomes <- errors.New("no")
		outcomes <- nil
		s.Watcher.Router, s.Watcher.Receiving, s.Watcher.Catalog = func() *table.Router { return rules }, func() bool { return true }, nothing{}
		s.Watcher.Log = slog.New(slog.DiscardHandler)
		s.Watcher.Sample = func(context.Context, int) ([]parked.Copy, error) {
			time.Sleep(5 * time.Second)
			return nil, <-outcomes
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.Watcher.Run(ctx)
		for _, fails := range []bool{true, false} {
			lookAt(t, s)
			synctest.Wait()
			if v := lookAt(t, s); !v.Sampled.IsZero() {
				t.Errorf("as of %s, where nobody has looked", v.Sampled)
			}
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if v := lookAt(t, s); v.Sampled.IsZero() != fails {
				t.Errorf("after a look that fails, %t: as of %s", fails, v.Sampled)
			}
			time.Sleep(2 * time.Minute) // until it is looked again
		}
	})
}

// TestWhatWasParkedSinceTheLastLookIsSaid: the queue's own number counts.
func TestWhatWasParkedSinceTheLastLookIsSaid(t *testing.T) {
	s := watched(t, source())
	n := 2
	s.Queues = &statuspage.Queues{Ask: func(context.Context) (statuspage.Depths, error) { return statuspage.Depths{Parked: &n}, nil }}
	if v := lookAt(t, s); len(v.Faults) != 1 || v.Faults[0].Says != "2 messages parked" {
		t.Errorf("%+v", v.Faults)
	}
}

// TestNothingThatAKeySaysRuns: what strangers wrote is text, on the page and in
// the JSON.
func TestNothingThatAKeySaysRuns(t *testing.T) {
	s := watched(t, source(), copyOf("data", script, "no_layout_match"))
	server := httptest.NewServer(statuspage.Handler(s))
	defer server.Close()
	_, page := get(t, server.URL+"/?q="+"%3Cscript%3Ealert(1)%3C/script%3E%0A&table=%3Cscript%3E&at=x&span=%22%3E")
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
		`&lt;/code&gt;&lt;script&gt;`, `\x1b[2J\u202e\n`, // as text
		`<li>asked of &lt;script&gt;alert(1)&lt;/script&gt;\n</li>`, `value="&lt;script&gt;alert(1)&lt;/script&gt;`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in the page:\n%s", want, page)
		}
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

// TestAButtonTakesTheTokenAndThePage: neither another page of the web, nor another
// user of this machine, may press one.
func TestAButtonTakesTheTokenAndThePage(t *testing.T) {
	s := watched(t, source())
	pressed := 0
	s.Redrive = func(_ context.Context, chosen parked.Selection) (parked.Summary, error) {
		pressed++
		return parked.Summary{}, fmt.Errorf("%s %s %s <b>", chosen.Reasons[0], chosen.Tables[0], chosen.Bucket)
	}
	server := httptest.NewServer(statuspage.Handler(s))
	defer server.Close()
	press := func(cookie, origin string) int {
		r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/act", strings.NewReader("do=redrive&reason=unknown_bucket&table=t&bucket=data"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		r.AddCookie(&http.Cookie{Name: "athena_refresh_" + r.URL.Port(), Value: cookie})
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		io.Copy(io.Discard, resp.Body)
		return resp.StatusCode
	}
	for _, c := range []struct {
		cookie, origin string
		code           int
	}{
		{"", server.URL, 403}, {"guess", server.URL, 403}, {"secret", "http://evil.example", 403}, {"secret", "", 403}, {"secret", "null", 403}, {"secret", server.URL, 303},
	} {
		if code := press(c.cookie, c.origin); code != c.code {
			t.Errorf("%+v: %d", c, code)
		}
	}
	if pressed != 1 {
		t.Errorf("pressed %d times", pressed)
	}
	if _, page := get(t, server.URL+"/"); !strings.Contains(page, "unknown_bucket t data &lt;b&gt;") || strings.Contains(page, `action="act"`) {
		t.Errorf("what came of it, and no button without the token:\n%s", page)
	}

	// The address with the token gives the cookie, and is left.
	resp, err := http.DefaultTransport.RoundTrip(request(server.URL + "/?token=secret"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if c := resp.Cookies(); resp.StatusCode != 303 || resp.Header.Get("Location") != "/" || len(c) != 1 || c[0].Value != "secret" || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode {
		t.Errorf("%s %v", resp.Status, resp.Header)
	}
	resp, err = http.DefaultTransport.RoundTrip(request(server.URL + "/?token=guess"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if len(resp.Cookies()) != 0 {
		t.Errorf("for a guess: %v", resp.Header)
	}
}

// TestAButtonSaysWhatCameOfIt, in a sentence.
func TestAButtonSaysWhatCameOfIt(t *testing.T) {
	s := source()
	s.Watcher.Router = router
	s.Redrive = func(_ context.Context, chosen parked.Selection) (parked.Summary, error) {
		if !slices.Equal(chosen.Reasons, []refresh.Reason{"table_missing"}) || chosen.Tables != nil || chosen.Bucket != "data" {
			return parked.Summary{}, fmt.Errorf("%+v", chosen)
		}
		return parked.Summary{Matched: 5, Sent: 1, Unsure: 2}, nil
	}
	some := &reconcile.Summary{Listings: 1, Took: 1234567 * time.Nanosecond, Tables: map[string]*reconcile.TableSummary{"t": {Missing: 3, Added: 2, Empty: 1}}}
	s.Fix = func(_ context.Context, name string) (*reconcile.Summary, error) { return some, nil }
	at := time.Now().UTC().Truncate(time.Hour)
	s.Compare = func(_ context.Context, report func(reconcile.Finding) error) (*reconcile.Summary, error) {
		return some, report(reconcile.Finding{Kind: reconcile.Missing, Table: "t", Keys: []string{"dt"}, Values: []string{at.Format("2006-01-02-15")}, Location: "s3://data/t/" + at.Format("2006/01/02/15/"), Bucket: "data", Key: key("t", at)})
	}
	h := statuspage.Handler(s)
	for form, want := range map[string]string{
		"do=redrive&reason=table_missing&bucket=data": "3 messages sent back of 5 that are parked for table_missing.",
		"do=fix&table=t":       "2 partitions of t added of 3 that were missing.",
		"do=fix&table=no-such": `That failed: no rule of the configuration feeds a table &#34;no-such&#34;`,
		"do=compare":           "S3 and the catalog were compared by 1 listing in 1ms: 3 partitions missing, 2 differences in all.",
		"do=nothing":           `That failed: &#34;nothing&#34;: there is no such button`,
	} {
		r := httptest.NewRequest("POST", "http://localhost/act", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://localhost")
		r.Header.Set("Authorization", "Bearer secret")
		h.ServeHTTP(httptest.NewRecorder(), r)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/", nil))
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %q is not on the page", form, want)
		}
	}
	if v := lookAt(t, s); len(v.Tables) != 1 || v.Tables[0].Missing != 1 || !slices.Equal(v.Tables[0].Feeds, []string{"s3://data/t/"}) {
		t.Errorf("what was compared is not shown: %+v", v.Tables)
	}
}

func request(url string) *http.Request {
	r := httptest.NewRequest("GET", url, nil)
	r.RequestURI = ""
	return r
}

// TestFromAnotherMachineItTakesTheTokenToRead.
func TestFromAnotherMachineItTakesTheTokenToRead(t *testing.T) {
	h := statuspage.Handler(source())
	for _, c := range []struct {
		path, bearer string
		code         int
	}{
		{"/", "", 401}, {"/status.json", "", 401}, {"/status.json?token=secret", "", 401}, {"/", "guess", 401}, {"/", "secret", 200}, {"/status.json", "secret", 200},
		{"/?token=guess", "", 303}, {"/page.css?token=x", "", 401}, {"/metrics", "", 200}, {"/healthz", "", 200},
	} {
		r := httptest.NewRequest("GET", "http://10.0.0.1:8463"+c.path, nil)
		r = r.WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 8463}))
		if c.bearer != "" {
			r.Header.Set("Authorization", "Bearer "+c.bearer)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.code || c.code != 200 && bytes.Contains(w.Body.Bytes(), []byte("p_notifications")) {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/chromedp/chromedp"
)

// TestTheTablesAreSearched from the page of a daemon whose AWS is a local stack, in a
// browser, by roles, names and text.
func TestTheTablesAreSearched(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it needs a browser")
	}
	t.Parallel()
	w := newWard(t, startBrowser(t))
	w.open()
	w.follow("Search")
	w.press("alerts")
	w.until("the name is in the statement", func() bool { return w.statement("") == "alerts" })

	w.statement("SELECT id, dt, '<img src=x onerror=document.title=1>' AS mark FROM alerts ORDER BY dt")
	w.press("Run")
	w.says("6 rows; ")
	cells := w.texts("cell")
	if len(cells) != 18 || cells[0] != "x" || cells[1] != w.dt(6) || !strings.HasPrefix(cells[2], "<img") {
		t.Errorf("%q", cells)
	}
	w.everyWay("search")

	w.statement("SELECT i FROM UNNEST(sequence(1, 250)) AS t(i)")
	w.press("Run")
	w.says("250 rows; ")
	w.follow("Next")
	w.until("the second page", func() bool { return slices.Contains(w.texts("cell"), "101") })
	w.follow("Next")
	w.until("the last page", func() bool { return slices.Contains(w.texts("cell"), "250") })
	if links := w.texts("link"); !slices.Contains(links, "Previous") || slices.Contains(links, "Next") || !slices.Contains(links, "Download as CSV") {
		t.Errorf("%q", links)
	}

	w.statement("SELECT nosuch FROM alerts")
	w.press("Run")
	w.says("That failed, ")
	w.until("why", func() bool { return strings.Contains(w.tree().text(), "Column 'nosuch' cannot be resolved") })
	w.everyWay("search failed")

	w.statement("SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(i), UNNEST(sequence(1, 10000)) AS b(j), UNNEST(sequence(1, 10000)) AS c(k) WHERE i * j * k % 7 = 3")
	w.press("Run")
	w.press("Cancel")
	w.says("Cancelled.")
	w.until("Athena has stopped it", func() bool { return w.lastState() == types.QueryExecutionStateCancelled })
	if bad := seen(w, chromedp.Evaluate[string]("document.title")); !strings.HasPrefix(bad, "Search") {
		t.Errorf("a value ran: %q", bad)
	}
}

// follow follows the link of a name.
func (w *ward) follow(name string) {
	w.t.Helper()
	w.enter("link", name)
}

// says waits until the page says so to who can't see it.
func (w *ward) says(text string) {
	w.t.Helper()
	w.until("it says "+text, func() bool {
		return slices.ContainsFunc(w.texts("status"), func(said string) bool { return strings.HasPrefix(said, text) })
	})
}

// statement writes a statement, and is the one that is there.
func (w *ward) statement(sql string) string {
	w.t.Helper()
	if sql == "" {
		return seen(w, chromedp.Evaluate[string](`document.getElementById("sql").value`))
	}
	return seen(w, chromedp.Evaluate[string](`document.getElementById("sql").value = "`+sql+`"`))
}

// lastState is the state of the statement that was begun last.
func (w *ward) lastState() types.QueryExecutionState {
	w.t.Helper()
	api := athena.NewFromConfig(w.stack.cfg)
	list, err := api.ListQueryExecutions(w.t.Context(), &athena.ListQueryExecutionsInput{WorkGroup: &w.config.WorkGroup})
	w.call(list, err)
	got, err := api.GetQueryExecution(w.t.Context(), &athena.GetQueryExecutionInput{QueryExecutionId: &list.QueryExecutionIds[0]})
	w.call(got, err)
	return got.QueryExecution.Status.State
}

// TestASearchIsAtALocalStackAlone: of any other endpoint, and of AWS, it may cost
// money.
func TestASearchIsAtALocalStackAlone(t *testing.T) {
	c, _, err := (&app{conf: confDir(t, "at", "{}"), stdout: io.Discard, stderr: io.Discard}).router()
	if err != nil {
		t.Fatal(err)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("{}")) }))
	defer other.Close()
	for _, endpoint := range []*string{nil, &other.URL, aws.String("http://athena.example"), aws.String("://")} {
		if db := atHand(t.Context(), aws.Config{Region: "us-east-1", BaseEndpoint: endpoint}, c); db != nil {
			t.Errorf("%q is searched", aws.ToString(endpoint))
		}
	}
	if err := local.CanSelect(); err != nil {
		t.Skip(err)
	}
	s, err := startStack(t.Context(), c, "127.0.0.1:0", local.Options{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if atHand(t.Context(), s.cfg, c) == nil {
		t.Error("a local stack is not searched")
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

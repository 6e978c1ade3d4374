package statuspage_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/prompt"
	"athenarefresh/internal/statuspage"
)

// numbers is a database whose answers are as many rows as it is asked for.
type numbers struct {
	value   string
	ran     chan string   // each statement
	stopped chan struct{} // each that was stopped
	end     chan struct{} // closed: the test is over
}

func (n *numbers) Run(ctx context.Context, sql string) (*prompt.Answer, error) {
	n.ran <- sql
	switch {
	case sql == "SELECT wait":
		select {
		case <-ctx.Done():
		case <-n.end:
			return nil, errors.New("nobody stopped it")
		}
		n.stopped <- struct{}{}
		return nil, ctx.Err()
	case strings.HasPrefix(sql, "SELECT nosuch"):
		return nil, errors.New("Column 'acton' cannot be resolved\x1b<b>")
	}
	rows, err := strconv.Atoi(strings.TrimPrefix(sql, "SELECT "))
	return &prompt.Answer{Columns: []prompt.Column{{Name: "n", Numeric: true}, {Name: "<i>v"}, {Name: "none"}}, Bytes: 2048, Rows: func(yield func([]*string, error) bool) {
		for i := range rows {
			text := strconv.Itoa(i + 1)
			if !yield([]*string{&text, &n.value, nil}, nil) {
				return
			}
		}
	}}, err
}

func (*numbers) Tables(context.Context) ([]string, error) { return []string{"flows", "<script>"}, nil }

func (*numbers) Columns(_ context.Context, table string) ([]prompt.Column, error) {
	if table != "flows" {
		return nil, errors.New("no columns of \x1b" + table)
	}
	return []prompt.Column{{Name: "action", Type: "string"}, {Name: "end", Type: "bigint"}, {Name: "dt", Type: "string", Key: true}}, nil
}

// searched is a page with a search.
func searched(t *testing.T, value string) (*numbers, *httptest.Server) {
	t.Helper()
	n := &numbers{value, make(chan string, 10), make(chan struct{}, 10), make(chan struct{})}
	s := source()
	s.Search = n
	server := httptest.NewServer(statuspage.Handler(s))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(n.end) })
	return n, server
}

// ask is what a browser gets that has a cookie, and whose page is of an origin.
func ask(ctx context.Context, t *testing.T, server *httptest.Server, cookie, origin, path, sql string) (int, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+path, nil)
	if sql != "" {
		r, err = http.NewRequestWithContext(ctx, "POST", server.URL+path, strings.NewReader(url.Values{"sql": {sql}}.Encode()))
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", origin)
	name := "athena_refresh_" + r.URL.Port()
	r.AddCookie(&http.Cookie{Name: name, Value: cookie})
	client := &http.Client{CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		next.Header.Set("Cookie", name+"="+cookie)
		return nil
	}}
	resp, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func found(t *testing.T, server *httptest.Server, sql string) string {
	t.Helper()
	code, page, err := ask(t.Context(), t, server, "secret", server.URL, "/search", sql)
	if err != nil || code != 200 {
		t.Fatalf("%d %v: %s", code, err, page)
	}
	return page
}

// TestASearchTakesTheTokenAndThePage, what it found the token.
func TestASearchTakesTheTokenAndThePage(t *testing.T) {
	n, server := searched(t, "v")
	page := found(t, server, "SELECT 3;")
	link := regexp.MustCompile(`search\.csv\?r=\w+`).FindString(page)
	if sql := <-n.ran; sql != "SELECT 3" {
		t.Errorf("ran %q", sql)
	}
	for _, c := range []struct {
		cookie, origin, path, sql string
		code                      int
	}{
		{"", "", "/search", "", 403},
		{"guess", "", "/" + link, "", 403},
		{"", server.URL, "/search", "SELECT 1", 403},
		{"guess", server.URL, "/search", "SELECT 1", 403},
		{"secret", "http://evil.example", "/search", "SELECT 1", 403},
		{"secret", "", "/search", "SELECT 1", 403},
		{"secret", "", "/search", "", 200},
		{"secret", "", "/search.csv?r=x", "", 404},
		{"secret", "", "/search.js", "", 200},
		{"secret", server.URL, "/search", "SELECT " + strings.Repeat("1", 300<<10), 413},
	} {
		if code, body, err := ask(t.Context(), t, server, c.cookie, c.origin, c.path, c.sql); err != nil || code != c.code || code != 200 && strings.Contains(body, "flows") {
			t.Errorf("%+v: %d %v", c, code, err)
		}
	}
	if len(n.ran) != 0 {
		t.Errorf("ran %q", <-n.ran)
	}
	code, csv, err := ask(t.Context(), t, server, "secret", "", "/"+link, "")
	if want := "n,<i>v,none\n1,v,\n2,v,\n3,v,\n"; err != nil || code != 200 || csv != want {
		t.Errorf("%d %q, %v", code, csv, err)
	}
	_, main, _ := ask(t.Context(), t, server, "", "", "/", "")
	_, mine, _ := ask(t.Context(), t, server, "secret", "", "/", "")
	if strings.Contains(main, `href="search"`) || !strings.Contains(mine, `href="search"`) {
		t.Error("the page names the search to who may not, or doesn't to who may")
	}
}

// TestWithoutADatabaseAtHandNobodySearches: of a real account it costs money.
func TestWithoutADatabaseAtHandNobodySearches(t *testing.T) {
	server := httptest.NewServer(statuspage.Handler(source()))
	defer server.Close()
	_, page, _ := ask(t.Context(), t, server, "secret", "", "/", "")
	if code, _, err := ask(t.Context(), t, server, "secret", server.URL, "/search", "SELECT 1"); code == 200 || err != nil || strings.Contains(page, `href="search"`) {
		t.Errorf("%d %v", code, err)
	}
}

// TestASearchOnlyReads.
func TestASearchOnlyReads(t *testing.T) {
	n, server := searched(t, "v")
	for _, sql := range []string{"DROP TABLE flows", "/* SELECT */ CREATE TABLE x (y int)", "SELECT 1; DROP TABLE flows", "UNLOAD (SELECT 1) TO 's3://b/'", "INSERT INTO flows SELECT 1", "-- nothing", "; ;"} {
		if page := found(t, server, sql); !strings.Contains(page, "That failed") {
			t.Errorf("%s: %s", sql, page)
		}
	}
	if len(n.ran) != 0 {
		t.Errorf("ran %q", <-n.ran)
	}
}

// TestWhatIsFoundIsText: values, names of columns and tables, and errors.
func TestWhatIsFoundIsText(t *testing.T) {
	_, server := searched(t, script)
	for sql, want := range map[string][]string{
		"SELECT 1": {
			`&lt;/code&gt;&lt;script&gt;`, `\x1b[2J\u202e`, "&lt;i&gt;v", `<span class="dim">NULL</span>`, `<td class="n">1</td>`, "1 row; 2.0 KB read, ", ">SELECT 1</textarea>",
			`value="flows">flows<`, `value="action">action<`, `value="&#34;end&#34;">end<`, "string, partition key", `value="&#34;&lt;script&gt;&#34;"`, `no columns of \x1b&lt;script&gt;`,
		},
		"SELECT nosuch FROM flows </textarea><script>": {`Column &#39;acton&#39; cannot be resolved\x1b&lt;b&gt;`, "\nDid you mean action?", "nosuch FROM flows &lt;/textarea&gt;"},
	} {
		page := found(t, server, sql)
		for _, bad := range []string{"<script>", "<img", "<i>", "<b>", "\x1b", "\u202e", "</code><"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: the page has %q", sql, bad)
			}
		}
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s: %q is not in the page:\n%s", sql, w, page)
			}
		}
	}
}

// TestAResultIsTurnedPageByPage, and is bounded.
func TestAResultIsTurnedPageByPage(t *testing.T) {
	_, server := searched(t, strings.Repeat("x", 600))
	page := found(t, server, "SELECT 250")
	next := regexp.MustCompile(`href="(search\?page=\d+[^#]*r=\w+)#result" rel="next"`)
	var turns []string
	for {
		turns = append(turns, regexp.MustCompile(`Rows [^<]*`).FindString(page))
		m := next.FindStringSubmatch(page)
		if m == nil {
			break
		}
		_, page, _ = ask(t.Context(), t, server, "secret", "", "/"+strings.ReplaceAll(m[1], "&amp;", "&"), "")
	}
	if got, want := strings.Join(turns, ", "), "Rows 1–100 of 250, Rows 101–200 of 250, Rows 201–250 of 250"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if n := strings.Count(page, "<tr><td"); n != 50 || !strings.Contains(page, ">"+strings.Repeat("x", 300)+"…<") {
		t.Errorf("%d rows on the last page", n)
	}
	old := regexp.MustCompile(`r=\w+`).FindString(page)
	if page = found(t, server, "SELECT 12000"); !strings.Contains(page, "More than 10,000 rows") || !strings.Contains(page, "Download these 10,000 rows") {
		t.Errorf("it isn't bounded: %s", regexp.MustCompile(`id="said".*`).FindString(page))
	}
	if _, page, _ = ask(t.Context(), t, server, "secret", "", "/search?page=-7&"+old, ""); !strings.Contains(page, "This result is not kept any more") || strings.Contains(page, "<td") {
		t.Errorf("the last but one is kept: %s", page)
	}
}

// TestAResultOfLongValuesIsBounded by its bytes.
func TestAResultOfLongValuesIsBounded(t *testing.T) {
	_, server := searched(t, strings.Repeat("x", 1<<20))
	if page := found(t, server, "SELECT 100"); !strings.Contains(page, "More than 15 rows") {
		t.Errorf("it isn't bounded: %s", regexp.MustCompile(`id="said".*`).FindString(page))
	}
}

// TestASearchEndsWithWhoWaits, and there is one at a time.
func TestASearchEndsWithWhoWaits(t *testing.T) {
	n, server := searched(t, "v")
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, _, err := ask(ctx, t, server, "secret", server.URL, "/search", "SELECT wait")
		gone <- err
	}()
	<-n.ran
	if code, body, err := ask(t.Context(), t, server, "secret", server.URL, "/search", "SELECT 2"); code != 409 || err != nil || !strings.Contains(body, "another search runs") {
		t.Errorf("%d %v: %s", code, err, body)
	}
	if len(n.ran) != 0 {
		t.Fatalf("ran %q beside another", <-n.ran)
	}
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	select {
	case <-n.stopped:
	case <-time.After(10 * time.Second):
		t.Fatal("the statement goes on though nobody waits for it")
	}
	if page := found(t, server, "SELECT 2"); !strings.Contains(page, "2 rows;") {
		t.Errorf("nothing runs afterwards: %s", page)
	}
}

package statuspage_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/statuspage"
)

// browser is a Chromium, where there is one. In CI there has to be.
func browser(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: needs a browser")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no chromium on the PATH")
	}
	t.Skip("no chromium on the PATH: what the page looks like is not tested")
	return ""
}

// see returns the page as it is in a browser after some seconds of the page's
// own time, and what the browser complained of.
func see(t *testing.T, url string) (dom, complaints string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser(t), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir="+t.TempDir(),
		"--enable-logging=stderr", "--virtual-time-budget=7000", "--dump-dom", url)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd.Path, err, stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		if strings.Contains(line, "CONSOLE") {
			complaints += line
		}
	}
	return string(out), complaints
}

// TestTheBrowserShowsItAndKeepsItUpToDate: the page's own policy lets its script
// and its style run, and nothing of a key.
func TestTheBrowserShowsItAndKeepsItUpToDate(t *testing.T) {
	s := watched(t, source(), copyOf("data", script, "no_layout_match"))
	old := s.Health
	var asked atomic.Int64
	s.Health = func() daemon.Health {
		h := old()
		h.Alive = time.Now()
		h.Done.Received = 4000 + int(asked.Add(1))
		return h
	}
	s.Queues = nil // its figures are those of a second
	server := httptest.NewServer(statuspage.Handler(s))
	defer server.Close()
	dom, complaints := see(t, server.URL+"/?q=k")
	if complaints != "" {
		t.Errorf("the browser complains: %s", complaints)
	}
	if !strings.Contains(dom, "<dd>4,0") || strings.Contains(dom, "<dd>4,001</dd>") || asked.Load() < 3 {
		t.Errorf("the figures are as they were when it was opened, asked for %d times:\n%s", asked.Load(), dom)
	}
	for _, want := range []string{
		"<title>p_notifications", // no script of a key's ran
		"&lt;/code&gt;&lt;script&gt;", "<li>asked of k</li>", `value="k"`,
	} {
		if !strings.Contains(dom, want) {
			t.Errorf("%q is not on the page:\n%s", want, dom)
		}
	}
}

// TestTheBrowserSaysWhenTheDaemonIsGone instead of showing old figures as new.
func TestTheBrowserSaysWhenTheDaemonIsGone(t *testing.T) {
	h, opened := statuspage.Handler(source()), atomic.Bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" && opened.Swap(true) {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	dom, _ := see(t, server.URL+"/")
	if !strings.Contains(dom, `<p class="lost" role="alert">`) {
		t.Errorf("the page doesn't say that it is old:\n%s", dom)
	}
}

package statuspage

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strings"
	"time"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/table"
	"athenarefresh/internal/terminal"
)

//go:embed page
var files embed.FS

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"num":   number,
	"some":  func(n *int) bool { return n != nil && *n > 0 },
	"secs":  seconds,
	"ago":   func(now time.Time, then any) string { return ago(now, moment(then)) },
	"stamp": func(t any) string { return moment(t).UTC().Format("2006-01-02 15:04:05 UTC") },
	"clock": func(t any) string { return moment(t).UTC().Format("15:04:05 UTC") },
}).ParseFS(files, "page/page.html"))

// moment is a time that may be behind a pointer.
func moment(t any) time.Time {
	if p, ok := t.(*time.Time); ok {
		return *p
	}
	return t.(time.Time)
}

// number is a count that may be behind a pointer.
func number(n any) string {
	if p, ok := n.(*int); ok {
		return terminal.Thousands(*p)
	}
	return terminal.Thousands(n.(int))
}

// page is what the template shows.
type page struct {
	View
	chart
	Bucket, Key string // of the question, if there is one
	Explained   *explained
}

// explained is the answer to where an object belongs.
type explained struct {
	Steps   []string
	Outcome table.Outcome
	Reason  table.Reason
	Words   string
}

// showPage answers with the page. Its question, if it has one, is answered by
// the configuration alone, so asking costs nothing.
func (s Source) showPage(w http.ResponseWriter, r *http.Request) {
	v := s.now(r)
	p := page{View: v, chart: chartOf(v.Minutes), Bucket: r.FormValue("bucket"), Key: r.FormValue("key")}
	if p.Bucket != "" && s.Explain != nil {
		p.Explained = s.explain(p.Bucket, p.Key)
	}
	var b bytes.Buffer // an error halfway would be half a page
	if err := pageTemplate.Execute(&b, &p); err != nil {
		http.Error(w, fmt.Sprintf("show the page: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes())
}

func (s Source) explain(bucket, key string) *explained {
	placed, steps := s.Explain(bucket, key)
	e := &explained{Outcome: placed.Outcome, Reason: placed.Reason, Words: terminal.Escape(placed.Detail)}
	for _, step := range steps {
		e.Steps = append(e.Steps, terminal.Escape(step))
	}
	switch {
	case placed.Outcome == table.Place:
		e.Words = terminal.Escape(placed.Partition.Describe())
	case e.Words == "":
		e.Words = meanings[refresh.Reason(placed.Reason)].words
	}
	return e
}

// now is the view for somebody who looks now.
func (s Source) now(r *http.Request) View {
	if s.Queues != nil {
		s.Queues.look(r.Context(), s.Health)
	}
	return s.View(time.Now())
}

func (s Source) showJSON(w http.ResponseWriter, r *http.Request) {
	b, err := json.MarshalIndent(s.now(r), "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(b, '\n'))
}

func showFile(name, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := files.ReadFile("page/" + name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.Write(b)
	}
}

// guarded is for what shows names of objects. Where the daemon listens for this
// machine only, a page out of the web must not read it under a name that it has
// resolve to this machine; and nothing that a key says may run, load or be
// framed.
func guarded(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok && a.IP.IsLoopback() && !namesThisMachine(r.Host) {
			http.Error(w, "this page is for this machine alone: ask for it as localhost or 127.0.0.1, or have --listen name an address of the network", http.StatusForbidden)
			return
		}
		for name, value := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
			"Cache-Control":           "no-store",
		} {
			w.Header().Set(name, value)
		}
		h(w, r)
	}
}

func namesThisMachine(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

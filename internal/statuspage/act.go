package statuspage

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/terminal"
)

// NewToken makes a token that nobody guesses.
func NewToken() string { return rand.Text() }

// doneFor is how long the page says what the last button did.
const doneFor = 5 * time.Minute

// cookie is the name of the token's. Browsers give a host's cookies to all of its
// ports: each page has its own.
func cookie(r *http.Request) string {
	_, port, _ := net.SplitHostPort(r.Host)
	return "athena_refresh_" + port
}

// has says whether a request brings the token: by its cookie, or as a bearer.
func (b *board) has(r *http.Request) bool {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if c, err := r.Cookie(cookie(r)); err == nil {
		bearer = c.Value
	}
	return b.Token != "" && subtle.ConstantTimeCompare([]byte(bearer), []byte(b.Token)) == 1
}

// may says whether who looks may press buttons.
func (b *board) may(r *http.Request) bool { return b.has(r) && b.Redrive != nil }

// welcome gives who comes with the token in the address a cookie instead, so that
// it is in no address that is copied on.
func (b *board) welcome(w http.ResponseWriter, r *http.Request) bool {
	token := r.URL.Query().Get("token")
	if token == "" {
		return false
	}
	if b.Token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(b.Token)) == 1 {
		http.SetCookie(w, &http.Cookie{Name: cookie(r), Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return true
}

// allowed says whether a request has the token and comes from the page itself, and
// refuses it otherwise.
func (b *board) allowed(w http.ResponseWriter, r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	switch {
	case !b.has(r):
		http.Error(w, "this takes the token: open the address that the log names", http.StatusForbidden)
		return false
	case err != nil || origin.Host != r.Host:
		http.Error(w, "this takes a button of the page itself", http.StatusForbidden)
		return false
	}
	return true
}

// act does what a button says, for who has the token, from the page itself.
func (b *board) act(w http.ResponseWriter, r *http.Request) {
	if !b.allowed(w, r) {
		return
	}
	done, err := b.do(r)
	if err != nil {
		done = fmt.Sprintf("That failed: %v", err)
	}
	b.mu.Lock()
	b.done, b.at = terminal.Escape(done), time.Now()
	b.mu.Unlock()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (b *board) do(r *http.Request) (string, error) {
	ctx, name := r.Context(), r.PostFormValue("table")
	switch do := r.PostFormValue("do"); {
	case do == faults.Redrive && b.Redrive != nil:
		defer b.Watcher.Again()
		return b.redrive(ctx, refresh.Reason(r.PostFormValue("reason")), name, r.PostFormValue("bucket"))
	case do == faults.Fix && b.Fix != nil:
		defer b.Watcher.Again()
		return b.fix(ctx, name)
	case do == "compare" && b.Compare != nil:
		return b.compare(ctx)
	case do == "look":
		b.Watcher.Again()
		return "The catalog and the dead-letter queue are looked at anew.", nil
	default:
		return "", fmt.Errorf("%q: there is no such button", do)
	}
}

// redrive sends back what is parked for a reason; a table or bucket of "" is any.
func (b *board) redrive(ctx context.Context, reason refresh.Reason, name, bucket string) (string, error) {
	chosen := parked.Selection{Reasons: []refresh.Reason{reason}, Bucket: bucket}
	if name != "" {
		chosen.Tables = []string{name}
	}
	sum, err := b.Redrive(ctx, chosen)
	return fmt.Sprintf("%s sent back of %d that are parked for %s.", faults.Count(sum.Sent+sum.Unsure, "message"), sum.Matched, reason), err
}

// fix adds what a table misses.
func (b *board) fix(ctx context.Context, name string) (string, error) {
	if len(b.Watcher.Router().RulesFor(name)) == 0 {
		return "", fmt.Errorf("no rule of the configuration feeds a table %q", name)
	}
	sum, err := b.Fix(ctx, name)
	if err != nil {
		return "", err
	}
	found, added := sum.Of(reconcile.Missing)
	return fmt.Sprintf("%s of %s added of %d that were missing.", faults.Count(added, "partition"), name, found), nil
}

// mostCompared is of how many differences a comparison tells Coverage.
const mostCompared = 50_000

// compare compares S3 with the catalog, and has the map show what differs.
func (b *board) compare(ctx context.Context) (string, error) {
	began, found := time.Now(), []reconcile.Finding(nil)
	sum, err := b.Compare(ctx, func(f reconcile.Finding) error {
		if len(found) < mostCompared {
			found = append(found, f)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	b.Coverage.Compared(began, found)
	missing, _ := sum.Of(reconcile.Missing)
	return fmt.Sprintf("S3 and the catalog were compared by %s in %s: %s missing, %s in all.",
		faults.Count(sum.Listings, "listing"), sum.Took.Round(time.Millisecond), faults.Count(missing, "partition"), faults.Count(sum.Left(), "difference")), nil
}

// last is what the last button did, if that was lately.
func (b *board) last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.at) > doneFor {
		return ""
	}
	return b.done
}

// guarded is for what shows names of objects. Where it listens for this machine
// only, a page out of the web must not read it under a name that it has resolve to
// this machine; elsewhere it takes the token. Nothing that a key says may run, load
// or be framed.
func (b *board) guarded(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
		here := !ok || a.IP.IsLoopback()
		switch {
		case ok && here && !namesThisMachine(r.Host):
			http.Error(w, "this page is for this machine alone: ask for it as localhost or 127.0.0.1, or have --listen name an address of the network", http.StatusForbidden)
			return
		case !here && !b.has(r) && (r.URL.Path != "/" || r.URL.Query().Get("token") == ""):
			http.Error(w, "this page shows names of objects, and takes the token: open the address that the log names, or send it as Authorization: Bearer", http.StatusUnauthorized)
			return
		}
		for name, value := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "same-origin",
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

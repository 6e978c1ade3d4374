package lambda

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"athenarefresh/internal/reconcile"
)

// Reconciled is the answer to {"athena-refresh":"reconcile"}, and its line in
// the log. The counts are this invocation's. Partitions whose folder is empty are
// not among them: to find those takes a reading of the whole catalog.
type Reconciled struct {
	Trigger   string `json:"trigger"` // "reconcile"
	Missing   int    `json:"missing"` // partitions
	Added     int    `json:"added"`   // of these
	Elsewhere int    `json:"elsewhere"`
	Unplaced  int    `json:"unplaced"` // objects, and folders of them
	Listings  int    `json:"listings"`
	// Complete: everything was compared since Since, by this invocation and
	// those before that it goes on from. Otherwise the next one goes on, or
	// begins anew if it is another instance's.
	Complete     bool      `json:"complete"`
	Since        time.Time `json:"since"`
	Milliseconds int64     `json:"milliseconds"`
}

// pass is a comparison that may take several invocations.
type pass struct {
	since time.Time
	rest  *reconcile.Rest // nil: it begins
}

// reconcile compares S3 with the catalog, as far as there is time: half of it to
// look, the other to add what was found. It changes nothing that exists.
func (h *Handler) reconcile(whole context.Context, t times, w *worker) (any, error) {
	if w.Reconciler == nil {
		return nil, errors.New("this function can't reconcile")
	}
	settling, cancel := context.WithDeadline(whole, t.settleBy)
	defer cancel()
	p := h.lastPass(t.begun)
	r := *w.Reconciler
	r.Forward, r.Stop, r.Rest = true, t.begun.Add(t.settleBy.Sub(t.begun)/2), p.rest
	sum, err := r.Run(settling, nil)
	h.rest(whole, w)
	h.keepPass(pass{p.since, sum.Rest}, err)
	if err != nil {
		return nil, err
	}
	return h.reconciled(t, p, sum), nil
}

// lastPass is the one to go on with, or a new one.
func (h *Handler) lastPass(now time.Time) pass {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pass.rest == nil {
		return pass{since: now.UTC().Truncate(time.Second)}
	}
	return h.pass
}

// keepPass keeps what is left for the next invocation. After an error that isn't
// known, and the next one begins anew.
func (h *Handler) keepPass(p pass, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pass = p; err != nil {
		h.pass = pass{}
	}
}

func (h *Handler) reconciled(t times, p pass, sum *reconcile.Summary) Reconciled {
	a := Reconciled{Trigger: "reconcile", Listings: sum.Listings, Complete: sum.Rest == nil, Since: p.since,
		Milliseconds: time.Since(t.begun).Milliseconds()}
	a.Missing, a.Added = sum.Of(reconcile.Missing)
	a.Elsewhere, _ = sum.Of(reconcile.Elsewhere)
	a.Unplaced, _ = sum.Of(reconcile.Unplaced)
	h.Log.LogAttrs(context.Background(), slog.LevelInfo, "reconciled",
		slog.Int("missing", a.Missing), slog.Int("added", a.Added), slog.Int("elsewhere", a.Elsewhere), slog.Int("unplaced", a.Unplaced),
		slog.String("empty", "not looked for"), // that takes a reading of the whole catalog
		slog.Bool("complete", a.Complete), slog.Time("since", a.Since), slog.Int("listings", a.Listings))
	return a
}

package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/config"
)

// Latest is the version that is no version: what the function is just now.
// StreamAlert's aliases begin there.
const Latest = "$LATEST"

// rolledBack begins the note of an alias that was rolled back. It is how a
// deployment tells a rollback, which stays, from a deployment that was killed
// before it moved the alias, which has to be finished.
const rolledBack = "rolled back from version "

// rolledBackFrom is the version that an alias was rolled back from, "" if it
// wasn't.
func (s Serving) rolledBackFrom() string {
	from, ok := strings.CutPrefix(s.Note, rolledBack)
	if !ok {
		return ""
	}
	return from
}

// Rollback is a version back, found but not yet made.
type Rollback struct {
	Function string
	From, To string
	note     string
}

// ErrNoVersionBefore says that there is nothing to roll back to.
var ErrNoVersionBefore = errors.New("there is no version before it")

// planRollback finds the version before the one that serves. skip says of a
// version why it could not serve, or nil; such a version is passed over.
func planRollback(ctx context.Context, f Functions, function string, skip func(ctx context.Context, version string) error) (Rollback, error) {
	r := Rollback{Function: function}
	serving, err := f.Serving(ctx, function)
	if err != nil {
		return r, fmt.Errorf("roll back %s: %w", function, err)
	}
	versions, err := f.Versions(ctx, function)
	if err != nil {
		return r, fmt.Errorf("roll back %s: %w", function, err)
	}
	r.From = serving.Version
	at := slices.IndexFunc(versions, func(v Version) bool { return v.Number == serving.Version })
	if at < 0 {
		return r, fmt.Errorf("roll back %s: it serves %s, which is none of its published versions", function, serving.Version)
	}
	var why []error
	for _, v := range slices.Backward(versions[:at]) {
		err := skip(ctx, v.Number)
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		if err == nil {
			r.To, r.note = v.Number, rolledBack+r.newestServed(serving)
			return r, nil
		}
		why = append(why, fmt.Errorf("version %s: %w", v.Number, err))
	}
	return r, fmt.Errorf("roll back %s from version %s: %w", function, r.From, errors.Join(append([]error{ErrNoVersionBefore}, why...)...))
}

// newestServed is the version that the rollbacks in a row began at.
func (r Rollback) newestServed(s Serving) string {
	if from := s.rolledBackFrom(); from != "" {
		return from
	}
	return r.From
}

// Make moves the alias. It stays there until the next deployment.
func (r Rollback) Make(ctx context.Context, f Functions) error {
	if err := f.Serve(ctx, r.Function, Serving{r.To, r.note}); err != nil {
		return fmt.Errorf("roll back %s to version %s: %w", r.Function, r.To, err)
	}
	return nil
}

// Move is what a deployment does with the alias.
type Move struct {
	From, To string // the same: it stays
	Why      string // for a person; "" where it moves to what was just published
}

// move decides where the alias goes. before are the versions published before
// this deployment, newest the newest now, and unrelated says that something but
// the function was changed by it.
//
// A rollback holds while only other things change. It ends with a new version,
// or when a deployment finds nothing else to do: somebody wants what is there.
func move(before []Version, newest Version, s Serving, unrelated bool) Move {
	m := Move{From: s.Version, To: newest.Number}
	published := !slices.ContainsFunc(before, func(v Version) bool { return v.Number == newest.Number })
	from := s.rolledBackFrom()
	switch {
	case published || s.Version == newest.Number:
	case from != "" && unrelated:
		m.To, m.Why = s.Version, fmt.Sprintf("it was rolled back from version %s, and the function is the same; deploy again to end that", from)
	case from != "":
		m.Why = fmt.Sprintf("it was rolled back from version %s; this ends that", from)
	default:
		m.Why = "an earlier deployment did not get this far"
	}
	return m
}

// Of is the move of a function's alias, for a person.
func (m Move) Of(function string) string {
	if m.From == m.To {
		return fmt.Sprintf("version %s of function %s stays: %s", m.From, function, m.Why)
	}
	text := fmt.Sprintf("alias %s of function %s: version %s → %s", config.Alias, function, m.From, m.To)
	if m.Why != "" {
		text += ": " + m.Why
	}
	return text
}

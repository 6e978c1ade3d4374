package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"athenarefresh/internal/config"
)

// Redeployment is a function that will be deployed again.
type Redeployment struct {
	Function string
	Bundle   Bundle
	Package  string // where it is from
	Have     Function
	Want     Function // Hash is the bundle's
	Serving  Serving
}

// PlanRedeployment reads and checks everything that a processor's functions
// need, before any of them is changed. All that is wrong is in the error.
func PlanRedeployment(ctx context.Context, f Functions, c *config.Config, conf, name string) ([]Redeployment, error) {
	p := processor(name)
	names, err := p.functions(c, conf)
	if err != nil {
		return nil, err
	}
	bundle, file, err := p.bundle(c, conf)
	errs := []error{err}
	var list []Redeployment
	for _, name := range slices.Sorted(maps.Keys(names)) {
		r, err := planOne(ctx, f, name, names[name], bundle)
		r.Package = file
		list, errs = append(list, r), append(errs, err)
	}
	return list, errors.Join(errs...)
}

// planOne reads a function, and says what it should be.
func planOne(ctx context.Context, f Functions, name string, t tuning, b Bundle) (r Redeployment, err error) {
	r = Redeployment{Function: name, Bundle: b}
	if r.Have, err = f.Function(ctx, name); err != nil {
		return r, fmt.Errorf("%s: %w", name, err)
	}
	if r.Serving, err = f.Serving(ctx, name); err != nil && !errors.Is(err, ErrNoAlias) {
		return r, err
	}
	r.Want = r.Have
	r.Want.Hash = b.Hash
	err = t.apply(&r.Want)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return r, err
}

// Changes are what differs, in words: `memory 128 → 256`.
func (r Redeployment) Changes() []Attribute {
	var list []Attribute
	add := func(name, old, now string) {
		if old != now {
			list = append(list, Attribute{name, old, now})
		}
	}
	add("code", r.Have.Hash, r.Want.Hash)
	add("memory", fmt.Sprint(r.Have.MemoryMB), fmt.Sprint(r.Want.MemoryMB))
	add("timeout", r.Have.Timeout.String(), r.Want.Timeout.String())
	add("log level", r.Have.Environment[logLevel], r.Want.Environment[logLevel])
	return list
}

// Empty says that there is nothing to do.
func (r Redeployment) Empty() bool {
	return len(r.Changes()) == 0 && r.Serving.rolledBackFrom() == "" && r.Serving.Version != ""
}

// String is what would be changed, for a person.
func (r Redeployment) String() string {
	var parts []string
	for _, c := range r.Changes() {
		if c.Name == "code" {
			parts = append(parts, "code from "+r.Package)
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s → %s", c.Name, c.Old, c.New))
	}
	return fmt.Sprintf("change  function %s: %s", r.Function, strings.Join(parts, ", "))
}

// Make deploys it: settings, code, a version, and only then the alias. Killed
// before that, the version that served goes on serving; the next run goes on.
func (r Redeployment) Make(ctx context.Context, f Functions) (Move, error) {
	if err := r.pin(ctx, f); err != nil {
		return Move{}, err
	}
	before, err := f.Versions(ctx, r.Function)
	if err != nil {
		return Move{}, err
	}
	if h, w := r.Have, r.Want; w.MemoryMB != h.MemoryMB || w.Timeout != h.Timeout || !maps.Equal(w.Environment, h.Environment) {
		if err := f.Configure(ctx, r.Want); err != nil {
			return Move{}, err
		}
	}
	if r.Have.Hash != r.Bundle.Hash {
		if err := f.Upload(ctx, r.Function, r.Bundle); err != nil {
			return Move{}, err
		}
	}
	newest, err := f.Publish(ctx, r.Function, r.Bundle.Hash)
	if err != nil {
		return Move{}, err
	}
	m := move(before, newest, r.Serving, false)
	if m.From == m.To {
		return m, nil
	}
	return m, f.Serve(ctx, r.Function, Serving{Version: newest.Number})
}

// pin has what serves go on while the function is changed: StreamAlert's aliases
// begin at the function itself, so that each change would serve at once.
func (r *Redeployment) pin(ctx context.Context, f Functions) error {
	if r.Serving.Version != Latest || len(r.Changes()) == 0 {
		return nil
	}
	v, err := f.Publish(ctx, r.Function, r.Have.Hash)
	if err != nil {
		return err
	}
	r.Serving = Serving{Version: v.Number}
	return f.Serve(ctx, r.Function, r.Serving)
}

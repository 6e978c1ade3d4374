package doctor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"athenarefresh/internal/config"
	"athenarefresh/internal/parked"
	"athenarefresh/internal/table"
)

// About is what a bundle says beside the facts.
type About struct {
	Version, Go, System string
	Plan                map[string]any // what a deployment would give the module
}

// mostBundled is how many parked messages a bundle tells of.
const mostBundled = 100

// Bundle is everything about a deployment that a bug report needs, as JSON, with
// the numbers of accounts and the names of buckets and objects replaced: the same
// always by the same. What can't be read says why.
func (d *Doctor) Bundle(ctx context.Context, a About, findings []Finding) ([]byte, error) {
	x := d.examination(ctx)
	c := d.Config
	queue, dead := fact(x.queue()), fact(x.deadLetters())
	copies, err := d.Facts.Parked(ctx, mostBundled)
	groups := parked.Groups(copies, d.Router)
	type unnamed struct { // a folder is no word that could be replaced wherever it stands
		parked.Group
		Folder *string `json:"folder,omitempty"`
	}
	named := []unnamed{}
	for _, g := range groups {
		named = append(named, unnamed{Group: g})
	}
	b := map[string]any{
		"version": a.Version, "go": a.Go, "system": a.System, "configuration": map[string]any{"hash": configHash(c), "buckets": c.Buckets},
		"plan": a.Plan, "parked": fact(named, err), "findings": findings,
		"queue": queue, "dead_letter_queue": dead, "work_group": fact(x.workGroup()), "function": fact(x.function()),
		"triggers": x.triggersFact(ctx), "key": x.keyFact(ctx), "lake_formation": fact(d.Facts.Governed(ctx, c.Database)),
	}
	notifications, tables := map[string]any{}, map[string]any{}
	for _, bucket := range c.Buckets {
		notifications[bucket.Name] = fact(d.Facts.Notifications(ctx, bucket.Name))
	}
	for _, name := range d.Router.Tables() {
		tables[name] = fact(d.Facts.Catalog.Table(ctx, name))
	}
	b["notifications"], b["tables"] = notifications, tables
	return redacted(b, newRedactor(secrets(c, groups)))
}

// redacted is JSON, its texts and the names of its members without secrets.
func redacted(v any, r *redactor) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write the bundle: %w", err)
	}
	var all any
	if err := json.Unmarshal(plain, &all); err != nil {
		return nil, fmt.Errorf("write the bundle: %w", err)
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r.value(all)); err != nil {
		return nil, fmt.Errorf("write the bundle: %w", err)
	}
	return text.Bytes(), nil
}

// fact is a fact, or why it can't be had.
func fact[T any](v T, err error) any {
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	return v
}

func (x *examination) triggersFact(ctx context.Context) any {
	q, err := x.queue()
	if err != nil {
		return fact(q, err)
	}
	return fact(x.Facts.Triggers(ctx, x.Config.FunctionName, config.Alias, q.ARN))
}

func (x *examination) keyFact(ctx context.Context) any {
	q, err := x.queue()
	if err != nil || q.KMSKey == "" {
		return nil
	}
	return fact(x.Facts.Key(ctx, q.KMSKey))
}

// configHash is that of what the function is given.
func configHash(c *config.Config) string {
	global, lambda, err := c.Packaged()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%x", sha256.Sum256(append(global, lambda...)))
}

// secrets are the names that a configuration knows. The prefix is in the names of
// other things, so that it is told by them.
func secrets(c *config.Config, groups []parked.Group) []word {
	words := []word{{c.Account, "account"}, {c.ResultsBucket, "bucket"}}
	for _, b := range c.Buckets {
		words = append(words, word{b.Name, "bucket"})
		for _, r := range b.Rules {
			words = append(words, word{prefixOf(r), "key"})
		}
	}
	for _, g := range groups {
		for _, k := range g.Examples {
			words = append(words, word{k, "key"})
		}
	}
	return words
}

// prefixOf is the part of a rule's prefix that may tell something: a star or a
// single letter doesn't, and would be replaced everywhere.
func prefixOf(r table.Rule) string {
	if p := strings.Trim(r.Prefix, "*/"); len(p) > 2 {
		return r.Prefix
	}
	return ""
}

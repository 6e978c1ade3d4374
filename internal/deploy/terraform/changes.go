package terraform

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"athenarefresh/internal/deploy"

	tfjson "github.com/hashicorp/terraform-json"
)

// changes are what a plan does, without what it leaves as it is. They come in
// the order of their verbs, types and names.
func changes(p *tfjson.Plan) deploy.Plan {
	var plan deploy.Plan
	for _, r := range p.ResourceChanges {
		if r.Mode != tfjson.ManagedResourceMode || r.Change == nil {
			continue
		}
		if v := verb(r.Change); v != "" {
			plan.Changes = append(plan.Changes, change(r, v))
		}
	}
	slices.SortFunc(plan.Changes, func(a, b deploy.Change) int {
		return cmp.Or(cmp.Compare(a.Verb, b.Verb), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Address, b.Address))
	})
	plan.Widened = planned(p, widened)
	return plan
}

// planned is an output that is a list of texts, as it will be.
func planned(p *tfjson.Plan, name string) (list []string) {
	c := p.OutputChanges[name]
	if c == nil {
		return nil
	}
	after, _ := c.After.([]any)
	for _, v := range after {
		if text, ok := v.(string); ok {
			list = append(list, text)
		}
	}
	return list
}

func verb(c *tfjson.Change) deploy.Verb {
	switch a := c.Actions; {
	case a.Replace():
		return deploy.Replace
	case a.Create():
		return deploy.Create
	case a.Delete():
		return deploy.Destroy
	case c.Importing != nil:
		return deploy.Adopt
	case a.Update():
		return deploy.Update
	}
	return ""
}

func change(r *tfjson.ResourceChange, v deploy.Verb) deploy.Change {
	before, _ := r.Change.Before.(map[string]any)
	after, _ := r.Change.After.(map[string]any)
	c := deploy.Change{Verb: v, Type: r.Type, Address: r.Address, Name: name(r.Name, after, before)}
	if v != deploy.Create && v != deploy.Destroy {
		c.Attributes = attributes(r.Change, before, after)
	}
	return c
}

// names are the attributes that a resource's name is in, the most telling first.
var names = []string{"function_name", "alarm_name", "dashboard_name", "name", "bucket", "role", "rule", "queue_url", "event_source_arn"}

// name is a resource's name in the account, or else its own in the module.
func name(own string, sides ...map[string]any) string {
	for _, values := range sides {
		for _, n := range names {
			if s, ok := values[n].(string); ok && s != "" {
				return s
			}
		}
	}
	return own
}

// derived are attributes that follow from others, or are the provider's own.
var derived = []string{"tags_all", "id", "arn", "last_modified", "qualified_arn", "qualified_invoke_arn", "invoke_arn", "version", "code_sha256", "filename", "source_code_size", "force_destroy"}

// attributes are those that differ. What is known only after the apply is not
// news.
func attributes(c *tfjson.Change, before, after map[string]any) (list []deploy.Attribute) {
	unknown, _ := c.AfterUnknown.(map[string]any)
	for _, n := range slices.Sorted(maps.Keys(after)) {
		if slices.Contains(derived, n) || unknown[n] == true || reflect.DeepEqual(before[n], after[n]) {
			continue
		}
		list = append(list, deploy.Attribute{Name: n, Old: short(before[n]), New: short(after[n])})
	}
	return list
}

// short is a value in words that are short. Of a document that is long only its
// beginning is shown.
func short(v any) string {
	text, ok := v.(string)
	if !ok {
		raw, err := json.Marshal(v)
		if err != nil {
			return "?"
		}
		text = string(raw)
	}
	text = strings.Join(strings.Fields(text), " ")
	const most = 60
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	if text == "" {
		return `""`
	}
	return text
}

// resources are the managed ones of a module and of those in it.
func resources(m *tfjson.StateModule) (list []deploy.Resource) {
	for _, r := range m.Resources {
		if r.Mode != tfjson.ManagedResourceMode {
			continue
		}
		id, _ := r.AttributeValues["id"].(string)
		list = append(list, deploy.Resource{Address: r.Address, Name: name(r.Name, r.AttributeValues), ID: id})
	}
	for _, child := range m.ChildModules {
		list = append(list, resources(child)...)
	}
	return list
}

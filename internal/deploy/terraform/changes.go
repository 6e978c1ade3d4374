package terraform

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"athenarefresh/internal/deploy"
)

// shown is what terraform show -json prints of a plan or a state, as far as it is
// read here (Terraform, "JSON Output Format").
type shown struct {
	FormatVersion   string                `json:"format_version"`
	ResourceChanges []resourceChange      `json:"resource_changes"`
	OutputChanges   map[string]alteration `json:"output_changes"`
	Values          struct {
		Outputs    map[string]struct{ Value any }
		RootModule stateModule `json:"root_module"`
	}
}

type resourceChange struct {
	Address, Mode, Type, Name string
	Change                    alteration
}

type alteration struct {
	Actions       []string
	Before, After any
	AfterUnknown  any `json:"after_unknown"`
	Importing     *struct{}
}

type stateModule struct {
	Resources []struct {
		Address, Mode, Name string
		Values              map[string]any
	}
	ChildModules []stateModule `json:"child_modules"`
}

// managed is the mode of what is no data source.
const managed = "managed"

// readable refuses a format that may mean something else by the same names: a
// format's major version is another then.
func (s *shown) readable() error {
	if !strings.HasPrefix(s.FormatVersion, "1.") {
		return fmt.Errorf("read what terraform printed: its format is %q, not 1.x", s.FormatVersion)
	}
	return nil
}

// changes are what a plan does, without what it leaves as it is. They come in
// the order of their verbs, types and names.
func changes(p *shown) deploy.Plan {
	var plan deploy.Plan
	for _, r := range p.ResourceChanges {
		if r.Mode != managed {
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
func planned(p *shown, name string) (list []string) {
	after, _ := p.OutputChanges[name].After.([]any)
	for _, v := range after {
		if text, ok := v.(string); ok {
			list = append(list, text)
		}
	}
	return list
}

func verb(c alteration) deploy.Verb {
	switch a := strings.Join(c.Actions, ","); {
	case a == "delete,create", a == "create,delete":
		return deploy.Replace
	case a == "create":
		return deploy.Create
	case a == "delete":
		return deploy.Destroy
	case c.Importing != nil:
		return deploy.Adopt
	case a == "update":
		return deploy.Update
	}
	return ""
}

func change(r resourceChange, v deploy.Verb) deploy.Change {
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
func attributes(c alteration, before, after map[string]any) (list []deploy.Attribute) {
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
func resources(m stateModule) (list []deploy.Resource) {
	for _, r := range m.Resources {
		if r.Mode != managed {
			continue
		}
		list = append(list, deploy.Resource{Address: r.Address, Name: name(r.Name, r.Values)})
	}
	for _, child := range m.ChildModules {
		list = append(list, resources(child)...)
	}
	return list
}

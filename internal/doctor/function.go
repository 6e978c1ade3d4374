package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/config"
	"athenarefresh/internal/iam"
)

// Function is what Lambda says of the version that an alias points at. Version
// is "" if there is no such alias; the rest is of the newest code then.
type Function struct {
	Version  string
	ARN      string // of the function itself
	Role     string // ARN
	Timeout  time.Duration
	MemoryMB int
	State    string   // Active, Inactive, Pending, Failed
	Why      string   // it is in that state
	Env      []string // names of variables
}

// Triggers are what starts a function's alias.
type Triggers struct {
	Mapping  string   // state of the event source mapping of the queue, "" if there is none
	Invokers []string // ARNs of rules that its policy names
	Policy   string   // JSON, "" if there is none
}

const redeploy = "athena-refresh lambda deploy --processor athena"

func function(f Function, err error, c *config.Config) Finding {
	if err != nil {
		return unread(err, "lambda:GetAlias and lambda:GetFunctionConfiguration on "+c.FunctionName,
			unchecked("it is not deployed; athena-refresh run does the same work", ""))
	}
	switch {
	case f.Version == "":
		return wrong("it has no alias "+config.Alias+": nothing starts it", redeploy)
	case f.State == "Failed":
		return wrong("it is in state Failed: "+f.Why, redeploy)
	}
	var differing []string
	if f.Timeout != c.Timeout {
		differing = append(differing, fmt.Sprintf("its timeout is %v, not %v", f.Timeout, c.Timeout))
	}
	if f.MemoryMB != c.MemoryMB {
		differing = append(differing, fmt.Sprintf("its memory is %d MB, not %d", f.MemoryMB, c.MemoryMB))
	}
	for _, name := range f.Env {
		if strings.HasPrefix(name, "AWS_ENDPOINT_URL") {
			differing = append(differing, "its environment sets "+name+", which sends it elsewhere")
		}
	}
	if len(differing) > 0 {
		return wrong(strings.Join(differing, "; "), redeploy)
	}
	return ok("version %s, %v, %d MB", f.Version, f.Timeout, f.MemoryMB)
}

func (x *examination) trigger(ctx context.Context) Finding {
	f, err := x.function()
	if err != nil || f.Version == "" {
		return unchecked("see function", "")
	}
	q, err := x.queue()
	if err != nil {
		return unchecked(errNoQueue.Error(), "")
	}
	t, err := x.Facts.Triggers(ctx, x.Config.FunctionName, config.Alias, q.ARN)
	if err != nil {
		return unread(err, "lambda:ListEventSourceMappings and lambda:GetPolicy on "+x.Config.FunctionName, Finding{})
	}
	return trigger(t, f, x.Config)
}

// trigger judges what starts the function. That a rule is enabled isn't seen
// from here.
func trigger(t Triggers, f Function, c *config.Config) Finding {
	enabled := slices.Contains([]string{"Enabled", "Enabling", "Creating", "Updating"}, t.Mapping)
	switch {
	case !c.Enabled && enabled:
		return wrong(`"enabled" is false, but the queue's trigger is enabled`, redeploy)
	case !c.Enabled:
		return ok(`"enabled" is false: the queue does not start it`)
	case c.Trigger == config.TriggerQueue && !enabled:
		return wrong(fmt.Sprintf("the queue does not start it (event source mapping: %s)", cmp.Or(t.Mapping, "none")), redeploy)
	case c.Trigger == config.TriggerQueue:
		return ok("the queue starts it")
	case enabled:
		return warning(`"trigger" is "schedule", but the queue starts it as well`, redeploy)
	}
	return scheduled(t, f)
}

// scheduled judges whether the rules that the function's policy names may invoke
// its alias. A key in a condition that EventBridge doesn't send keeps them from it.
func scheduled(t Triggers, f Function) Finding {
	p, err := iam.Parse(t.Policy)
	if err != nil {
		return unchecked(err.Error(), "")
	}
	var rules []sender
	for _, arn := range t.Invokers {
		if strings.Contains(arn, ":rule/") {
			rules = append(rules, sender{eventsService, arn, partOf(arn, 4), arn})
		}
	}
	said := answers(p, rules, f.ARN+":"+config.Alias, "lambda:InvokeFunction")
	switch {
	case len(rules) == 0:
		return wrong("no rule may start it", redeploy)
	case said[iam.No] != nil:
		return wrong(fmt.Sprintf("%s may not start it: its permission has a condition that EventBridge doesn't meet, as a source account is, which it doesn't send", few(said[iam.No])), redeploy)
	case said[iam.Unclear] != nil:
		return unchecked(fmt.Sprintf("the permission of %s has conditions of which it isn't known that they hold", few(said[iam.Unclear])), "")
	}
	return ok("%s may start it; aws events describe-rule says whether it is enabled", few(t.Invokers))
}

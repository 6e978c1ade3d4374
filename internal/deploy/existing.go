package deploy

import (
	"context"
	"fmt"
	"strings"

	"athenarefresh/internal/config"
)

// Existing is a resource that is in the account, but not in the state: somebody
// else's, or ours of a state that was lost.
type Existing struct {
	What        string // such as "queue p_streamalert_athena_s3_notifications"
	Address, ID string // by which it is taken into the state
}

// Finder looks for resources by their names.
type Finder interface {
	// Find says whether there is a resource, and how it is called in full where
	// that isn't its name: a queue's URL.
	Find(ctx context.Context, s Sought) (id string, found bool, err error)
}

// Sought is a resource to look for.
type Sought struct {
	Kind, Name string
	Of         string // the function that it belongs to, "" if none
}

// String is it for a person: permission schedule of function f.
func (s Sought) String() string {
	if s.Of == "" {
		return s.Kind + " " + s.Name
	}
	return fmt.Sprintf("%s %s of function %s", s.Kind, s.Name, s.Of)
}

// The kinds that a Finder knows.
const (
	KindQueue      = "queue"
	KindBucket     = "bucket"
	KindDatabase   = "database"
	KindWorkGroup  = "work group"
	KindRole       = "role"
	KindFunction   = "function"
	KindAlias      = "alias"      // of a function
	KindPermission = "permission" // of a function's alias; its name is the statement's
	KindMapping    = "mapping"    // of a function's alias; its name is the queue's ARN
	KindLogGroup   = "log group"
	KindRule       = "rule" // of EventBridge
	KindAlarm      = "alarm"
	KindDashboard  = "dashboard"
)

// kinds are those of the module's resources by their types. What isn't here
// belongs to one of these and is set anew with it, such as a bucket's policy.
var kinds = map[string]string{
	"aws_sqs_queue":                   KindQueue,
	"aws_s3_bucket":                   KindBucket,
	"aws_glue_catalog_database":       KindDatabase,
	"aws_athena_workgroup":            KindWorkGroup,
	"aws_iam_role":                    KindRole,
	"aws_lambda_function":             KindFunction,
	"aws_lambda_alias":                KindAlias,
	"aws_lambda_permission":           KindPermission,
	"aws_lambda_event_source_mapping": KindMapping,
	"aws_cloudwatch_log_group":        KindLogGroup,
	"aws_cloudwatch_event_rule":       KindRule,
	"aws_cloudwatch_metric_alarm":     KindAlarm,
	"aws_cloudwatch_dashboard":        KindDashboard,
}

// soughtFor is what to look for before a resource is created; ok is false if
// nothing can be in the way.
func soughtFor(c Change, function, queueARN string) (s Sought, ok bool) {
	s = Sought{Kind: kinds[c.Type], Name: c.Name}
	switch s.Kind {
	case "":
		return s, false
	case KindAlias:
		s.Name, s.Of = config.Alias, function
	case KindPermission:
		s.Name, s.Of = instance(c.Address), function
	case KindMapping:
		s.Name, s.Of = queueARN, function
	}
	return s, true
}

// instance is the key of an address: schedule of …run["schedule"].
func instance(address string) string {
	_, key, _ := strings.Cut(address, `["`)
	return strings.TrimSuffix(key, `"]`)
}

// importID is by what Terraform imports a resource that was found.
func importID(s Sought, found, account string) string {
	switch s.Kind {
	case KindDatabase:
		return account + ":" + found
	case KindAlias:
		return s.Of + "/" + s.Name
	case KindPermission:
		return s.Of + ":" + config.Alias + "/" + s.Name
	}
	return found
}

// existing looks for what a plan would create and is there already: Terraform
// would fail at it half way, or take over what is somebody else's.
func existing(ctx context.Context, f Finder, c *config.Config, queueARN string, p Plan) (list []Existing, err error) {
	for _, change := range p.Changes {
		s, ok := soughtFor(change, c.FunctionName, queueARN)
		if !ok || change.Verb != Create {
			continue
		}
		id, found, err := f.Find(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("look for the %s: %w", s, err)
		}
		if found {
			list = append(list, Existing{s.String(), change.Address, importID(s, id, c.Account)})
		}
	}
	return list, nil
}

// ExistingError says that resources are in the way.
type ExistingError []Existing

// Error has a line for each import.
func (e ExistingError) Error() string {
	var b strings.Builder
	b.WriteString("resources of these names exist, and this deployment's state does not know them:")
	for _, x := range e {
		fmt.Fprintf(&b, "\n  %s: terraform import '%s' '%s'", x.What, x.Address, x.ID)
	}
	return b.String()
}

package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Infrastructure is Terraform with our module, in one account, region and
// state. It locks the state by itself: of two who deploy at once, one waits or
// is told.
type Infrastructure interface {
	// Plan finds out what Apply would do. It changes nothing, but for what it
	// notes in the state of resources to adopt.
	Plan(ctx context.Context, p Purpose) (Plan, error)

	// Apply does what was planned last. If ctx ends, it stops in order: what is
	// under way is finished, what was done is in the state. After any error the
	// next Plan and Apply go on from there.
	Apply(ctx context.Context, progress func(Step)) error

	// Known are the resources in the state, and its outputs; none of either before
	// the first Apply.
	Known(ctx context.Context) (State, error)

	// Forget takes resources out of the state and leaves them as they are: all of
	// them or, with an error, none.
	Forget(ctx context.Context, addresses []string) error
}

// Errors of Infrastructure.
var (
	// ErrNoTerraform says that there is no terraform and no tofu, or one that is too old.
	ErrNoTerraform = errors.New("terraform or tofu 1.10 or newer is needed")
	// ErrTooLong says that a call took longer than it may.
	ErrTooLong = errors.New("it took too long and was stopped in order: what was done is kept, and the next run goes on from there")
	// ErrKilled says that a call was interrupted and did not end.
	ErrKilled = errors.New("terraform was interrupted, did not end for minutes, and was killed: it may have made what its state does not know")
)

// UnwrittenError says that Terraform could not write its state to its place.
type UnwrittenError struct {
	File string // where it is
	Push string // the command that writes it
}

// Error says so.
func (e *UnwrittenError) Error() string {
	return "terraform could not write its state, which is now in " + e.File + " only"
}

// Purpose is what is planned.
type Purpose struct {
	Destroy bool
	Adopt   []Existing // resources that exist, to be taken into the state
	Former  Former
}

// State is what Terraform knows.
type State struct {
	Resources []Resource
	Outputs   Outputs
}

// Resource is a resource in the state.
type Resource struct {
	Address string
	Name    string // in the account
}

// resource is the one at an address in the module.
func (s State) resource(address string) (Resource, bool) {
	i := slices.IndexFunc(s.Resources, func(r Resource) bool { return r.Address == module+address })
	if i < 0 {
		return Resource{}, false
	}
	return s.Resources[i], true
}

// Former is what earlier configurations of a deployment had. It is kept in the
// state, for as long as the deployment lives: what is waiting may be older than
// the last change.
type Former struct {
	Queues []string // ARNs: a bucket's notification of ours may still name them
	Keys   []string // ARNs: messages and results may be encrypted with them
}

// former is what was before a configuration with this queue and key.
func (s State) former(queue, key string) Former {
	others := func(all []string, last, now string) (list []string) {
		for _, v := range append(slices.Clone(all), last) {
			if v != "" && v != now && !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
		return list
	}
	o := s.Outputs
	return Former{others(o.FormerQueues, o.QueueARN, queue), others(o.FormerKeys, o.Key, key)}
}

// Outputs are the module's, as far as they are used here.
type Outputs struct {
	QueueARN     string   `json:"queue_arn"`
	DataBuckets  []string `json:"data_buckets"` // that were to notify the queue
	Database     string   `json:"database_name"`
	Key          string   `json:"kms_key_arn"`
	FormerQueues []string `json:"former_queue_arns"`
	FormerKeys   []string `json:"former_kms_key_arns"`
}

// Plan is what Terraform would do.
type Plan struct {
	Changes []Change
	// Widened is what policies allow beyond the configuration's names, since
	// AWS's limits leave no room for all of them: a sentence each.
	Widened []string
}

// Verb is what is done to a resource.
type Verb string

// The verbs.
const (
	Create  Verb = "create"
	Update  Verb = "change"
	Replace Verb = "replace"
	Destroy Verb = "destroy"
	Adopt   Verb = "adopt"
)

// Change is what happens to one resource.
type Change struct {
	Verb       Verb        `json:"verb"`                 // create, change, replace, destroy or adopt
	Type       string      `json:"type"`                 // such as aws_sqs_queue
	Name       string      `json:"name"`                 // its name in the account, as far as it is known
	Address    string      `json:"address"`              // Terraform's
	Attributes []Attribute `json:"attributes,omitempty"` // of change and replace: what differs
}

// Attribute is an attribute that differs, in words that are short.
type Attribute struct {
	Name string `json:"name"` // of the resource's
	Old  string `json:"old"`  // as it is
	New  string `json:"new"`  // as it will be
}

// String is one line for a person: change queue "q": visibility_timeout_seconds 360 → 720.
func (c Change) String() string {
	text := fmt.Sprintf("%-7s %s %s", c.Verb, c.kind(), c.Name)
	var parts []string
	for _, a := range c.Attributes {
		parts = append(parts, fmt.Sprintf("%s %s → %s", a.Name, a.Old, a.New))
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}

// kind is a resource's type in words.
func (c Change) kind() string {
	words := strings.Split(strings.TrimPrefix(c.Type, "aws_"), "_")
	return strings.Join(words, " ")
}

// module is where the module stands in the root that deployment writes.
const module = "module.athena_refresh."

// Step is a moment of an Apply.
type Step struct {
	Address string
	Done    bool
	Took    time.Duration
}

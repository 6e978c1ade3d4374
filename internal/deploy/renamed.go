package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/config"
)

// Renamed is a resource that holds what is somebody's, and has another name in
// the configuration than in the account. Terraform would delete it, with what is
// in it, to make another.
type Renamed struct {
	Kind     string // such as queue
	Old, New string

	addresses []string // its own, and those of what belongs to it
}

const (
	queueAddress       = "aws_sqs_queue.notifications"
	deadLettersAddress = "aws_sqs_queue.dead_letters"
	databaseAddress    = "aws_glue_catalog_database.tables"
	workGroupAddress   = "aws_athena_workgroup.refresh"
	resultsAddress     = "aws_s3_bucket.results"
)

// holder is a resource that holds what nobody can make again: messages, tables,
// results, saved queries.
type holder struct {
	kind, address string
	name          func(*config.Config) string
}

var holders = []holder{
	{KindQueue, queueAddress, func(c *config.Config) string { return c.Queue }},
	{KindQueue, deadLettersAddress, func(c *config.Config) string { return c.DeadLetterQueue }},
	{KindDatabase, databaseAddress, func(c *config.Config) string { return c.Database }},
	{KindWorkGroup, workGroupAddress, func(c *config.Config) string { return c.WorkGroup }},
	{KindBucket, resultsAddress, func(c *config.Config) string { return c.ResultsBucket }},
}

// renamed are the holders that the configuration has another name for.
func renamed(s State, c *config.Config) (list []Renamed) {
	for _, h := range holders {
		r, ok := s.resource(h.address)
		if !ok || r.Name == h.name(c) {
			continue
		}
		list = append(list, Renamed{Kind: h.kind, Old: r.Name, New: h.name(c), addresses: s.belonging(h.address)})
	}
	return list
}

// belonging are the addresses of a resource and of what can't be without it: a
// bucket's policy has the name that the bucket has in the module.
func (s State) belonging(address string) []string {
	list := []string{module + address}
	kind, name, _ := strings.Cut(address, ".")
	for _, r := range s.Resources {
		if strings.HasPrefix(r.Address, module+kind+"_") && strings.HasSuffix(r.Address, "."+name) {
			list = append(list, r.Address)
		}
	}
	return list
}

// RenamedError says that the configuration has other names for what is deployed
// and holds something.
type RenamedError []Renamed

// Error has a line for each.
func (e RenamedError) Error() string {
	var b strings.Builder
	b.WriteString("the configuration has other names for what is there, and the old ones have to be let go of first:")
	for _, r := range e {
		fmt.Fprintf(&b, "\n  %s %s → %s", r.Kind, r.Old, r.New)
	}
	return b.String()
}

// LetGo takes what has another name now out of the state: it stays as it is,
// with all that is in it. It is what a [RenamedError] asks for.
func (d *Deployment) LetGo(ctx context.Context, list []Renamed) error {
	var addresses []string
	for _, r := range list {
		addresses = append(addresses, r.addresses...)
	}
	return d.Terraform.Forget(ctx, addresses)
}

// refuseToDelete is the last guard: whatever the reason, a plan that deletes
// what holds something is not carried out.
func refuseToDelete(p Plan) error {
	for _, c := range p.Changes {
		if c.Verb != Replace && c.Verb != Destroy {
			continue
		}
		if slices.ContainsFunc(holders, func(h holder) bool { return c.Address == module+h.address }) {
			return fmt.Errorf("terraform would delete the %s %s with all that is in it, which a deployment never does: nothing was changed", c.kind(), c.Name)
		}
	}
	return nil
}

package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/config"
)

// Existing is a resource that is in the account, but not in the state: somebody
// else's, or ours of a state that was lost.
type Existing struct {
	What    string   `json:"what"` // such as "queue p_streamalert_athena_s3_notifications"
	Imports []Import `json:"imports"`
}

// Import takes a resource into the state.
type Import struct {
	Address string `json:"address"`
	ID      string `json:"id"`
}

// candidate is a resource that the module will make.
type candidate struct {
	kind, name string // what to look for
	addresses  []string
	id         func(found string) string // the import's id, of what was found
}

// Finder looks for resources by their names.
type Finder interface {
	// Find says whether there is a resource of a kind and name, and how it is
	// called in full where that isn't the name: a queue's URL.
	Find(ctx context.Context, kind, name string) (id string, found bool, err error)
}

// The kinds that a Finder knows.
const (
	KindQueue     = "queue"
	KindBucket    = "bucket"
	KindDatabase  = "database"
	KindWorkGroup = "work group"
	KindRole      = "role"
	KindFunction  = "function"
	KindAlias     = "alias of"
)

// candidates are the resources whose names may be taken. What belongs to one of
// them, such as a bucket's policy, can't be there without it.
func candidates(c *config.Config) []candidate {
	same := func(found string) string { return found }
	one := func(kind, name, address string) candidate {
		return candidate{kind, name, []string{address}, same}
	}
	return []candidate{
		one(KindQueue, c.Queue, "aws_sqs_queue.notifications"),
		one(KindQueue, c.DeadLetterQueue, "aws_sqs_queue.dead_letters"),
		one(KindBucket, c.ResultsBucket, "aws_s3_bucket.results"),
		{KindDatabase, c.Database, []string{"aws_glue_catalog_database.tables"}, func(found string) string { return c.Account + ":" + found }},
		one(KindWorkGroup, c.WorkGroup, "aws_athena_workgroup.refresh"),
		one(KindRole, c.FunctionName, "aws_iam_role.function"),
		one(KindFunction, c.FunctionName, "aws_lambda_function.refresh"),
		{KindAlias, c.FunctionName, []string{"aws_lambda_alias.production"}, func(found string) string { return found + "/" + Alias }},
	}
}

// existing looks for resources that are there and not in the state: Terraform
// would fail at them half way, or take over what is somebody else's.
func existing(ctx context.Context, f Finder, c *config.Config, known []string) (list []Existing, err error) {
	for _, k := range candidates(c) {
		if slices.Contains(known, module+k.addresses[0]) {
			continue
		}
		id, found, err := f.Find(ctx, k.kind, k.name)
		if err != nil {
			return nil, fmt.Errorf("look for the %s %s: %w", k.kind, k.name, err)
		}
		if !found {
			continue
		}
		e := Existing{What: k.kind + " " + k.name}
		for _, a := range k.addresses {
			e.Imports = append(e.Imports, Import{module + a, k.id(id)})
		}
		list = append(list, e)
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
		for _, i := range x.Imports {
			fmt.Fprintf(&b, "\n  %s: terraform import '%s' '%s'", x.What, i.Address, i.ID)
		}
	}
	return b.String()
}

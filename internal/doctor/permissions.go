package doctor

import (
	"context"
	"fmt"
	"strings"

	"athenarefresh/internal/config"
	"athenarefresh/internal/table"
)

// right is what the refresh has to be allowed on a resource.
type right struct {
	actions  []string
	resource string // ARN
}

// permissions has IAM simulate what the refresh does: as the function's role if
// it is deployed, else as the caller. Policies of resources and of Lake Formation
// are not part of that.
func (x *examination) permissions(ctx context.Context) Finding {
	who := x.principal()
	if who == "" {
		return unchecked("the caller is the account's root user, whom no policy limits, or a federated user, whom none can be simulated for", "")
	}
	q, err := x.queue()
	if err != nil {
		return unchecked(errNoQueue.Error(), "")
	}
	var denied []string
	for _, r := range rights(q, x.Config, x.Router) {
		names, err := x.Facts.Denied(ctx, who, r.actions, r.resource)
		if err != nil {
			return unread(err, "iam:SimulatePrincipalPolicy and iam:GetRole on "+who, unchecked("IAM knows no "+who, ""))
		}
		for _, name := range names {
			denied = append(denied, name+" on "+r.resource)
		}
	}
	return permissions(who, denied)
}

func permissions(who string, denied []string) Finding {
	if len(denied) > 0 {
		return wrong(fmt.Sprintf("%s may not: %s", who, strings.Join(denied, ", ")), "allow these in its policy; for the function, "+redeploy+" writes it")
	}
	return ok("%s may do all that is needed, as IAM simulates it (Lake Formation: see there)", who)
}

// principal is the ARN of whoever refreshes, "" if nobody can be simulated.
func (x *examination) principal() string {
	if f, err := x.function(); err == nil {
		return f.Role
	}
	who, err := x.identity()
	if err != nil {
		return ""
	}
	return principal(who.ARN)
}

// principal is the IAM user or role behind a caller:
//
//	arn:aws:iam::123456789012:user/jo
//	arn:aws:sts::123456789012:assumed-role/NAME/session → arn:aws:iam::123456789012:role/NAME
//
// A role's path is not in the name of its session.
func principal(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	kind, rest, _ := strings.Cut(parts[5], "/")
	switch kind {
	case "user", "role":
		return arn
	case "assumed-role":
		name, _, _ := strings.Cut(rest, "/")
		parts[2], parts[5] = "iam", "role/"+name
		return strings.Join(parts, ":")
	}
	return ""
}

// resultsFolder is where in the results bucket the function's statements leave
// their results; the module's work group puts all results there.
const resultsFolder = "/athena-partition-refresh/"

// asked is of how many buckets and tables IAM is asked: each is a call, and one
// policy has all of them.
const asked = 20

// rights are what the Terraform module lets the function's role do, as narrowly,
// on the resources that the configuration names.
func rights(q Queue, c *config.Config, r *table.Router) []right {
	here := partOf(q.ARN, 3) + ":" + partOf(q.ARN, 4)
	arn := func(service, rest string) string {
		return "arn:" + partOf(q.ARN, 1) + ":" + service + ":" + here + ":" + rest
	}
	tables := r.Tables()
	if r.Captures() {
		tables = []string{"*"}
	}
	list := []right{
		{[]string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"}, q.ARN},
		{[]string{"glue:GetTables"}, arn("glue", "table/"+c.Database+"/*")},
	}
	for _, name := range tables[:min(asked, len(tables))] {
		list = append(list, right{[]string{"glue:GetTable", "glue:BatchGetPartition", "glue:GetPartition", "glue:BatchCreatePartition"}, arn("glue", "table/"+c.Database+"/"+name)})
	}
	for _, b := range c.Buckets[:min(asked, len(c.Buckets))] {
		list = append(list, right{[]string{"s3:ListBucket"}, bucketARN(q, b.Name)})
	}
	if r, err := q.redrive(); err == nil {
		list = append(list, right{[]string{"sqs:GetQueueUrl", "sqs:SendMessage"}, r.Target})
	}
	if c.Catalog == config.CatalogAthena {
		list = append(list,
			right{[]string{"athena:StartQueryExecution", "athena:StopQueryExecution", "athena:BatchGetQueryExecution", "athena:GetQueryResults"}, arn("athena", "workgroup/"+c.WorkGroup)},
			right{[]string{"s3:PutObject", "s3:GetObject"}, bucketARN(q, c.ResultsBucket) + resultsFolder + "*"},
		)
	}
	return list
}

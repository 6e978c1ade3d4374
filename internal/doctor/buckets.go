package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/s3events"
	"athenarefresh/internal/table"
)

// Notifications is what a bucket notifies.
type Notifications struct {
	Queues      []Notification
	Topics      []Notification
	Functions   int
	EventBridge bool
}

// Notification sends some events of a bucket to a queue or a topic. Prefix and
// Suffix are as they were written: encoded like a form.
type Notification struct {
	ARN            string
	Events         []string // such as s3:ObjectCreated:*
	Prefix, Suffix string
}

// bucket: S3 notifies queues of its own region only (docs/aws-facts.md 2.1).
func (x *examination) bucket(ctx context.Context, name string) Finding {
	region, err := x.Facts.Region(ctx, name)
	if err != nil {
		return unread(err, "s3:ListBucket on "+name, wrong("there is no such bucket", "create it, or correct its name in buckets of lambda.json"))
	}
	q, err := x.queue()
	if err != nil {
		return ok("in %s", region)
	}
	return sameRegion(region, q)
}

func sameRegion(region string, q Queue) Finding {
	if own := partOf(q.ARN, 3); region != own {
		return wrong(fmt.Sprintf("it is in %s, the queue in %s: S3 notifies only queues of its own region", region, own),
			"deploy another refresh in "+region+" for this bucket, or send its events through EventBridge")
	}
	return ok("in %s", region)
}

// anyTable is the name of a table that no rule names.
const anyTable = "athena_refresh_any_table"

// captured judges whether several buckets feed tables that their keys name: then
// whoever writes to one of them can add partitions to the tables of the others.
func captured(r *table.Router) Finding {
	if buckets := table.BucketsOf(slices.DeleteFunc(r.RulesFor(anyTable), func(f table.TableRule) bool { return f.Named })); len(buckets) > 1 {
		return warning("tables that keys name may be fed by "+few(buckets)+": what lands in one can take the partitions of a table that is meant for another",
			"give the tables that matter a rule of their bucket that names them, which keeps the others out; or give each bucket a deployment with a database of its own")
	}
	return ok("no two buckets feed tables that keys name")
}

// bucketARN is in the queue's partition.
func bucketARN(q Queue, bucket string) string {
	return "arn:" + partOf(q.ARN, 1) + ":s3:::" + bucket
}

// partOf is a part of an ARN, "" if it has none.
func partOf(arn string, i int) string {
	if parts := strings.Split(arn, ":"); i < len(parts) {
		return parts[i]
	}
	return ""
}

func (x *examination) notification(b table.Bucket) func(context.Context) Finding {
	return x.withQueue(func(ctx context.Context, q Queue) Finding {
		n, err := x.Facts.Notifications(ctx, b.Name)
		if err != nil {
			return unread(err, "s3:GetBucketNotification on "+b.Name, unchecked("see bucket", ""))
		}
		return notification(n, q, b.Name, x.Router.KeyPrefixes(b.Name), x.Config.NotifyFrom)
	})
}

// notification judges whether the queue hears of every object that a rule
// wants; wanted are the folders of these objects, "" for all keys, and others who
// else may send.
func notification(n Notifications, q Queue, bucket string, wanted, others []string) Finding {
	ours := slices.DeleteFunc(slices.Clone(n.Queues), func(e Notification) bool { return e.ARN != q.ARN })
	if len(ours) == 0 {
		return unnotified(n, q, bucket, others)
	}
	if missing := uncovered(ours); len(missing) > 0 {
		return wrong("the queue is not told of "+strings.Join(missing, ", "), instead(bucket, q, q.ARN))
	}
	for _, e := range ours {
		for _, value := range []string{e.Prefix, e.Suffix} {
			if s3events.Unencoded(value) {
				return wrong(fmt.Sprintf("its filter %q has characters that S3 wants encoded, and so matches no key", value),
					fmt.Sprintf("write it as %q; or take the filters off: %s", s3events.Encoded(s3events.Decoded(value)), instead(bucket, q, q.ARN)))
			}
		}
	}
	var cut []string
	for _, folder := range wanted {
		if !slices.ContainsFunc(ours, func(e Notification) bool { return e.takes(folder) }) {
			cut = append(cut, everything(folder))
		}
	}
	if len(cut) > 0 {
		return wrong(fmt.Sprintf("its filters (%s) keep from the queue what rules want: %s", filters(ours), strings.Join(cut, ", ")),
			`add {"prefix": …, "ignore": true} rules for what they keep away, or take the filters off: `+instead(bucket, q, q.ARN))
	}
	return ok("the queue hears of new objects")
}

// unnotified is the finding where the bucket sends the queue nothing directly.
func unnotified(n Notifications, q Queue, bucket string, others []string) Finding {
	const what = "it does not notify the queue"
	for _, t := range n.Topics {
		switch {
		case !slices.ContainsFunc(t.Events, created):
		case slices.Contains(others, t.ARN):
			return ok("it notifies the topic %s, which is in notify_from; that the queue is subscribed can't be seen from the bucket", lastOf(t.ARN))
		default:
			return warning(what+" itself, but the topic "+t.ARN+"; whether the queue is subscribed can't be seen from the bucket",
				"aws sns list-subscriptions-by-topic --topic-arn "+t.ARN+" has to name "+q.ARN)
		}
	}
	rules := slices.DeleteFunc(slices.Clone(others), func(o string) bool { kind, _ := config.NotifierOf(o); return kind != config.Rule })
	if n.EventBridge && len(rules) > 0 {
		return ok("it notifies EventBridge, whose %s is in notify_from; that it sends these events can't be seen from the bucket", lastOf(few(rules)))
	}
	if n.EventBridge {
		return warning(what+" itself, but EventBridge; whether a rule sends its events on can't be seen from the bucket",
			"aws events list-rule-names-by-target --target-arn "+q.ARN+" has to name one")
	}
	if i := slices.IndexFunc(n.Queues, func(e Notification) bool { return slices.ContainsFunc(e.Events, created) }); i >= 0 {
		other := n.Queues[i].ARN
		return wrong(what+" but "+other+"; S3 tells one of an event, not two",
			"have the bucket notify an SNS topic or EventBridge, and let that notify both queues; or, if no one needs the other: "+instead(bucket, q, other))
	}
	return wrong(what+": nothing is heard of what lands there", also(n, bucket, q))
}

// also is the command that has a bucket notify the queue beside whatever it
// notifies now. S3 takes the configuration as a whole, so it is read, merged
// and written; where there is none the AWS CLI reads nothing.
func also(n Notifications, bucket string, q Queue) string {
	if len(n.Queues)+len(n.Topics)+n.Functions == 0 {
		return putNotification(bucket, faults.Word(`{"QueueConfigurations":[`+entry(q)+`]}`))
	}
	return merged(bucket, "[QueueConfigurations || `[]`, `["+entry(q)+"]`][]")
}

// instead is the command that has it notify the queue in place of another, or
// of what an entry of ours leaves out.
func instead(bucket string, q Queue, other string) string {
	return merged(bucket, "[QueueConfigurations[?QueueArn!='"+other+"'], `["+entry(q)+"]`][]")
}

// merged is a command that writes what it reads, but for the entries of queues:
// these are as an expression of JMESPath says.
func merged(bucket, queues string) string {
	return putNotification(bucket, `"$(aws s3api get-bucket-notification-configuration --bucket `+bucket+
		" --output json --query "+faults.Word("merge(@, {QueueConfigurations: "+queues+"})")+`)"`)
}

func putNotification(bucket, configuration string) string {
	return "aws s3api put-bucket-notification-configuration --bucket " + bucket + " --notification-configuration " + configuration
}

// entry is ours.
func entry(q Queue) string {
	return fmt.Sprintf(`{"Id":"athena-refresh","QueueArn":"%s","Events":["s3:ObjectCreated:*"]}`, q.ARN)
}

// creations are the events of a new object (docs/aws-facts.md 2.3).
var creations = []string{"s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload"}

func created(event string) bool { return s3events.Covers(s3events.Created, event) }

// uncovered are the events of a new object that no entry sends.
func uncovered(entries []Notification) (missing []string) {
	for _, event := range creations {
		if !slices.ContainsFunc(entries, func(e Notification) bool {
			return slices.ContainsFunc(e.Events, func(has string) bool { return s3events.Covers(has, event) })
		}) {
			missing = append(missing, event)
		}
	}
	return missing
}

// takes says whether an entry sends all keys of a folder.
func (e Notification) takes(folder string) bool {
	return e.Suffix == "" && strings.HasPrefix(folder, s3events.Decoded(e.Prefix))
}

func everything(folder string) string {
	if folder == "" {
		return "every key"
	}
	return folder + "…"
}

func filters(entries []Notification) string {
	var list []string
	for _, e := range entries {
		list = append(list, fmt.Sprintf("%q…%q", s3events.Decoded(e.Prefix), s3events.Decoded(e.Suffix)))
	}
	return strings.Join(list, ", ")
}

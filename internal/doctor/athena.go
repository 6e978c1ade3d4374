package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/config"
	"athenarefresh/internal/table"
)

// WorkGroup is what Athena says of a work group.
type WorkGroup struct {
	Enabled  bool
	Location string // of results, "" if it has none
	Enforced bool   // it goes before what a client says
	Managed  bool   // Athena keeps the results itself
}

func workGroup(w WorkGroup, err error, c *config.Config) Finding {
	switch {
	case err != nil:
		return unread(err, "athena:GetWorkGroup on "+c.WorkGroup, wrong("there is no such work group",
			fmt.Sprintf("aws athena create-work-group --name %s --configuration ResultConfiguration={OutputLocation=s3://%s/}", c.WorkGroup, c.ResultsBucket)))
	case !w.Enabled:
		return wrong("it is disabled: no statement is taken", "aws athena update-work-group --state ENABLED --work-group "+c.WorkGroup)
	case w.Managed:
		return ok("Athena keeps its results itself")
	case w.Enforced && bucketOf(w.Location) != c.ResultsBucket:
		return warning(fmt.Sprintf("it enforces %s as the place of results, results_bucket is %s", cmp.Or(w.Location, "no place"), c.ResultsBucket),
			fmt.Sprintf("set results_bucket to that bucket, or: aws athena update-work-group --work-group %s --configuration-updates ResultConfigurationUpdates={OutputLocation=s3://%s/}", c.WorkGroup, c.ResultsBucket))
	}
	return ok("results go to %s", resultsOf(w, c))
}

// resultsOf is where results are put: the client names the results bucket, and
// an enforced work group goes before it.
func resultsOf(w WorkGroup, c *config.Config) string {
	if w.Enforced && w.Location != "" {
		return w.Location
	}
	return "s3://" + c.ResultsBucket + "/"
}

// results: each statement writes an object there. If that notifies the queue,
// the refresh feeds itself.
func (x *examination) results(ctx context.Context) Finding {
	w, err := x.workGroup()
	if err == nil && w.Managed {
		return ok("not used: Athena keeps results itself")
	}
	location := resultsOf(w, x.Config) // of the zero work group, if that can't be read
	bucket := bucketOf(location)
	if f := loop(location, x.Config, x.Router); f.Verdict != OK {
		return f
	}
	if _, err := x.Facts.Region(ctx, bucket); errors.Is(err, ErrMissing) {
		return wrong("there is no bucket "+bucket+": every statement fails", "aws s3 mb s3://"+bucket)
	} else if err != nil {
		return unread(err, "s3:ListBucket on "+bucket, Finding{})
	}
	q, err := x.queue()
	n, nerr := x.Facts.Notifications(ctx, bucket)
	if err != nil || nerr != nil {
		return ok("it exists, and no rule is for it")
	}
	return notifiesItself(n, q, bucket)
}

// loop judges whether results land where a rule takes them. Athena puts one slash
// between a location and the name of its file, whether it ends in one or not.
func loop(location string, c *config.Config, router *table.Router) Finding {
	bucket, folder, _ := table.CutLocation(location)
	if !slices.ContainsFunc(c.Buckets, func(b table.Bucket) bool { return b.Name == bucket }) {
		return ok("no rule is for it")
	}
	folder = strings.TrimLeft(strings.TrimRight(folder, "/")+"/", "/")
	placed := router.Place(bucket, folder+"00000000-0000-0000-0000-000000000000.txt")
	if placed.Reason == table.IgnoredByRule {
		return warning("results go to a bucket of logs; a rule ignores them, and each costs a message", "give results a bucket of their own: results_bucket")
	}
	hint := "give results a bucket of their own: results_bucket"
	below := func(logs string) bool { return strings.HasPrefix(logs, folder) }
	if folder != "" && placed.Outcome != table.Place && !slices.ContainsFunc(router.KeyPrefixes(bucket), below) {
		hint += fmt.Sprintf(`; or, if no logs lie below that folder, put {"prefix": %q, "ignore": true} before that bucket's rules`, folder)
	}
	return wrong("results go to a bucket that notifies: each statement makes an object, which makes a message", hint)
}

// notifiesItself: the bucket of results has no rule, and should not notify.
func notifiesItself(n Notifications, q Queue, bucket string) Finding {
	for _, e := range n.Queues {
		if e.ARN == q.ARN && slices.ContainsFunc(e.Events, created) {
			return wrong("it notifies the queue: every statement makes a message, which is parked (unknown_bucket)",
				"take the queue out of what it notifies: aws s3api get-bucket-notification-configuration --bucket "+bucket+", and put the rest")
		}
	}
	return ok("it exists, and does not notify the queue")
}

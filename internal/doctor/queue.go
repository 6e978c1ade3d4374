package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Queue is what SQS says of a queue.
type Queue struct {
	URL, ARN   string
	Policy     string // JSON, "" if there is none
	KMSKey     string // id, ARN or alias; "" with SQS's own encryption, or none
	Visibility time.Duration
	Retention  time.Duration
	Redrive    string // JSON, "" if there is none
	Waiting    int    // messages, approximately, as is
	InFlight   int
}

// What the queues should be (internal/provision and the Terraform module make
// them so).
const (
	receives     = 100                 // maxReceiveCount: only for what kills a process
	visibilities = 6                   // timeouts
	retention    = 14 * 24 * time.Hour // SQS's longest
	crowded      = 60_000              // messages in flight, half of what SQS allows
)

// redrive is a RedrivePolicy.
type redrive struct {
	Target string      `json:"deadLetterTargetArn"`
	Max    json.Number `json:"maxReceiveCount"`
}

// errNoRedrive says that there is nowhere to park a message.
var errNoRedrive = errors.New("the queue has no redrive policy")

func (q *Queue) redrive() (redrive, error) {
	var r redrive
	if q.Redrive == "" {
		return r, errNoRedrive
	}
	if err := json.Unmarshal([]byte(q.Redrive), &r); err != nil {
		return r, fmt.Errorf("read the redrive policy: %w", err)
	}
	return r, nil
}

// findDeadLetters reads the queue that the redrive policy names, wherever that
// is: parked messages go there.
func (x *examination) findDeadLetters(ctx context.Context) (Queue, error) {
	q, err := x.queue()
	if err != nil {
		return Queue{}, fmt.Errorf("%w: %w", errNoQueue, err)
	}
	r, err := q.redrive()
	if err != nil {
		return Queue{}, err
	}
	return x.Facts.Queue(ctx, r.Target)
}

// errNoQueue says that what hangs on the queue can't be looked at.
var errNoQueue = errors.New("see queue")

func (x *examination) queueChecks() []check {
	c := x.Config
	return []check{
		{name: "queue", subject: c.Queue, ask: func(context.Context) Finding {
			q, err := x.queue()
			return queueExists(q, err, c.Queue)
		}},
		{name: "encryption", subject: c.Queue, ask: x.encryption},
		{name: "visibility", subject: c.Queue, ask: x.ofQueue(func(q Queue) Finding { return visibility(q, c.Timeout) })},
		{name: "retention", subject: c.Queue, ask: x.ofQueue(func(q Queue) Finding { return keeps(q) })},
		{name: "redrive", subject: c.Queue, ask: x.ofQueue(func(q Queue) Finding { return redrives(q, c.DeadLetterQueue) })},
		{name: "dead_letter_queue", subject: c.DeadLetterQueue, ask: func(context.Context) Finding {
			q, _ := x.queue()
			dead, err := x.deadLetters()
			return deadLetterQueue(q, dead, err)
		}},
		{name: "in_flight", subject: c.Queue, ask: x.ofQueue(inFlight)},
		{name: "parked", subject: c.DeadLetterQueue, ask: func(context.Context) Finding {
			dead, err := x.deadLetters()
			return parked(dead, err)
		}},
	}
}

// ofQueue is a check that needs nothing but the queue.
func (x *examination) ofQueue(judge func(Queue) Finding) func(context.Context) Finding {
	return func(context.Context) Finding {
		q, err := x.queue()
		if err != nil {
			return unchecked(errNoQueue.Error(), "")
		}
		return judge(q)
	}
}

func queueExists(q Queue, err error, name string) Finding {
	if err != nil {
		return unread(err, "sqs:GetQueueUrl and sqs:GetQueueAttributes on "+name, wrong("there is no such queue in this account and region",
			`queue_name in lambda.json is its exact name; "athena-refresh lambda deploy --processor athena" makes it, "athena-refresh local" one on this machine`))
	}
	return ok("%d waiting, %d in flight", q.Waiting, q.InFlight)
}

// visibility: a message that comes back while it is being worked on is worked
// on twice, and Lambda refuses a trigger whose queue hides it for less than the
// function's timeout (Lambda developer guide: at least six times that).
func visibility(q Queue, timeout time.Duration) Finding {
	least := visibilities * timeout
	hint := attribute(q, "VisibilityTimeout", seconds(least))
	switch {
	case q.Visibility < timeout:
		return wrong(fmt.Sprintf("messages come back after %v, before the timeout of %v is over", q.Visibility, timeout), hint)
	case q.Visibility < least:
		return warning(fmt.Sprintf("messages come back after %v, which should be six times the timeout of %v", q.Visibility, timeout), hint)
	}
	return ok("%v, for a timeout of %v", q.Visibility, timeout)
}

func keeps(q Queue) Finding {
	if q.Retention < retention {
		return warning(fmt.Sprintf("messages are kept for %s: an outage that is longer loses what landed", days(q.Retention)),
			attribute(q, "MessageRetentionPeriod", seconds(retention)))
	}
	return ok("messages are kept for %s", days(q.Retention))
}

func redrives(q Queue, deadLetters string) Finding {
	r, err := q.redrive()
	arn := q.ARN[:strings.LastIndexByte(q.ARN, ':')+1] + deadLetters
	hint := attribute(q, "RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":"%d"}`, arn, receives))
	if errors.Is(err, errNoRedrive) {
		return wrong("there is none: what can't be placed has nowhere to go and is tried again until it expires", hint)
	}
	if err != nil {
		return wrong(err.Error(), hint)
	}
	n, err := strconv.Atoi(r.Max.String())
	switch {
	case err != nil:
		return wrong(fmt.Sprintf("maxReceiveCount is %q", r.Max), hint)
	case n < receives:
		return warning(fmt.Sprintf("a message is moved after %d receives, without a reason; retries alone take more (%d is meant for what kills a process)", n, receives),
			attribute(q, "RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":"%d"}`, r.Target, receives)))
	}
	return ok("after %d receives to %s", n, lastOf(r.Target))
}

func deadLetterQueue(q, dead Queue, err error) Finding {
	switch {
	case errors.Is(err, errNoQueue):
		return unchecked(errNoQueue.Error(), "")
	case errors.Is(err, errNoRedrive):
		return unchecked("see redrive", "")
	case err != nil:
		r, _ := q.redrive()
		return unread(err, "sqs:GetQueueUrl and sqs:GetQueueAttributes on "+r.Target, wrong("the queue that the redrive policy names does not exist",
			"aws sqs create-queue --queue-name "+lastOf(r.Target)+" --attributes MessageRetentionPeriod="+seconds(retention)))
	case dead.Retention < q.Retention || dead.Retention < retention:
		return warning(fmt.Sprintf("parked messages are kept for %s, and those that SQS moved are as old as when they came to the queue", days(dead.Retention)),
			attribute(dead, "MessageRetentionPeriod", seconds(retention)))
	}
	return ok("messages are kept for %s", days(dead.Retention))
}

func inFlight(q Queue) Finding {
	if q.InFlight >= crowded {
		return warning(fmt.Sprintf("%d messages are in flight; at 120,000 SQS hands out no more", q.InFlight),
			"athena-refresh status says whether the refresh keeps up; what is held back is in its log by reason")
	}
	return ok("%d messages", q.InFlight)
}

func parked(dead Queue, err error) Finding {
	switch {
	case err != nil:
		return unchecked("see dead_letter_queue", "")
	case dead.Waiting+dead.InFlight > 0:
		return warning(fmt.Sprintf("%d messages are parked", dead.Waiting+dead.InFlight), "athena-refresh parked sample shows them by reason")
	}
	return ok("none")
}

// attribute is the command that sets an attribute of a queue.
func attribute(q Queue, name, value string) string {
	b, err := json.Marshal(map[string]string{name: value})
	if err != nil {
		return ""
	}
	return fmt.Sprintf("aws sqs set-queue-attributes --queue-url %s --attributes %s", q.URL, quote(string(b)))
}

// quote makes a word of the shell of a text.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

func days(d time.Duration) string {
	if d < 48*time.Hour {
		return d.String()
	}
	return strconv.FormatFloat(d.Hours()/24, 'g', 3, 64) + " days"
}

// lastOf is the name at the end of an ARN.
func lastOf(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

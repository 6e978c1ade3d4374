package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"athenarefresh/internal/faults"
	"athenarefresh/internal/refresh"
)

// Queue is what SQS says of a queue.
type Queue struct {
	URL, ARN   string
	Policy     string // JSON, "" if there is none
	KMSKey     string // id, ARN or alias; "" with SQS's own encryption, or none
	Visibility time.Duration
	Retention  time.Duration
	Redrive    string // JSON, "" if there is none
	Admits     string // whose dead-letter queue it may be: JSON, "" for anybody's
	Waiting    int    // messages, approximately, as is
	InFlight   int
}

// What the queues should be: the embedded AWS's are made by these, the Terraform
// module makes them so too.
const (
	Visibilities = 6                   // timeouts of the function that a message stays hidden for
	Retention    = 14 * 24 * time.Hour // SQS's longest (docs/aws-facts.md 1.3)
	maxReceives  = 100                 // only for what kills a process
)

// RedrivePolicy is what the queue's should be, with a dead-letter queue of this ARN.
func RedrivePolicy(target string) string {
	return fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":"%d"}`, target, maxReceives)
}

// redrive is a RedrivePolicy.
type redrive struct {
	Target string      `json:"deadLetterTargetArn"`
	Max    json.Number `json:"maxReceiveCount"`
}

// holds is how many messages are in the queue, those in flight too.
func (q *Queue) holds() int { return q.Waiting + q.InFlight }

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
// is: parked messages go there. Without a policy it is the one that should be there.
func (x *examination) findDeadLetters(ctx context.Context) (Queue, error) {
	q, err := x.queue()
	if err != nil {
		return Queue{}, fmt.Errorf("%w: %w", errNoQueue, err)
	}
	r, err := q.redrive()
	if err != nil {
		return x.Facts.Queue(ctx, x.Config.DeadLetterQueue)
	}
	return x.Facts.Queue(ctx, r.Target)
}

// errNoQueue says that what hangs on the queue can't be looked at.
var errNoQueue = errors.New("see queue")

func queueExists(q Queue, err error, name string) Finding {
	if err != nil {
		return unread(err, "sqs:GetQueueUrl and sqs:GetQueueAttributes on "+name, known(Wrong, name, faults.New("queue_missing", faults.Args{"queue": name})))
	}
	return ok("%d waiting, %d in flight", q.Waiting, q.InFlight)
}

// visibility: a message that comes back while it is being worked on is worked
// on twice, and Lambda refuses a trigger whose queue hides it for less than the
// function's timeout (Lambda developer guide: at least six times that).
func visibility(q Queue, timeout time.Duration) Finding {
	least := Visibilities * timeout
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
	if q.Retention < Retention {
		return warning(fmt.Sprintf("messages are kept for %s: an outage that is longer loses what landed", days(q.Retention)),
			attribute(q, "MessageRetentionPeriod", seconds(Retention)))
	}
	return ok("messages are kept for %s", days(q.Retention))
}

func redrives(q Queue, deadLetters string) Finding {
	r, err := q.redrive()
	arn := q.ARN[:strings.LastIndexByte(q.ARN, ':')+1] + deadLetters
	hint := attribute(q, "RedrivePolicy", RedrivePolicy(arn))
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
	case n < maxReceives:
		return warning(fmt.Sprintf("a message is moved after %d receives, without a reason; retries alone take more (%d is meant for what kills a process)", n, maxReceives),
			attribute(q, "RedrivePolicy", RedrivePolicy(r.Target)))
	}
	return ok("after %d receives to %s", n, lastOf(r.Target))
}

// deadLetterQueue: a message that SQS moves there is as old as when it came to
// the queue (docs/aws-facts.md 1.5).
func deadLetterQueue(q, dead Queue, err error, name string) Finding {
	if r, err := q.redrive(); err == nil {
		name = lastOf(r.Target)
	}
	switch {
	case errors.Is(err, errNoQueue):
		return unchecked(errNoQueue.Error(), "")
	case err != nil:
		return unread(err, "sqs:GetQueueUrl and sqs:GetQueueAttributes on "+name, wrong("there is no such queue: nothing can be parked",
			sqsCommand(q, "create-queue --queue-name "+name+" --attributes MessageRetentionPeriod="+seconds(Retention))))
	case !dead.admits(q.ARN):
		return wrong("its redrive allow policy doesn't name the queue: SQS moves nothing there",
			attribute(dead, "RedriveAllowPolicy", fmt.Sprintf(`{"redrivePermission":"byQueue","sourceQueueArns":["%s"]}`, q.ARN)))
	case dead.Retention < q.Retention || dead.Retention < Retention:
		return warning(fmt.Sprintf("parked messages are kept for %s, and those that SQS moves are as old as when they came to the queue", days(dead.Retention)),
			attribute(dead, "MessageRetentionPeriod", seconds(Retention)))
	}
	return ok("messages are kept for %s", days(dead.Retention))
}

// admits says whether a queue may be the dead-letter queue of another one (SQS API
// reference, SetQueueAttributes, RedriveAllowPolicy).
func (q *Queue) admits(arn string) bool {
	var p struct {
		Permission string   `json:"redrivePermission"`
		Sources    []string `json:"sourceQueueArns"`
	}
	if q.Admits == "" || json.Unmarshal([]byte(q.Admits), &p) != nil {
		return q.Admits == ""
	}
	return p.Permission == "allowAll" || p.Permission == "byQueue" && slices.Contains(p.Sources, arn)
}

func inFlight(q Queue) Finding {
	if q.InFlight > refresh.CrowdedAbove {
		return warning(fmt.Sprintf("%d messages are in flight; at 120,000 SQS hands out no more. What is held back is in the refresh's log by reason", q.InFlight),
			"athena-refresh status")
	}
	return ok("%s", messages(q.InFlight))
}

func nothingParked(dead Queue, err error) Finding {
	switch {
	case err != nil:
		return unchecked("see dead_letter_queue", "")
	case dead.holds() > 0:
		return known(Warning, "", faults.New("parked", faults.Args{"parked": messages(dead.holds()) + " parked"}))
	}
	return ok("none")
}

func messages(n int) string { return faults.Count(n, "message") }

// attribute is the command that sets an attribute of a queue.
func attribute(q Queue, name, value string) string {
	b, err := json.Marshal(map[string]string{name: value})
	if err != nil {
		return ""
	}
	return sqsCommand(q, fmt.Sprintf("set-queue-attributes --queue-url %s --attributes %s", q.URL, faults.Word(string(b))))
}

// domains are AWS's own, of every partition, and those of their addresses that
// answer by IPv6 too (the SDK's table of partitions).
var domains = []string{
	".amazonaws.com", ".api.aws", ".amazonaws.com.cn", ".api.amazonwebservices.com.cn", ".amazonaws.eu", ".api.amazonwebservices.eu",
	".c2s.ic.gov", ".api.aws.ic.gov", ".sc2s.sgov.gov", ".api.aws.scloud", ".cloud.adc-e.uk", ".api.cloud-aws.adc-e.uk", ".csp.hci.ic.gov", ".api.aws.hci.ic.gov",
}

// sqsCommand is a command of the AWS CLI, whose older versions speak to AWS's
// own SQS whatever AWS_ENDPOINT_URL says.
func sqsCommand(q Queue, rest string) string {
	u, err := url.Parse(q.URL)
	ofAWS := func(domain string) bool { return strings.HasSuffix(u.Hostname(), domain) }
	if err != nil || slices.ContainsFunc(domains, ofAWS) {
		return "aws sqs " + rest
	}
	return "aws --endpoint-url " + u.Scheme + "://" + u.Host + " sqs " + rest
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

func days(d time.Duration) string {
	if d < 48*time.Hour {
		return d.String()
	}
	return strconv.FormatFloat(d.Hours()/24, 'g', 3, 64) + " days"
}

// lastOf is the name at the end of an ARN.
func lastOf(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

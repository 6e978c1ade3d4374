package doctor

import (
	"fmt"
	"strings"

	"athenarefresh/internal/config"
	"athenarefresh/internal/iam"
)

// The services that act on a deployment's resources by themselves.
const (
	s3Service     = "s3.amazonaws.com"
	snsService    = "sns.amazonaws.com"
	eventsService = "events.amazonaws.com"
)

// The condition keys by which a service says on whose behalf it asks.
const (
	sourceARN     = "aws:sourcearn"
	sourceAccount = "aws:sourceaccount"
)

// told is what AWS documents a service to say, and not to say, of itself when it
// asks for an action. Of a key that is in neither list nothing is documented: a
// policy that hangs on it may work or not, and is not called right. Of none is
// anything documented where a key of KMS's is asked for: the policies in S3's user
// guide ("AWS KMS key policy") and in SQS's ("Configure KMS permissions for AWS
// services") are without conditions.
var told = []struct {
	service, action string
	sends, leaves   []string
}{
	// S3 user guide, "Granting permissions to publish event notification messages to a destination".
	{service: s3Service, action: "sqs:SendMessage", sends: []string{sourceARN, sourceAccount}},
	// SNS developer guide, "Subscribing an Amazon SQS queue to an Amazon SNS topic".
	{service: snsService, action: "sqs:SendMessage", sends: []string{sourceARN}},
	// EventBridge user guide, "Using resource-based policies for Amazon EventBridge".
	{service: eventsService, action: "sqs:SendMessage", sends: []string{sourceARN}},
	// There, "Troubleshooting": a source account keeps it from invoking the function.
	{service: eventsService, action: "lambda:InvokeFunction", sends: []string{sourceARN}, leaves: []string{sourceAccount}},
}

// sender is a service that acts on behalf of a resource.
type sender struct {
	service string
	arn     string // of the resource
	account string // whose it is
	name    string // for people
}

// asks is what it asks for. A service speaks TLS, and is no member of an
// organisation. (IAM user guide, "AWS global condition context keys":
// aws:PrincipalIsAWSService, aws:PrincipalServiceName, aws:PrincipalOrgID.)
func (s sender) asks(action, resource string) iam.Request {
	keys := map[string]string{
		"aws:securetransport": "true", "aws:principalisawsservice": "true", "aws:principalservicename": s.service, "aws:principalorgid": "",
	}
	values := map[string]string{sourceARN: s.arn, sourceAccount: s.account}
	for _, t := range told {
		if t.service != s.service || t.action != action {
			continue
		}
		for _, key := range t.sends {
			keys[key] = values[key]
		}
		for _, key := range t.leaves {
			keys[key] = ""
		}
	}
	return iam.Request{Service: s.service, Action: action, Resource: resource, Keys: keys}
}

// senders are those that have to send to the queue: S3 for every bucket, which
// may be of any account that is named, topics and rules.
func senders(q Queue, c *config.Config) []sender {
	var list []sender
	for _, account := range accounts(c) {
		for _, b := range c.Buckets {
			s := sender{s3Service, bucketARN(q, b.Name), account, b.Name}
			if account != c.Account {
				s.name += " of account " + account
			}
			list = append(list, s)
		}
	}
	for _, f := range c.NotifyFrom {
		switch kind, account := config.NotifierOf(f); kind {
		case config.Topic:
			list = append(list, sender{snsService, f, account, "topic " + lastOf(f)})
		case config.Rule:
			list = append(list, sender{eventsService, f, account, lastOf(f)})
		}
	}
	return list
}

// accounts are those whose buckets notify the queue, our own first.
func accounts(c *config.Config) []string {
	list := []string{c.Account}
	for _, f := range c.NotifyFrom {
		if kind, account := config.NotifierOf(f); kind == config.Account && account != c.Account {
			list = append(list, account)
		}
	}
	return list
}

// answers are the names of the senders by what a policy says to them; the worst,
// where one asks for more than one thing.
func answers(p iam.Policy, list []sender, resource string, actions ...string) map[iam.Answer][]string {
	said := map[iam.Answer][]string{}
	for _, s := range list {
		worst := iam.Yes
		for _, action := range actions {
			worst = min(worst, p.Lets(s.asks(action, resource)))
		}
		said[worst] = append(said[worst], s.name)
	}
	return said
}

// few are some of the names, and how many others there are.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

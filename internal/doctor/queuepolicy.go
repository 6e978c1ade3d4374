package doctor

import (
	"strings"

	"athenarefresh/internal/config"
	"athenarefresh/internal/iam"
)

// queuePolicy judges whether S3 may send on behalf of every bucket, and nobody
// else.
func queuePolicy(q Queue, c *config.Config) Finding {
	p, err := iam.Parse(q.Policy)
	if err != nil {
		return wrong(err.Error(), allowS3(q, c))
	}
	if q.Policy == "" {
		return wrong("the queue has none: S3 may not send to it", allowS3(q, c))
	}
	said := map[iam.Answer][]string{}
	for _, b := range c.Buckets {
		a := p.Lets(s3Asks("sqs:SendMessage", q.ARN, bucketARN(q, b.Name), c.Account))
		said[a] = append(said[a], b.Name)
	}
	list := func(a iam.Answer) string { return strings.Join(said[a], ", ") }
	switch {
	case said[iam.No] != nil:
		return wrong("it doesn't let S3 send for "+list(iam.No), allowS3(q, c))
	case said[iam.Unclear] != nil:
		return unchecked("it has conditions that are not understood here, for "+list(iam.Unclear), sqsCommand(q, "get-queue-attributes --attribute-names Policy --queue-url "+q.URL))
	case said[iam.Loose] != nil:
		return warning("it lets S3 send for "+list(iam.Loose)+", but others too: it should name the service "+s3Service+", aws:SourceArn and aws:SourceAccount", allowS3(q, c))
	}
	return ok("S3 may send for %d buckets", len(c.Buckets))
}

// allowS3 is the command that lets S3 send for the configured buckets. It keeps
// what else the policy says.
func allowS3(q Queue, c *config.Config) string {
	var sources []string
	for _, b := range c.Buckets {
		sources = append(sources, bucketARN(q, b.Name))
	}
	text, err := withStatement(q.Policy, map[string]any{
		"Sid": "S3Notifies", "Effect": "Allow", "Principal": map[string]string{"Service": s3Service},
		"Action": "sqs:SendMessage", "Resource": q.ARN,
		"Condition": map[string]any{
			"ArnLike":      map[string]any{"aws:SourceArn": sources},
			"StringEquals": map[string]string{"aws:SourceAccount": c.Account},
		},
	})
	if err != nil {
		return "write the queue's policy anew: what is there is no JSON"
	}
	return attribute(q, "Policy", text)
}

package s3

import (
	"crypto/rand"
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/rclone/gofakes3"
	"go.etcd.io/bbolt"

	"athenarefresh/internal/s3events"
)

// notificationConfiguration is a bucket's, on the wire and in the database.
// Only queues are delivered to; what else was saved without validation is kept
// and given back, because who changes a configuration reads, merges and writes it
// as a whole.
type notificationConfiguration struct {
	XMLName     xml.Name      `xml:"NotificationConfiguration" json:"-"`
	Xmlns       string        `xml:"xmlns,attr,omitempty" json:"-"`
	Queues      []destination `xml:"QueueConfiguration"`
	Topics      []destination `xml:"TopicConfiguration"`
	Functions   []destination `xml:"CloudFunctionConfiguration"`
	EventBridge *struct{}     `xml:"EventBridgeConfiguration"`
}

// destination is one entry; which of the three ARNs it has is its kind.
type destination struct {
	ID       string   `xml:"Id"`
	Queue    string   `xml:"Queue,omitempty"`
	Topic    string   `xml:"Topic,omitempty"`
	Function string   `xml:"CloudFunction,omitempty"`
	Events   []string `xml:"Event"`
	Filter   *filter  `xml:"Filter"`
}

type filter struct {
	Rules []filterRule `xml:"S3Key>FilterRule"`
}

type filterRule struct{ Name, Value string }

// maxNotificationBody is ample for the 100 entries that S3 allows.
const maxNotificationBody = 1 << 20

func (s *Store) serveNotification(w http.ResponseWriter, r *http.Request, name string) error {
	switch r.Method {
	case http.MethodGet:
		return s.getNotification(w, name)
	case http.MethodPut:
		return s.putNotification(r, name)
	}
	return gofakes3.ErrMethodNotAllowed
}

func (s *Store) getNotification(w http.ResponseWriter, name string) error {
	var b bucket
	err := s.DB.View(in(name, func(tx *bbolt.Tx, _ *bbolt.Bucket) error {
		_, err := load(tx.Bucket(bucketsName), name, &b)
		return err
	}))
	if err != nil {
		return err
	}
	var n notificationConfiguration
	if b.Notification != nil {
		n = *b.Notification
	}
	n.Xmlns = "http://s3.amazonaws.com/doc/2006-03-01/"
	return writeXML(w, http.StatusOK, n)
}

// putNotification replaces the configuration as a whole and tells each queue
// that is new to hear of this bucket, in one transaction.
func (s *Store) putNotification(r *http.Request, name string) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxNotificationBody))
	if err != nil {
		return clientError(err)
	}
	var n notificationConfiguration
	if err := xml.Unmarshal(body, &n); err != nil {
		return gofakes3.ErrorMessage(gofakes3.ErrMalformedXML, err.Error())
	}
	if err := n.check(s.Region); err != nil {
		return err
	}
	skip := strings.EqualFold(r.Header.Get("X-Amz-Skip-Destination-Validation"), "true")
	return s.Update(in(name, func(tx *bbolt.Tx, _ *bbolt.Bucket) error {
		if !skip {
			if err := s.testDestinations(tx, name, &n); err != nil {
				return err
			}
		}
		var b bucket
		if _, err := load(tx.Bucket(bucketsName), name, &b); err != nil {
			return err
		}
		b.Notification = &n
		return save(tx.Bucket(bucketsName), name, b)
	}))
}

// testDestinations sends the test event to every queue. All must be there and
// let S3 send, or the whole configuration is refused; topics and functions are
// never there.
func (s *Store) testDestinations(tx *bbolt.Tx, name string, n *notificationConfiguration) error {
	if none := slices.Concat(n.Topics, n.Functions); len(none) > 0 {
		return refuse("Unable to validate the following destination configurations: the local stack has no SNS and no Lambda, and so no %s%s",
			none[0].Topic, none[0].Function)
	}
	for _, d := range n.Queues {
		if !s.Queues.Takes(d.Queue, bucketARN(name)) {
			return refuse("Unable to validate the following destination configurations")
		}
		if err := s.Queues.Enqueue(tx, d.Queue, bucketARN(name), testEvent(name, s.Now())); err != nil {
			return err
		}
	}
	return nil
}

// maxDestinations is how many entries a bucket may have.
const maxDestinations = 100

// check refuses what S3 refuses, and gives an id to entries without one.
func (n *notificationConfiguration) check(region string) error {
	if count := len(n.Queues) + len(n.Topics) + len(n.Functions); count > maxDestinations {
		return refuse("The notification configuration has %d entries; a bucket may have %d", count, maxDestinations)
	}
	var seen []*destination
	for _, list := range [][]destination{n.Queues, n.Topics, n.Functions} {
		for i := range list {
			d := &list[i]
			if err := d.check(region); err != nil {
				return err
			}
			for _, other := range seen {
				if err := d.against(other); err != nil {
					return err
				}
			}
			seen = append(seen, d)
		}
	}
	return nil
}

func refuse(format string, args ...any) error {
	return gofakes3.ErrorMessagef(gofakes3.ErrInvalidArgument, format, args...)
}

func (d *destination) check(region string) error {
	if err := d.checkARN(region); err != nil {
		return err
	}
	if d.ID == "" {
		d.ID = rand.Text()
	}
	if len(d.Events) == 0 {
		return refuse("A configuration needs at least one event")
	}
	for _, event := range d.Events {
		if !known(event) {
			return refuse("The event is not supported for notifications")
		}
	}
	seen := map[string]bool{}
	for _, rule := range d.rules() {
		name := strings.ToLower(rule.Name)
		switch {
		case seen[name]:
			return refuse("Cannot specify more than one %s rule in a filter.", name)
		case name != "prefix" && name != "suffix":
			return refuse("filter rule name must be either prefix or suffix")
		}
		seen[name] = true
	}
	return nil
}

func (d *destination) rules() []filterRule {
	if d.Filter == nil {
		return nil
	}
	return d.Filter.Rules
}

// end is the value of the filter's prefix or suffix, encoded as it is.
func (d *destination) end(name string) string {
	for _, rule := range d.rules() {
		if strings.EqualFold(rule.Name, name) {
			return rule.Value
		}
	}
	return ""
}

// checkARN refuses what can't be a destination of this bucket. S3 sends to no
// FIFO queue (user guide, "Supported event destinations").
func (d *destination) checkARN(region string) error {
	arn, service := d.Queue, "sqs"
	switch {
	case d.Topic != "":
		arn, service = d.Topic, "sns"
	case d.Function != "":
		arn, service = d.Function, "lambda"
	}
	parts := strings.SplitN(arn, ":", 6)
	switch {
	case len(parts) < 6 || parts[0] != "arn" || parts[2] != service || parts[4] == "" || parts[5] == "":
		return refuse("The ARN is not well formed")
	case parts[3] != region:
		return refuse("The notification destination service region is not valid for the bucket location constraint")
	case strings.HasSuffix(arn, ".fifo"):
		return refuse("Unable to validate the following destination configurations")
	}
	return nil
}

// known says whether S3 has such an event, or such a family with "*" (API
// reference, QueueConfiguration).
func known(event string) bool {
	return slices.Contains([]string{
		"s3:ReducedRedundancyLostObject",
		"s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post",
		"s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload",
		"s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete", "s3:ObjectRemoved:DeleteMarkerCreated",
		"s3:ObjectRestore:*", "s3:ObjectRestore:Post", "s3:ObjectRestore:Completed", "s3:ObjectRestore:Delete",
		"s3:Replication:*", "s3:Replication:OperationFailedReplication", "s3:Replication:OperationNotTracked",
		"s3:Replication:OperationMissedThreshold", "s3:Replication:OperationReplicatedAfterThreshold",
		"s3:LifecycleTransition", "s3:IntelligentTiering", "s3:ObjectAcl:Put",
		"s3:LifecycleExpiration:*", "s3:LifecycleExpiration:Delete", "s3:LifecycleExpiration:DeleteMarkerCreated",
		"s3:ObjectTagging:*", "s3:ObjectTagging:Put", "s3:ObjectTagging:Delete",
		"s3:ObjectAnnotation:*", "s3:ObjectAnnotation:Put", "s3:ObjectAnnotation:Delete",
	}, event)
}

// against refuses two entries that some event would match both of.
func (d *destination) against(other *destination) error {
	if d.ID == other.ID {
		return refuse("Same ID used for multiple configurations. IDs must be unique")
	}
	if !s3events.Overlap(d.Events, other.Events) {
		return nil
	}
	prefix, suffix := s3events.Decoded(d.end("prefix")), s3events.Decoded(d.end("suffix"))
	otherPrefix, otherSuffix := s3events.Decoded(other.end("prefix")), s3events.Decoded(other.end("suffix"))
	prefixes := strings.HasPrefix(prefix, otherPrefix) || strings.HasPrefix(otherPrefix, prefix)
	suffixes := strings.HasSuffix(suffix, otherSuffix) || strings.HasSuffix(otherSuffix, suffix)
	switch {
	case !prefixes || !suffixes:
		return nil
	case d.Filter == nil && other.Filter == nil:
		return refuse("Configurations overlap. Configurations on the same bucket cannot share a common event type.")
	}
	return refuse("Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.")
}

// wants says whether an event ("ObjectCreated:Put") of a key goes there.
func (d *destination) wants(event, key string) bool {
	return s3events.Matches(d.end("prefix"), d.end("suffix"), key) &&
		slices.ContainsFunc(d.Events, func(pattern string) bool { return s3events.Covers(pattern, "s3:"+event) })
}

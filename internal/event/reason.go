package event

// Reason is why a record speaks of no new object: one word of a fixed list
// that is the same in the log, the metrics and the dead-letter message.
type Reason string

const (
	TestEvent        Reason = "test_event"         // ignore: S3 and CloudTrail send it when a configuration is saved
	SNSControl       Reason = "sns_control"        // ignore: a subscription was confirmed
	NotCreated       Reason = "not_created"        // ignore: a deletion, a restore, an event of the future
	NoRecords        Reason = "no_records"         // ignore: a list of nothing
	Malformed        Reason = "malformed"          // park: not JSON, or a known member of the wrong type
	NotS3            Reason = "not_s3"             // park: a record of another service
	NotANotification Reason = "not_a_notification" // park: JSON, but none of the shapes
)

// Ignored says whether nothing needs to be done about a record with this
// reason; otherwise it is parked.
func (r Reason) Ignored() bool {
	switch r {
	case TestEvent, SNSControl, NotCreated, NoRecords:
		return true
	}
	return false
}

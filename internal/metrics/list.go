package metrics

import (
	"athenarefresh/internal/daemon"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/refresh"
)

// The metrics that alerts, charts and code name; [All] has them all.
var (
	BuildInfo = &Metric{Name: "build_info", Kind: Gauge, Unit: "always 1", Labels: []string{"version", "go_version"}, Help: "Which version runs, and by which Go it was built.",
		of: func(f *Facts) []Sample { return []Sample{{Labels: []string{f.Version, f.Go}, Value: 1}} }}

	Behind = &Metric{Name: "table_behind_seconds", Kind: Gauge, Unit: "seconds", Labels: []string{"table"},
		Help: "How long ago the oldest object landed that was seen and waits for its table, heard of in the last two hours; 0: none waits. What the queue holds unread is of no table yet.",
		of:   behind}
	Searchable = &Metric{Name: "searchable_seconds", Kind: Summary, Unit: "seconds", Labels: []string{"table"},
		Help: "From an object's landing until its new partition was in the catalog; quantiles of the last 1,000 objects. In CloudWatch in milliseconds.",
		of:   searchable, Cloud: own("EventToSearchableMs", "Milliseconds")}
	Partitions = &Metric{Name: "partitions_added_total", Kind: Counter, Unit: "partitions", Labels: []string{"table"}, Help: "Partitions added.",
		of: func(f *Facts) []Sample { return counts(nil, f.Work.Added) }, Cloud: own("PartitionsAdded", "Count")}

	Messages = &Metric{Name: "messages_total", Kind: Counter, Unit: "messages", Labels: []string{"outcome"}, Help: "Messages settled, by outcome: done, parked or retry.",
		of: func(f *Facts) []Sample {
			return counts([]refresh.Outcome{refresh.Done, refresh.Parked, refresh.Retry}, f.Work.Messages)
		}, Cloud: own("Messages{X}", "Count")}
	Records = &Metric{Name: "records_seen_total", Kind: Counter, Unit: "records", Help: "Records of all messages settled.",
		of: func(f *Facts) []Sample { return number(f.Work.Records) }, Cloud: own("Records", "Count")}
	Reasons = &Metric{Name: "records_total", Kind: Counter, Unit: "records", Labels: []string{"reason"},
		Help: "Records with a reason: those without are in the catalog. Every reason is there from the start, at 0; in CloudWatch once it occurs.",
		of:   func(f *Facts) []Sample { return counts(refresh.Reasons(), f.Work.Reasons) }, Cloud: own("Records_{x}", "Count"), Sparse: true}

	Statements = &Metric{Name: "statements_total", Kind: Counter, Unit: "calls", Help: "Statements, or batch calls, that added partitions.",
		of: func(f *Facts) []Sample { return number(f.Work.Adds) }, Cloud: own("Statements", "Count")}
	Lookups = &Metric{Name: "lookups_total", Kind: Counter, Unit: "calls", Help: "Calls that looked partitions up.",
		of: func(f *Facts) []Sample { return number(f.Work.Lookups) }, Cloud: own("Lookups", "Count")}
	Throttles = &Metric{Name: "throttles_total", Kind: Counter, Unit: "calls", Help: "Calls of the catalog that it refused because there were too many.",
		of: func(f *Facts) []Sample { return number(f.Work.Throttles) }, Cloud: own("Throttles", "Count")}
	CatalogDown = &Metric{Name: "catalog_down", Kind: Gauge, Unit: "1 or 0", Help: "1 if the catalog as a whole was last found not to work: what comes waits in the queue.",
		of: func(f *Facts) []Sample { return known(f.CatalogDown, yes) }}

	Received = &Metric{Name: "messages_received_total", Kind: Counter, Unit: "messages", Help: "Messages received, some of them more than once.",
		of: func(f *Facts) []Sample { return number(f.Done.Received) }, Cloud: own("MessagesReceived", "Count")}
	Deleted = &Metric{Name: "messages_deleted_total", Kind: Counter, Unit: "messages", Help: "Messages that the queue confirmed as deleted.",
		of: func(f *Facts) []Sample { return number(f.Done.Deleted) }, Cloud: own("MessagesDeleted", "Count")}
	Kept = &Metric{Name: "messages_kept_total", Kind: Counter, Unit: "messages", Help: "Messages that were hidden, to be tried again later.",
		of: func(f *Facts) []Sample { return number(f.Done.Hidden) }, Cloud: own("MessagesKept", "Count")}
	Unconfirmed = &Metric{Name: "messages_unconfirmed_total", Kind: Counter, Unit: "messages", Help: "Messages that were settled, but not confirmed as deleted: they may come again.",
		of: func(f *Facts) []Sample { return number(f.Done.Unsure) }, Cloud: own("MessagesUnconfirmed", "Count")}
	OldestMessage = &Metric{Kind: Gauge, Unit: "seconds",
		Help: "Age of the oldest message that was settled in the run or the minute. SQS's own age leaves out a message that was handed out three times; this one doesn't.",
		of: func(f *Facts) []Sample {
			if len(f.Work.Messages) == 0 {
				return nil
			}
			return []Sample{{Value: seconds(f.Work.Oldest)}}
		}, Cloud: own("OldestMessageAge", "Seconds")}

	Waiting = &Metric{Name: "queue_waiting", Kind: Gauge, Unit: "messages", Help: "Messages that wait in the queue, as it said within the last minute or invocation.",
		of: func(f *Facts) []Sample {
			return known(f.Done.Depth, func(d daemon.Depth) float64 { return float64(d.Waiting) })
		},
		Cloud: sqs("ApproximateNumberOfMessagesVisible", Queue)}
	InFlight = &Metric{Name: "queue_in_flight", Kind: Gauge, Unit: "messages", Help: "Messages that are handed out or hidden, likewise. At 120,000 SQS hands out nothing more.",
		of: func(f *Facts) []Sample {
			return known(f.Done.Depth, func(d daemon.Depth) float64 { return float64(d.InFlight) })
		},
		Cloud: sqs("ApproximateNumberOfMessagesNotVisible", Queue)}
	Answered = &Metric{Name: "queue_answered_timestamp_seconds", Kind: Gauge, Unit: "seconds since 1970", Help: "When the queue last answered.",
		of: func(f *Facts) []Sample { return instant(f.Answered) }}
	Turned = &Metric{Name: "loop_timestamp_seconds", Kind: Gauge, Unit: "seconds since 1970", Help: "When the daemon's loop last turned.",
		of: func(f *Facts) []Sample { return instant(f.Alive) }}

	Parked = &Metric{Name: "dead_letters", Kind: Gauge, Unit: "messages", Help: "Messages in the dead-letter queue now, whoever put them there.",
		of:    func(f *Facts) []Sample { return known(f.Parked, func(n int) float64 { return float64(n) }) },
		Cloud: sqs("ApproximateNumberOfMessagesVisible", DeadLetters)}
	OldestParked = &Metric{Name: "dead_letters_oldest_seconds", Kind: Gauge, Unit: "seconds",
		Help: "How long the oldest of them is there; 0: there is none. SQS drops it after 14 days. CloudWatch is asked for it, and is a few minutes late.",
		of:   func(f *Facts) []Sample { return known(f.OldestParked, seconds) }, Cloud: sqs("ApproximateAgeOfOldestMessage", DeadLetters)}

	Compared = &Metric{Name: "reconcile_timestamp_seconds", Kind: Gauge, Unit: "seconds since 1970", Help: "When S3 and the catalog were last compared as a whole. That nothing is missing is a fact as of then.",
		of: func(f *Facts) []Sample {
			if f.compared() == nil {
				return nil
			}
			return instant(f.Reconciled.At)
		}}
	Comparing = &Metric{Name: "reconcile_seconds", Kind: Gauge, Unit: "seconds", Help: "How long that took.",
		of: func(f *Facts) []Sample {
			return known(f.compared(), func(s reconcile.Summary) float64 { return s.Took.Seconds() })
		}}
	Differing = &Metric{Name: "reconcile_differences", Kind: Gauge, Unit: "differences", Labels: []string{"kind"}, Help: "Differences that it found.",
		of: func(f *Facts) []Sample { return differences(f, false) }}
	Mended = &Metric{Name: "reconcile_mended", Kind: Gauge, Unit: "differences", Labels: []string{"kind"}, Help: "Of these, what it mended.",
		of: func(f *Facts) []Sample { return differences(f, true) }}
	Uncompared = &Metric{Name: "reconcile_failures_total", Kind: Counter, Unit: "comparisons", Help: "Comparisons that could not be made, or not as a whole.",
		of: func(f *Facts) []Sample {
			return known(f.Reconciled, func(l reconcile.Last) float64 { return float64(l.Failures) })
		}}

	// What AWS alone counts.
	QueueSent     = &Metric{Unit: "messages", Help: "Messages sent to the queue. Sent, received and deleted go up side by side.", Cloud: sqs("NumberOfMessagesSent", Queue)}
	QueueReceived = &Metric{Unit: "messages", Help: "Messages that the queue handed out, repetitions included.", Cloud: sqs("NumberOfMessagesReceived", Queue)}
	QueueDeleted  = &Metric{Unit: "messages", Help: "Messages deleted from the queue: those that are settled.", Cloud: sqs("NumberOfMessagesDeleted", Queue)}
	QueueOldest   = &Metric{Unit: "seconds", Help: "Age of the oldest message in the queue, without those that were handed out three times.", Cloud: sqs("ApproximateAgeOfOldestMessage", Queue)}
	Invocations   = &Metric{Unit: "runs", Help: "Runs of the function, as production.", Cloud: lambda("Invocations")}
	Errors        = &Metric{Unit: "runs", Help: "Runs that failed or were killed.", Cloud: lambda("Errors")}
	Refused       = &Metric{Unit: "runs", Help: "Runs that could not begin, as the account ran as many as it may.", Cloud: lambda("Throttles")}
	Duration      = &Metric{Unit: "milliseconds", Help: "How long a run took.", Cloud: lambda("Duration")}
	Executions    = &Metric{Unit: "milliseconds", Help: "How long a statement took, from its submission to its end.", Cloud: Cloud{"AWS/Athena", "TotalExecutionTime", "Milliseconds", DDL}}
)

// All is the list, in the order in which people read it.
var All = []*Metric{
	Behind, Searchable, Partitions,
	Parked, OldestParked, Messages, Records, Reasons,
	Waiting, InFlight, Received, Deleted, Kept, Unconfirmed, OldestMessage, Answered, Turned,
	Statements, Lookups, Throttles, CatalogDown,
	Compared, Comparing, Differing, Mended, Uncompared,
	BuildInfo,
	QueueSent, QueueReceived, QueueDeleted, QueueOldest, Invocations, Errors, Refused, Duration, Executions,
}

func own(name, unit string) Cloud     { return Cloud{Namespace, name, unit, Own} }
func sqs(name string, of Thing) Cloud { return Cloud{"AWS/SQS", name, "", of} }
func lambda(name string) Cloud        { return Cloud{"AWS/Lambda", name, "", Function} }

package metrics

import (
	"strings"
	"time"
)

// Alert is what somebody is told of, by Prometheus, by CloudWatch, or by both.
type Alert struct {
	Name string // as the alarm of CloudWatch has it: dead_letters
	Says string // a sentence
	Do   string // at three in the morning: sentences, commands in backquotes
	Wait bool   // until the morning

	Rule  *Rule  // Prometheus'; nil: it has none
	Alarm *Alarm // CloudWatch's; nil: it has none
}

// Rule is true while a value is above a limit, and has been For so long.
type Rule struct {
	Value string // PromQL that has a series, whether all is well or not
	Above float64
	For   time.Duration
}

// Alarm is one of CloudWatch. Texts with ${…} are Terraform's (terraform/alarms.tf).
type Alarm struct {
	Metric *Metric
	Label  string // the value of its label
	Stat   string
	Above  string
	PerRun bool // over periods that have a run in them; else over 5 minutes
	Of     int  // periods looked at: all of them, or two of three runs

	// Instead of all this, mathematics on the sums of metrics, over windows.
	Math     string
	Operands map[string]*Metric
}

// Title is the alert's name in Prometheus: AthenaRefreshDeadLetters.
func (a *Alert) Title() string {
	title := "AthenaRefresh"
	for word := range strings.SplitSeq(a.Name, "_") {
		title += strings.ToUpper(word[:1]) + word[1:]
	}
	return title
}

// Expr is the rule's condition.
func (r *Rule) Expr() string { return r.Value + " > " + Float(r.Above) }

const (
	day      = 24 * time.Hour
	patience = "${local.patience_seconds}"
)

// Alerts are all of them, in the order in which one looks.
var Alerts = []Alert{
	{
		Name: "dead_letters", Says: "Messages are in the dead-letter queue: athena-refresh parked sample says why",
		Do: "Nothing is lost: SQS keeps them for 14 days. `athena-refresh parked sample` groups them by reason. Mend what the reason says (a rule in lambda.json, a table, " +
			"who sends to the queue), ask `athena-refresh explain` for one of the keys, then `athena-refresh parked redrive --reason REASON`. If thousands are added a minute, somebody's " +
			"files are not what the rules expect: that can wait until the morning.",
		Rule:  &Rule{"athena_refresh_dead_letters", 0, 5 * time.Minute},
		Alarm: &Alarm{Metric: Parked, Stat: "Maximum", Above: "0", Of: 1},
	}, {
		Name: "dead_letters_expire", Says: "The oldest dead letter is 10 days old, and SQS drops it after 14",
		Do:   "`athena-refresh parked sample` and `athena-refresh parked redrive`, as for dead letters, today. What is dropped is still in S3: `athena-refresh reconcile --fix` finds its partition.",
		Wait: true,
		Rule: &Rule{"athena_refresh_dead_letters_oldest_seconds", (10 * day).Seconds(), 15 * time.Minute},
	}, {
		Name: "table_behind", Says: "Objects of {{ $labels.table }} landed an hour ago and can't be searched yet",
		Do: "The table's other alerts, or the status page, say why: no table, a right, a catalog that fails. Once that is mended the messages come again by themselves, within an hour; " +
			"nothing has to be sent again. `athena-refresh explain --live BUCKET KEY` tries one object now.",
		Rule: &Rule{"max by (table) (athena_refresh_table_behind_seconds)", 3600, 5 * time.Minute},
	}, {
		Name: "age", Says: "The oldest message waits for longer than three runs should let it",
		Do: "Does the function run? `athena-refresh status` has sent, received and deleted side by side, and a verdict. Nothing received: the schedule or the trigger is off (`enabled`), or its " +
			"right is gone: `athena-refresh doctor`. Received but not deleted: the alarms on the table, the database and the rights say why.",
		Alarm: &Alarm{Metric: QueueOldest, Stat: "Maximum", Above: patience, Of: 3},
	}, {
		Name: "oldest", Says: "A message is tried again and again for longer than three runs should let it",
		Do: "Its table, its database or a right is missing, or the catalog fails: the alarm of that name rings too, and the function's log has the reason of each record. " +
			"After 24 hours and ten tries the message is parked; until then mending the cause is all there is to do.",
		Alarm: &Alarm{Metric: OldestMessage, Stat: "Maximum", Above: patience, PerRun: true},
	}, {
		Name: "behind", Says: "Messages come faster than they are settled: the queue grows",
		Do: "`athena-refresh status` says which `schedule_expression` would do. If throttles go up as well, others use up the account's statements: a smaller `statements_in_flight` won't help, " +
			`"catalog": "glue"` + " needs none. If messages are of no use to anyone (somebody copies a bucket), leave it: it catches up.",
		Rule: &Rule{"min_over_time(athena_refresh_queue_waiting[1h])", 1000, 5 * time.Minute},
		Alarm: &Alarm{
			Math: "IF(FILL(sent, 0) > 100 AND FILL(deleted, 0) < 0.5 * FILL(sent, 0), 1, 0)", Above: "0",
			Operands: map[string]*Metric{"sent": QueueSent, "deleted": QueueDeleted},
		},
	}, {
		Name: "in_flight", Says: "Half of what SQS allows is in flight; at 120,000 nothing more is handed out",
		Do: "That many messages are tried again. From here on those whose own table fails are parked at once, so that the others go on: mend the table, then `athena-refresh parked redrive --table TABLE`. " +
			"If it is the catalog as a whole, messages wait in the queue and nothing has to be done but to mend it.",
		Rule:  &Rule{"athena_refresh_queue_in_flight", 60_000, 5 * time.Minute},
		Alarm: &Alarm{Metric: InFlight, Stat: "Maximum", Above: "60000", Of: 1},
	}, {
		Name: "latency", Says: "What landed can be searched only later than three runs should let it",
		Do:    "Look at waiting and at the statements' time beside it. Slow statements: Athena, or a database with very many tables. Many waiting: as for a queue that grows (`athena-refresh status`).",
		Rule:  &Rule{"rate(athena_refresh_searchable_seconds_sum[1h]) / rate(athena_refresh_searchable_seconds_count[1h])", 3600, 5 * time.Minute},
		Alarm: &Alarm{Metric: Searchable, Stat: "p99", Above: "${1000 * local.patience_seconds}", PerRun: true},
	},
	reason("table_missing", "Objects wait for a table that isn't there",
		"Was it dropped or renamed? `athena-refresh table list` has what the rules name and what is there; `athena-refresh table create --all` makes what is missing. What waits is searchable within the hour."),
	reason("database_missing", "Objects wait for a database that isn't there",
		"Nothing can be added to any table. Was it dropped, or `database_name` changed? `athena-refresh doctor` says what it finds. Deploying again makes the database; its tables `athena-refresh table create --all`, "+
			"and their partitions `athena-refresh reconcile --fix`."),
	reason("access_denied", "Objects wait for a right that is missing: athena-refresh doctor says which",
		"`athena-refresh doctor`: somebody changed a policy, a key or a grant of Lake Formation. Give the right back; what waits comes again by itself within the hour."),
	reason("catalog_error", "The catalog refuses what is asked of it, or fails",
		"The log has the service's own words (`reason=catalog_error`). If AWS has an incident, wait: messages are kept for 14 days, retried, and parked after a day at the earliest. One partition that is refused for ever "+
			"delays no other."),
	{
		Name: "catalog_down", Says: "The catalog as a whole does not work: messages wait in the queue",
		Do: "Database, rights or region: `athena-refresh doctor` asks each. A few messages are tried now and then, and the rest stays visible in the queue, so nothing is lost and nothing is parked; " +
			"it goes on by itself within minutes of the mending.",
		Rule: &Rule{"max(athena_refresh_catalog_down)", 0, 10 * time.Minute},
	}, {
		Name: "errors", Says: "The function failed or was killed",
		Do: "The function's log has the reason, or Lambda's own line: out of memory (`memory`), timed out. A configuration that can't be read fails every run: `athena-refresh lambda rollback --processor athena` goes back " +
			"to the version before. What was in hand comes again by itself.",
		Alarm: &Alarm{Metric: Errors, Stat: "Sum", Above: "0", PerRun: true},
	}, {
		Name: "throttles", Says: "The function could not start: the account runs as many as it may",
		Do:    "Another function uses up the account's concurrency. Messages wait; they are read once there is room.",
		Alarm: &Alarm{Metric: Refused, Stat: "Sum", Above: "0", PerRun: true},
	}, {
		Name: "duration", Says: "The function nearly ran into its timeout",
		Do: "It stops receiving in time by itself, so that something took longer than it should after that: mostly a call of Athena or SQS that hung. Once is no reason to get up; " +
			"if it goes on, give it a longer `timeout`.",
		Wait:  true,
		Alarm: &Alarm{Metric: Duration, Stat: "Maximum", Above: "${local.duration_limit_ms}", PerRun: true},
	}, {
		Name: "down", Says: "No daemon can be scraped",
		Do:   "Is it running, and can it be reached at its `--listen` address? Its last lines on stderr say why it ended. Whatever landed meanwhile is in the queue; start it, and it goes on where it was.",
		Rule: &Rule{"1 - clamp_max(count(athena_refresh_build_info) or vector(0), 1)", 0, 5 * time.Minute},
	}, {
		Name: "restarts", Says: "The daemon began anew more than three times in an hour",
		Do:   "Its supervisor's log has the exit code, and stderr the reason. 137 is out of memory: give it 256 MiB. What was in hand comes again by itself.",
		Rule: &Rule{"changes(process_start_time_seconds[1h]) * on (job, instance) max by (job, instance) (athena_refresh_build_info)", 3, 0},
	}, {
		Name: "queue_silent", Says: "The queue hasn't answered for half an hour",
		Do:   "Credentials that ran out, the network, or a queue that is gone: `athena-refresh doctor` asks it. With a `schedule_expression` that is rarer than every 15 minutes the limit has to be larger than two of its pauses.",
		Rule: &Rule{"time() - athena_refresh_queue_answered_timestamp_seconds", 1800, 5 * time.Minute},
	}, {
		Name: "stuck", Says: "The daemon's loop stands still",
		Do:   "`/healthz` says for how long, and a supervisor that asks it would have restarted the daemon. Do that; nothing is lost by it. Keep what `kill -QUIT` prints, and report it.",
		Rule: &Rule{"time() - athena_refresh_loop_timestamp_seconds", 1500, 0},
	}, {
		Name: "unmended", Says: "S3 has {{ $labels.kind }} partitions that reconciling could not mend",
		Do:   "`athena-refresh reconcile` lists them with the reason; `athena-refresh reconcile --fix` adds what is missing. A partition that lies elsewhere is never moved without a person: `athena-refresh reconcile --fix --relocate`.",
		Wait: true,
		Rule: &Rule{`sum by (kind) (athena_refresh_reconcile_differences{kind=~"missing|elsewhere"}) - sum by (kind) (athena_refresh_reconcile_mended{kind=~"missing|elsewhere"})`, 0, 15 * time.Minute},
	}, {
		Name: "not_compared", Says: "S3 and the catalog could not be compared, twice in a day",
		Do:   "`athena-refresh reconcile` says why: mostly a bucket that may not be listed. New objects are made searchable all the same.",
		Wait: true,
		Rule: &Rule{"increase(athena_refresh_reconcile_failures_total[1d])", 1.5, 0},
	},
}

// reason is the alert on records that retrying alone won't mend. Such a message
// is tried at least every hour, and a run may be ten minutes away.
func reason(name, says, do string) Alert {
	return Alert{
		Name: name, Says: says, Do: do,
		Rule:  &Rule{`increase(athena_refresh_records_total{reason="` + name + `"}[75m])`, 0, 15 * time.Minute},
		Alarm: &Alarm{Metric: Reasons, Label: name, Stat: "Sum", Above: "0", PerRun: true},
	}
}

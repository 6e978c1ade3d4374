// Package config reads the configuration, global.json and lambda.json, the two
// files that StreamAlert's own tooling reads and writes.
//
// It is strict: a setting that isn't known, a name that AWS wouldn't take or a
// member that is there twice is refused when the configuration is read, not
// found out when it is deployed or, worse, when a message arrives. All that is
// wrong with both files is reported at once, each thing with its file, line
// and column. What belongs to somebody else (other members of global.json,
// other sections of lambda.json) is left alone and never refused.
//
// [Config] is the manual: every setting is described there, in the order of
// importance; every default is in the function defaults.
package config

import (
	"encoding/json"
	"log/slog"
	"time"

	"athenarefresh/internal/schedule"
	"athenarefresh/internal/table"
)

// Config is the whole configuration, complete and checked. Settings of
// global.json are named account.…; all others are members of lambda.json's
// section "athena_partition_refresh_config". In every name that can be set,
// "<prefix>" stands for account.prefix.
type Config struct {
	// account.prefix, required: a short name that every resource's name begins
	// with. 1 to 27 of a-z, 0-9 and - (not at the ends); with a - in it
	// database_name has to be set, as Athena takes none there.
	Prefix string

	// account.region, required: the AWS region, such as us-east-1. It is the
	// default: what the AWS SDK finds in the environment goes before it.
	Region string

	// account.aws_account_id, required: 12 digits, as a string.
	Account string

	// assumed.bucket, as discover and open write it: a bucket that was named
	// after a folder, so that nothing may be deployed for it yet.
	Assumed string

	// buckets: which table a bucket's objects belong to. An object of bucket →
	// rules; the default {} is filled up with "<prefix>.streamalerts":
	// "alerts" unless that bucket is mapped otherwise. Instead of rules
	// there may stand "data", for [{"layout": "streamalert-data"}], or any
	// other table's name T, for [{"table": T, "layout": "streamalert"}].
	//
	// A rule has these members; the first one that matches decides:
	//   prefix     which keys, by their beginning; * stands for one element,
	//              **/ at its beginning for any; default: every key
	//   file       which files, by a pattern of the key's last element: * is any
	//              text, ? one character; default: every file
	//   ignore     true: these objects need no partition; nothing else then
	//   source     a writer of logs that the program knows, such as alb: where
	//              they lie, the table and its keys, in one word. Only keys that
	//              have its shape match; aws-logs stands for all below AWSLogs/
	//   layout     else: streamalert (the default), streamalert-data,
	//              streamalert-parquet, hive, cloudtrail, vpcflow, alb, or a
	//              template such as "{app}/{yyyy}-{MM}-{dd}/"
	//   table      the table, where the layout has no {table}: a name, or a
	//              pattern of captures such as "{schema}_{t}"
	//   keys       for hive: the partition keys in their order
	//   partition  instead of the layout's own keys: {"day": "{yyyy}-{MM}-{dd}"},
	//              in order
	//
	// Here they are in the file's order, names and defaults filled in, sources
	// spelt out.
	Buckets []table.Bucket

	// enabled, default true. false: it is deployed, but its schedule and its
	// queue's trigger are off: messages wait in the queue, up to 14 days.
	Enabled bool

	// schedule_expression, default "rate(10 minutes)": when to refresh, as
	// EventBridge's rate(…) or cron(…) of six fields, in UTC. The daemon obeys
	// it too. Unused with "trigger": "queue".
	Schedule schedule.Schedule

	// trigger, default "schedule". "queue": as soon as messages arrive, by an
	// SQS event source mapping or, in the daemon, by continuous long polling.
	Trigger Trigger

	// catalog, default "athena": partitions are added by ALTER TABLE, which
	// Athena's history shows. "glue": by the Data Catalog's API, which needs no
	// place among the account's 20 DDL statements.
	Catalog Catalog

	// statements_in_flight, default 5: DDL statements at once, 1 to 20. The
	// account has 20 for everyone (Athena, "Service Quotas"). Each process has
	// its own: with "trigger": "queue" two instances of the function may run at
	// once, the least that an event source mapping can be limited to, and the
	// account sees up to twice as many.
	StatementsInFlight int

	// timeout, default 60: the longest an invocation may take, 1 to 900
	// seconds. The queue hides a message six times as long.
	Timeout time.Duration

	// memory, default 128: the function's memory, 128 to 10240 MB.
	MemoryMB int

	// log_level, default "info". "debug": every message and statement too.
	LogLevel slog.Level

	// enable_metrics, default false. true: what each invocation did is written
	// as metrics, in lines of CloudWatch's embedded metric format, which
	// CloudWatch Logs reads: by the function and by run to stdout (run, when it
	// receives continuously, every minute), by once to stderr, as its stdout
	// has the result.
	EnableMetrics bool

	// reconcile_every, default none: when to compare S3 with the catalog, as
	// schedule_expression. What is missing is added; the function doesn't look
	// for partitions whose folder is empty. None (the zero Schedule): only by
	// hand.
	ReconcileEvery schedule.Schedule

	// database_name, default "<prefix>_streamalert": the tables' database, 1
	// to 255 of a-z, 0-9 and _.
	Database string

	// queue_name, default "<prefix>_streamalert_athena_s3_notifications": the
	// queue that S3 notifies, 1 to 80 of A-Z, a-z, 0-9, - and _. The exact
	// name; nothing is searched for by a prefix.
	Queue string

	// results_bucket, default "<prefix>.streamalert.athena-results": where
	// Athena puts its results; 3 to 63 characters, as S3 names buckets.
	ResultsBucket string

	// workgroup, default "<prefix>_streamalert": Athena's work group, 1 to 128
	// of A-Z, a-z, 0-9, ., - and _.
	WorkGroup string

	// kms_key_arn, default none: the ARN of a customer managed KMS key for the
	// queues and the results bucket. None (""): SQS's and S3's own keys.
	KMSKeyARN string

	// alarm_topic_arn, default none (""): the ARN of the SNS topic that alarms
	// are sent to.
	AlarmTopicARN string

	// notify_from, default []: who else may send to the queue. The id of an
	// account: S3, for those of buckets that are that account's. The ARN of an
	// SNS topic, or of an EventBridge rule of this account, which pass on what
	// buckets notify them of. What they send of a bucket that isn't in buckets
	// is parked.
	NotifyFrom []string

	// What can't be set: the names that follow from the prefix and the queue.
	FunctionName    string // "<prefix>_streamalert_athena_partition_refresh"
	DeadLetterQueue string // the queue's name and "_dlq"

	// Sections are the sections of lambda.json as they stand in the file, ours
	// among them.
	Sections map[string]json.RawMessage
}

// BucketNames are the buckets that notify the queue, in their order.
func (c *Config) BucketNames() (names []string) {
	for _, b := range c.Buckets {
		names = append(names, b.Name)
	}
	return names
}

// Trigger is what starts a refresh.
type Trigger string

const (
	TriggerSchedule Trigger = "schedule"
	TriggerQueue    Trigger = "queue"
)

// Alias is the name under which the function serves: what calls it calls the
// version that the alias points at.
const Alias = "production"

// Catalog is the way by which partitions are added.
type Catalog string

const (
	CatalogAthena Catalog = "athena"
	CatalogGlue   Catalog = "glue"
)

// Catalogs are all of them.
func Catalogs() []Catalog { return []Catalog{CatalogAthena, CatalogGlue} }

const (
	sectionName    = "athena_partition_refresh_config"
	functionSuffix = "_streamalert_athena_partition_refresh"
	resultsSuffix  = ".streamalert.athena-results"
	alertsBucket   = "<prefix>.streamalerts"
	alertsTable    = "alerts"
	deadLetters    = "_dlq"
)

// defaults is the configuration of an account that sets nothing else; the
// names are StreamAlert's.
func defaults(prefix string) *Config {
	return &Config{
		Prefix:             prefix,
		Enabled:            true,
		Schedule:           schedule.Minutes(10),
		Trigger:            TriggerSchedule,
		Catalog:            CatalogAthena,
		StatementsInFlight: 5,
		Timeout:            60 * time.Second,
		MemoryMB:           128,
		LogLevel:           slog.LevelInfo,
		Database:           prefix + "_streamalert",
		Queue:              prefix + "_streamalert_athena_s3_notifications",
		ResultsBucket:      prefix + resultsSuffix,
		WorkGroup:          prefix + "_streamalert",
		FunctionName:       prefix + functionSuffix,
	}
}

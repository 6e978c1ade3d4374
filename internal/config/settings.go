package config

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"athenarefresh/internal/table"
)

// settings reads our section of lambda.json into c, which holds the defaults.
func (f *file) settings(section value, c *Config) {
	fields := f.fields(c)
	for _, name := range ignored {
		fields = append(fields, field{name: name})
	}
	f.object(section, "", false, fields)
	c.Buckets = withAlerts(c.Buckets, c.Prefix)
	f.doubts(section, c)
}

// fields are the settings, each with what reads it into c.
func (f *file) fields(c *Config) []field {
	name := func(to *string, check func(string) error) func(value) error {
		return func(v value) error {
			var s string
			err := text(&s, func(s string) error { return check(expand(s, c.Prefix)) })(v)
			if err == nil {
				*to = expand(s, c.Prefix)
			}
			return err
		}
	}
	return []field{
		{"enabled", boolean(&c.Enabled)},
		{"enable_metrics", boolean(&c.EnableMetrics)},
		{"log_level", choice(&c.LogLevel, map[string]slog.Level{"info": slog.LevelInfo, "debug": slog.LevelDebug})},
		{"memory", number(&c.MemoryMB, 128, 10240, "MB")},
		{"timeout", seconds(&c.Timeout, 1, 900)},
		{"schedule_expression", expression(&c.Schedule)},
		{"buckets", func(v value) error { return f.buckets(v, c) }},
		{"database_name", name(&c.Database, checkDatabase)},
		{"queue_name", name(&c.Queue, checkQueue)},
		{"results_bucket", name(&c.ResultsBucket, CheckBucket)},
		{"workgroup", name(&c.WorkGroup, checkWorkGroup)},
		{"trigger", choice(&c.Trigger, named(TriggerSchedule, TriggerQueue))},
		{"catalog", choice(&c.Catalog, named(Catalogs()...))},
		{"statements_in_flight", number(&c.StatementsInFlight, 1, 20, "statements")},
		{"reconcile_every", expression(&c.ReconcileEvery)},
		{"kms_key_arn", text(&c.KMSKeyARN, checkKey)},
		{"alarm_topic_arn", text(&c.AlarmTopicARN, checkTopic)},
		{"notify_from", f.list("notify_from", "a list of account ids, and of ARNs of SNS topics and EventBridge rules", &c.NotifyFrom, uniquely(checkNotifier))},
	}
}

// ignored are the members that StreamAlert's own tooling writes and that mean
// nothing here.
var ignored = []string{
	"handler", "source_bucket", "source_object_key", "source_current_hash", "current_version",
	"third_party_libraries", "refresh_type", "refresh_interval", "file_format", "concurrency_limit",
	"log_retention_days", "metric_alarms", "vpc_config",
}

// doubts warns of what is obeyed, but perhaps not what was meant.
func (f *file) doubts(section value, c *Config) {
	for _, m := range section.members() {
		switch m.name {
		case "refresh_type":
			f.refreshType(m.value, c)
		case "vpc_config":
			f.warning(m.at, m.name, "is ignored: the function runs outside of any VPC", "remove it")
		case "notify_from":
			f.foreignRules(m.value, c)
		case "queue_name":
			if checkQueue(c.Queue+deadLetters) != nil {
				f.warning(m.value.at, m.name, fmt.Sprintf("leaves no room for %q, the suffix of its dead-letter queue", deadLetters),
					fmt.Sprintf("at most %d characters, if this tool is to create the queues", 80-len(deadLetters)))
			}
		}
	}
}

// foreignRules warns of rules that can't send as the service EventBridge does:
// to a queue of another account it sends as a role of the rule's own.
// (EventBridge user guide, "Sending and receiving events between AWS accounts".)
func (f *file) foreignRules(v value, c *Config) {
	items, _ := v.is.([]value)
	for i, item := range items {
		arn, _ := item.is.(string)
		if kind, account := NotifierOf(arn); kind == Rule && account != c.Account {
			f.warning(item.at, fmt.Sprintf("notify_from[%d]", i), "is a rule of another account, which can't send to this queue by itself",
				"have it send to this account's event bus, and name a rule of that here")
		}
	}
}

// refreshType warns of buckets that an older file maps there, in
// add_hive_partition or repair_hive_table, and that nothing else maps.
func (f *file) refreshType(v value, c *Config) {
	for _, how := range v.members() {
		for _, m := range how.members() {
			name := expand(m.name, c.Prefix)
			mapped := slices.ContainsFunc(c.Buckets, func(b table.Bucket) bool { return b.Name == name })
			if !mapped && !m.example() {
				f.warning(m.at, under(under("refresh_type", how.name), m.name), "is ignored: this bucket feeds no table", "map it in buckets")
			}
		}
	}
}

// expand puts the prefix where a name says <prefix>.
func expand(name, prefix string) string { return strings.ReplaceAll(name, "<prefix>", prefix) }

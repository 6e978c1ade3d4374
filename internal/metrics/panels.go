package metrics

import "strconv"

// Panel is a chart, on Prometheus' dashboard, on CloudWatch's, or on both.
type Panel struct {
	Title   string
	Unit    string // Grafana's name: short, s, dtdurations, ops
	Queries []Query
	Cloud   []Series // three panels are a row
}

// Query is a line of a chart, or one for each of a label's values.
type Query struct{ Expr, Legend string }

// Series is a line of CloudWatch's chart; a chart's first says the statistic.
type Series struct {
	Metric *Metric
	Label  string
	Stat   string
}

// Panels are all charts.
var Panels = []Panel{
	{Title: "Behind by, by table", Unit: "dtdurations", Queries: []Query{{"max by (table) (athena_refresh_table_behind_seconds)", "{{table}}"}}},
	{Title: "Messages sent", Cloud: []Series{{QueueSent, "", "Sum"}}},
	{Title: "Messages received", Unit: "ops", Queries: []Query{{"sum(rate(athena_refresh_messages_received_total[5m]))", "received"}}, Cloud: []Series{{QueueReceived, "", "Sum"}}},
	{Title: "Messages deleted", Unit: "ops", Queries: []Query{
		{"sum(rate(athena_refresh_messages_deleted_total[5m]))", "deleted"},
		{"sum(rate(athena_refresh_messages_kept_total[5m]))", "kept for later"},
		{"sum(rate(athena_refresh_messages_unconfirmed_total[5m]))", "not confirmed"},
	}, Cloud: []Series{{QueueDeleted, "", "Sum"}}},

	{Title: "Waiting and in flight", Unit: "short", Queries: []Query{{"max(athena_refresh_queue_waiting)", "waiting"}, {"max(athena_refresh_queue_in_flight)", "in flight"}},
		Cloud: []Series{{Waiting, "", "Maximum"}, {InFlight, "", "Maximum"}}},
	{Title: "Age of the oldest message, seconds", Cloud: []Series{{QueueOldest, "", "Maximum"}}},
	{Title: "Dead letters", Unit: "short", Queries: []Query{{"max(athena_refresh_dead_letters)", "in the dead-letter queue"}}, Cloud: []Series{{Parked, "", "Maximum"}}},
	{Title: "Age of the oldest dead letter", Unit: "dtdurations", Queries: []Query{{"max(athena_refresh_dead_letters_oldest_seconds)", "oldest"}}},

	{Title: "Runs", Cloud: []Series{{Invocations, "", "Sum"}, {Errors, "", "Sum"}, {Refused, "", "Sum"}}},
	{Title: "Duration, milliseconds", Cloud: []Series{{Duration, "", "Maximum"}}},
	{Title: "Statements, milliseconds", Cloud: []Series{{Executions, "", "Average"}}},

	{Title: "From landed to searchable", Unit: "s", Queries: []Query{
		{`max by (table) (athena_refresh_searchable_seconds{quantile="0.99"})`, "{{table}}, p99"},
		{`max by (table) (athena_refresh_searchable_seconds{quantile="0.5"})`, "{{table}}, p50"},
	}, Cloud: []Series{{Searchable, "", "p99"}, {Searchable, "", "p50"}}},
	{Title: "Messages by outcome", Unit: "ops", Queries: []Query{{"sum by (outcome) (rate(athena_refresh_messages_total[5m]))", "{{outcome}}"}},
		Cloud: []Series{{Messages, "done", "Sum"}, {Messages, "parked", "Sum"}, {Messages, "retry", "Sum"}}},
	{Title: "Partitions and calls", Unit: "ops", Queries: []Query{
		{"sum(rate(athena_refresh_partitions_added_total[5m]))", "partitions added"},
		{"sum(rate(athena_refresh_statements_total[5m]))", "statements"},
		{"sum(rate(athena_refresh_lookups_total[5m]))", "lookups"},
		{"sum(rate(athena_refresh_throttles_total[5m]))", "throttled"},
	}, Cloud: []Series{{Partitions, "", "Sum"}, {Statements, "", "Sum"}, {Lookups, "", "Sum"}, {Throttles, "", "Sum"}}},

	{Title: "Records by reason", Unit: "ops", Queries: []Query{
		{"sum by (reason) (rate(athena_refresh_records_total[5m]))", "{{reason}}"},
		{"sum(rate(athena_refresh_records_seen_total[5m])) - sum(rate(athena_refresh_records_total[5m]))", "in the catalog"},
	}},
	{Title: "Partitions added, by table", Unit: "ops", Queries: []Query{{"sum by (table) (rate(athena_refresh_partitions_added_total[5m]))", "{{table}}"}}},
	{Title: "S3 compared with the catalog", Unit: "short", Queries: []Query{
		{"sum by (kind) (athena_refresh_reconcile_differences) - sum by (kind) (athena_refresh_reconcile_mended)", "{{kind}}"},
		{"sum(athena_refresh_reconcile_failures_total)", "failures"},
	}},
	{Title: "Since something was last so", Unit: "dtdurations", Queries: []Query{
		{"time() - max(athena_refresh_queue_answered_timestamp_seconds)", "the queue answered"},
		{"time() - max(athena_refresh_loop_timestamp_seconds)", "the loop turned"},
		{"time() - max(athena_refresh_reconcile_timestamp_seconds)", "S3 and the catalog were compared"},
	}},
	{Title: "Time to compare them", Unit: "dtdurations", Queries: []Query{{"max(athena_refresh_reconcile_seconds)", "a reconciliation"}}},
	{Title: "Versions", Unit: "short", Queries: []Query{
		{"count by (version, go_version) (athena_refresh_build_info)", "{{version}}, {{go_version}}"},
		{"max(athena_refresh_catalog_down)", "catalog down"},
	}},
}

// Float is a number as PromQL and JSON have it.
func Float(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

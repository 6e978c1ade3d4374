package statuspage

import "athenarefresh/internal/refresh"

// meaning is what a reason says to a person, and what becomes of its records.
type meaning struct{ outcome, words string }

// meanings has every reason of refresh.Reasons.
var meanings = map[refresh.Reason]meaning{
	"test_event":   {"ignore", "S3 says that notifications work"},
	"sns_control":  {"ignore", "SNS speaks of a subscription"},
	"not_created":  {"ignore", "an object was changed or removed, none was made"},
	"no_records":   {"ignore", "the notification speaks of no object"},
	"placeholder":  {"ignore", "the object stands for a folder"},
	"hidden":       {"ignore", "no engine reads it: its name, or that of its folder, says so"},
	"error_output": {"ignore", "a delivery that failed, in its folder for errors"},

	"ignored_by_rule":      {"ignore", "a rule of the configuration says so"},
	"companion":            {"ignore", "it lies beside a source's logs and is none of them"},
	refresh.ProjectedTable: {"ignore", "Athena computes this table's partitions itself"},
	refresh.FolderEmpty:    {"ignore", "Athena refused the partition, and nothing is in its folder any more"},

	"malformed":          {"park", "the message is nothing that S3, SNS, EventBridge or CloudTrail send"},
	"not_s3":             {"park", "a record of another service"},
	"not_a_notification": {"park", "JSON, but no notification"},
	"unknown_bucket":     {"park", "the configuration has no such bucket"},
	"no_layout_match":    {"park", "no rule of the configuration fits the key"},
	"no_table_element":   {"park", "the key has no table where its layout has one"},

	"invalid_timestamp":  {"park", "the key has a time that no calendar has"},
	"invalid_table_name": {"park", "the key names a table that can't be one"},
	"invalid_location":   {"park", "the folder can't be a partition's"},
	"invalid_value":      {"park", "the key has a value that no partition, or none of its table, can have"},
	"table_not_allowed":  {"park", "the table belongs to another bucket"},

	refresh.LocationConflict:      {"park", "the partition exists, in another folder"},
	refresh.NotAHiveTable:         {"park", "the table is Iceberg, Delta or a view"},
	refresh.PartitionKeysMismatch: {"park", "the table has other partition keys than the layout"},
	refresh.FormatMismatch:        {"park", "a Parquet object for a table that is not of Parquet"},

	refresh.TableMissing:    {"retry", "the table is not there"},
	refresh.DatabaseMissing: {"retry", "the database is not there"},
	refresh.AccessDenied:    {"retry", "a right is missing"},
	refresh.Throttled:       {"retry", "the service, or a limit of our own, said later"},
	refresh.CatalogError:    {"retry", "the catalog failed"},
	refresh.Deadline:        {"retry", "the time for this round was over"},
}

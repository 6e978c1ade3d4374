package refresh

import (
	"errors"
	"log/slog"
	"slices"

	"athenarefresh/internal/event"
	"athenarefresh/internal/table"
)

// Reason is why a record has the outcome it has. The list is fixed: it is that
// of event and table, which a key or a body alone decides, and these, which
// depend on the catalog.
type Reason string

const (
	LocationConflict      Reason = "location_conflict"        // park: the partition exists elsewhere
	ProjectedTable        Reason = "projected_table"          // ignore: Athena computes this table's partitions
	NotAHiveTable         Reason = "not_a_hive_table"         // park: Iceberg, Delta or a view
	PartitionKeysMismatch Reason = "partition_keys_mismatch"  // park: the layout's keys are not the table's
	FormatMismatch        Reason = "format_mismatch"          // park: a Parquet object, a table that isn't
	InvalidValue          Reason = Reason(table.InvalidValue) // park: no value of the key's type
	FolderEmpty           Reason = "folder_empty"             // ignore: Athena refused the partition, and nothing is in its folder any more
	TableMissing          Reason = "table_missing"            // retry
	DatabaseMissing       Reason = "database_missing"         // retry
	AccessDenied          Reason = "access_denied"            // retry
	Throttled             Reason = "throttled"                // retry: the service, or our own limits, said later
	CatalogError          Reason = "catalog_error"            // retry: anything else that the catalog said
	Deadline              Reason = "deadline"                 // retry: the time for this round ran out
)

// Reasons returns the whole list, in alphabetical order.
func Reasons() []Reason {
	list := []Reason{
		LocationConflict, ProjectedTable, FolderEmpty, NotAHiveTable, PartitionKeysMismatch, FormatMismatch,
		TableMissing, DatabaseMissing, AccessDenied, Throttled, CatalogError, Deadline,
	}
	for _, r := range []event.Reason{
		event.TestEvent, event.SNSControl, event.NotCreated, event.NoRecords,
		event.Malformed, event.NotS3, event.NotANotification,
	} {
		list = append(list, Reason(r))
	}
	for _, r := range []table.Reason{
		table.Malformed, table.UnknownBucket, table.Placeholder, table.IgnoredByRule, table.Companion, table.ErrorOutput, table.Hidden, table.NoLayoutMatch,
		table.InvalidTimestamp, table.NoTableElement, table.InvalidTableName, table.TableNotAllowed, table.InvalidLocation, table.InvalidValue,
	} {
		list = append(list, Reason(r))
	}
	slices.Sort(list)
	return slices.Compact(list) // malformed is both a body and a key
}

// rank is the outcome of a record that the catalog gave this reason.
func (r Reason) rank() rank {
	switch r {
	case "", ProjectedTable, FolderEmpty:
		return settled
	case LocationConflict, NotAHiveTable, PartitionKeysMismatch, FormatMismatch, InvalidValue:
		return parked
	}
	return retried
}

func (r Reason) word() string {
	return [...]string{settled: "ignore", parked: "park", retried: "retry"}[r.rank()]
}

func (r Reason) level() slog.Level {
	switch r.rank() {
	case parked:
		return slog.LevelWarn
	case retried:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// ReasonOf is the reason for an error of the catalog.
func ReasonOf(err error) Reason {
	switch {
	case errors.Is(err, ErrDatabaseMissing):
		return DatabaseMissing
	case errors.Is(err, ErrTableMissing):
		return TableMissing
	case errors.Is(err, ErrAccessDenied), errors.Is(err, ErrFolderDenied):
		return AccessDenied
	case errors.Is(err, ErrThrottled):
		return Throttled
	}
	return CatalogError
}

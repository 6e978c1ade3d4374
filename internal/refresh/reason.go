package refresh

import (
	"errors"
	"log/slog"
)

// Reason is why a record has the outcome it has. The list is fixed: it is that
// of event and table, which a key or a body alone decides, and these, which
// depend on the catalog.
type Reason string

const (
	LocationConflict      Reason = "location_conflict"       // park: the partition exists elsewhere
	ProjectedTable        Reason = "projected_table"         // ignore: Athena computes this table's partitions
	NotAHiveTable         Reason = "not_a_hive_table"        // park: Iceberg, Delta, Hudi or a view
	PartitionKeysMismatch Reason = "partition_keys_mismatch" // park: the layout's keys are not the table's
	FormatMismatch        Reason = "format_mismatch"         // park: a Parquet object, a table that isn't
	TableMissing          Reason = "table_missing"           // retry
	DatabaseMissing       Reason = "database_missing"        // retry
	AccessDenied          Reason = "access_denied"           // retry
	Throttled             Reason = "throttled"               // retry: the service, or our own limits, said later
	CatalogError          Reason = "catalog_error"           // retry: anything else that the catalog said
	Deadline              Reason = "deadline"                // retry: the time for this round ran out
)

// rank is the outcome of a record that the catalog gave this reason.
func (r Reason) rank() rank {
	switch r {
	case "", ProjectedTable:
		return settled
	case LocationConflict, NotAHiveTable, PartitionKeysMismatch, FormatMismatch:
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

// reasonOf is the reason for an error of the catalog.
func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, ErrDatabaseMissing):
		return DatabaseMissing
	case errors.Is(err, ErrTableMissing):
		return TableMissing
	case errors.Is(err, ErrAccessDenied):
		return AccessDenied
	case errors.Is(err, ErrThrottled):
		return Throttled
	}
	return CatalogError
}

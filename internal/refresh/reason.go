package refresh

// Reason is why a record has the outcome it has. The list is fixed: it is that
// of event and table, which a key or a body alone decides, and these, which
// depend on the catalog. See SPEC in docs/reasons.md for what to do about each.
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

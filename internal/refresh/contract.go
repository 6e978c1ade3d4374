package refresh

import (
	"context"
	"errors"
	"slices"
	"time"

	"athenarefresh/internal/event"
	"athenarefresh/internal/table"
)

// Catalog is where tables and their partitions are recorded. We call every method
// concurrently for different tables; for one table at most one call that reads
// and one Add are under way. An error wraps one of the sentinels below if one
// applies; any other error is a catalog_error and is retried later.
// TestCatalogs (cmd/internal/worker) is the suite that every Catalog passes.
type Catalog struct {
	Reader
	Writer
}

// Reader says what the catalog holds. What it returns was in the catalog at some
// moment between call and return: a Reader remembers nothing.
type Reader interface {
	// Tables returns the names of the database's tables, in lower case and in
	// no order. [ErrDatabaseMissing] if there is no such database.
	Tables(ctx context.Context) ([]string, error)

	// Table returns a table's facts, or [ErrTableMissing].
	Table(ctx context.Context, name string) (Table, error)

	// Partitions returns the partitions with the given values that exist, in
	// no order, with values and locations as stored. Values are in the order
	// of t.Keys, as the catalog stores them; at most 1,000 partitions a call.
	// A partition that is not returned did not exist: an answer that may be
	// incomplete is an error.
	Partitions(ctx context.Context, t Table, values [][]string) ([]Partition, error)
}

// Writer adds partitions.
type Writer interface {
	// Check confirms that the database exists and that Add could run, or says
	// why not ([ErrDatabaseMissing], [ErrAccessDenied], …).
	Check(ctx context.Context) error

	// Fits says how many of the first of parts, at least one, a single Add takes.
	Fits(t Table, parts []Partition) int

	// Add adds partitions that did not exist when we looked them up, at most
	// as many as Fits said, no two with the same values. It leaves one that
	// exists meanwhile as it is, wherever it points. So nil does not mean that
	// the partitions are at their locations, and an error does not mean that
	// none was added: the caller reads them back in either case.
	//
	// When ctx ends, Add stops what it began, and returns only when that can't
	// add anything any more; for that it may outlive ctx.
	Add(ctx context.Context, t Table, parts []Partition) error
}

// Folders looks into the folders of partitions.
type Folders interface {
	// Empty says whether there is no object below a location. What it returns
	// was so at some moment between call and return.
	Empty(ctx context.Context, location string) (bool, error)
}

// What a Catalog says about why it can't, one for each decision made of it.
var (
	ErrDatabaseMissing = errors.New("database does not exist")
	ErrTableMissing    = errors.New("table does not exist")
	ErrAccessDenied    = errors.New("access denied")
	ErrThrottled       = errors.New("throttled")
	// ErrFolderDenied is of Add: a partition's folder had to be made and that was
	// not allowed. Partitions whose folder is there were not to blame.
	ErrFolderDenied = errors.New("a partition's folder does not exist and may not be made")
)

// Table is what the catalog says of a table.
type Table struct {
	ID       TableID
	Keys     []Key  // partition keys, in order
	Kind     Kind   // what its partitions are
	Parquet  bool   // its files are Parquet
	KindName string // for people, what a table that isn't Hive's is: "Iceberg table", "view"
}

// KeyNames are the names of its partition keys, in order.
func (t *Table) KeyNames() []string {
	names := make([]string, len(t.Keys))
	for i, k := range t.Keys {
		names[i] = k.Name
	}
	return names
}

// TableID tells a table from another, later one of the same name.
// For a resource link it is the table that is linked to.
type TableID struct {
	Catalog  string // account id of the catalog, "" for the caller's own
	Database string
	Name     string
	Created  time.Time
	Location string // of the table, as stored
}

// Key is a partition key; Type is Hive's name of its type, in lower case.
type Key struct{ Name, Type string }

// Bits is the size of the type if it is one of Hive's integers, else 0.
func (k Key) Bits() int {
	switch k.Type {
	case "tinyint":
		return 8
	case "smallint":
		return 16
	case "int", "integer":
		return 32
	case "bigint":
		return 64
	}
	return 0
}

// Kind says whether partitions can be added to a table.
type Kind int

const (
	Hive      Kind = iota // partitions are recorded in the catalog, one by one
	Projected             // Athena computes them (projection.enabled); recorded ones are not read
	NotHive               // Iceberg, Delta, a view: see KindName
)

// Partition is a partition as the catalog stores it.
type Partition struct {
	Values   []string // in the order of the table's keys
	Location string
}

// DeadLetters keeps messages for a person to look at.
type DeadLetters interface {
	// Park copies a message, its body byte for byte, with the reasons beside
	// it. Only nil means that the copy is kept: after any error there may be
	// none, or one. [ErrNoDeadLetterQueue] where there is nowhere to put it.
	Park(ctx context.Context, m Message, reasons []Reason) error
}

// ErrNoDeadLetterQueue says that the queue has no redrive policy.
var ErrNoDeadLetterQueue = errors.New("the queue has no dead-letter queue")

// Message is what the queue handed out.
type Message struct {
	ID            string
	Body          string
	Sent          time.Time // by the sender; zero if the queue didn't say
	FirstReceived time.Time // zero if the queue didn't say
	Receives      int       // how often it was handed out, this time included
}

// Weight is about how many bytes of memory a message takes while it is settled:
// a body of the smallest records becomes twice its size beside itself, and
// whoever waits has a goroutine.
func (m *Message) Weight() int { return 3*len(m.Body) + 8<<10 }

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

// Ignored says whether an object with this reason needs no partition, and is never
// parked.
func (r Reason) Ignored() bool {
	switch r {
	case ProjectedTable, FolderEmpty, Reason(table.Placeholder), Reason(table.IgnoredByRule), Reason(table.Companion),
		Reason(table.ErrorOutput), Reason(table.Hidden):
		return true
	}
	return event.Reason(r).Ignored()
}

// OfTable says whether a reason is the table's, and not a rule's or the object's.
func (r Reason) OfTable() bool {
	switch r {
	case TableMissing, DatabaseMissing, NotAHiveTable, PartitionKeysMismatch, FormatMismatch, InvalidValue:
		return true
	}
	return false
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

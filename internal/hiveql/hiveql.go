// Package hiveql reads and writes the statements of Hive's data definition language that
// Athena takes: databases, tables, partitions, MSCK, SHOW and DESCRIBE.
//
// The law of this package is that a statement means here what Hive's own
// parser makes of it, where that differs from what a reader may expect:
//
//   - String literals know backslash escapes; doubling a quote does not escape
//     it but concatenates two literals: "O""Brien" is OBrien.
//   - Names fold to lower case. Unquoted ones are letters, digits and '_', not
//     beginning with '_', and no reserved word; back-quoted ones may be any
//     name that the catalog can hold.
//   - PARTITION clauses of ADD follow one another without a comma, those of
//     DROP are separated by one.
//   - An unquoted number as a partition's value loses its leading zeros.
//
// The package is pure: it resolves no names and reads no catalog. Every
// statement type lists what it leaves to whoever runs it.
package hiveql

// Statement is one parsed statement: a pointer to one of the types below.
type Statement any

// TableName names a table; Database is "" where the statement doesn't say.
type TableName struct{ Database, Table string }

// Column is a column or partition key.
type Column struct {
	Name    string
	Type    Type
	Comment string
}

// PartitionValue is one key = 'value' of a partition's specification. Keys are
// folded to lower case and stand in the order in which they were written.
type PartitionValue struct{ Key, Value string }

// PartitionSpec names a partition, or some of its keys.
type PartitionSpec []PartitionValue

// CreateDatabase is CREATE DATABASE|SCHEMA.
type CreateDatabase struct {
	Name        string
	IfNotExists bool
	Comment     string
	Location    string
	Properties  map[string]string
}

// DropDatabase is DROP DATABASE|SCHEMA.
type DropDatabase struct {
	Name     string
	IfExists bool
	Cascade  bool
}

// CreateTable is CREATE [EXTERNAL] TABLE. SerDe, InputFormat and OutputFormat
// are class names, resolved from STORED AS and ROW FORMAT.
type CreateTable struct {
	Name            TableName
	External        bool
	IfNotExists     bool
	Columns         []Column
	Comment         string
	PartitionKeys   []Column
	SerDe           string
	SerDeProperties map[string]string
	InputFormat     string
	OutputFormat    string
	Location        string
	Properties      map[string]string
}

// DropTable is DROP TABLE.
type DropTable struct {
	Name     TableName
	IfExists bool
}

// PartitionClause is one PARTITION (…) [LOCATION '…'] of AddPartitions;
// Location is "" where the statement leaves it to the table's.
type PartitionClause struct {
	Spec     PartitionSpec
	Location string
}

// AddPartitions is ALTER TABLE … ADD. Whether the keys are the table's and no
// partition is named twice is for the catalog to say, which knows the keys.
type AddPartitions struct {
	Table       TableName
	IfNotExists bool
	Partitions  []PartitionClause
}

// DropPartitions is ALTER TABLE … DROP. A specification may name some of the
// keys: all partitions that have these values are meant.
type DropPartitions struct {
	Table    TableName
	IfExists bool
	Specs    []PartitionSpec
}

// SetPartitionLocation is ALTER TABLE … PARTITION (…) SET LOCATION.
type SetPartitionLocation struct {
	Table    TableName
	Spec     PartitionSpec
	Location string
}

// SetTableLocation is ALTER TABLE … SET LOCATION.
type SetTableLocation struct {
	Table    TableName
	Location string
}

// SetTableProperties is ALTER TABLE … SET TBLPROPERTIES.
type SetTableProperties struct {
	Table      TableName
	Properties map[string]string
}

// AddColumns is ALTER TABLE … ADD|REPLACE COLUMNS.
type AddColumns struct {
	Table   TableName
	Replace bool
	Columns []Column
}

// RepairTable is MSCK REPAIR TABLE.
type RepairTable struct{ Table TableName }

// ShowDatabases is SHOW DATABASES|SCHEMAS; Pattern is "" for all.
type ShowDatabases struct{ Pattern string }

// ShowTables is SHOW TABLES; Pattern is "" for all.
type ShowTables struct{ Database, Pattern string }

// ShowPartitions is SHOW PARTITIONS; Spec may be empty.
type ShowPartitions struct {
	Table TableName
	Spec  PartitionSpec
}

// ShowColumns is SHOW COLUMNS IN.
type ShowColumns struct{ Table TableName }

// ShowCreateTable is SHOW CREATE TABLE.
type ShowCreateTable struct{ Table TableName }

// DescribeTable is DESCRIBE [EXTENDED|FORMATTED].
type DescribeTable struct {
	Table     TableName
	Extended  bool
	Formatted bool
}

package glue

import (
	"encoding/json"
	"strconv"
	"time"
)

// Timestamp travels as epoch seconds with three decimals.
type Timestamp struct{ time.Time }

// MarshalJSON writes epoch seconds.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', 3, 64), nil
}

// UnmarshalJSON reads epoch seconds.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	var seconds float64
	if err := json.Unmarshal(b, &seconds); err != nil {
		return err
	}
	t.Time = time.UnixMilli(int64(seconds*1000 + 0.5)).UTC()
	return nil
}

// DatabaseInput is what a client says of a database.
type DatabaseInput struct {
	Name                          string
	Description                   string            `json:",omitempty"`
	LocationURI                   string            `json:"LocationUri,omitempty"`
	Parameters                    map[string]string `json:",omitempty"`
	CreateTableDefaultPermissions json.RawMessage   `json:",omitempty"`
	TargetDatabase                json.RawMessage   `json:",omitempty"`
}

// Database is a database as the catalog keeps it.
type Database struct {
	DatabaseInput
	CatalogID  string `json:"CatalogId"`
	CreateTime Timestamp
}

// Column is a column or partition key; Type is Hive's.
type Column struct {
	Name       string
	Type       string            `json:",omitempty"`
	Comment    string            `json:",omitempty"`
	Parameters map[string]string `json:",omitempty"`
}

// SerDeInfo names the class that reads the files.
type SerDeInfo struct {
	Name                 string            `json:",omitempty"`
	SerializationLibrary string            `json:",omitempty"`
	Parameters           map[string]string `json:",omitempty"`
}

// StorageDescriptor says where files are and how they are read.
type StorageDescriptor struct {
	Columns                []Column          `json:",omitempty"`
	Location               string            `json:",omitempty"`
	AdditionalLocations    []string          `json:",omitempty"`
	InputFormat            string            `json:",omitempty"`
	OutputFormat           string            `json:",omitempty"`
	Compressed             bool              // always there, as in Glue's answers
	NumberOfBuckets        int               //
	SerdeInfo              *SerDeInfo        `json:",omitempty"`
	BucketColumns          []string          `json:",omitempty"`
	SortColumns            json.RawMessage   `json:",omitempty"`
	Parameters             map[string]string `json:",omitempty"`
	SkewedInfo             json.RawMessage   `json:",omitempty"`
	StoredAsSubDirectories bool
	SchemaReference        json.RawMessage `json:",omitempty"`
}

// TableInput is what a client says of a table.
type TableInput struct {
	Name              string
	Description       string             `json:",omitempty"`
	Owner             string             `json:",omitempty"`
	LastAccessTime    *Timestamp         `json:",omitempty"`
	LastAnalyzedTime  *Timestamp         `json:",omitempty"`
	Retention         int                // always there
	StorageDescriptor *StorageDescriptor `json:",omitempty"`
	PartitionKeys     []Column           // always there, in order
	ViewOriginalText  string             `json:",omitempty"`
	ViewExpandedText  string             `json:",omitempty"`
	TableType         string             `json:",omitempty"`
	Parameters        map[string]string  `json:",omitempty"`
	TargetTable       json.RawMessage    `json:",omitempty"`
}

// Table is a table as the catalog keeps it. CreateTime differs between any two
// tables ever created here.
type Table struct {
	TableInput
	DatabaseName                  string
	CatalogID                     string `json:"CatalogId"`
	CreateTime                    Timestamp
	UpdateTime                    Timestamp
	VersionID                     string `json:"VersionId"`
	IsRegisteredWithLakeFormation bool
}

// Location of the table, "" if it has none.
func (t *Table) Location() string {
	if t.StorageDescriptor == nil {
		return ""
	}
	return t.StorageDescriptor.Location
}

// KeyNames are the names of the table's partition keys, in order.
func (t *Table) KeyNames() []string {
	names := make([]string, len(t.PartitionKeys))
	for i, k := range t.PartitionKeys {
		names[i] = k.Name
	}
	return names
}

// PartitionInput is what a client says of a partition. Values are in the order
// of the table's keys.
type PartitionInput struct {
	Values            []string
	LastAccessTime    *Timestamp         `json:",omitempty"`
	LastAnalyzedTime  *Timestamp         `json:",omitempty"`
	StorageDescriptor *StorageDescriptor `json:",omitempty"`
	Parameters        map[string]string  `json:",omitempty"`
}

// Partition is a partition as the catalog keeps it.
type Partition struct {
	PartitionInput
	DatabaseName string
	TableName    string
	CatalogID    string `json:"CatalogId"`
	CreationTime Timestamp
}

// Location of the partition's files, "" if it has none.
func (p *Partition) Location() string {
	if p.StorageDescriptor == nil {
		return ""
	}
	return p.StorageDescriptor.Location
}

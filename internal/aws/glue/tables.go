package glue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Tables is what the people who run a database do to its tables as a whole.
type Tables struct {
	*Reader

	deleteTable          func(context.Context, *glue.DeleteTableInput, ...func(*glue.Options)) (*glue.DeleteTableOutput, error)
	updateTable          func(context.Context, *glue.UpdateTableInput, ...func(*glue.Options)) (*glue.UpdateTableOutput, error)
	batchUpdatePartition func(context.Context, *glue.BatchUpdatePartitionInput, ...func(*glue.Options)) (*glue.BatchUpdatePartitionOutput, error)
}

// NewTables returns the Tables of a database.
func NewTables(cfg aws.Config, database string) *Tables {
	client := newClient(cfg)
	return &Tables{
		Reader:               NewReader(cfg, database),
		deleteTable:          client.DeleteTable,
		updateTable:          client.UpdateTable,
		batchUpdatePartition: client.BatchUpdatePartition,
	}
}

// Description is a table as the catalog has it.
type Description struct {
	refresh.Table
	Shape
	PartitionKeys    []Column
	Comment          string
	Created, Updated time.Time
	Link             string // "database.table", for a link to a table; nothing else is known then
}

// Describe returns a table of the database, or [refresh.ErrTableMissing].
func (t *Tables) Describe(ctx context.Context, name string) (*Description, error) {
	table, err := t.fetch(ctx, "", t.database, name)
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", name, err)
	}
	return describe(table), nil
}

// Descriptions returns all tables of the database, by name as Glue lists them.
func (t *Tables) Descriptions(ctx context.Context) ([]*Description, error) {
	var all []*Description
	for table, err := range t.tables(ctx, &glue.GetTablesInput{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, describe(table))
	}
	return all, nil
}

func describe(t *types.Table) *Description {
	d := &Description{
		Table: factsOf(t, ""), PartitionKeys: columnsOf(t.PartitionKeys), Comment: aws.ToString(t.Description),
		Created: aws.ToTime(t.CreateTime), Updated: aws.ToTime(t.UpdateTime),
	}
	if link := t.TargetTable; link != nil {
		d.Link = aws.ToString(link.DatabaseName) + "." + aws.ToString(link.Name)
	}
	if t.StorageDescriptor != nil {
		d.Shape = shapeOf(t.StorageDescriptor)
	}
	d.Properties = t.Parameters
	return d
}

// Drop removes a table and its partitions from the catalog, and nothing from
// S3. Glue does that by itself, whatever the table: Athena's DROP TABLE removes
// an Iceberg table's files too.
func (t *Tables) Drop(ctx context.Context, name string) error {
	_, err := t.deleteTable(ctx, &glue.DeleteTableInput{DatabaseName: &t.database, Name: &name})
	if err = classify(err, refresh.ErrTableMissing); err != nil {
		return fmt.Errorf("drop table %s: %w", name, err)
	}
	return nil
}

// errNotHive is of what has no partitions in the catalog that could be changed.
var errNotHive = errors.New("not a Hive table")

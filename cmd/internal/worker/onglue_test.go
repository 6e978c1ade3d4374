package worker

import (
	"context"
	"fmt"
	"reflect"

	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// onGlue changes a database through Glue's API, on the local stack.
type onGlue struct {
	name   string
	client *glue.Client
}

// createOnGlue makes an empty database.
func createOnGlue(ctx context.Context, cfg aws.Config, name string) (*onGlue, error) {
	d := &onGlue{name: name, client: glue.NewFromConfig(cfg)}
	_, err := d.client.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: &name}})
	if err != nil {
		return nil, fmt.Errorf("create database %s: %w", name, err)
	}
	return d, nil
}

// What tables are called that are made in another way than Hive's.
const (
	iceberg = "Iceberg table"
	delta   = "Delta table"
	hudi    = "Hudi table"
	view    = "view"
)

// CreateTable makes a table as the tools make it that write its kind.
func (d *onGlue) CreateTable(ctx context.Context, t refresh.Table) error {
	in := &types.TableInput{
		Name:              &t.ID.Name,
		TableType:         aws.String("EXTERNAL_TABLE"),
		Parameters:        map[string]string{"EXTERNAL": "TRUE"},
		PartitionKeys:     columns(t.Keys),
		StorageDescriptor: descriptor(t),
	}
	switch t.KindName {
	case iceberg:
		in.Parameters["table_type"] = "ICEBERG"
	case delta:
		in.Parameters["spark.sql.sources.provider"] = "delta"
	case hudi:
		in.StorageDescriptor.InputFormat = aws.String("org.apache.hudi.hadoop.HoodieParquetInputFormat")
	case view:
		in.TableType = aws.String("VIRTUAL_VIEW")
	}
	if t.Kind == refresh.Projected {
		in.Parameters["projection.enabled"] = "true"
	}
	_, err := d.client.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &d.name, TableInput: in})
	return err
}

func columns(keys []refresh.Key) []types.Column {
	c := make([]types.Column, len(keys))
	for i, k := range keys {
		c[i] = types.Column{Name: &k.Name, Type: &k.Type}
	}
	return c
}

func descriptor(t refresh.Table) *types.StorageDescriptor {
	input, output, serde := "org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat", "org.openx.data.jsonserde.JsonSerDe"
	if t.Parquet {
		input = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
		output = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
		serde = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
	}
	return &types.StorageDescriptor{
		Columns:      []types.Column{{Name: aws.String("line"), Type: aws.String("string")}},
		Location:     &t.ID.Location,
		InputFormat:  &input,
		OutputFormat: &output,
		SerdeInfo:    &types.SerDeInfo{SerializationLibrary: &serde},
	}
}

// Link makes a resource link.
func (d *onGlue) Link(ctx context.Context, name, target string) error {
	own, err := d.client.GetTable(ctx, &glue.GetTableInput{DatabaseName: &d.name, Name: &target})
	if err != nil {
		return err
	}
	_, err = d.client.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &d.name, TableInput: &types.TableInput{
		Name:        &name,
		TargetTable: &types.TableIdentifier{CatalogId: own.Table.CatalogId, DatabaseName: &d.name, Name: &target},
	}})
	return err
}

// DropTable implements [behind].
func (d *onGlue) DropTable(ctx context.Context, name string) error {
	_, err := d.client.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: &d.name, Name: &name})
	return err
}

// DropDatabase implements [behind].
func (d *onGlue) DropDatabase(ctx context.Context) error {
	_, err := d.client.DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: &d.name})
	return err
}

// AddPartition implements [behind].
func (d *onGlue) AddPartition(ctx context.Context, table string, p refresh.Partition) error {
	out, err := d.client.GetTable(ctx, &glue.GetTableInput{DatabaseName: &d.name, Name: &table})
	if err != nil {
		return err
	}
	sd := *out.Table.StorageDescriptor
	sd.Location = &p.Location
	_, err = d.client.CreatePartition(ctx, &glue.CreatePartitionInput{
		DatabaseName:   &d.name,
		TableName:      &table,
		PartitionInput: &types.PartitionInput{Values: p.Values, StorageDescriptor: &sd},
	})
	return err
}

// AllPartitions implements [behind].
func (d *onGlue) AllPartitions(ctx context.Context, table string) ([]refresh.Partition, error) {
	stored, err := d.partitions(ctx, table)
	all := make([]refresh.Partition, len(stored))
	for i, p := range stored {
		all[i] = refresh.Partition{Values: p.Values, Location: aws.ToString(p.StorageDescriptor.Location)}
	}
	return all, err
}

// ReadUnlike returns the values of those of a table's partitions whose files
// would be read in another way than the table's.
func (d *onGlue) ReadUnlike(ctx context.Context, table string) (unlike [][]string, err error) {
	out, err := d.client.GetTable(ctx, &glue.GetTableInput{DatabaseName: &d.name, Name: &table})
	if err != nil {
		return nil, err
	}
	stored, err := d.partitions(ctx, table)
	for _, p := range stored {
		like := *out.Table.StorageDescriptor
		like.Location = p.StorageDescriptor.Location
		if !reflect.DeepEqual(like, *p.StorageDescriptor) {
			unlike = append(unlike, p.Values)
		}
	}
	return unlike, err
}

func (d *onGlue) partitions(ctx context.Context, table string) (all []types.Partition, err error) {
	pages := glue.NewGetPartitionsPaginator(d.client, &glue.GetPartitionsInput{DatabaseName: &d.name, TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Partitions...)
	}
	return all, nil
}

package glue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schema"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Statement is the statement that makes a table as the catalog has it. What
// Hive can't have, such as a view, has none.
func (d *Description) Statement() (*hiveql.CreateTable, error) {
	if d.Link != "" {
		return nil, fmt.Errorf("it is a link to table %s", d.Link)
	}
	if d.Kind == refresh.NotHive {
		return nil, fmt.Errorf("it is a %s", d.KindName)
	}
	s := &hiveql.CreateTable{Name: hiveql.TableName{Database: d.ID.Database, Table: d.ID.Name}, External: true, Comment: d.Comment,
		SerDe: d.SerDe, SerDeProperties: d.SerDeProperties, InputFormat: d.InputFormat, OutputFormat: d.OutputFormat, Location: d.ID.Location,
		Properties: map[string]string{}}
	for k, v := range d.Properties {
		if k != "EXTERNAL" && k != "transient_lastDdlTime" && k != "comment" { // Hive's own marks
			s.Properties[k] = v
		}
	}
	var err error
	if s.Columns, err = hiveColumns(d.Columns); err != nil {
		return nil, err
	}
	s.PartitionKeys, err = hiveColumns(d.PartitionKeys)
	return s, err
}

// Schema is how the files of a table are read. What Hive can't have has none.
func (t *Tables) Schema(ctx context.Context, name string) (schema.Schema, error) {
	d, err := t.Describe(ctx, name)
	if err != nil {
		return schema.Schema{}, err
	}
	return d.Schema()
}

// Schema is how the table's files are read. What Hive can't have has none.
func (d *Description) Schema() (schema.Schema, error) {
	s, err := d.Statement()
	if err != nil {
		return schema.Schema{}, err
	}
	return schema.Of(s), nil
}

func hiveColumns(columns []Column) ([]hiveql.Column, error) {
	out := make([]hiveql.Column, len(columns))
	for i, c := range columns {
		t, err := hiveql.ParseType(c.Type)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		out[i] = hiveql.Column{Name: c.Name, Type: t, Comment: c.Comment}
	}
	return out, nil
}

// What says what it is.
func (d *Description) What() string {
	switch {
	case d.Link != "":
		return "link to " + d.Link
	case d.Kind != refresh.Hive:
		return d.KindName
	case len(d.Keys) == 0:
		return "table without partition keys"
	}
	return "table"
}

// Shape is how the files of a table and of its partitions are read: what a
// rebuild gives them.
type Shape struct {
	Columns       []Column // of the files
	schema.Format          // to a rebuild, a property of the table that is "" is removed
}

// ShapeFor is the shape that gives the table a schema.
func (d *Description) ShapeFor(s *schema.Schema) Shape {
	to := Shape{Format: s.Format}
	to.Properties = map[string]string{}
	for _, p := range schema.FormatProperties() {
		if v := s.Properties[p]; v != d.Properties[p] {
			to.Properties[p] = v
		}
	}
	for _, c := range s.Columns {
		to.Columns = append(to.Columns, Column{c.Name, c.Type.String(), c.Comment})
	}
	return to
}

// Column is a column or partition key; Type is Hive's, as stored.
type Column struct {
	Name    string `json:"name"`              // as the catalog has it
	Type    string `json:"type"`              // Hive's, as stored
	Comment string `json:"comment,omitempty"` // the catalog's
}

// shapeOf is that of a descriptor, which says nothing of a table's properties.
func shapeOf(sd *types.StorageDescriptor) Shape {
	s := Shape{columnsOf(sd.Columns), schema.Format{InputFormat: aws.ToString(sd.InputFormat), OutputFormat: aws.ToString(sd.OutputFormat)}}
	if sd.SerdeInfo != nil {
		s.SerDe, s.SerDeProperties = aws.ToString(sd.SerdeInfo.SerializationLibrary), sd.SerdeInfo.Parameters
	}
	return s
}

func columnsOf(columns []types.Column) []Column {
	out := make([]Column, len(columns))
	for i, c := range columns {
		out[i] = Column{strings.ToLower(aws.ToString(c.Name)), aws.ToString(c.Type), aws.ToString(c.Comment)}
	}
	return out
}

// updates keep of a partition all that the shape doesn't say: above all its
// location.
func (to *Shape) updates(parts []types.Partition) []types.BatchUpdatePartitionRequestEntry {
	list := make([]types.BatchUpdatePartitionRequestEntry, len(parts))
	for i, p := range parts {
		list[i] = update(p, to.applied(p.StorageDescriptor))
	}
	return list
}

// is says whether a descriptor has the shape already.
func (to *Shape) is(sd *types.StorageDescriptor) bool {
	have := shapeOf(sd)
	return slices.Equal(have.Columns, to.Columns) && have.SerDe == to.SerDe && maps.Equal(have.SerDeProperties, to.SerDeProperties) &&
		have.InputFormat == to.InputFormat && have.OutputFormat == to.OutputFormat
}

// applied is a descriptor with the shape, and all else as it was.
func (to *Shape) applied(sd *types.StorageDescriptor) *types.StorageDescriptor {
	out := *sd
	old := sd.Columns
	out.Columns = make([]types.Column, len(to.Columns))
	for i, c := range to.Columns {
		out.Columns[i] = types.Column{Name: aws.String(c.Name), Type: aws.String(c.Type), Comment: optional(c.Comment)}
		if at := slices.IndexFunc(old, func(o types.Column) bool { return strings.EqualFold(aws.ToString(o.Name), c.Name) }); at >= 0 {
			out.Columns[i].Parameters = old[at].Parameters
		}
	}
	out.InputFormat, out.OutputFormat = aws.String(to.InputFormat), aws.String(to.OutputFormat)
	out.SerdeInfo = &types.SerDeInfo{SerializationLibrary: aws.String(to.SerDe), Parameters: to.SerDeProperties}
	if sd.SerdeInfo != nil {
		out.SerdeInfo.Name = sd.SerdeInfo.Name
	}
	return &out
}

// properties are a table's with those of the shape.
func (to *Shape) properties(have map[string]string) map[string]string {
	all := maps.Clone(have)
	if all == nil {
		all = map[string]string{}
	}
	for k, v := range to.Properties {
		if all[k] = v; v == "" {
			delete(all, k)
		}
	}
	return all
}

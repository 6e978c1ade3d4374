package glue

import (
	"fmt"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/refresh"
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

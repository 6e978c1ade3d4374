package athena

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/glue"
)

// show answers lines about a table.
func (d *ddl) show(name hiveql.TableName, lines func(*glue.Table) []string, columns ...string) error {
	t, err := d.table(name)
	if err != nil {
		return err
	}
	return d.out.addLines(lines(t), columns...)
}

// showNames answers the names that fit a pattern.
func (d *ddl) showNames(pattern string, names []string, column string) error {
	match, err := glue.NamePattern(pattern)
	if err != nil {
		return semantic("Invalid pattern %s", pattern)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !match.MatchString(n) })
	return d.out.addLines(names, column)
}

func (d *ddl) showDatabases(s *hiveql.ShowDatabases) error {
	all, err := d.Catalog.Databases()
	if err != nil {
		return err
	}
	var names []string
	for _, db := range all {
		names = append(names, db.Name)
	}
	return d.showNames(s.Pattern, names, "database_name")
}

func (d *ddl) showTables(s *hiveql.ShowTables) error {
	database := cmp.Or(s.Database, d.database)
	all, err := d.Catalog.Tables(database)
	if err != nil {
		return reworded(err, glue.CodeNotFound, false, databaseMissing(database))
	}
	var names []string
	for _, t := range all {
		names = append(names, t.Name)
	}
	return d.showNames(s.Pattern, names, "tab_name")
}

func (d *ddl) showPartitions(s *hiveql.ShowPartitions) error {
	t, err := d.table(s.Table)
	if err != nil {
		return err
	}
	if len(t.PartitionKeys) == 0 {
		return ddlTask("Table %s is not a partitioned table", t.Name)
	}
	found, err := d.withValues(t, s.Spec)
	if err != nil {
		return err
	}
	var names []string
	for _, values := range found {
		names = append(names, hiveql.FolderName(t.KeyNames(), values))
	}
	return d.out.addLines(names, "partition")
}

// allColumns are the columns of the files, then the partition keys.
func allColumns(t *glue.Table) []glue.Column {
	if t.StorageDescriptor == nil {
		return t.PartitionKeys
	}
	return slices.Concat(t.StorageDescriptor.Columns, t.PartitionKeys)
}

func columnNames(t *glue.Table) []string {
	var names []string
	for _, c := range allColumns(t) {
		names = append(names, c.Name)
	}
	return names
}

// describe answers, as Athena does, one string a row with the three columns
// padded to 20 characters and parted by tabs.
func (d *ddl) describe(s *hiveql.DescribeTable) error {
	description := func(t *glue.Table) []string {
		lines := describeColumns(allColumns(t))
		if len(t.PartitionKeys) > 0 {
			lines = append(lines, "", "# Partition Information", described("# col_name", "data_type", "comment"), "")
			lines = append(lines, describeColumns(t.PartitionKeys)...)
		}
		if s.Extended || s.Formatted {
			lines = append(lines, describeDetails(t)...)
		}
		return lines
	}
	return d.show(s.Table, description, "col_name", "data_type", "comment")
}

func described(name, typ, comment string) string {
	return fmt.Sprintf("%-20s\t%-20s\t%-20s", name, typ, comment)
}

func describeColumns(cols []glue.Column) []string {
	var lines []string
	for _, c := range cols {
		lines = append(lines, described(c.Name, c.Type, c.Comment))
	}
	return lines
}

func describeDetails(t *glue.Table) []string {
	lines := []string{"", "# Detailed Table Information",
		described("Database:", t.DatabaseName, ""),
		described("Owner:", t.Owner, ""),
		described("CreateTime:", t.CreateTime.Format("Mon Jan 02 15:04:05 UTC 2006"), ""),
		described("Location:", t.Location(), ""),
		described("Table Type:", t.TableType, ""),
		"Table Parameters:"}
	for _, k := range slices.Sorted(maps.Keys(t.Parameters)) {
		lines = append(lines, described("", k, t.Parameters[k]))
	}
	if sd := t.StorageDescriptor; sd != nil && sd.SerdeInfo != nil {
		lines = append(lines, "", "# Storage Information",
			described("SerDe Library:", sd.SerdeInfo.SerializationLibrary, ""),
			described("InputFormat:", sd.InputFormat, ""),
			described("OutputFormat:", sd.OutputFormat, ""))
	}
	return lines
}

// createStatement is one that would create the table again.
func createStatement(t *glue.Table) []string {
	sd := t.StorageDescriptor
	if sd == nil {
		sd = &glue.StorageDescriptor{}
	}
	lines := append([]string{"CREATE EXTERNAL TABLE `" + t.DatabaseName + "`.`" + t.Name + "`("}, columnLines(sd.Columns)...)
	if t.Description != "" {
		lines = append(lines, "COMMENT "+hiveql.Literal(t.Description))
	}
	if len(t.PartitionKeys) > 0 {
		lines = append(append(lines, "PARTITIONED BY ( "), columnLines(t.PartitionKeys)...)
	}
	if sd.SerdeInfo != nil {
		lines = append(lines, "ROW FORMAT SERDE ", "  "+hiveql.Literal(sd.SerdeInfo.SerializationLibrary)+" ")
		lines = append(lines, propertyLines("WITH SERDEPROPERTIES ( ", sd.SerdeInfo.Parameters)...)
	}
	lines = append(lines, "STORED AS INPUTFORMAT ", "  "+hiveql.Literal(sd.InputFormat)+" ", "OUTPUTFORMAT ", "  "+hiveql.Literal(sd.OutputFormat),
		"LOCATION", "  "+hiveql.Literal(sd.Location))
	return append(lines, propertyLines("TBLPROPERTIES (", t.Parameters)...)
}

func columnLines(cols []glue.Column) []string {
	var lines []string
	for i, c := range cols {
		line := "  `" + c.Name + "` " + c.Type
		if c.Comment != "" {
			line += " COMMENT " + hiveql.Literal(c.Comment)
		}
		lines = append(lines, line+closing(i, len(cols)))
	}
	return lines
}

func propertyLines(head string, m map[string]string) []string {
	if len(m) == 0 {
		return nil
	}
	lines := []string{head}
	for i, k := range slices.Sorted(maps.Keys(m)) {
		lines = append(lines, "  "+hiveql.Literal(k)+"="+hiveql.Literal(m[k])+closing(i, len(m)))
	}
	return lines
}

func closing(i, n int) string {
	if i == n-1 {
		return ")"
	}
	return ", "
}

package athena

import (
	"fmt"
	"slices"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/glue"
)

// show runs the statements that only read.
func (d *ddl) show(s hiveql.Statement) error {
	switch s := s.(type) {
	case *hiveql.ShowDatabases:
		return d.showDatabases(s)
	case *hiveql.ShowTables:
		return d.showTables(s)
	case *hiveql.ShowPartitions:
		return d.showPartitions(s)
	case *hiveql.ShowColumns:
		return d.showColumns(s)
	case *hiveql.ShowCreateTable:
		return d.showCreateTable(s)
	case *hiveql.DescribeTable:
		return d.describe(s)
	}
	return fmt.Errorf("run statement: unexpected %T", s)
}

func (d *ddl) addNames(pattern string, names []string) error {
	match, err := glue.NamePattern(pattern)
	if err != nil {
		return semantic("Invalid pattern %s", pattern)
	}
	for _, n := range names {
		if match.MatchString(n) {
			if err := d.out.addLine(n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *ddl) showDatabases(s *hiveql.ShowDatabases) error {
	d.out.columns = []columnInfo{textColumn("database_name")}
	all, err := d.catalog.Databases()
	if err != nil {
		return err
	}
	var names []string
	for _, db := range all {
		names = append(names, db.Name)
	}
	return d.addNames(s.Pattern, names)
}

func (d *ddl) showTables(s *hiveql.ShowTables) error {
	d.out.columns = []columnInfo{textColumn("tab_name")}
	database := d.databaseOf(hiveql.TableName{Database: s.Database})
	all, err := d.catalog.Tables(database)
	if glue.Is(err, glue.CodeNotFound) {
		return databaseMissing(database)
	}
	if err != nil {
		return err
	}
	var names []string
	for _, t := range all {
		names = append(names, t.Name)
	}
	return d.addNames(s.Pattern, names)
}

func (d *ddl) showPartitions(s *hiveql.ShowPartitions) error {
	d.out.columns = []columnInfo{textColumn("partition")}
	t, err := d.table(s.Table)
	if err != nil {
		return err
	}
	if len(t.PartitionKeys) == 0 {
		return ddlTask("Table %s is not a partitioned table", t.Name)
	}
	want, err := bind(t, s.Spec)
	if err != nil {
		return err
	}
	for p, err := range d.catalog.Partitions(t.DatabaseName, t.Name, func(v []string) bool { return hasValues(v, want) }) {
		if err != nil {
			return err
		}
		if err := d.out.addLine(hiveql.FolderName(t.KeyNames(), p.Values)); err != nil {
			return err
		}
	}
	return nil
}

// allColumns are the columns of the files, then the partition keys.
func allColumns(t *glue.Table) []glue.Column {
	if t.StorageDescriptor == nil {
		return t.PartitionKeys
	}
	return slices.Concat(t.StorageDescriptor.Columns, t.PartitionKeys)
}

func (d *ddl) showColumns(s *hiveql.ShowColumns) error {
	d.out.columns = []columnInfo{textColumn("field")}
	t, err := d.table(s.Table)
	if err != nil {
		return err
	}
	for _, c := range allColumns(t) {
		if err := d.out.addLine(c.Name); err != nil {
			return err
		}
	}
	return nil
}

// describe answers, as Athena does, one string a row with the three columns
// padded to 20 characters and parted by tabs.
func (d *ddl) describe(s *hiveql.DescribeTable) error {
	d.out.columns = []columnInfo{textColumn("col_name"), textColumn("data_type"), textColumn("comment")}
	t, err := d.table(s.Table)
	if err != nil {
		return err
	}
	lines := describeColumns(allColumns(t))
	if len(t.PartitionKeys) > 0 {
		lines = append(lines, "", "# Partition Information", described("# col_name", "data_type", "comment"), "")
		lines = append(lines, describeColumns(t.PartitionKeys)...)
	}
	if s.Extended || s.Formatted {
		lines = append(lines, describeDetails(t)...)
	}
	for _, line := range lines {
		if err := d.out.addLine(line); err != nil {
			return err
		}
	}
	return nil
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
	for _, k := range sortedKeys(t.Parameters) {
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

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// showCreateTable writes a statement that would create the table again.
func (d *ddl) showCreateTable(s *hiveql.ShowCreateTable) error {
	d.out.columns = []columnInfo{textColumn("createtab_stmt")}
	t, err := d.table(s.Table)
	if err != nil {
		return err
	}
	for _, line := range createStatement(t) {
		if err := d.out.addLine(line); err != nil {
			return err
		}
	}
	return nil
}

func createStatement(t *glue.Table) []string {
	sd := t.StorageDescriptor
	if sd == nil {
		sd = &glue.StorageDescriptor{}
	}
	lines := append([]string{"CREATE EXTERNAL TABLE `" + t.DatabaseName + "`.`" + t.Name + "`("}, columnLines(sd.Columns)...)
	if t.Description != "" {
		lines = append(lines, "COMMENT "+quoted(t.Description))
	}
	if len(t.PartitionKeys) > 0 {
		lines = append(append(lines, "PARTITIONED BY ( "), columnLines(t.PartitionKeys)...)
	}
	if sd.SerdeInfo != nil {
		lines = append(lines, "ROW FORMAT SERDE ", "  "+quoted(sd.SerdeInfo.SerializationLibrary)+" ")
		lines = append(lines, propertyLines("WITH SERDEPROPERTIES ( ", sd.SerdeInfo.Parameters)...)
	}
	lines = append(lines, "STORED AS INPUTFORMAT ", "  "+quoted(sd.InputFormat)+" ", "OUTPUTFORMAT ", "  "+quoted(sd.OutputFormat),
		"LOCATION", "  "+quoted(sd.Location))
	return append(lines, propertyLines("TBLPROPERTIES (", t.Parameters)...)
}

func columnLines(cols []glue.Column) []string {
	var lines []string
	for i, c := range cols {
		line := "  `" + c.Name + "` " + c.Type
		if c.Comment != "" {
			line += " COMMENT " + quoted(c.Comment)
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
	for i, k := range sortedKeys(m) {
		lines = append(lines, "  "+quoted(k)+"="+quoted(m[k])+closing(i, len(m)))
	}
	return lines
}

func closing(i, n int) string {
	if i == n-1 {
		return ")"
	}
	return ", "
}

// quoted writes a literal as Hive reads it.
func quoted(s string) string { return hiveql.Literal(s) }

package athena

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/glue"
	"athenarefresh/internal/local/rights"
)

// ddl runs one parsed statement.
type ddl struct {
	*Engine
	ctx      context.Context
	caller   caller
	database string // for names that don't say
	out      result
}

// runDDL runs a statement of Hive's on the catalog. Each changes it in one
// transaction, so that it happened or didn't.
func (e *Engine) runDDL(ctx context.Context, x *execution) (*result, error) {
	statement, err := hiveql.Parse(x.Query)
	if err != nil {
		return nil, err
	}
	d := &ddl{Engine: e, ctx: ctx, caller: x.caller, database: cmp.Or(x.QueryExecutionContext.Database, "default")}
	needs, run := d.plan(statement)
	// Whoever runs any statement needs rights on the database default.
	needs = append(e.Account.Database("default", "glue:GetDatabase", "glue:CreateDatabase"), needs...)
	if err := d.caller.glue(needs...); err != nil {
		return nil, err
	}
	return &d.out, run()
}

// What statements do with their table, or with those of their database.
var (
	readActions  = []string{"glue:GetTable"}
	alterActions = []string{"glue:GetTable", "glue:GetPartitions", "glue:UpdateTable"}
	addActions   = []string{"glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition", "glue:CreatePartition", "glue:BatchCreatePartition"}
)

// plan is what a statement needs of the catalog, and how it runs.
func (d *ddl) plan(s hiveql.Statement) (needs []rights.Need, run func() error) {
	on := func(name hiveql.TableName, actions ...string) []rights.Need {
		database := d.databaseOf(name)
		return append(d.Account.Table(database, name.Table, actions...), d.Account.Database(database, "glue:GetDatabase")...)
	}
	onDatabase := func(name, action string, more ...rights.Need) []rights.Need {
		return slices.Concat(d.Account.Database(name, "glue:GetDatabase", action), more, d.Account.Database(d.database, "glue:GetDatabase"))
	}
	switch s := s.(type) {
	case *hiveql.CreateDatabase:
		return onDatabase(s.Name, "glue:CreateDatabase"), func() error { return d.createDatabase(s) }
	case *hiveql.DropDatabase:
		tables := d.Account.Table(s.Name, "*", "glue:GetTables", "glue:GetTable", "glue:DeleteTable")
		return onDatabase(s.Name, "glue:DeleteDatabase", tables...), func() error { return d.dropDatabase(s) }
	case *hiveql.CreateTable:
		return on(s.Name, "glue:GetTable", "glue:CreateTable"), func() error { return d.createTable(s) }
	case *hiveql.DropTable:
		return on(s.Name, "glue:GetTable", "glue:DeleteTable", "glue:GetPartitions", "glue:GetPartition", "glue:DeletePartition"),
			func() error { return d.dropTable(s) }
	case *hiveql.AddPartitions:
		return on(s.Table, addActions...), func() error { return d.addPartitions(s) }
	case *hiveql.DropPartitions:
		return on(s.Table, "glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:DeletePartition", "glue:BatchDeletePartition"),
			func() error { return d.dropPartitions(s) }
	case *hiveql.SetPartitionLocation:
		return on(s.Table, "glue:GetTable", "glue:GetPartition", "glue:UpdatePartition"), func() error { return d.setPartitionLocation(s) }
	case *hiveql.SetTableLocation:
		return on(s.Table, alterActions...), func() error { return d.setTableLocation(s) }
	case *hiveql.SetTableProperties:
		return on(s.Table, alterActions...), func() error { return d.setTableProperties(s) }
	case *hiveql.AddColumns:
		return on(s.Table, alterActions...), func() error { return d.addColumns(s) }
	case *hiveql.RepairTable:
		return on(s.Table, addActions...), func() error { return d.repair(s) }
	case *hiveql.ShowDatabases:
		return d.Account.Database("*", "glue:GetDatabases"), func() error { return d.showDatabases(s) }
	case *hiveql.ShowTables:
		return on(hiveql.TableName{Database: s.Database, Table: "*"}, "glue:GetTables"), func() error { return d.showTables(s) }
	case *hiveql.ShowPartitions:
		return on(s.Table, "glue:GetTable", "glue:GetPartitions"), func() error { return d.showPartitions(s) }
	case *hiveql.ShowColumns:
		return on(s.Table, readActions...), func() error { return d.show(s.Table, columnNames, "field") }
	case *hiveql.ShowCreateTable:
		return on(s.Table, readActions...), func() error { return d.show(s.Table, createStatement, "createtab_stmt") }
	case *hiveql.DescribeTable:
		return on(s.Table, readActions...), func() error { return d.describe(s) }
	}
	return nil, func() error { return fmt.Errorf("run statement: unexpected %T", s) }
}

// table finds a table by its name in a statement.
func (d *ddl) table(name hiveql.TableName) (*glue.Table, error) {
	database := d.databaseOf(name)
	t, err := d.Catalog.Table(database, name.Table)
	return t, reworded(err, glue.CodeNotFound, false, tableMissing(database, name.Table))
}

// reworded is what a statement says where the catalog says code: nothing where it
// allows that.
func reworded(err error, code string, allowed bool, failure error) error {
	switch {
	case !glue.Is(err, code):
		return err
	case allowed:
		return nil
	}
	return failure
}

func (d *ddl) databaseOf(name hiveql.TableName) string {
	return cmp.Or(name.Database, d.database)
}

func (d *ddl) createDatabase(s *hiveql.CreateDatabase) error {
	err := d.Catalog.CreateDatabase(glue.DatabaseInput{Name: s.Name, Description: s.Comment, LocationURI: s.Location, Parameters: s.Properties})
	return reworded(err, glue.CodeExists, s.IfNotExists, ddlTask("Database %s already exists", s.Name))
}

func (d *ddl) dropDatabase(s *hiveql.DropDatabase) error {
	err := d.Catalog.DropDatabase(s.Name, s.Cascade)
	err = reworded(err, glue.CodeNotFound, s.IfExists, databaseMissing(s.Name))
	return reworded(err, glue.CodeInvalidInput, false,
		ddlTask("InvalidOperationException(message:Database %s is not empty. One or more tables exist.)", s.Name))
}

func (d *ddl) createTable(s *hiveql.CreateTable) error {
	if !s.External {
		return semantic("only external tables are supported: CREATE EXTERNAL TABLE")
	}
	if s.Location == "" {
		return semantic("No location was specified for table. An S3 location must be specified")
	}
	if err := checkLocation(s.Location); err != nil {
		return err
	}
	database := d.databaseOf(s.Name)
	err := d.Catalog.CreateTable(database, tableInput(s, strconv.FormatInt(d.now().Unix(), 10)))
	err = reworded(err, glue.CodeNotFound, false, databaseMissing(database))
	return reworded(err, glue.CodeExists, s.IfNotExists, ddlTask("AlreadyExistsException(message:Table %s already exists)", s.Name.Table))
}

func checkLocation(location string) error {
	if _, _, err := splitLocation(location); err != nil {
		return ddlTask("MetaException(message:%v)", err)
	}
	return nil
}

// tableInput is the table as Athena writes it to Glue.
func tableInput(s *hiveql.CreateTable, ddlTime string) glue.TableInput {
	parameters := map[string]string{"EXTERNAL": "TRUE", "transient_lastDdlTime": ddlTime}
	if s.Comment != "" {
		parameters["comment"] = s.Comment
	}
	maps.Copy(parameters, s.Properties)
	return glue.TableInput{
		Name: s.Name.Table, Description: s.Comment, Owner: "hadoop", TableType: "EXTERNAL_TABLE", Parameters: parameters,
		PartitionKeys: glueColumns(s.PartitionKeys),
		StorageDescriptor: &glue.StorageDescriptor{
			Columns: glueColumns(s.Columns), Location: s.Location, InputFormat: s.InputFormat, OutputFormat: s.OutputFormat,
			NumberOfBuckets: -1, SerdeInfo: &glue.SerDeInfo{SerializationLibrary: s.SerDe, Parameters: s.SerDeProperties},
		},
	}
}

func glueColumns(cols []hiveql.Column) []glue.Column {
	out := make([]glue.Column, len(cols))
	for i, c := range cols {
		out[i] = glue.Column{Name: c.Name, Type: c.Type.String(), Comment: c.Comment}
	}
	return out
}

func (d *ddl) dropTable(s *hiveql.DropTable) error {
	database := d.databaseOf(s.Name)
	err := d.Catalog.DropTable(database, s.Name.Table)
	return reworded(err, glue.CodeNotFound, s.IfExists, tableMissing(database, s.Name.Table))
}

// alterTable changes a table's own record.
func (d *ddl) alterTable(name hiveql.TableName, change func(*glue.TableInput)) error {
	database := d.databaseOf(name)
	err := d.Catalog.AlterTable(database, name.Table, func(t *glue.TableInput) error {
		change(t)
		return nil
	})
	return reworded(err, glue.CodeNotFound, false, tableMissing(database, name.Table))
}

func (d *ddl) setTableLocation(s *hiveql.SetTableLocation) error {
	if err := checkLocation(s.Location); err != nil {
		return err
	}
	return d.alterTable(s.Table, func(t *glue.TableInput) { storage(t).Location = s.Location })
}

func (d *ddl) setTableProperties(s *hiveql.SetTableProperties) error {
	return d.alterTable(s.Table, func(t *glue.TableInput) {
		if t.Parameters == nil {
			t.Parameters = map[string]string{}
		}
		maps.Copy(t.Parameters, s.Properties)
	})
}

func (d *ddl) addColumns(s *hiveql.AddColumns) error {
	return d.alterTable(s.Table, func(t *glue.TableInput) {
		if s.Replace {
			storage(t).Columns = nil
		}
		storage(t).Columns = append(storage(t).Columns, glueColumns(s.Columns)...)
	})
}

func storage(t *glue.TableInput) *glue.StorageDescriptor {
	if t.StorageDescriptor == nil {
		t.StorageDescriptor = &glue.StorageDescriptor{}
	}
	return t.StorageDescriptor
}

// joinSpec writes a specification as Hive's messages do: {dt=1, h=2}.
func joinSpec(spec hiveql.PartitionSpec) string {
	parts := make([]string, len(spec))
	for i, kv := range spec {
		parts[i] = kv.Key + "=" + kv.Value
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

package athena

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/glue"
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
		return nil, parseFailure(err)
	}
	d := &ddl{Engine: e, ctx: ctx, caller: x.caller, database: x.QueryExecutionContext.Database}
	if d.database == "" {
		d.database = "default"
	}
	if err := d.mayRun(statement); err != nil {
		return nil, err
	}
	return &d.out, d.run(statement)
}

func parseFailure(err error) error {
	if err == hiveql.ErrUnsupported {
		return userFailure(typeUnsupported, "NOT_SUPPORTED: %v", err)
	}
	return err
}

func (d *ddl) run(s hiveql.Statement) error {
	switch s := s.(type) {
	case *hiveql.CreateDatabase:
		return d.createDatabase(s)
	case *hiveql.DropDatabase:
		return d.dropDatabase(s)
	case *hiveql.CreateTable:
		return d.createTable(s)
	case *hiveql.DropTable:
		return d.dropTable(s)
	case *hiveql.AddPartitions:
		return d.addPartitions(s)
	case *hiveql.DropPartitions:
		return d.dropPartitions(s)
	case *hiveql.SetPartitionLocation:
		return d.setPartitionLocation(s)
	case *hiveql.SetTableLocation, *hiveql.SetTableProperties, *hiveql.AddColumns:
		return d.alterTable(s)
	case *hiveql.RepairTable:
		return d.repair(s)
	}
	return d.show(s)
}

// table finds a table by its name in a statement.
func (d *ddl) table(name hiveql.TableName) (*glue.Table, error) {
	database := d.databaseOf(name)
	t, err := d.catalog.Table(database, name.Table)
	if glue.Is(err, glue.CodeNotFound) {
		return nil, tableMissing(database, name.Table)
	}
	return t, err
}

func (d *ddl) databaseOf(name hiveql.TableName) string {
	if name.Database != "" {
		return name.Database
	}
	return d.database
}

func (d *ddl) createDatabase(s *hiveql.CreateDatabase) error {
	err := d.catalog.CreateDatabase(glue.DatabaseInput{Name: s.Name, Description: s.Comment, LocationURI: s.Location, Parameters: s.Properties})
	if glue.Is(err, glue.CodeExists) {
		if s.IfNotExists {
			return nil
		}
		return ddlTask("Database %s already exists", s.Name)
	}
	return err
}

func (d *ddl) dropDatabase(s *hiveql.DropDatabase) error {
	err := d.catalog.DropDatabase(s.Name, s.Cascade)
	switch {
	case glue.Is(err, glue.CodeNotFound):
		if s.IfExists {
			return nil
		}
		return databaseMissing(s.Name)
	case glue.Is(err, glue.CodeInvalidInput):
		return ddlTask("InvalidOperationException(message:Database %s is not empty. One or more tables exist.)", s.Name)
	}
	return err
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
	err := d.catalog.CreateTable(database, tableInput(s, strconv.FormatInt(d.now().Unix(), 10)))
	switch {
	case glue.Is(err, glue.CodeNotFound):
		return databaseMissing(database)
	case glue.Is(err, glue.CodeExists):
		if s.IfNotExists {
			return nil
		}
		return ddlTask("AlreadyExistsException(message:Table %s already exists)", s.Name.Table)
	}
	return err
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
	err := d.catalog.DropTable(d.databaseOf(s.Name), s.Name.Table)
	if glue.Is(err, glue.CodeNotFound) {
		if s.IfExists {
			return nil
		}
		return tableMissing(d.databaseOf(s.Name), s.Name.Table)
	}
	return err
}

// alterTable changes a table's own record.
func (d *ddl) alterTable(s hiveql.Statement) error {
	var name hiveql.TableName
	var change func(*glue.TableInput) error
	switch s := s.(type) {
	case *hiveql.SetTableLocation:
		if err := checkLocation(s.Location); err != nil {
			return err
		}
		name, change = s.Table, func(t *glue.TableInput) error {
			storage(t).Location = s.Location
			return nil
		}
	case *hiveql.SetTableProperties:
		name, change = s.Table, func(t *glue.TableInput) error {
			if t.Parameters == nil {
				t.Parameters = map[string]string{}
			}
			maps.Copy(t.Parameters, s.Properties)
			return nil
		}
	case *hiveql.AddColumns:
		name, change = s.Table, func(t *glue.TableInput) error {
			if s.Replace {
				storage(t).Columns = nil
			}
			storage(t).Columns = append(storage(t).Columns, glueColumns(s.Columns)...)
			return nil
		}
	default:
		return fmt.Errorf("alter table: unexpected statement %T", s)
	}
	err := d.catalog.AlterTable(d.databaseOf(name), name.Table, change)
	if glue.Is(err, glue.CodeNotFound) {
		return tableMissing(d.databaseOf(name), name.Table)
	}
	return err
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

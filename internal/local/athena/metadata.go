package athena

import (
	"context"
	"regexp"
	"strings"

	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/local/glue"
)

// The metadata calls show the catalog as Athena's console and drivers read it.

type dataCatalog struct{ Name, CatalogName, Type, Status string }

func (e *Engine) apiDataCatalog(_ context.Context, in struct{ Name string }) (map[string]any, error) {
	if !strings.EqualFold(in.Name, dataCatalogName) {
		return nil, invalidRequest("Data Catalog %s was not found", in.Name)
	}
	return map[string]any{"DataCatalog": dataCatalog{Name: dataCatalogName, Type: "GLUE", Status: "CREATE_COMPLETE"}}, nil
}

func (e *Engine) apiDataCatalogs(context.Context, listInput) (map[string]any, error) {
	return map[string]any{"DataCatalogsSummary": []dataCatalog{{CatalogName: dataCatalogName, Type: "GLUE", Status: "CREATE_COMPLETE"}}}, nil
}

type database struct {
	Name        string
	Description string            `json:",omitempty"`
	Parameters  map[string]string `json:",omitempty"`
}

func metadataError(err error) error {
	if glue.Is(err, glue.CodeNotFound) {
		return awsjson.Errorf("MetadataException", "EntityNotFoundException: %v", err)
	}
	return serviceError("read the catalog", err)
}

func (e *Engine) apiGetDatabase(_ context.Context, in struct{ DatabaseName string }) (map[string]any, error) {
	d, err := e.catalog.Database(in.DatabaseName)
	if err != nil {
		return nil, metadataError(err)
	}
	return map[string]any{"Database": database{d.Name, d.Description, d.Parameters}}, nil
}

func (e *Engine) apiListDatabases(_ context.Context, in listInput) (map[string]any, error) {
	all, err := e.catalog.Databases()
	if err != nil {
		return nil, metadataError(err)
	}
	list := make([]database, len(all))
	for i, d := range all {
		list[i] = database{d.Name, d.Description, d.Parameters}
	}
	page, next, err := pageOf(list, in, 50, func(d database) string { return d.Name })
	return pageOutput("DatabaseList", page, next), err
}

// pageOf cuts a page out of a list that is ordered by name.
func pageOf[T any](all []T, in listInput, most int, name func(T) string) (page []T, next string, err error) {
	from, err := decodeToken(in.NextToken)
	if err != nil {
		return nil, "", err
	}
	for i, item := range all {
		switch {
		case name(item) < string(from):
		case len(page) == limited(in.MaxResults, most):
			return page, encodeToken([]byte(name(all[i]))), nil
		default:
			page = append(page, item)
		}
	}
	return page, "", nil
}

func pageOutput[T any](member string, page []T, next string) map[string]any {
	if page == nil {
		page = []T{}
	}
	out := map[string]any{member: page}
	if next != "" {
		out["NextToken"] = next
	}
	return out
}

type column struct {
	Name    string
	Type    string `json:",omitempty"`
	Comment string `json:",omitempty"`
}

type tableMetadata struct {
	Name           string
	CreateTime     glue.Timestamp
	LastAccessTime glue.Timestamp
	TableType      string            `json:",omitempty"`
	Columns        []column          // of the files
	PartitionKeys  []column          //
	Parameters     map[string]string `json:",omitempty"`
}

// metadataOf adds to a table's parameters what Athena adds: where its files
// are and how they are read.
func metadataOf(t *glue.Table) tableMetadata {
	m := tableMetadata{Name: t.Name, CreateTime: t.CreateTime, LastAccessTime: t.UpdateTime, TableType: t.TableType,
		Columns: []column{}, PartitionKeys: columnsOf(t.PartitionKeys), Parameters: map[string]string{}}
	for k, v := range t.Parameters {
		m.Parameters[k] = v
	}
	if d := t.StorageDescriptor; d != nil {
		m.Columns = columnsOf(d.Columns)
		m.Parameters["location"] = d.Location
		m.Parameters["inputformat"] = d.InputFormat
		m.Parameters["outputformat"] = d.OutputFormat
		if d.SerdeInfo != nil {
			m.Parameters["serde.serialization.lib"] = d.SerdeInfo.SerializationLibrary
			for k, v := range d.SerdeInfo.Parameters {
				m.Parameters["serde.param."+k] = v
			}
		}
	}
	return m
}

func columnsOf(cols []glue.Column) []column {
	out := make([]column, len(cols))
	for i, c := range cols {
		out[i] = column{c.Name, c.Type, c.Comment}
	}
	return out
}

type tableMetadataInput struct{ CatalogName, DatabaseName, TableName string }

func (e *Engine) apiTableMetadata(_ context.Context, in tableMetadataInput) (map[string]any, error) {
	t, err := e.catalog.Table(in.DatabaseName, in.TableName)
	if err != nil {
		return nil, metadataError(err)
	}
	return map[string]any{"TableMetadata": metadataOf(t)}, nil
}

type listTableMetadataInput struct {
	listInput
	DatabaseName string
	Expression   string // a regular expression for the whole name
}

func (e *Engine) apiListTableMetadata(_ context.Context, in listTableMetadataInput) (map[string]any, error) {
	match, err := regexp.Compile("^(?i:" + strings.ReplaceAll(in.Expression, "*", ".*") + ")$")
	if err != nil {
		return nil, invalidRequest("Invalid expression %s", in.Expression)
	}
	all, err := e.catalog.Tables(in.DatabaseName)
	if err != nil {
		return nil, metadataError(err)
	}
	list := []tableMetadata{}
	for i := range all {
		if in.Expression == "" || match.MatchString(all[i].Name) {
			list = append(list, metadataOf(&all[i]))
		}
	}
	page, next, err := pageOf(list, in.listInput, 50, func(t tableMetadata) string { return t.Name })
	return pageOutput("TableMetadataList", page, next), err
}

package athena

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
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
	return fmt.Errorf("read the catalog: %w", err)
}

func (e *Engine) apiGetDatabase(_ context.Context, in struct{ DatabaseName string }) (map[string]any, error) {
	d, err := e.Catalog.Database(in.DatabaseName)
	if err != nil {
		return nil, metadataError(err)
	}
	return map[string]any{"Database": database{d.Name, d.Description, d.Parameters}}, nil
}

func (e *Engine) apiListDatabases(_ context.Context, in listInput) (map[string]any, error) {
	all, err := e.Catalog.Databases()
	if err != nil {
		return nil, metadataError(err)
	}
	list := make([]database, len(all))
	for i, d := range all {
		list[i] = database{d.Name, d.Description, d.Parameters}
	}
	return pageOf("DatabaseList", list, in, func(d database) string { return d.Name })
}

type listInput struct {
	NextToken  string
	MaxResults int
}

// pageOf cuts a page out of a list that is ordered by name.
func pageOf[T any](member string, all []T, in listInput, name func(T) string) (map[string]any, error) {
	from, err := decodeToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	first := slices.IndexFunc(all, func(item T) bool { return name(item) >= string(from) })
	if first < 0 {
		return map[string]any{member: []T{}}, nil
	}
	page := all[first:]
	size := limited(in.MaxResults, 50)
	if len(page) <= size {
		return map[string]any{member: page}, nil
	}
	return map[string]any{member: page[:size], "NextToken": encodeToken([]byte(name(page[size])))}, nil
}

type tableMetadata struct {
	Name           string
	CreateTime     glue.Timestamp
	LastAccessTime glue.Timestamp
	TableType      string            `json:",omitempty"`
	Columns        []glue.Column     // of the files
	PartitionKeys  []glue.Column     //
	Parameters     map[string]string `json:",omitempty"`
}

// metadataOf adds to a table's parameters what Athena adds: where its files
// are and how they are read.
func metadataOf(t *glue.Table) tableMetadata {
	m := tableMetadata{Name: t.Name, CreateTime: t.CreateTime, LastAccessTime: t.UpdateTime, TableType: t.TableType,
		Columns: []glue.Column{}, PartitionKeys: append([]glue.Column{}, t.PartitionKeys...), Parameters: map[string]string{}}
	maps.Copy(m.Parameters, t.Parameters)
	if d := t.StorageDescriptor; d != nil {
		m.Columns = append(m.Columns, d.Columns...)
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

type tableMetadataInput struct{ CatalogName, DatabaseName, TableName string }

func (e *Engine) apiTableMetadata(_ context.Context, in tableMetadataInput) (map[string]any, error) {
	t, err := e.Catalog.Table(in.DatabaseName, in.TableName)
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
	all, err := e.Catalog.Tables(in.DatabaseName)
	if err != nil {
		return nil, metadataError(err)
	}
	list := []tableMetadata{}
	for i := range all {
		if in.Expression == "" || match.MatchString(all[i].Name) {
			list = append(list, metadataOf(&all[i]))
		}
	}
	return pageOf("TableMetadataList", list, in.listInput, func(t tableMetadata) string { return t.Name })
}

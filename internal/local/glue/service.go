package glue

import (
	"context"
	"encoding/base64"
	"encoding/json"

	"athenarefresh/internal/local/awsjson"
)

// maxBody is a bound for one request: BatchGetPartition's 1,000 keys, or 100
// partitions with their descriptors, fit many times.
const maxBody = 32 << 20

// Service serves the Glue API: JSON 1.1, target AWSGlue.*. Every operation
// takes the limits of Glue's service model, and is refused another account's
// catalog.
func (c *Catalog) Service() *awsjson.Service {
	operations := map[string]awsjson.Operation{
		"CreateDatabase": awsjson.Op(c.apiCreateDatabase),
		"GetDatabase":    awsjson.Op(c.apiGetDatabase),
		"GetDatabases":   awsjson.Op(c.apiGetDatabases),
		"UpdateDatabase": awsjson.Op(c.apiUpdateDatabase),
		"DeleteDatabase": awsjson.Op(c.apiDeleteDatabase),

		"CreateTable":      awsjson.Op(c.apiCreateTable),
		"GetTable":         awsjson.Op(c.apiGetTable),
		"GetTables":        awsjson.Op(c.apiGetTables),
		"UpdateTable":      awsjson.Op(c.apiUpdateTable),
		"DeleteTable":      awsjson.Op(c.apiDeleteTable),
		"BatchDeleteTable": awsjson.Op(c.apiBatchDeleteTable),
		"GetTableVersion":  awsjson.Op(c.apiGetTableVersion),
		"GetTableVersions": awsjson.Op(c.apiGetTableVersions),

		"CreatePartition":      awsjson.Op(c.apiCreatePartition),
		"BatchCreatePartition": awsjson.Op(c.apiBatchCreatePartition),
		"GetPartition":         awsjson.Op(c.apiGetPartition),
		"BatchGetPartition":    awsjson.Op(c.apiBatchGetPartition),
		"GetPartitions":        awsjson.Op(c.apiGetPartitions),
		"UpdatePartition":      awsjson.Op(c.apiUpdatePartition),
		"BatchUpdatePartition": awsjson.Op(c.apiBatchUpdatePartition),
		"DeletePartition":      awsjson.Op(c.apiDeletePartition),
		"BatchDeletePartition": awsjson.Op(c.apiBatchDeletePartition),

		"GetPartitionIndexes":                awsjson.Op(c.apiPartitionIndexes),
		"GetColumnStatisticsForTable":        awsjson.Op(c.apiColumnStatistics),
		"GetColumnStatisticsForPartition":    awsjson.Op(c.apiColumnStatistics),
		"UpdateColumnStatisticsForTable":     awsjson.Op(acceptNothing),
		"UpdateColumnStatisticsForPartition": awsjson.Op(acceptNothing),
		"GetUserDefinedFunctions":            awsjson.Op(noFunctions),
		"GetTags":                            awsjson.Op(noTags),
	}
	for name, op := range operations {
		operations[name] = c.ofThisCatalog(op)
	}
	return &awsjson.Service{Version: "1.1", MaxBody: maxBody, Operations: operations}
}

// ofThisCatalog runs an operation on the catalog that it names, which is the
// account's own where it names none. There is no other here.
func (c *Catalog) ofThisCatalog(op awsjson.Operation) awsjson.Operation {
	named := awsjson.Op(func(_ context.Context, in struct {
		ID string `json:"CatalogId"`
	}) (none, error) {
		if in.ID != "" && in.ID != c.account {
			return none{}, awsjson.Errorf(CodeNotFound, "Catalog %s not found: the local stack has only that of account %s.", in.ID, c.account)
		}
		return none{}, nil
	})
	return func(ctx context.Context, body []byte) (any, error) {
		if _, err := named(ctx, body); err != nil {
			return nil, err
		}
		return op(ctx, body)
	}
}

// none is the empty answer of calls that only do something.
type none struct{}

func acceptNothing(context.Context, json.RawMessage) (map[string]any, error) {
	return map[string]any{"Errors": []any{}}, nil
}

func noFunctions(context.Context, json.RawMessage) (map[string]any, error) {
	return map[string]any{"UserDefinedFunctions": []any{}}, nil
}

func noTags(context.Context, json.RawMessage) (map[string]any, error) {
	return map[string]any{"Tags": map[string]string{}}, nil
}

// tableRef is how most requests name a table.
type tableRef struct {
	DatabaseName string
	TableName    string
}

func (c *Catalog) apiPartitionIndexes(_ context.Context, in tableRef) (map[string]any, error) {
	_, err := c.Table(in.DatabaseName, in.TableName)
	return map[string]any{"PartitionIndexDescriptorList": []any{}}, err
}

func (c *Catalog) apiColumnStatistics(_ context.Context, in tableRef) (map[string]any, error) {
	_, err := c.Table(in.DatabaseName, in.TableName)
	return map[string]any{"ColumnStatisticsList": []any{}, "Errors": []any{}}, err
}

// A page's NextToken is the key of the next page's first item, so that items
// that come or go between pages shift nothing.

func encodeToken(key []byte) string { return base64.RawURLEncoding.EncodeToString(key) }

func decodeToken(token string) ([]byte, error) {
	key, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil, invalid("Invalid pagination token")
	}
	return key, nil
}

// pageSize applies a default and the bounds of the model.
func pageSize(asked *int, most int) (int, error) {
	if asked == nil {
		return most, nil
	}
	if *asked < 1 || *asked > most {
		return 0, invalid("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and %d", *asked, most)
	}
	return *asked, nil
}

func checkCount(what string, n, most int) error {
	if n > most {
		return invalid("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", what, most)
	}
	return nil
}

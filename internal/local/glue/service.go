package glue

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"

	"athenarefresh/internal/local/awsjson"
)

// maxBody is a bound for one request: BatchGetPartition's 1,000 keys, or 100
// partitions with their descriptors, fit many times.
const maxBody = 32 << 20

// request is what the calls are asked with, each with a part of it.
type request struct {
	CatalogID, DatabaseName, TableName, VersionID string

	Name               string // of a database or a table
	DatabaseInput      DatabaseInput
	TableInput         TableInput
	TablesToDelete     []string
	PartitionInput     PartitionInput
	PartitionInputList []PartitionInput
	PartitionValues    []string
	PartitionsToGet    []valueList
	PartitionsToDelete []valueList
	PartitionValueList []string
	Entries            []updateEntry

	Expression          string // a pattern of names, or a condition on partition keys
	NextToken           string
	MaxResults          *int
	Segment             *segment
	AttributesToGet     []string // only NAME makes a difference
	ExcludeColumnSchema bool
}

type valueList struct{ Values []string }

// updateEntry is a partition, and what it becomes.
type updateEntry struct {
	PartitionValueList []string
	PartitionInput     PartitionInput
}

// answer is a call's, by member; calls that only do something have none.
type answer map[string]any

// Service serves the Glue API: JSON 1.1, target AWSGlue.*. Every operation
// takes the limits of Glue's service model, and is refused another account's
// catalog.
func (c *Catalog) Service() *awsjson.Service {
	operations := map[string]awsjson.Operation{}
	for name, f := range map[string]func(request) (answer, error){
		"CreateDatabase": func(in request) (answer, error) { return nil, c.CreateDatabase(in.DatabaseInput) },
		"GetDatabase":    c.apiGetDatabase,
		"GetDatabases":   c.apiGetDatabases,
		"UpdateDatabase": func(in request) (answer, error) { return nil, c.updateDatabase(in.Name, in.DatabaseInput) },
		"DeleteDatabase": func(in request) (answer, error) { return nil, c.DropDatabase(in.Name, true) },

		"CreateTable":      func(in request) (answer, error) { return nil, c.CreateTable(in.DatabaseName, in.TableInput) },
		"GetTable":         c.apiGetTable,
		"GetTables":        c.apiGetTables,
		"UpdateTable":      c.apiUpdateTable,
		"DeleteTable":      func(in request) (answer, error) { return nil, c.DropTable(in.DatabaseName, in.Name) },
		"BatchDeleteTable": c.apiBatchDeleteTable,
		"GetTableVersion":  c.apiGetTableVersion,
		"GetTableVersions": c.apiGetTableVersions,

		"CreatePartition":      c.apiCreatePartition,
		"BatchCreatePartition": c.apiBatchCreatePartition,
		"GetPartition":         c.apiGetPartition,
		"BatchGetPartition":    c.apiBatchGetPartition,
		"GetPartitions":        c.apiGetPartitions,
		"UpdatePartition":      c.apiUpdatePartition,
		"BatchUpdatePartition": c.apiBatchUpdatePartition,
		"DeletePartition":      c.apiDeletePartition,
		"BatchDeletePartition": c.apiBatchDeletePartition,

		// What clients ask beside.
		"GetPartitionIndexes":                c.ofTable(answer{"PartitionIndexDescriptorList": []any{}}),
		"GetColumnStatisticsForTable":        c.ofTable(answer{"ColumnStatisticsList": []any{}, "Errors": []any{}}),
		"GetColumnStatisticsForPartition":    c.ofTable(answer{"ColumnStatisticsList": []any{}, "Errors": []any{}}),
		"UpdateColumnStatisticsForTable":     same(answer{"Errors": []any{}}),
		"UpdateColumnStatisticsForPartition": same(answer{"Errors": []any{}}),
		"GetUserDefinedFunctions":            same(answer{"UserDefinedFunctions": []any{}}),
		"GetTags":                            same(answer{"Tags": map[string]string{}}),
	} {
		operations[name] = awsjson.Op(c.ofThisCatalog(f))
	}
	return &awsjson.Service{Version: "1.1", MaxBody: maxBody, Operations: operations}
}

// ofThisCatalog runs an operation on the catalog that it names, which is the
// account's own where it names none. There is no other here.
func (c *Catalog) ofThisCatalog(f func(request) (answer, error)) func(context.Context, request) (answer, error) {
	return func(_ context.Context, in request) (answer, error) {
		if in.CatalogID != "" && in.CatalogID != c.account {
			return nil, awsjson.Errorf(CodeNotFound, "Catalog %s not found: the local stack has only that of account %s.", in.CatalogID, c.account)
		}
		out, err := f(in)
		if out == nil {
			out = answer{}
		}
		return out, err
	}
}

func same(a answer) func(request) (answer, error) {
	return func(request) (answer, error) { return a, nil }
}

// ofTable answers the same for every table that there is.
func (c *Catalog) ofTable(a answer) func(request) (answer, error) {
	return func(in request) (answer, error) {
		_, err := c.Table(in.DatabaseName, in.TableName)
		return a, err
	}
}

// page is one of a list. Its NextToken is the key of the next page's first item,
// so that items that come or go between pages shift nothing.
type page struct {
	from  string
	size  int
	items []any
	next  string
}

// newPage applies a default and the bounds of the model.
func newPage(in request, most int) (*page, error) {
	p := &page{size: most, items: []any{}}
	if in.MaxResults != nil {
		p.size = *in.MaxResults
	}
	if p.size < 1 || p.size > most {
		return nil, invalid("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and %d", p.size, most)
	}
	from, err := base64.RawURLEncoding.DecodeString(in.NextToken)
	if err != nil {
		return nil, invalid("Invalid pagination token")
	}
	p.from = string(from)
	return p, nil
}

// endsAt says whether the page is full, and that the next one begins at key.
func (p *page) endsAt(key string) bool {
	if len(p.items) == p.size {
		p.next = base64.RawURLEncoding.EncodeToString([]byte(key))
	}
	return p.next != ""
}

func (p *page) answer(member string) answer {
	a := answer{member: p.items}
	if p.next != "" {
		a["NextToken"] = p.next
	}
	return a
}

func checkCount(what string, n, most int) error {
	if n > most {
		return invalid("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", what, most)
	}
	return nil
}

// failures are what is wrong with single items of a call.
type failures struct {
	member string // that names an item
	list   []any
}

// add takes what is wrong with an item; an error that is not the client's is
// returned: it is the whole call's.
func (f *failures) add(item any, err error) error {
	var e *awsjson.Error
	if !errors.As(err, &e) || !slices.Contains([]string{CodeExists, CodeNotFound, CodeInvalidInput}, e.Code) {
		return err
	}
	f.list = append(f.list, map[string]any{f.member: item, "ErrorDetail": map[string]string{"ErrorCode": e.Code, "ErrorMessage": e.Message}})
	return nil
}

func (f *failures) answer() answer { return answer{"Errors": append([]any{}, f.list...)} }

package glue

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"athenarefresh/internal/local/awsjson"
)

func (c *Catalog) apiCreateDatabase(_ context.Context, in struct{ DatabaseInput DatabaseInput }) (none, error) {
	return none{}, c.CreateDatabase(in.DatabaseInput)
}

func (c *Catalog) apiGetDatabase(_ context.Context, in struct{ Name string }) (struct{ Database *Database }, error) {
	d, err := c.Database(in.Name)
	return struct{ Database *Database }{d}, err
}

type getDatabasesInput struct {
	NextToken  string
	MaxResults *int
}

type databasesPage struct {
	DatabaseList []Database
	NextToken    string `json:",omitempty"`
}

func (c *Catalog) apiGetDatabases(_ context.Context, in getDatabasesInput) (out databasesPage, err error) {
	size, err := pageSize(in.MaxResults, 100)
	if err != nil {
		return out, err
	}
	from, err := decodeToken(in.NextToken)
	if err != nil {
		return out, err
	}
	all, err := c.Databases()
	if err != nil {
		return out, err
	}
	i, _ := slices.BinarySearchFunc(all, string(from), func(d Database, name string) int {
		return slices.Compare([]byte(d.Name), []byte(name))
	})
	out.DatabaseList = all[i:]
	if len(out.DatabaseList) > size {
		out.NextToken = encodeToken([]byte(out.DatabaseList[size].Name))
		out.DatabaseList = out.DatabaseList[:size]
	}
	return out, nil
}

type updateDatabaseInput struct {
	Name          string
	DatabaseInput DatabaseInput
}

func (c *Catalog) apiUpdateDatabase(_ context.Context, in updateDatabaseInput) (none, error) {
	return none{}, c.UpdateDatabase(in.Name, in.DatabaseInput)
}

// Glue deletes a database with its tables.
func (c *Catalog) apiDeleteDatabase(_ context.Context, in struct{ Name string }) (none, error) {
	return none{}, c.DropDatabase(in.Name, true)
}

type tableInput struct {
	DatabaseName     string
	TableInput       TableInput
	PartitionIndexes []any // accepted: every lookup is indexed here
}

func (c *Catalog) apiCreateTable(_ context.Context, in tableInput) (none, error) {
	return none{}, c.CreateTable(in.DatabaseName, in.TableInput)
}

func (c *Catalog) apiUpdateTable(_ context.Context, in tableInput) (none, error) {
	return none{}, c.UpdateTable(in.DatabaseName, in.TableInput)
}

type namedTable struct{ DatabaseName, Name string }

func (c *Catalog) apiGetTable(_ context.Context, in namedTable) (struct{ Table *Table }, error) {
	t, err := c.Table(in.DatabaseName, in.Name)
	return struct{ Table *Table }{t}, err
}

func (c *Catalog) apiDeleteTable(_ context.Context, in namedTable) (none, error) {
	return none{}, c.DropTable(in.DatabaseName, in.Name)
}

type getTablesInput struct {
	DatabaseName    string
	Expression      string // of NamePattern
	NextToken       string
	MaxResults      *int
	AttributesToGet []string // only NAME makes a difference
}

type tablesPage struct {
	TableList []any
	NextToken string `json:",omitempty"`
}

// nameOnly is a table of which only the name was asked for.
type nameOnly struct{ Name, DatabaseName string }

func (c *Catalog) apiGetTables(_ context.Context, in getTablesInput) (tablesPage, error) {
	out := tablesPage{TableList: []any{}}
	size, err := pageSize(in.MaxResults, 100)
	if err != nil {
		return out, err
	}
	from, err := decodeToken(in.NextToken)
	if err != nil {
		return out, err
	}
	match, err := NamePattern(in.Expression)
	if err != nil {
		return out, invalid("Invalid regular expression: %s", in.Expression)
	}
	only := slices.Contains(in.AttributesToGet, "NAME") && !slices.Contains(in.AttributesToGet, "TABLE_TYPE")
	err = c.db.View(func(tx *bbolt.Tx) error {
		if _, err := getDatabase(tx, in.DatabaseName); err != nil {
			return err
		}
		return eachTable(tx, in.DatabaseName, string(from), func(t *Table) (bool, error) {
			switch {
			case !match.MatchString(t.Name):
			case len(out.TableList) == size:
				out.NextToken = encodeToken([]byte(t.Name))
			case only:
				out.TableList = append(out.TableList, nameOnly{t.Name, t.DatabaseName})
			default:
				out.TableList = append(out.TableList, t)
			}
			return out.NextToken == "", nil
		})
	})
	return out, err
}

// NamePattern compiles a pattern for whole names, in any case: '*' is any text,
// as in a glob, unless it repeats what a regular expression has in front of it;
// the rest is a regular expression. "" matches all.
func NamePattern(expression string) (*regexp.Regexp, error) {
	if expression == "" {
		expression = "*"
	}
	var b strings.Builder
	for i := range len(expression) {
		if expression[i] == '*' && !repeatable(expression[:i]) {
			b.WriteByte('.')
		}
		b.WriteByte(expression[i])
	}
	return regexp.Compile(`^(?i:` + b.String() + `)$`)
}

// repeatable says whether a '*' after it would repeat its end: any character, a
// class or a group.
func repeatable(expression string) bool {
	n := len(expression)
	return n > 0 && strings.IndexByte(".])", expression[n-1]) >= 0 || n > 1 && expression[n-2] == '\\'
}

type batchDeleteTableInput struct {
	DatabaseName   string
	TablesToDelete []string
}

type tableError struct {
	TableName   string
	ErrorDetail errorDetail
}

type errorDetail struct{ ErrorCode, ErrorMessage string }

// detail is a service error as an item of an answer; any other error fails
// the call.
func detail(err error) (errorDetail, error) {
	for _, code := range []string{CodeExists, CodeNotFound, CodeInvalidInput} {
		if Is(err, code) {
			return errorDetail{code, messageOf(err)}, nil
		}
	}
	return errorDetail{}, err
}

func (c *Catalog) apiBatchDeleteTable(_ context.Context, in batchDeleteTableInput) (struct{ Errors []tableError }, error) {
	out := struct{ Errors []tableError }{[]tableError{}}
	if err := checkCount("tablesToDelete", len(in.TablesToDelete), 100); err != nil {
		return out, err
	}
	for _, name := range in.TablesToDelete {
		if err := c.DropTable(in.DatabaseName, name); err != nil {
			d, err := detail(err)
			if err != nil {
				return out, err
			}
			out.Errors = append(out.Errors, tableError{name, d})
		}
	}
	return out, nil
}

type tableVersion struct {
	Table     *Table
	VersionID string `json:"VersionId"`
}

type tableVersionInput struct {
	DatabaseName, TableName string
	VersionID               string `json:"VersionId"`
}

// Only the current version of a table is kept.
func (c *Catalog) apiGetTableVersion(_ context.Context, in tableVersionInput) (struct{ TableVersion tableVersion }, error) {
	t, err := c.Table(in.DatabaseName, in.TableName)
	if err != nil {
		return struct{ TableVersion tableVersion }{}, err
	}
	if in.VersionID != "" && in.VersionID != t.VersionID {
		return struct{ TableVersion tableVersion }{}, awsjson.Errorf(CodeNotFound, "Version %s of table %s not found.", in.VersionID, t.Name)
	}
	return struct{ TableVersion tableVersion }{tableVersion{t, t.VersionID}}, nil
}

func (c *Catalog) apiGetTableVersions(_ context.Context, in tableRef) (struct{ TableVersions []tableVersion }, error) {
	t, err := c.Table(in.DatabaseName, in.TableName)
	if err != nil {
		return struct{ TableVersions []tableVersion }{}, err
	}
	return struct{ TableVersions []tableVersion }{[]tableVersion{{t, t.VersionID}}}, nil
}

package glue

import (
	"regexp"
	"slices"
	"strings"

	"athenarefresh/internal/local/awsjson"

	"go.etcd.io/bbolt"
)

func (c *Catalog) apiGetDatabase(in request) (answer, error) {
	d, err := c.Database(in.Name)
	return answer{"Database": d}, err
}

func (c *Catalog) apiGetDatabases(in request) (answer, error) {
	p, err := newPage(in, 100)
	if err != nil {
		return nil, err
	}
	err = c.db.View(func(tx *bbolt.Tx) error {
		for d, err := range stored[Database](databases(tx), "", p.from) {
			if err != nil || p.endsAt(d.Name) {
				return err
			}
			p.items = append(p.items, d)
		}
		return nil
	})
	return p.answer("DatabaseList"), err
}

func (c *Catalog) apiGetTable(in request) (answer, error) {
	t, err := c.Table(in.DatabaseName, in.Name)
	return answer{"Table": t}, err
}

// apiUpdateTable replaces what is said of a table, which keeps its name, its
// creation time and its partitions.
func (c *Catalog) apiUpdateTable(in request) (answer, error) {
	return nil, c.AlterTable(in.DatabaseName, in.TableInput.Name, func(t *TableInput) error {
		*t = in.TableInput
		return nil
	})
}

func (c *Catalog) apiGetTables(in request) (answer, error) {
	p, err := newPage(in, 100)
	if err != nil {
		return nil, err
	}
	match, err := NamePattern(in.Expression)
	if err != nil {
		return nil, invalid("Invalid regular expression: %s", in.Expression)
	}
	nameOnly := slices.Contains(in.AttributesToGet, "NAME") && !slices.Contains(in.AttributesToGet, "TABLE_TYPE")
	err = c.db.View(func(tx *bbolt.Tx) error {
		for t, err := range tablesOf(tx, in.DatabaseName, p.from) {
			switch {
			case err != nil:
				return err
			case !match.MatchString(t.Name):
			case p.endsAt(t.Name):
				return nil
			case nameOnly:
				p.items = append(p.items, map[string]string{"Name": t.Name, "DatabaseName": t.DatabaseName})
			default:
				p.items = append(p.items, t)
			}
		}
		return nil
	})
	return p.answer("TableList"), err
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

func (c *Catalog) apiBatchDeleteTable(in request) (answer, error) {
	if err := checkCount("tablesToDelete", len(in.TablesToDelete), 100); err != nil {
		return nil, err
	}
	failed := failures{member: "TableName"}
	for _, name := range in.TablesToDelete {
		if err := c.DropTable(in.DatabaseName, name); err != nil {
			if err := failed.add(name, err); err != nil {
				return nil, err
			}
		}
	}
	return failed.answer(), nil
}

// version is the current one of a table; no other is kept.
func (c *Catalog) version(in request) (answer, error) {
	t, err := c.Table(in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	if in.VersionID != "" && in.VersionID != t.VersionID {
		return nil, awsjson.Errorf(CodeNotFound, "Version %s of table %s not found.", in.VersionID, t.Name)
	}
	return answer{"Table": t, "VersionId": t.VersionID}, nil
}

func (c *Catalog) apiGetTableVersion(in request) (answer, error) {
	v, err := c.version(in)
	return answer{"TableVersion": v}, err
}

// apiGetTableVersions is asked by dbt, before it expires old ones.
func (c *Catalog) apiGetTableVersions(in request) (answer, error) {
	v, err := c.version(in)
	return answer{"TableVersions": []answer{v}}, err
}

package glue

import (
	"fmt"
	"slices"
	"testing"

	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestWhatIsNotFound(t *testing.T) {
	for _, c := range []struct {
		message       string
		table, lookup error
	}{
		{"Database db not found.", refresh.ErrDatabaseMissing, refresh.ErrDatabaseMissing},
		{"Table t not found.", refresh.ErrTableMissing, refresh.ErrTableMissing},
		{"Table database not found.", refresh.ErrTableMissing, refresh.ErrTableMissing},
		{"Entity Not Found", refresh.ErrTableMissing, refresh.ErrTableMissing},
		{"", refresh.ErrTableMissing, refresh.ErrTableMissing},
	} {
		gone := fails("EntityNotFoundException", c.message)
		r, w := open(t, script{"GetTable": gone, "GetTables": gone, "GetDatabase": gone, "BatchGetPartition": gone})
		if _, err := r.Table(t.Context(), "t"); class(err) != c.table {
			t.Errorf("%q: Table: %v", c.message, err)
		}
		if _, err := r.Partitions(t.Context(), aKnownTable, [][]string{{"a"}}); class(err) != c.lookup {
			t.Errorf("%q: Partitions: %v", c.message, err)
		}
		if c.message == "Table t not found." || c.message == "Table database not found." {
			continue // nothing that is asked for a database says that
		}
		if _, err := r.Tables(t.Context()); class(err) != refresh.ErrDatabaseMissing {
			t.Errorf("%q: Tables: %v", c.message, err)
		}
		if err := w.Check(t.Context()); class(err) != refresh.ErrDatabaseMissing {
			t.Errorf("%q: Check: %v", c.message, err)
		}
	}
}

func TestDeniedAndThrottled(t *testing.T) {
	for code, want := range map[string]error{
		"AccessDeniedException":   refresh.ErrAccessDenied,
		"ThrottlingException":     refresh.ErrThrottled,
		"GlueEncryptionException": nil,
	} {
		no, adds := fails(code, "no"), 0
		r, w := open(t, script{"GetDatabase": no, "BatchGetPartition": no, "BatchCreatePartition": func(n int, in request) (any, error) {
			adds++
			return no(n, in)
		}})
		if err := w.Check(t.Context()); err == nil || class(err) != want {
			t.Errorf("%s: Check: %v", code, err)
		}
		if _, err := r.Partitions(t.Context(), aKnownTable, [][]string{{"a"}}); err == nil || class(err) != want {
			t.Errorf("%s: Partitions: %v", code, err)
		}
		r.remember("t", described{aKnownTable.ID, types.StorageDescriptor{}})
		if err := w.Add(t.Context(), aKnownTable, parts(2)); err == nil || class(err) != want || adds != 1 {
			t.Errorf("%s: Add: %v", code, err)
		}
	}
}

func TestTablesAsksForNamesOnlyAndForAllPages(t *testing.T) {
	r, _ := open(t, script{"GetTables": func(n int, in request) (any, error) {
		if !slices.Equal(in.AttributesToGet, []string{"NAME"}) || in.NextToken != []string{"", "p1", "p2"}[n] {
			t.Errorf("call %d asks for %+v", n, in)
		}
		return []object{
			{"TableList": []object{{"Name": "A"}}, "NextToken": "p1"},
			{"NextToken": "p2"},
			{"TableList": []object{{"Name": "b"}}},
		}[n], nil
	}})
	if names, err := r.Tables(t.Context()); err != nil || !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("Tables: %q, %v", names, err)
	}
}

func TestTableFollowsALink(t *testing.T) {
	for owner, catalog := range map[string]string{"111122223333": "", "999988887777": "999988887777"} {
		target := aTable()
		target["Table"].(object)["CatalogId"] = owner
		r, _ := open(t, script{"GetTable": func(n int, in request) (any, error) {
			if n == 0 {
				return object{"Table": object{"Name": "link", "DatabaseName": "db", "CatalogId": "111122223333",
					"TargetTable": object{"CatalogId": owner, "DatabaseName": "far", "Name": "t"}}}, nil
			}
			if in.CatalogId != owner || in.DatabaseName != "far" || in.Name != "t" {
				t.Errorf("the link is followed to %+v", in)
			}
			return target, nil
		}})
		got, err := r.Table(t.Context(), "link")
		if err != nil || got.ID.Catalog != catalog || got.ID.Name != "t" || got.ID.Location != "s3://b/t/" || len(got.Keys) != 1 || got.Keys[0] != (refresh.Key{Name: "dt", Type: "string"}) {
			t.Errorf("owner %s: Table: %+v, %v", owner, got, err)
		}
	}
}

// The database may be a link itself, to another account's: Glue follows it, and
// the table says where it really is. Its partitions are asked for, and made,
// through the link.
func TestADatabaseThatIsALinkIsAskedByItsOwnName(t *testing.T) {
	target := aTable()
	target["Table"].(object)["DatabaseName"], target["Table"].(object)["CatalogId"] = "far", "999988887777"
	here := func(what string, answer any) func(int, request) (any, error) {
		return func(_ int, in request) (any, error) {
			if in.CatalogId != "" || in.DatabaseName != "db" || in.TableName+in.Name != "t" {
				t.Errorf("%s: asked for %+v", what, in)
			}
			return answer, nil
		}
	}
	r, w := open(t, script{
		"GetTable":             here("GetTable", target),
		"BatchGetPartition":    here("BatchGetPartition", object{}),
		"BatchCreatePartition": here("BatchCreatePartition", object{}),
	})
	table, err := r.Table(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Partitions(t.Context(), table, [][]string{{"a"}}); err != nil {
		t.Error(err)
	}
	clear(r.descriptors) // so that the table is read again
	if err := w.Add(t.Context(), table, parts(1)); err != nil {
		t.Error(err)
	}
}

func TestALinkIntoAnotherRegionIsAnError(t *testing.T) {
	for region, fine := range map[string]bool{"": true, "eu-west-1": true, "us-east-1": false} {
		r, _ := open(t, script{"GetTable": func(n int, _ request) (any, error) {
			if n == 1 {
				return aTable(), nil
			}
			return object{"Table": object{"Name": "l", "TargetTable": object{"DatabaseName": "db", "Name": "t", "Region": region}}}, nil
		}})
		if _, err := r.Table(t.Context(), "l"); (err == nil) != fine || class(err) != nil {
			t.Errorf("Region %q: Table: %v", region, err)
		}
	}
}

func TestALinkToALinkIsAnError(t *testing.T) {
	r, _ := open(t, script{"GetTable": says(object{"Table": object{"Name": "l", "TargetTable": object{"DatabaseName": "db", "Name": "l"}}})})
	if _, err := r.Table(t.Context(), "l"); err == nil || class(err) != nil {
		t.Errorf("Table: %v", err)
	}
}

func TestAnAnswerWithoutATableIsAnError(t *testing.T) {
	r, _ := open(t, script{"GetTable": says(object{})})
	if _, err := r.Table(t.Context(), "t"); err == nil || class(err) != nil {
		t.Errorf("Table: %v", err)
	}
}

func TestMembersThatATableMayLack(t *testing.T) {
	r, _ := open(t, script{"GetTable": says(object{"Table": object{"Name": "t"}})})
	got, err := r.Table(t.Context(), "t")
	if err != nil || got.Kind != refresh.Hive || len(got.Keys) != 0 {
		t.Errorf("Table: %+v, %v", got, err)
	}
}

// Of more tables than are kept, one is forgotten for each that comes.
func TestOneTableIsForgottenForAnother(t *testing.T) {
	r, _ := open(t, script{})
	for i := range maxDescriptors + 3 {
		r.remember(fmt.Sprint(i), described{})
	}
	if n := len(r.descriptors); n != maxDescriptors {
		t.Errorf("%d are kept, want %d", n, maxDescriptors)
	}
}

// A reading is repeated for the same reasons.
func TestWhatMayPassIsReadAgain(t *testing.T) {
	for _, code := range []string{"OperationTimeoutException", "ConcurrentModificationException", "ResourceNotReadyException", "FederationSourceRetryableException"} {
		t.Run(code, func(t *testing.T) {
			second := func(answer any) func(int, request) (any, error) {
				return func(n int, _ request) (any, error) {
					if n == 0 {
						return nil, awsjson.Errorf(code, "not now")
					}
					return answer, nil
				}
			}
			r, w := open(t, script{"GetTable": second(aTable()), "GetDatabase": second(object{"Database": object{"Name": "db"}})})
			if _, err := r.Table(t.Context(), "t"); err != nil {
				t.Error(err)
			}
			if err := w.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

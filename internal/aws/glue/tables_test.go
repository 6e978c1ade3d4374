package glue

import (
	"errors"
	"testing"

	"athenarefresh/internal/refresh"
)

func TestDescriptionsAreWhole(t *testing.T) {
	c := newChanging(0)
	c.script["GetTables"] = func(n int, in request) (any, error) {
		if n == 0 {
			return object{"TableList": []object{c.table}, "NextToken": "more"}, nil
		}
		return object{"TableList": []object{{"Name": "link", "DatabaseName": "db", "TargetTable": object{"DatabaseName": "other", "Name": "x"}}}}, nil
	}
	all, err := c.open(t).Descriptions(t.Context())
	if err != nil || len(all) != 2 || all[0].SerDe != "serde" || all[0].Columns[0] != (Column{"line", "string", ""}) || all[1].Link != "other.x" {
		t.Errorf("%+v %v", all, err)
	}
}

func TestATableIsDescribedOrSaidToBeMissing(t *testing.T) {
	tables := newChanging(0).open(t)
	if d, err := tables.Describe(t.Context(), "t"); err != nil || d.ID.Name != "t" || d.SerDe != "serde" || len(d.PartitionKeys) != 1 {
		t.Errorf("%+v %v", d, err)
	}
	none := NewTables(script{"GetTable": fails("EntityNotFoundException", "Table t not found.")}.serve(t), "db")
	if d, err := none.Describe(t.Context(), "t"); !errors.Is(err, refresh.ErrTableMissing) {
		t.Errorf("no table: %+v %v", d, err)
	}
}

func TestATableIsDroppedOrSaidWhyNot(t *testing.T) {
	dropped := ""
	tables := NewTables(script{"DeleteTable": func(_ int, in request) (any, error) {
		dropped = in.DatabaseName + "." + in.Name
		return object{}, nil
	}}.serve(t), "db")
	if err := tables.Drop(t.Context(), "t"); err != nil || dropped != "db.t" {
		t.Errorf("%q dropped, %v", dropped, err)
	}
	for code, want := range map[string]error{"EntityNotFoundException": refresh.ErrTableMissing, "AccessDeniedException": refresh.ErrAccessDenied} {
		tables := NewTables(script{"DeleteTable": fails(code, "no")}.serve(t), "db")
		if err := tables.Drop(t.Context(), "t"); !errors.Is(err, want) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

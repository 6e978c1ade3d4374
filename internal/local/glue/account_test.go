package glue

import (
	"encoding/json"
	"slices"
	"testing"
)

// TestAnotherAccountsCatalogHasNothingHere asks every operation of it, then looks
// whether anything has changed.
func TestAnotherAccountsCatalogHasNothingHere(t *testing.T) {
	s := newStack(t).withTable("dt")
	s.add(input("1"))
	request := func(catalog string) []byte {
		body, err := json.Marshal(map[string]any{
			"CatalogId": catalog, "DatabaseName": "db", "TableName": "t", "Name": "t", "DatabaseInput": DatabaseInput{Name: "theirs"},
			"TableInput": TableInput{Name: "t", Parameters: map[string]string{"x": "y"}}, "TablesToDelete": []string{"t"},
			"PartitionValues": []string{"1"}, "PartitionValueList": []string{"1"}, "PartitionInput": PartitionInput{Values: []string{"2"}},
			"PartitionInputList": []PartitionInput{{Values: []string{"2"}}}, "PartitionsToDelete": []PartitionInput{{Values: []string{"1"}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	for name, op := range s.catalog.Service().Operations {
		if _, err := op(t.Context(), request("999999999999")); !Is(err, CodeNotFound) {
			t.Errorf("%s in another account's catalog: %v", name, err)
		}
	}
	for _, own := range []string{"", "123456789012"} {
		for _, name := range []string{"GetTable", "GetDatabases", "GetPartition", "GetPartitions"} {
			if _, err := s.catalog.Service().Operations[name](t.Context(), request(own)); err != nil {
				t.Errorf("%s with CatalogId %q: %v", name, own, err)
			}
		}
	}
	var left []string
	for p, err := range s.catalog.Partitions("db", "t", nil) {
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, p.Values...)
	}
	table, err := s.catalog.Table("db", "t")
	if err != nil || table.VersionID != "0" || !slices.Equal(left, []string{"1"}) {
		t.Errorf("something changed: %+v, partitions %v, %v", table, left, err)
	}
	if all, err := s.catalog.Databases(); err != nil || len(all) != 2 {
		t.Errorf("databases: %v, %v", all, err)
	}
}

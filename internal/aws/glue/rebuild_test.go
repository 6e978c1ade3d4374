package glue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"athenarefresh/internal/config"
	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/schema"
)

// changing is a Glue with one table, which a rebuild changes and whose calls a
// test may let fail.
type changing struct {
	script
	table      object
	partitions map[string]object
	updates    []string // in order: "table", or the values of partitions
	refuse     func(values string) (code string)
}

var newShape = Shape{
	Columns: []Column{{"line", "string", ""}, {"added", "bigint", ""}}, Format: schema.Format{SerDe: "serde", SerDeProperties: map[string]string{"case": "insensitive"},
		InputFormat: "in", OutputFormat: "out", Properties: map[string]string{"skip.header.line.count": "1", "gone": ""}},
}

func newChanging(n int) *changing {
	c := &changing{table: aTable()["Table"].(object), partitions: map[string]object{}, refuse: func(string) string { return "" }}
	c.table["Parameters"] = object{"EXTERNAL": "TRUE", "gone": "x"}
	c.table["Owner"] = "me"
	for i := range n {
		v := fmt.Sprintf("%04d", i)
		sd := object{"Location": "s3://elsewhere/" + v + "/", "NumberOfBuckets": 7, "Parameters": object{"own": v}}
		for _, k := range []string{"InputFormat", "OutputFormat", "Columns", "SerdeInfo"} {
			sd[k] = c.table["StorageDescriptor"].(object)[k]
		}
		c.partitions[v] = object{"Values": []string{v}, "StorageDescriptor": sd, "Parameters": object{"p": v}}
	}
	c.script = script{
		"GetTable":             func(int, request) (any, error) { return object{"Table": c.table}, nil },
		"UpdateTable":          c.updateTable,
		"GetPartitions":        c.getPartitions,
		"BatchUpdatePartition": c.batchUpdate,
	}
	return c
}

func (c *changing) updateTable(_ int, in request) (any, error) {
	if !in.SkipArchive {
		return nil, errors.New("a version was kept")
	}
	created := c.table["CreateTime"]
	c.table = in.TableInput
	c.table["DatabaseName"], c.table["CreateTime"] = "db", created
	c.updates = append(c.updates, "table")
	return object{}, nil
}

// getPartitions deals the partitions out to segments.
func (c *changing) getPartitions(_ int, in request) (any, error) {
	list := []object{}
	for v, p := range c.partitions {
		if int(v[len(v)-1])%in.Segment.TotalSegments == in.Segment.SegmentNumber {
			list = append(list, p)
		}
	}
	return object{"Partitions": list}, nil
}

func (c *changing) batchUpdate(_ int, in request) (any, error) {
	if len(in.Entries) < 1 || len(in.Entries) > 100 {
		return nil, fmt.Errorf("%d entries", len(in.Entries))
	}
	failed := []object{}
	for _, e := range in.Entries {
		v := e.PartitionValueList[0]
		if code := c.refuse(v); code != "" {
			failed = append(failed, object{"PartitionValueList": e.PartitionValueList, "ErrorDetail": object{"ErrorCode": code, "ErrorMessage": "no"}})
			continue
		}
		c.partitions[v] = e.PartitionInput
		c.updates = append(c.updates, v)
	}
	return object{"Errors": failed}, nil
}

func (c *changing) open(t *testing.T) *Tables {
	t.Helper()
	return NewTables(c.serve(t), "db")
}

func rebuild(t *testing.T, c *changing) (Rebuilt, error) {
	t.Helper()
	return c.open(t).Rebuild(t.Context(), "t", newShape, func(Rebuilt) {})
}

func TestARebuildChangesTheTableFirstAndKeepsTheRest(t *testing.T) {
	c := newChanging(250)
	done, err := rebuild(t, c)
	if err != nil || done != (Rebuilt{Table: true, Seen: 500, Changed: 250}) {
		t.Errorf("%+v %v", done, err)
	}
	if c.updates[0] != "table" {
		t.Error("the table does not come first")
	}
	if p := fmt.Sprint(c.table["Parameters"]); p != "map[EXTERNAL:TRUE skip.header.line.count:1]" || c.table["Owner"] != "me" {
		t.Errorf("the table's own: %v", c.table)
	}
	for v, p := range c.partitions {
		sd := p["StorageDescriptor"].(object)
		if sd["Location"] != "s3://elsewhere/"+v+"/" || fmt.Sprint(sd["NumberOfBuckets"], sd["Parameters"], p["Parameters"]) != "7 map[own:"+v+"] map[p:"+v+"]" {
			t.Fatalf("partition %s lost something: %v", v, p)
		}
		if text := fmt.Sprint(sd["Columns"]); !strings.Contains(text, "added") {
			t.Fatalf("partition %s: %v", v, text)
		}
	}
	c.updates = nil
	if done, err := rebuild(t, c); err != nil || done != (Rebuilt{Seen: 250}) || c.updates != nil {
		t.Errorf("a second time: %+v %v %q", done, err, c.updates)
	}
}

// What a rebuild does not speak of may be what reads the files: a column's own
// parameters, a SerDe's name.
func TestARebuildKeepsWhatItsShapeDoesNotSay(t *testing.T) {
	c := newChanging(2)
	sd := c.partitions["0000"]["StorageDescriptor"].(object)
	sd["Columns"] = []object{{"Name": "LINE", "Type": "string", "Parameters": object{"first": "1"}}, {"Name": "x", "Type": "int"}}
	sd["SerdeInfo"] = object{"Name": "mine", "SerializationLibrary": "older"}
	delete(c.partitions["0001"]["StorageDescriptor"].(object), "SerdeInfo") // as a crawler may leave it
	if done, err := rebuild(t, c); err != nil || done.Changed != 2 {
		t.Fatalf("%+v %v", done, err)
	}
	sd = c.partitions["0000"]["StorageDescriptor"].(object)
	columns, serde := sd["Columns"].([]any), sd["SerdeInfo"].(object)
	if first := columns[0].(object); len(columns) != 2 || fmt.Sprint(first["Parameters"]) != "map[first:1]" || columns[1].(object)["Parameters"] != nil {
		t.Errorf("columns: %v", columns)
	}
	if serde["Name"] != "mine" || serde["SerializationLibrary"] != "serde" {
		t.Errorf("SerDe: %v", serde)
	}
	if bare := c.partitions["0001"]["StorageDescriptor"].(object)["SerdeInfo"].(object); bare["SerializationLibrary"] != "serde" {
		t.Errorf("SerDe of the partition that had none: %v", bare)
	}
}

func TestARebuildOfPropertiesAloneChangesTheTableOnly(t *testing.T) {
	c := newChanging(3)
	if _, err := rebuild(t, c); err != nil {
		t.Fatal(err)
	}
	c.updates = nil
	c.table["Parameters"] = object{"EXTERNAL": "TRUE"}
	if done, err := rebuild(t, c); err != nil || done != (Rebuilt{Table: true, Seen: 3}) || len(c.updates) != 1 {
		t.Errorf("%+v %v %q", done, err, c.updates)
	}
	if p := fmt.Sprint(c.table["Parameters"]); p != "map[EXTERNAL:TRUE skip.header.line.count:1]" {
		t.Errorf("properties: %s", p)
	}
}

// Throttling outlasts what the SDK repeats by itself, where a table is large.
func TestARebuildThatIsThrottledGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChanging(3)
		const throttled = 7 // calls: more than two rounds of the three that the SDK makes
		c.script["BatchUpdatePartition"] = func(n int, in request) (any, error) {
			if n < throttled {
				return nil, awsjson.Errorf("ThrottlingException", "Rate exceeded")
			}
			return c.batchUpdate(n, in)
		}
		if done, err := rebuild(t, c); err != nil || done.Changed != 3 {
			t.Errorf("%+v %v", done, err)
		}
		c = newChanging(3)
		c.script["BatchUpdatePartition"] = fails("ThrottlingException", "Rate exceeded")
		if done, err := rebuild(t, c); !errors.Is(err, refresh.ErrThrottled) || !done.Table {
			t.Errorf("without an end: %+v %v", done, err)
		}
	})
}

func TestWhatACallLeavesUndoneIsDoneOrSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChanging(10)
		tries := map[string]int{}
		c.refuse = func(v string) string {
			tries[v]++
			switch {
			case v == "0003":
				delete(c.partitions, v) // dropped by somebody
				return "EntityNotFoundException"
			case v == "0004" && tries[v] < 3:
				return "ConcurrentModificationException"
			}
			return ""
		}
		if done, err := rebuild(t, c); err != nil || done.Changed != 9 || done.Gone != 1 || tries["0004"] != 3 {
			t.Errorf("%+v %v, %d tries", done, err, tries["0004"])
		}

		c = newChanging(10)
		c.refuse = func(v string) string { return map[string]string{"0005": "InvalidInputException"}[v] }
		if _, err := rebuild(t, c); err == nil || !strings.Contains(err.Error(), `"0005"`) || !strings.Contains(err.Error(), "InvalidInputException") {
			t.Errorf("%v", err)
		}
		c.refuse = func(string) string { return "" }
		if done, err := rebuild(t, c); err != nil || done.Table || len(c.partitions) != 10 {
			t.Errorf("when the cause is gone: %+v %v", done, err)
		}
	})
}

func TestPartitionsAddedMeanwhileEndRight(t *testing.T) {
	c := newChanging(3)
	old := c.partitions["0001"]
	added := 0
	c.refuse = func(string) string {
		if added++; added == 1 {
			c.partitions["late"] = object{"Values": []string{"late"}, "StorageDescriptor": old["StorageDescriptor"]}
		}
		return ""
	}
	if done, err := rebuild(t, c); err != nil || done.Changed != 4 || !slices.Contains(c.updates, "late") {
		t.Errorf("%+v %v %q", done, err, c.updates)
	}
	c.refuse = func(string) string {
		added++
		c.partitions[fmt.Sprint(added)] = old
		return ""
	}
	c.partitions["one more"] = object{"Values": []string{"one more"}, "StorageDescriptor": old["StorageDescriptor"]}
	if done, err := rebuild(t, c); !errors.Is(err, ErrStillChanging) {
		t.Errorf("without an end: %+v %v", done, err)
	}
}

func TestARebuildNoticesAnotherHand(t *testing.T) {
	c := newChanging(3)
	c.refuse = func(string) string { c.table = aTable()["Table"].(object); return "" }
	if _, err := rebuild(t, c); !errors.Is(err, ErrChangedMeanwhile) {
		t.Errorf("changed back: %v", err)
	}
	c = newChanging(3)
	c.refuse = func(string) string { c.table["CreateTime"] = 1700000001; return "" }
	if _, err := rebuild(t, c); !errors.Is(err, ErrChangedMeanwhile) {
		t.Errorf("created anew: %v", err)
	}
	c = newChanging(0)
	c.table["Parameters"] = object{"table_type": "ICEBERG"}
	if _, err := rebuild(t, c); !errors.Is(err, errNotHive) || c.updates != nil {
		t.Errorf("an Iceberg table: %v", err)
	}
	if _, err := (&changing{script: script{"GetTable": fails("EntityNotFoundException", "Table t not found.")}}).open(t).
		Rebuild(t.Context(), "t", newShape, func(Rebuilt) {}); !errors.Is(err, refresh.ErrTableMissing) {
		t.Errorf("no table: %v", err)
	}
}

// TestPartitionsOfTheFormerShapeCanBeLate: only those of a refresh that knows the
// table's facts from before, and it forgets them by then.
func TestPartitionsOfTheFormerShapeCanBeLate(t *testing.T) {
	if late := LateFor(config.CatalogGlue); late <= refresh.FactsFor {
		t.Errorf("by the catalog's own API for %s", late)
	}
	if late := LateFor(config.CatalogAthena); late != 0 {
		t.Errorf("by DDL for %s", late)
	}
}

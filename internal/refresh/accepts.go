package refresh

import (
	"fmt"

	"athenarefresh/internal/table"
)

// Accepts says why partitions with these keys, in whatever order, can't be
// added to the table, as settling a message would say it: the reason is "" if
// they can.
func (tab *Table) Accepts(keys []string, parquet bool) (Reason, string) {
	switch tab.Kind {
	case Projected:
		return ProjectedTable, fmt.Sprintf("Athena computes the partitions of table %s", tab.ID.Name)
	case NotHive:
		return NotAHiveTable, fmt.Sprintf("table %s is: %s", tab.ID.Name, tab.KindName)
	}
	w := &want{part: table.Partition{Table: tab.ID.Name, Keys: keys, Values: make([]string, len(keys))}, parquet: parquet}
	for i, name := range keys {
		w.part.Values[i] = tab.someValue(name)
	}
	_, a := tab.values(w)
	return a.reason, a.detail
}

// someValue is a value that fits the key's type.
func (tab *Table) someValue(key string) string {
	for _, k := range tab.Keys {
		switch {
		case k.Name != key:
		case k.Bits() > 0:
			return "0"
		case k.Type == "date":
			return "2026-01-02"
		}
	}
	return "x"
}

package refresh

import "athenarefresh/internal/table"

// Accepts says why partitions with these keys, in whatever order, can't be
// added to the table, as settling a message would say it: the Reason is "" if
// they can.
func (tab *Table) Accepts(keys []string, parquet bool) Answer {
	if why := tab.Refuses(); why.Reason != "" {
		return why
	}
	p := table.Placement{Partition: table.Partition{Table: tab.ID.Name, Keys: keys}, Parquet: parquet}
	for _, name := range keys {
		p.Partition.Values = append(p.Partition.Values, tab.someValue(name))
	}
	_, _, why := tab.Values(&p)
	return why
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

package refresh

import "athenarefresh/internal/table"

// Accepts says why partitions with these keys, in whatever order, can't be
// added to the table, as settling a message would say it: the Reason is "" if
// they can. values are those of one of them; where one is "", or there are none,
// it is taken to fit.
func (tab *Table) Accepts(keys, values []string, parquet bool) Answer {
	if why := tab.Refuses(); why.Reason != "" {
		return why
	}
	p := table.Placement{Partition: table.Partition{Table: tab.ID.Name, Keys: keys}, Parquet: parquet}
	for i, name := range keys {
		value := tab.someValue(name)
		if i < len(values) && values[i] != "" {
			value = values[i]
		}
		p.Partition.Values = append(p.Partition.Values, value)
	}
	_, _, why := tab.Values(&p)
	return why
}

// someValue is a value that fits the key's type.
func (tab *Table) someValue(key string) string {
	for _, k := range tab.Keys {
		if k.Name == key {
			return k.someValue()
		}
	}
	return "x"
}

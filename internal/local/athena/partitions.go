package athena

import (
	"slices"
	"strconv"
	"strings"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/glue"
)

// bind checks a specification against a table's keys, as Hive's analyzer does,
// and returns the values in the order of the keys. A key that the
// specification doesn't name has no value: nil.
func bind(t *glue.Table, spec hiveql.PartitionSpec) ([]*string, error) {
	if len(t.PartitionKeys) == 0 {
		return nil, semantic("table is not partitioned but partition spec exists: %s", joinSpec(spec))
	}
	values := make([]*string, len(t.PartitionKeys))
	for _, kv := range spec {
		i := slices.IndexFunc(t.PartitionKeys, func(k glue.Column) bool { return k.Name == kv.Key })
		if i < 0 {
			return nil, semantic("[Error 10098]: Non-Partition column appears in the partition specification: %s", kv.Key)
		}
		if err := checkValue(t.PartitionKeys[i], kv.Value); err != nil {
			return nil, err
		}
		values[i] = &kv.Value
	}
	return values, nil
}

// bindAll is bind for a specification that must name every key.
func bindAll(t *glue.Table, spec hiveql.PartitionSpec) ([]string, error) {
	bound, err := bind(t, spec)
	if err != nil {
		return nil, err
	}
	values := make([]string, len(bound))
	for i, v := range bound {
		if v == nil {
			return nil, semantic("partition spec %s doesn't contain all (%d) partition columns", joinSpec(spec), len(bound))
		}
		values[i] = *v
	}
	return values, nil
}

func checkValue(key glue.Column, v string) error {
	switch {
	case v == "":
		return semantic("[Error 10006]: Partition not found: the value of %s is empty", key.Name)
	case v == glue.HiveDefault:
		return semantic("[Error 10111]: Partition value contains a reserved substring (User value: %s Reserved substring: %s)", v, v)
	}
	switch key.Type {
	case "tinyint", "smallint", "int", "bigint":
		if _, err := strconv.ParseInt(v, 10, 64); err != nil {
			return semantic("[Error 10248]: Cannot add partition column %s of type string as it cannot be converted to type %s", key.Name, key.Type)
		}
	}
	return nil
}

func (d *ddl) addPartitions(s *hiveql.AddPartitions) error {
	t, err := d.table(s.Table)
	if err != nil {
		return err
	}
	parts := make([]glue.PartitionInput, 0, len(s.Partitions))
	seen := make(map[string]bool, len(s.Partitions))
	for _, c := range s.Partitions {
		values, err := bindAll(t, c.Spec)
		if err != nil {
			return err
		}
		name := hiveql.FolderName(t.KeyNames(), values)
		if seen[name] {
			return ddlTask("MetaException(message:Duplicate partitions in the list: %s)", name)
		}
		seen[name] = true
		location, err := partitionLocation(t, c.Location, name)
		if err != nil {
			return err
		}
		if err := d.mayHold(location); err != nil {
			return err
		}
		parts = append(parts, partitionInput(t, values, location))
	}
	err = d.Catalog.AddPartitions(t.DatabaseName, t.Name, parts, s.IfNotExists)
	return reworded(err, glue.CodeExists, false,
		ddlTask("AlreadyExistsException(message:Partition already exists in table %s.%s)", t.DatabaseName, t.Name))
}

// partitionLocation keeps the statement's location as it is; without one the
// partition is at its own folder below the table's.
func partitionLocation(t *glue.Table, location, name string) (string, error) {
	if location == "" {
		return strings.TrimRight(t.Location(), "/") + "/" + name, nil
	}
	return location, checkLocation(location)
}

// partitionInput is a partition with a copy of its table's descriptor.
func partitionInput(t *glue.Table, values []string, location string) glue.PartitionInput {
	descriptor := glue.StorageDescriptor{}
	if t.StorageDescriptor != nil {
		descriptor = *t.StorageDescriptor
	}
	descriptor.Location = location
	return glue.PartitionInput{Values: values, StorageDescriptor: &descriptor}
}

func (d *ddl) dropPartitions(s *hiveql.DropPartitions) error {
	t, err := d.table(s.Table)
	if err != nil {
		return err
	}
	var drop [][]string
	for _, spec := range s.Specs {
		found, err := d.matching(t, spec)
		if err != nil {
			return err
		}
		if len(found) == 0 && !s.IfExists {
			return semantic("[Error 10006]: Partition not found %s", joinSpec(spec))
		}
		for _, values := range found {
			if !slices.ContainsFunc(drop, func(v []string) bool { return slices.Equal(v, values) }) {
				drop = append(drop, values)
			}
		}
	}
	err = d.Catalog.DropPartitions(t.DatabaseName, t.Name, drop)
	if glue.Is(err, glue.CodeNotFound) && s.IfExists {
		return d.dropPartitions(s) // someone else dropped one meanwhile
	}
	return err
}

// matching returns the values of the partitions that a specification names,
// by their key if it names every one.
func (d *ddl) matching(t *glue.Table, spec hiveql.PartitionSpec) ([][]string, error) {
	if len(spec) != len(t.PartitionKeys) {
		return d.withValues(t, spec)
	}
	values, err := bindAll(t, spec)
	if err != nil {
		return nil, err
	}
	_, err = d.Catalog.Partition(t.DatabaseName, t.Name, values)
	if glue.Is(err, glue.CodeNotFound) {
		return nil, nil
	}
	return [][]string{values}, err
}

// withValues returns the values of the partitions that have those of a
// specification.
func (d *ddl) withValues(t *glue.Table, spec hiveql.PartitionSpec) ([][]string, error) {
	want, err := bind(t, spec)
	if err != nil {
		return nil, err
	}
	var found [][]string
	for p, err := range d.Catalog.Partitions(t.DatabaseName, t.Name, func(v []string) bool { return hasValues(v, want) }) {
		if err != nil {
			return nil, err
		}
		found = append(found, p.Values)
	}
	return found, nil
}

func hasValues(values []string, want []*string) bool {
	for i, w := range want {
		if w != nil && (i >= len(values) || values[i] != *w) {
			return false
		}
	}
	return true
}

func (d *ddl) setPartitionLocation(s *hiveql.SetPartitionLocation) error {
	t, err := d.table(s.Table)
	if err != nil {
		return err
	}
	values, err := bindAll(t, s.Spec)
	if err != nil {
		return err
	}
	if err := checkLocation(s.Location); err != nil {
		return err
	}
	p, err := d.Catalog.Partition(t.DatabaseName, t.Name, values)
	if err != nil {
		return reworded(err, glue.CodeNotFound, false, semantic("[Error 10006]: Partition not found %s", joinSpec(s.Spec)))
	}
	if p.StorageDescriptor == nil {
		p.StorageDescriptor = &glue.StorageDescriptor{}
	}
	p.StorageDescriptor.Location = s.Location
	return d.Catalog.UpdatePartition(t.DatabaseName, t.Name, values, p.PartitionInput)
}

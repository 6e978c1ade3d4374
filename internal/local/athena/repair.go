package athena

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"athenarefresh/internal/hiveql"
	"athenarefresh/internal/local/glue"
)

// repair is MSCK REPAIR TABLE by Hive's rules: it adds the folders k=v/… below
// the table's location that the catalog lacks and names the partitions whose
// folders are gone. It drops nothing.
func (d *ddl) repair(s *hiveql.RepairTable) error {
	t, err := d.table(s.Table)
	if err != nil {
		return err
	}
	if len(t.PartitionKeys) == 0 {
		return nil
	}
	folders, err := d.partitionFolders(t)
	if err != nil {
		return err
	}
	gone := map[string]bool{} // the names of the partitions, wherever these are, without folders
	for p, err := range d.Catalog.Partitions(t.DatabaseName, t.Name, nil) {
		if err != nil {
			return err
		}
		gone[t.Name+":"+hiveql.FolderName(t.KeyNames(), p.Values)] = true
	}
	var missing, added []string
	var parts []glue.PartitionInput
	for _, values := range folders {
		folder := hiveql.FolderName(t.KeyNames(), values)
		name := t.Name + ":" + folder
		if gone[name] {
			delete(gone, name)
			continue
		}
		missing = append(missing, name)
		added = append(added, "Repair: Added partition to metastore "+name)
		parts = append(parts, partitionInput(t, values, strings.TrimRight(t.Location(), "/")+"/"+folder))
	}
	if err := d.Catalog.AddPartitions(t.DatabaseName, t.Name, parts, true); err != nil {
		return err
	}
	var lines []string
	if len(missing) > 0 {
		lines = append(lines, "Partitions not in metastore:\t"+strings.Join(missing, "\t"))
	}
	if len(gone) > 0 {
		lines = append(lines, "Partitions missing from filesystem:\t"+strings.Join(slices.Sorted(maps.Keys(gone)), "\t"))
	}
	return d.out.addLines(append(lines, added...))
}

// partitionFolders returns the values of the partition folders below the
// table's location, each once. A folder name that Hive would have to escape
// fails the whole, as it does in Hive.
func (d *ddl) partitionFolders(t *glue.Table) ([][]string, error) {
	bucket, prefix, err := splitLocation(strings.TrimRight(t.Location(), "/") + "/")
	if err != nil {
		return nil, ddlTask("%v", err)
	}
	objects, err := readable{d.Objects, d.caller}.List(d.ctx, bucket, prefix)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", t.Location(), err)
	}
	var folders [][]string
	last := ""
	for _, o := range objects {
		elements := strings.Split(strings.TrimPrefix(o.Key, prefix), "/")
		values, err := folderValues(t.PartitionKeys, elements[:len(elements)-1])
		if err != nil {
			return nil, err
		}
		// Objects come in key order: those of a folder together.
		if name := strings.Join(elements[:min(len(values), len(elements))], "/"); values != nil && name != last {
			folders, last = append(folders, values), name
		}
	}
	return folders, nil
}

// folderValues reads the leading folders of a path as k=v of the keys, in
// order; nil if they are something else.
func folderValues(keys []glue.Column, folders []string) ([]string, error) {
	if len(folders) < len(keys) {
		return nil, nil
	}
	values := make([]string, len(keys))
	for i, k := range keys {
		name, value, ok := strings.Cut(folders[i], "=")
		if !ok || name != k.Name || value == "" || strings.Contains(value, "=") {
			return nil, nil
		}
		if hiveql.FolderName([]string{name}, []string{value}) != folders[i] {
			return nil, ddlTask("Repair: folder %s has characters that a partition's name can't have", folders[i])
		}
		values[i] = value
	}
	return values, nil
}

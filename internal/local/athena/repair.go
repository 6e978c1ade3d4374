package athena

import (
	"fmt"
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
	known, err := d.knownPartitions(t)
	if err != nil {
		return err
	}
	return d.addMissing(t, folders, known)
}

// addMissing adds what is in folders and not in known.
func (d *ddl) addMissing(t *glue.Table, folders [][]string, known map[string]bool) error {
	var missing, added []string
	var parts []glue.PartitionInput
	found := map[string]bool{}
	for _, values := range folders {
		name := hiveql.FolderName(t.KeyNames(), values)
		found[name] = true
		if known[name] {
			continue
		}
		missing = append(missing, t.Name+":"+name)
		added = append(added, "Repair: Added partition to metastore "+t.Name+":"+name)
		parts = append(parts, partitionInput(t, values, strings.TrimRight(t.Location(), "/")+"/"+name))
	}
	var gone []string
	for name := range known {
		if !found[name] {
			gone = append(gone, t.Name+":"+name)
		}
	}
	if err := d.Catalog.AddPartitions(t.DatabaseName, t.Name, parts, true); err != nil {
		return err
	}
	var lines []string
	if len(missing) > 0 {
		lines = append(lines, "Partitions not in metastore:\t"+strings.Join(missing, "\t"))
	}
	if len(gone) > 0 {
		lines = append(lines, "Partitions missing from filesystem:\t"+strings.Join(gone, "\t"))
	}
	return d.out.addLines(append(lines, added...))
}

// knownPartitions are the folder names of the table's partitions, wherever
// these are.
func (d *ddl) knownPartitions(t *glue.Table) (map[string]bool, error) {
	known := map[string]bool{}
	for p, err := range d.Catalog.Partitions(t.DatabaseName, t.Name, nil) {
		if err != nil {
			return nil, err
		}
		known[hiveql.FolderName(t.KeyNames(), p.Values)] = true
	}
	return known, nil
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

package glue

import (
	"fmt"
	"iter"
	"strconv"

	"go.etcd.io/bbolt"

	"athenarefresh/internal/local/awsjson"
)

// view reads in one transaction.
func view[T any](c *Catalog, f func(tx *bbolt.Tx) (T, error)) (out T, err error) {
	err = c.db.View(func(tx *bbolt.Tx) error {
		out, err = f(tx)
		return err
	})
	return out, err
}

// Database returns a database, or EntityNotFoundException.
func (c *Catalog) Database(name string) (*Database, error) {
	return view(c, func(tx *bbolt.Tx) (*Database, error) { return getDatabase(tx, name) })
}

// Databases returns all databases, by name.
func (c *Catalog) Databases() ([]Database, error) {
	return view(c, func(tx *bbolt.Tx) ([]Database, error) { return collect(stored[Database](databases(tx), "", "")) })
}

// CreateDatabase adds a database, or fails with AlreadyExistsException.
func (c *Catalog) CreateDatabase(in DatabaseInput) error {
	in.Name = fold(in.Name)
	if err := checkName("Database", in.Name); err != nil {
		return err
	}
	return c.db.Update(func(tx *bbolt.Tx) error {
		if databases(tx).Get([]byte(in.Name)) != nil {
			return awsjson.Errorf(CodeExists, "Database already exists.")
		}
		return putJSON(databases(tx), []byte(in.Name), Database{in, c.account, c.timestamp()})
	})
}

// updateDatabase replaces what is said of a database; it keeps its name.
func (c *Catalog) updateDatabase(name string, in DatabaseInput) error {
	return c.db.Update(func(tx *bbolt.Tx) error {
		d, err := getDatabase(tx, name)
		if err != nil {
			return err
		}
		in.Name = d.Name
		d.DatabaseInput = in
		return putJSON(databases(tx), []byte(d.Name), d)
	})
}

// DropDatabase removes a database with its tables. Without cascade it fails
// with InvalidInputException if there are any.
func (c *Catalog) DropDatabase(name string, cascade bool) error {
	return c.db.Update(func(tx *bbolt.Tx) error {
		d, err := getDatabase(tx, name)
		if err != nil {
			return err
		}
		all, err := collect(tablesOf(tx, d.Name, ""))
		if err != nil {
			return err
		}
		if len(all) > 0 && !cascade {
			return invalid("Database %s is not empty. One or more tables exist.", d.Name)
		}
		for _, t := range all {
			if err := dropTable(tx, d.Name, t.Name); err != nil {
				return err
			}
		}
		return databases(tx).Delete([]byte(d.Name))
	})
}

// Table returns a table, or EntityNotFoundException.
func (c *Catalog) Table(database, name string) (*Table, error) {
	return view(c, func(tx *bbolt.Tx) (*Table, error) { return getTable(tx, database, name) })
}

// Tables returns the tables of a database, by name.
func (c *Catalog) Tables(database string) ([]Table, error) {
	return view(c, func(tx *bbolt.Tx) ([]Table, error) { return collect(tablesOf(tx, database, "")) })
}

// checkTable folds the names of a table and its columns and checks them.
func checkTable(in *TableInput) error {
	in.Name = fold(in.Name)
	if err := checkName("Table", in.Name); err != nil {
		return err
	}
	seen := map[string]bool{}
	columns := in.PartitionKeys
	if in.StorageDescriptor != nil {
		columns = append(append([]Column(nil), in.StorageDescriptor.Columns...), in.PartitionKeys...)
		foldColumns(in.StorageDescriptor.Columns)
	}
	foldColumns(in.PartitionKeys)
	for _, col := range columns {
		if err := checkName("Column", col.Name); err != nil {
			return err
		}
		if seen[fold(col.Name)] {
			return invalid("Column %s is repeated", col.Name)
		}
		seen[fold(col.Name)] = true
	}
	if in.PartitionKeys == nil {
		in.PartitionKeys = []Column{}
	}
	return nil
}

func foldColumns(cols []Column) {
	for i := range cols {
		cols[i].Name = fold(cols[i].Name)
	}
}

// CreateTable adds a table, or fails with AlreadyExistsException.
func (c *Catalog) CreateTable(database string, in TableInput) error {
	if err := checkTable(&in); err != nil {
		return err
	}
	return c.db.Update(func(tx *bbolt.Tx) error {
		d, err := getDatabase(tx, database)
		if err != nil {
			return err
		}
		key := tableKey(d.Name, in.Name)
		if tables(tx).Get(key) != nil {
			return awsjson.Errorf(CodeExists, "Table already exists.")
		}
		created, err := c.nextCreation(tx)
		if err != nil {
			return err
		}
		return putJSON(tables(tx), key, Table{TableInput: in, DatabaseName: d.Name, CatalogID: c.account,
			CreateTime: created, UpdateTime: created, VersionID: "0"})
	})
}

// AlterTable changes a table in one transaction.
func (c *Catalog) AlterTable(database, name string, change func(*TableInput) error) error {
	return c.db.Update(func(tx *bbolt.Tx) error {
		t, err := getTable(tx, database, name)
		if err != nil {
			return err
		}
		old := t.Name
		if err := change(&t.TableInput); err != nil {
			return err
		}
		if err := checkTable(&t.TableInput); err != nil {
			return err
		}
		t.Name = old
		version, err := strconv.Atoi(t.VersionID)
		if err != nil {
			return fmt.Errorf("read version of table %s: %w", old, err)
		}
		t.VersionID, t.UpdateTime = strconv.Itoa(version+1), c.timestamp()
		return putJSON(tables(tx), tableKey(t.DatabaseName, old), t)
	})
}

// DropTable removes a table with its partitions.
func (c *Catalog) DropTable(database, name string) error {
	return c.db.Update(func(tx *bbolt.Tx) error {
		t, err := getTable(tx, database, name)
		if err != nil {
			return err
		}
		return dropTable(tx, t.DatabaseName, t.Name)
	})
}

func dropTable(tx *bbolt.Tx, database, name string) error {
	key := tableKey(database, name)
	if partitioned(tx).Bucket(key) != nil {
		if err := partitioned(tx).DeleteBucket(key); err != nil {
			return err
		}
	}
	return tables(tx).Delete(key)
}

// Partition returns a partition, or EntityNotFoundException.
func (c *Catalog) Partition(database, table string, values []string) (*Partition, error) {
	return view(c, func(tx *bbolt.Tx) (*Partition, error) {
		s, err := openPartitions(tx, database, table)
		if err != nil {
			return nil, err
		}
		p, err := s.get(values)
		if err == nil && p == nil {
			err = partitionNotFound()
		}
		return p, err
	})
}

func partitionNotFound() error {
	return awsjson.Errorf(CodeNotFound, "Cannot find partition.")
}

// updatePartitions changes a table's partitions in one transaction.
func (c *Catalog) updatePartitions(database, table string, f func(*partitionStore) error) error {
	return c.db.Update(func(tx *bbolt.Tx) error {
		s, err := createPartitions(tx, database, table)
		if err != nil {
			return err
		}
		return f(s)
	})
}

// AddPartitions adds all of the partitions or none. One that exists is left as
// it is; without ifNotExists it fails the whole with AlreadyExistsException.
func (c *Catalog) AddPartitions(database, table string, parts []PartitionInput, ifNotExists bool) error {
	return c.updatePartitions(database, table, func(s *partitionStore) error {
		for _, p := range parts {
			err := c.addPartition(s, p)
			if err != nil && !(ifNotExists && Is(err, CodeExists)) {
				return err
			}
		}
		return nil
	})
}

func (c *Catalog) addPartition(s *partitionStore, p PartitionInput) error {
	if err := checkValues(s.table, p.Values); err != nil {
		return err
	}
	if s.has(p.Values) {
		return awsjson.Errorf(CodeExists, "Partition already exists.")
	}
	return s.put(p, c.timestamp())
}

// checkValues: as many as the table has keys, each on a single line.
func checkValues(t *Table, values []string) error {
	if len(values) != len(t.PartitionKeys) || len(values) == 0 {
		return invalid("The number of partition keys do not match the number of partition values")
	}
	for _, v := range values {
		if len(v) > 1024 {
			return invalid("Partition value has more than 1024 bytes")
		}
	}
	return nil
}

// UpdatePartition replaces the partition with the given values, which may
// become others if these are free.
func (c *Catalog) UpdatePartition(database, table string, values []string, in PartitionInput) error {
	return c.updatePartitions(database, table, func(s *partitionStore) error { return s.replace(values, in) })
}

func (s *partitionStore) replace(values []string, in PartitionInput) error {
	if err := checkValues(s.table, in.Values); err != nil {
		return err
	}
	old, err := s.get(values)
	if err != nil {
		return err
	}
	if old == nil {
		return partitionNotFound()
	}
	moved := string(valuesKey(values)) != string(valuesKey(in.Values))
	if moved && s.has(in.Values) {
		return awsjson.Errorf(CodeExists, "Partition already exists.")
	}
	if err := s.remove(values); err != nil {
		return err
	}
	return s.put(in, old.CreationTime)
}

// DropPartitions removes all of the partitions or none: one that doesn't exist
// fails the whole with EntityNotFoundException.
func (c *Catalog) DropPartitions(database, table string, values [][]string) error {
	return c.updatePartitions(database, table, func(s *partitionStore) error {
		for _, v := range values {
			if err := s.drop(v); err != nil {
				return err
			}
		}
		return nil
	})
}

// Partitions iterates over a table's partitions by value, those that keep says
// yes to (nil: all); keep is asked before anything else of a partition is
// read. The loop holds a read transaction: it must not write to the catalog.
func (c *Catalog) Partitions(database, table string, keep func(values []string) bool) iter.Seq2[*Partition, error] {
	return func(yield func(*Partition, error) bool) {
		err := c.db.View(func(tx *bbolt.Tx) error {
			s, err := openPartitions(tx, database, table)
			if err != nil {
				return err
			}
			for key, body := range records(s.values, "") {
				if keep != nil && !keep(keyValues(key)) {
					continue
				}
				p, err := s.decode(key, body)
				if err != nil {
					return err
				}
				if !yield(p, nil) {
					return nil
				}
			}
			return nil
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

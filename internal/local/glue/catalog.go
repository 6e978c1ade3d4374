package glue

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"athenarefresh/internal/local/awsjson"
)

func laterThan(t time.Time, ms int64) time.Time {
	if t.UnixMilli() > ms {
		return t
	}
	return time.UnixMilli(ms + 1).UTC()
}

// Database returns a database, or EntityNotFoundException.
func (c *Catalog) Database(name string) (d *Database, err error) {
	err = c.db.View(func(tx *bbolt.Tx) error {
		d, err = getDatabase(tx, name)
		return err
	})
	return d, err
}

// Databases returns all databases, by name.
func (c *Catalog) Databases() ([]Database, error) {
	var all []Database
	err := c.db.View(func(tx *bbolt.Tx) error {
		return databases(tx).ForEach(func(k, _ []byte) error {
			d, err := getDatabase(tx, string(k))
			if err == nil {
				all = append(all, *d)
			}
			return err
		})
	})
	return all, err
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

// UpdateDatabase replaces what is said of a database; it keeps its name.
func (c *Catalog) UpdateDatabase(name string, in DatabaseInput) error {
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
		var names []string
		err = eachTable(tx, d.Name, "", func(t *Table) (bool, error) {
			names = append(names, t.Name)
			return true, nil
		})
		if err != nil {
			return err
		}
		if len(names) > 0 && !cascade {
			return invalid("Database %s is not empty. One or more tables exist.", d.Name)
		}
		for _, t := range names {
			if err := dropTable(tx, d.Name, t); err != nil {
				return err
			}
		}
		return databases(tx).Delete([]byte(d.Name))
	})
}

// Table returns a table, or EntityNotFoundException.
func (c *Catalog) Table(database, name string) (t *Table, err error) {
	err = c.db.View(func(tx *bbolt.Tx) error {
		t, err = getTable(tx, database, name)
		return err
	})
	return t, err
}

// Tables returns the tables of a database, by name.
func (c *Catalog) Tables(database string) ([]Table, error) {
	var all []Table
	err := c.db.View(func(tx *bbolt.Tx) error {
		if _, err := getDatabase(tx, database); err != nil {
			return err
		}
		return eachTable(tx, database, "", func(t *Table) (bool, error) {
			all = append(all, *t)
			return true, nil
		})
	})
	return all, err
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

// UpdateTable replaces what is said of a table, which keeps its name, its
// creation time and its partitions.
func (c *Catalog) UpdateTable(database string, in TableInput) error {
	return c.AlterTable(database, in.Name, func(t *TableInput) error {
		*t = in
		return nil
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
func (c *Catalog) Partition(database, table string, values []string) (p *Partition, err error) {
	err = c.db.View(func(tx *bbolt.Tx) error {
		s, err := openPartitions(tx, database, table)
		if err != nil {
			return err
		}
		p, err = s.get(values)
		if err == nil && p == nil {
			return partitionNotFound()
		}
		return err
	})
	return p, err
}

func partitionNotFound() error {
	return awsjson.Errorf(CodeNotFound, "Cannot find partition.")
}

// AddPartitions adds all of the partitions or none. One that exists is left as
// it is; without ifNotExists it fails the whole with AlreadyExistsException.
func (c *Catalog) AddPartitions(database, table string, parts []PartitionInput, ifNotExists bool) error {
	return c.db.Update(func(tx *bbolt.Tx) error {
		s, err := createPartitions(tx, database, table)
		if err != nil {
			return err
		}
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
	if p.StorageDescriptor != nil {
		foldColumns(p.StorageDescriptor.Columns)
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
	return c.db.Update(func(tx *bbolt.Tx) error {
		s, err := createPartitions(tx, database, table)
		if err != nil {
			return err
		}
		return s.replace(values, in)
	})
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
	if in.StorageDescriptor != nil {
		foldColumns(in.StorageDescriptor.Columns)
	}
	return s.put(in, old.CreationTime)
}

// DropPartitions removes all of the partitions or none: one that doesn't exist
// fails the whole with EntityNotFoundException.
func (c *Catalog) DropPartitions(database, table string, values [][]string) error {
	return c.db.Update(func(tx *bbolt.Tx) error {
		s, err := createPartitions(tx, database, table)
		if err != nil {
			return err
		}
		for _, v := range values {
			if !s.has(v) {
				return partitionNotFound()
			}
			if err := s.remove(v); err != nil {
				return err
			}
		}
		return nil
	})
}

var errStop = errors.New("stop")

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
			return s.each(nil, func(key, body []byte) error {
				if keep != nil && !keep(keyValues(key)) {
					return nil
				}
				p, err := s.decode(key, body)
				if err == nil && !yield(p, nil) {
					return errStop
				}
				return err
			})
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
}

// each calls f for the records from the key from on.
func (s *partitionStore) each(from []byte, f func(key, body []byte) error) error {
	if s.values == nil {
		return nil
	}
	cur := s.values.Cursor()
	for k, v := cur.Seek(from); k != nil; k, v = cur.Next() {
		if err := f(k, v); err != nil {
			return err
		}
	}
	return nil
}

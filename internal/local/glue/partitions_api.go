package glue

import (
	"hash/fnv"

	"go.etcd.io/bbolt"
)

func (c *Catalog) apiCreatePartition(in request) (answer, error) {
	return nil, c.AddPartitions(in.DatabaseName, in.TableName, []PartitionInput{in.PartitionInput}, false)
}

func (c *Catalog) apiUpdatePartition(in request) (answer, error) {
	return nil, c.UpdatePartition(in.DatabaseName, in.TableName, in.PartitionValueList, in.PartitionInput)
}

func (c *Catalog) apiDeletePartition(in request) (answer, error) {
	return nil, c.DropPartitions(in.DatabaseName, in.TableName, [][]string{in.PartitionValues})
}

// batch does something with several partitions of a table, in one transaction.
// What is wrong with one is said of that one, by its values, and the others are
// done. member is what the request calls the items, and key the answer their values.
func batch[T any](c *Catalog, in request, member string, items []T, most int, key string,
	do func(*partitionStore, T) (values []string, err error)) (answer, error) {
	if err := checkCount(member, len(items), most); err != nil {
		return nil, err
	}
	failed := failures{member: key}
	err := c.updatePartitions(in.DatabaseName, in.TableName, func(s *partitionStore) error {
		for _, item := range items {
			if values, err := do(s, item); err != nil {
				if err := failed.add(values, err); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return failed.answer(), err
}

func (c *Catalog) apiBatchCreatePartition(in request) (answer, error) {
	return batch(c, in, "partitionInputList", in.PartitionInputList, 100, "PartitionValues", func(s *partitionStore, p PartitionInput) ([]string, error) {
		return p.Values, c.addPartition(s, p)
	})
}

func (c *Catalog) apiBatchUpdatePartition(in request) (answer, error) {
	if len(in.Entries) == 0 {
		return nil, invalid("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	return batch(c, in, "entries", in.Entries, 100, "PartitionValueList", func(s *partitionStore, e updateEntry) ([]string, error) {
		return e.PartitionValueList, s.replace(e.PartitionValueList, e.PartitionInput)
	})
}

func (c *Catalog) apiBatchDeletePartition(in request) (answer, error) {
	return batch(c, in, "partitionsToDelete", in.PartitionsToDelete, 25, "PartitionValues", func(s *partitionStore, p valueList) ([]string, error) {
		return p.Values, s.drop(p.Values)
	})
}

func (c *Catalog) apiGetPartition(in request) (answer, error) {
	p, err := c.Partition(in.DatabaseName, in.TableName, in.PartitionValues)
	return answer{"Partition": p}, err
}

// apiBatchGetPartition: a partition that doesn't exist is simply absent from the
// answer.
func (c *Catalog) apiBatchGetPartition(in request) (answer, error) {
	if err := checkCount("partitionsToGet", len(in.PartitionsToGet), 1000); err != nil {
		return nil, err
	}
	found := []*Partition{}
	err := c.db.View(func(tx *bbolt.Tx) error {
		s, err := openPartitions(tx, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		for _, want := range in.PartitionsToGet {
			if err := checkValues(s.table, want.Values); err != nil {
				return err
			}
			p, err := s.get(want.Values)
			if err != nil {
				return err
			}
			if p != nil {
				found = append(found, p)
			}
		}
		return nil
	})
	return answer{"Partitions": found, "UnprocessedKeys": []valueList{}}, err
}

// segment is one of several disjoint parts of a table's partitions that are
// read in parallel.
type segment struct{ SegmentNumber, TotalSegments int }

func (s *segment) check() error {
	if s != nil && (s.TotalSegments < 1 || s.TotalSegments > 10 || s.SegmentNumber < 0 || s.SegmentNumber >= s.TotalSegments) {
		return invalid("Invalid segment %d of %d", s.SegmentNumber, s.TotalSegments)
	}
	return nil
}

// has deals the partitions out by a hash of their keys.
func (s *segment) has(key []byte) bool {
	if s == nil || s.TotalSegments == 1 {
		return true
	}
	h := fnv.New32a()
	h.Write(key)
	return int(h.Sum32()%uint32(s.TotalSegments)) == s.SegmentNumber
}

func (c *Catalog) apiGetPartitions(in request) (answer, error) {
	p, err := newPage(in, 1000)
	if err != nil {
		return nil, err
	}
	if err := in.Segment.check(); err != nil {
		return nil, err
	}
	err = c.db.View(func(tx *bbolt.Tx) error {
		s, err := openPartitions(tx, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		f, err := parseFilter(in.Expression, s.table.PartitionKeys)
		if err != nil {
			return err
		}
		for key, body := range records(s.values, p.from) {
			if !in.Segment.has(key) || !f.keeps(keyValues(key)) {
				continue
			}
			if p.endsAt(string(key)) {
				break
			}
			part, err := s.decode(key, body)
			if err != nil {
				return err
			}
			if in.ExcludeColumnSchema && part.StorageDescriptor != nil {
				part.StorageDescriptor.Columns = nil
			}
			p.items = append(p.items, part)
		}
		return f.stored
	})
	return p.answer("Partitions"), err
}

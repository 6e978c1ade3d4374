package glue

import (
	"context"
	"errors"
	"hash/fnv"

	"go.etcd.io/bbolt"

	"athenarefresh/internal/local/awsjson"
)

func messageOf(err error) string {
	var e *awsjson.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

type createPartitionInput struct {
	tableRef
	PartitionInput PartitionInput
}

func (c *Catalog) apiCreatePartition(_ context.Context, in createPartitionInput) (none, error) {
	return none{}, c.AddPartitions(in.DatabaseName, in.TableName, []PartitionInput{in.PartitionInput}, false)
}

type partitionError struct {
	PartitionValues []string
	ErrorDetail     errorDetail
}

type partitionErrors struct{ Errors []partitionError }

// batch does something with several partitions of a table, in one transaction.
// What is wrong with one is said of that one, and the others are done.
func batch[T any](c *Catalog, t tableRef, member string, items []T, most int, values func(T) []string, do func(*partitionStore, T) error) (out partitionErrors, err error) {
	if err := checkCount(member, len(items), most); err != nil {
		return out, err
	}
	out.Errors = []partitionError{}
	err = c.db.Update(func(tx *bbolt.Tx) error {
		s, err := createPartitions(tx, t.DatabaseName, t.TableName)
		if err != nil {
			return err
		}
		for _, item := range items {
			err := do(s, item)
			if err == nil {
				continue
			}
			d, err := detail(err)
			if err != nil {
				return err
			}
			out.Errors = append(out.Errors, partitionError{values(item), d})
		}
		return nil
	})
	return out, err
}

type batchCreateInput struct {
	tableRef
	PartitionInputList []PartitionInput
}

func (c *Catalog) apiBatchCreatePartition(_ context.Context, in batchCreateInput) (partitionErrors, error) {
	return batch(c, in.tableRef, "partitionInputList", in.PartitionInputList, 100,
		func(p PartitionInput) []string { return p.Values },
		c.addPartition)
}

type partitionRef struct {
	tableRef
	PartitionValues []string
}

func (c *Catalog) apiGetPartition(_ context.Context, in partitionRef) (struct{ Partition *Partition }, error) {
	p, err := c.Partition(in.DatabaseName, in.TableName, in.PartitionValues)
	return struct{ Partition *Partition }{p}, err
}

func (c *Catalog) apiDeletePartition(_ context.Context, in partitionRef) (none, error) {
	return none{}, c.DropPartitions(in.DatabaseName, in.TableName, [][]string{in.PartitionValues})
}

type valueList struct{ Values []string }

type batchGetInput struct {
	tableRef
	PartitionsToGet []valueList
}

type batchGetOutput struct {
	Partitions      []*Partition
	UnprocessedKeys []valueList
}

// A partition that doesn't exist is simply absent from the answer.
func (c *Catalog) apiBatchGetPartition(_ context.Context, in batchGetInput) (batchGetOutput, error) {
	out := batchGetOutput{[]*Partition{}, []valueList{}}
	if err := checkCount("partitionsToGet", len(in.PartitionsToGet), 1000); err != nil {
		return out, err
	}
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
				out.Partitions = append(out.Partitions, p)
			}
		}
		return nil
	})
	return out, err
}

type updatePartitionInput struct {
	tableRef
	PartitionValueList []string
	PartitionInput     PartitionInput
}

func (c *Catalog) apiUpdatePartition(_ context.Context, in updatePartitionInput) (none, error) {
	return none{}, c.UpdatePartition(in.DatabaseName, in.TableName, in.PartitionValueList, in.PartitionInput)
}

type updateEntry struct {
	PartitionValueList []string
	PartitionInput     PartitionInput
}

type batchUpdateInput struct {
	tableRef
	Entries []updateEntry
}

func (c *Catalog) apiBatchUpdatePartition(_ context.Context, in batchUpdateInput) (any, error) {
	if len(in.Entries) == 0 {
		return nil, invalid("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	failed, err := batch(c, in.tableRef, "entries", in.Entries, 100,
		func(e updateEntry) []string { return e.PartitionValueList },
		func(s *partitionStore, e updateEntry) error { return s.replace(e.PartitionValueList, e.PartitionInput) })
	entries := []any{} // this call spells the member differently
	for _, e := range failed.Errors {
		entries = append(entries, map[string]any{"PartitionValueList": e.PartitionValues, "ErrorDetail": e.ErrorDetail})
	}
	return map[string]any{"Errors": entries}, err
}

type batchDeleteInput struct {
	tableRef
	PartitionsToDelete []valueList
}

func (c *Catalog) apiBatchDeletePartition(_ context.Context, in batchDeleteInput) (partitionErrors, error) {
	return batch(c, in.tableRef, "partitionsToDelete", in.PartitionsToDelete, 25,
		func(p valueList) []string { return p.Values },
		func(s *partitionStore, p valueList) error {
			if !s.has(p.Values) {
				return partitionNotFound()
			}
			return s.remove(p.Values)
		})
}

type getPartitionsInput struct {
	tableRef
	Expression          string
	NextToken           string
	MaxResults          *int
	Segment             *segment
	ExcludeColumnSchema bool
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

type partitionsPage struct {
	Partitions []*Partition
	NextToken  string `json:",omitempty"`
}

func (c *Catalog) apiGetPartitions(_ context.Context, in getPartitionsInput) (partitionsPage, error) {
	out := partitionsPage{Partitions: []*Partition{}}
	size, err := pageSize(in.MaxResults, 1000)
	if err != nil {
		return out, err
	}
	if err := errors.Join(in.Segment.check(), checkExpression(in.Expression)); err != nil {
		return out, err
	}
	from, err := decodeToken(in.NextToken)
	if err != nil {
		return out, err
	}
	err = c.db.View(func(tx *bbolt.Tx) error {
		s, err := openPartitions(tx, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		keep, check, err := parseFilter(in.Expression, s.table.PartitionKeys)
		if err != nil {
			return err
		}
		err = s.each(from, func(key, body []byte) error {
			return in.add(&out, s, size, keep, key, body)
		})
		if wrong := check(); wrong != nil {
			return wrong
		}
		return err
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return out, err
}

// add puts a record on the page if it belongs there; errStop once it is full.
func (in *getPartitionsInput) add(out *partitionsPage, s *partitionStore, size int, keep func([]string) bool, key, body []byte) error {
	if !in.Segment.has(key) || !keep(keyValues(key)) {
		return nil
	}
	if len(out.Partitions) == size {
		out.NextToken = encodeToken(key)
		return errStop
	}
	p, err := s.decode(key, body)
	if err != nil {
		return err
	}
	if in.ExcludeColumnSchema && p.StorageDescriptor != nil {
		p.StorageDescriptor.Columns = nil
	}
	out.Partitions = append(out.Partitions, p)
	return nil
}

func checkExpression(s string) error {
	if len(s) > 2048 {
		return invalid("Expression is longer than 2048 characters")
	}
	return nil
}

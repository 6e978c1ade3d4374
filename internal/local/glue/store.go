package glue

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"athenarefresh/internal/local/awsjson"
)

func putJSON(b *bbolt.Bucket, key []byte, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %q: %w", key, err)
	}
	return b.Put(key, body)
}

// getJSON reads the record at key, nil if there is none.
func getJSON[T any](b *bbolt.Bucket, key []byte) (*T, error) {
	body := b.Get(key)
	if body == nil {
		return nil, nil
	}
	return decode[T](key, body)
}

func decode[T any](key, body []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(body, v); err != nil {
		return nil, fmt.Errorf("decode %q: %w", key, err)
	}
	return v, nil
}

// tableKey orders the tables of a database together. No name holds NUL.
func tableKey(database, table string) []byte { return []byte(database + "\x00" + table) }

// valuesKey orders partitions by their values. NUL separates them, so NUL and
// its escape are escaped; the order stays that of the values.
func valuesKey(values []string) []byte {
	escaped := make([]string, len(values))
	for i, v := range values {
		escaped[i] = escapeValue.Replace(v)
	}
	return []byte(strings.Join(escaped, "\x00"))
}

func keyValues(key []byte) []string {
	values := strings.Split(string(key), "\x00")
	for i, v := range values {
		values[i] = unescapeValue.Replace(v)
	}
	return values
}

var (
	escapeValue   = strings.NewReplacer("\x00", "\x01\x01", "\x01", "\x01\x02")
	unescapeValue = strings.NewReplacer("\x01\x01", "\x00", "\x01\x02", "\x01")
)

// getDatabase returns the database or EntityNotFoundException.
func getDatabase(tx *bbolt.Tx, name string) (*Database, error) {
	d, err := getJSON[Database](databases(tx), []byte(fold(name)))
	if err == nil && d == nil {
		err = awsjson.Errorf(CodeNotFound, "Database %s not found.", name)
	}
	return d, err
}

// getTable returns the table or EntityNotFoundException, for the database if
// that is what is missing.
func getTable(tx *bbolt.Tx, database, name string) (*Table, error) {
	t, err := getJSON[Table](tables(tx), tableKey(fold(database), fold(name)))
	if err != nil || t != nil {
		return t, err
	}
	if _, err := getDatabase(tx, database); err != nil {
		return nil, err
	}
	return nil, awsjson.Errorf(CodeNotFound, "Table %s not found.", name)
}

// records are those of a bucket, which may be nil, from the key from on.
func records(b *bbolt.Bucket, from string) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, body []byte) bool) {
		if b == nil {
			return
		}
		cur := b.Cursor()
		for k, v := cur.Seek([]byte(from)); k != nil && yield(k, v); k, v = cur.Next() {
		}
	}
}

// stored are the records whose keys begin with prefix, from the name behind it on.
func stored[T any](b *bbolt.Bucket, prefix, from string) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for k, v := range records(b, prefix+from) {
			if !strings.HasPrefix(string(k), prefix) {
				return
			}
			if !yield(decode[T](k, v)) {
				return
			}
		}
	}
}

// tablesOf are the tables of a database, by name, from the name from on.
func tablesOf(tx *bbolt.Tx, database, from string) iter.Seq2[*Table, error] {
	d, err := getDatabase(tx, database)
	if err != nil {
		return func(yield func(*Table, error) bool) { yield(nil, err) }
	}
	return stored[Table](tables(tx), string(tableKey(d.Name, "")), from)
}

// collect is a list of what is stored.
func collect[T any](all iter.Seq2[*T, error]) (list []T, err error) {
	for t, err := range all {
		if err != nil {
			return nil, err
		}
		list = append(list, *t)
	}
	return list, nil
}

// nextCreation returns a time of creation later than any before, so that a
// table that is created again is told from the one that was dropped.
func (c *Catalog) nextCreation(tx *bbolt.Tx) (Timestamp, error) {
	meta := tx.Bucket(rootBucket).Bucket(metaBucket)
	now := c.timestamp()
	if last := meta.Get(createdKey); len(last) == 8 {
		after := time.UnixMilli(int64(binary.BigEndian.Uint64(last)) + 1)
		now = Timestamp{slices.MaxFunc([]time.Time{now.Time, after.UTC()}, time.Time.Compare)}
	}
	return now, meta.Put(createdKey, binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli())))
}

// partitionStore is the two buckets of a table's partitions.
type partitionStore struct {
	table       *Table
	values      *bbolt.Bucket // nil if the table never had a partition
	descriptors *bbolt.Bucket
}

// storedPartition is a partition's record. Its values are its key.
type storedPartition struct {
	Created    Timestamp
	Location   string            `json:",omitempty"`
	Descriptor []byte            `json:",omitempty"` // sha256 of the rest of the descriptor
	Accessed   *Timestamp        `json:",omitempty"`
	Analyzed   *Timestamp        `json:",omitempty"`
	Parameters map[string]string `json:",omitempty"`
}

// openPartitions returns the partitions of a table, to read.
func openPartitions(tx *bbolt.Tx, database, table string) (*partitionStore, error) {
	t, err := getTable(tx, database, table)
	if err != nil {
		return nil, err
	}
	s := &partitionStore{table: t}
	if b := partitioned(tx).Bucket(tableKey(t.DatabaseName, t.Name)); b != nil {
		s.values, s.descriptors = b.Bucket(valuesBucket), b.Bucket(descriptorBucket)
	}
	return s, nil
}

// createPartitions returns the partitions of a table, to write.
func createPartitions(tx *bbolt.Tx, database, table string) (*partitionStore, error) {
	s, err := openPartitions(tx, database, table)
	if err != nil || s.values != nil {
		return s, err
	}
	b, err := partitioned(tx).CreateBucket(tableKey(s.table.DatabaseName, s.table.Name))
	if err != nil {
		return nil, err
	}
	if s.values, err = b.CreateBucket(valuesBucket); err != nil {
		return nil, err
	}
	s.descriptors, err = b.CreateBucket(descriptorBucket)
	return s, err
}

func (s *partitionStore) has(values []string) bool {
	return s.values != nil && s.values.Get(valuesKey(values)) != nil
}

// get returns nil if there is no such partition.
func (s *partitionStore) get(values []string) (*Partition, error) {
	if s.values == nil {
		return nil, nil
	}
	key := valuesKey(values)
	body := s.values.Get(key)
	if body == nil {
		return nil, nil
	}
	return s.decode(key, body)
}

func (s *partitionStore) decode(key, body []byte) (*Partition, error) {
	r, err := decode[storedPartition](key, body)
	if err != nil {
		return nil, err
	}
	p := &Partition{
		PartitionInput: PartitionInput{Values: keyValues(key), LastAccessTime: r.Accessed, LastAnalyzedTime: r.Analyzed, Parameters: r.Parameters},
		DatabaseName:   s.table.DatabaseName, TableName: s.table.Name, CatalogID: s.table.CatalogID, CreationTime: r.Created,
	}
	if r.Descriptor == nil {
		return p, nil
	}
	if p.StorageDescriptor, err = getJSON[StorageDescriptor](s.descriptors, r.Descriptor); err != nil {
		return nil, err
	}
	p.StorageDescriptor.Location = r.Location
	return p, nil
}

// put writes a partition over one that may be there.
func (s *partitionStore) put(in PartitionInput, created Timestamp) error {
	r := storedPartition{Created: created, Accessed: in.LastAccessTime, Analyzed: in.LastAnalyzedTime, Parameters: in.Parameters}
	if in.StorageDescriptor != nil {
		foldColumns(in.StorageDescriptor.Columns)
		digest, err := s.putDescriptor(*in.StorageDescriptor)
		if err != nil {
			return err
		}
		r.Location, r.Descriptor = in.StorageDescriptor.Location, digest
	}
	key := valuesKey(in.Values)
	if len(key) == 0 || len(key) > bbolt.MaxKeySize {
		return invalid("The partition values are too long or empty")
	}
	return putJSON(s.values, key, r)
}

func (s *partitionStore) putDescriptor(d StorageDescriptor) ([]byte, error) {
	d.Location = ""
	body, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode storage descriptor: %w", err)
	}
	digest := sha256.Sum256(body)
	if s.descriptors.Get(digest[:]) != nil {
		return digest[:], nil
	}
	return digest[:], s.descriptors.Put(digest[:], body)
}

func (s *partitionStore) remove(values []string) error { return s.values.Delete(valuesKey(values)) }

// drop removes a partition, or fails with EntityNotFoundException.
func (s *partitionStore) drop(values []string) error {
	if !s.has(values) {
		return partitionNotFound()
	}
	return s.remove(values)
}

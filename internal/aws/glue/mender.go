package glue

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// maxDelete is BatchDeletePartition's limit of partitions a call.
const maxDelete = 25

// Mender changes partitions that exist. Each of its calls may have been carried
// out although it failed; who needs to know reads the partitions.
type Mender struct {
	reader *Reader

	batchUpdatePartition func(context.Context, *glue.BatchUpdatePartitionInput, ...func(*glue.Options)) (*glue.BatchUpdatePartitionOutput, error)
	batchDeletePartition func(context.Context, *glue.BatchDeletePartitionInput, ...func(*glue.Options)) (*glue.BatchDeletePartitionOutput, error)
}

// NewMender returns a Mender of the reader's database.
func NewMender(cfg aws.Config, r *Reader) *Mender {
	client := newClient(cfg)
	return &Mender{reader: r, batchUpdatePartition: client.BatchUpdatePartition, batchDeletePartition: client.BatchDeletePartition}
}

// Relocate gives partitions, by their values, the location that parts have. All
// else of a partition stays as it is: its own columns and SerDe may be older
// than the table's, as its files are. It returns an error for each of parts.
func (m *Mender) Relocate(ctx context.Context, t refresh.Table, parts []refresh.Partition) []error {
	return inChunks(parts, maxUpdate, func(chunk []refresh.Partition) []error { return m.relocate(ctx, t, chunk) })
}

func inChunks(parts []refresh.Partition, most int, call func([]refresh.Partition) []error) (errs []error) {
	for chunk := range slices.Chunk(parts, most) {
		errs = append(errs, call(chunk)...)
	}
	return errs
}

func (m *Mender) relocate(ctx context.Context, t refresh.Table, parts []refresh.Partition) []error {
	errs := make([]error, len(parts))
	now, err := m.reader.whole(ctx, t, parts)
	if err != nil {
		return all(errs, fmt.Errorf("read partitions of %s: %w", t.ID.Name, err))
	}
	in := &glue.BatchUpdatePartitionInput{CatalogId: optional(t.ID.Catalog), DatabaseName: &t.ID.Database, TableName: &t.ID.Name}
	for i, p := range parts {
		old, ok := now[valuesKey(p.Values)]
		if !ok || old.StorageDescriptor == nil {
			errs[i] = fmt.Errorf("relocate partition %q of %s: it does not exist any more", p.Values, t.ID.Name)
			continue
		}
		sd := *old.StorageDescriptor
		sd.Location = aws.String(p.Location)
		in.Entries = append(in.Entries, update(old, &sd))
	}
	if in.Entries == nil {
		return errs
	}
	out, err := m.batchUpdatePartition(ctx, in)
	if err != nil {
		return all(errs, fmt.Errorf("relocate partitions of %s: %w", t.ID.Name, classify(err, refresh.ErrTableMissing)))
	}
	for _, e := range out.Errors {
		err := fmt.Errorf("relocate partition %q of %s: %w", e.PartitionValueList, t.ID.Name, itemError(e.ErrorDetail))
		note(errs, parts, e.PartitionValueList, err)
	}
	return errs
}

// whole reads partitions with all that the catalog has of them, by their values.
func (r *Reader) whole(ctx context.Context, t refresh.Table, parts []refresh.Partition) (map[string]types.Partition, error) {
	values := make([][]string, len(parts))
	for i, p := range parts {
		values[i] = p.Values
	}
	list, unread, err := r.get(ctx, t, values)
	if err != nil {
		return nil, err
	}
	found := map[string]types.Partition{}
	for _, p := range list {
		found[valuesKey(p.Values)] = p
	}
	for _, v := range unread {
		if _, ok := found[valuesKey(v)]; !ok {
			return nil, fmt.Errorf("%w: Glue left partitions unread", refresh.ErrThrottled)
		}
	}
	return found, nil
}

func valuesKey(values []string) string { return strings.Join(values, "\x00") }

// Drop takes partitions out of the catalog; nothing in S3 is touched. It returns
// an error for each of parts. One that is gone already is as good as dropped.
func (m *Mender) Drop(ctx context.Context, t refresh.Table, parts []refresh.Partition) []error {
	return inChunks(parts, maxDelete, func(chunk []refresh.Partition) []error { return m.drop(ctx, t, chunk) })
}

func (m *Mender) drop(ctx context.Context, t refresh.Table, parts []refresh.Partition) []error {
	errs := make([]error, len(parts))
	in := &glue.BatchDeletePartitionInput{CatalogId: optional(t.ID.Catalog), DatabaseName: &t.ID.Database, TableName: &t.ID.Name}
	for _, p := range parts {
		in.PartitionsToDelete = append(in.PartitionsToDelete, types.PartitionValueList{Values: p.Values})
	}
	out, err := m.batchDeletePartition(ctx, in)
	if err != nil {
		return all(errs, fmt.Errorf("drop partitions of %s: %w", t.ID.Name, classify(err, refresh.ErrTableMissing)))
	}
	for _, e := range out.Errors {
		if err := itemError(e.ErrorDetail); awserror.Code(err) != notFound {
			note(errs, parts, e.PartitionValues, fmt.Errorf("drop partition %q of %s: %w", e.PartitionValues, t.ID.Name, err))
		}
	}
	return errs
}

// all gives every part that has none the error.
func all(errs []error, err error) []error {
	for i := range errs {
		if errs[i] == nil {
			errs[i] = err
		}
	}
	return errs
}

// note gives the part with the values its error; one that names none of them is
// everybody's.
func note(errs []error, parts []refresh.Partition, values []string, err error) {
	i := slices.IndexFunc(parts, func(p refresh.Partition) bool { return slices.Equal(p.Values, values) })
	if i < 0 {
		all(errs, err)
		return
	}
	errs[i] = err
}

// update gives a partition another descriptor, and keeps all else of it.
func update(p types.Partition, sd *types.StorageDescriptor) types.BatchUpdatePartitionRequestEntry {
	return types.BatchUpdatePartitionRequestEntry{
		PartitionValueList: p.Values,
		PartitionInput: &types.PartitionInput{
			Values: p.Values, StorageDescriptor: sd,
			Parameters: p.Parameters, LastAccessTime: p.LastAccessTime, LastAnalyzedTime: p.LastAnalyzedTime,
		},
	}
}

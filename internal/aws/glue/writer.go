package glue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/retries"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

const (
	// maxAdd is BatchCreatePartition's limit of partitions a call.
	maxAdd = 100
	// addTimeout bounds a call, the SDK's retries included, that the end of
	// the caller's context must not interrupt.
	addTimeout = time.Minute
)

// Writer is a [refresh.Writer] by the Data Catalog's own API.
type Writer struct {
	reader  *Reader
	log     *slog.Logger
	retryer aws.Retryer // of additions

	getDatabase          func(context.Context, *glue.GetDatabaseInput, ...func(*glue.Options)) (*glue.GetDatabaseOutput, error)
	batchCreatePartition func(context.Context, *glue.BatchCreatePartitionInput, ...func(*glue.Options)) (*glue.BatchCreatePartitionOutput, error)
}

var _ refresh.Writer = (*Writer)(nil)

// NewWriter returns a Writer into the reader's database. Partitions are made
// like the tables that the reader read last. The log has a line for every
// BatchCreatePartition.
func NewWriter(cfg aws.Config, r *Reader, log *slog.Logger) *Writer {
	client := newClient(cfg)
	return &Writer{
		reader:               r,
		log:                  log,
		retryer:              awserror.Retryer(client.Options().Retryer),
		getDatabase:          client.GetDatabase,
		batchCreatePartition: client.BatchCreatePartition,
	}
}

// Check confirms that the database exists. Whether partitions may be created
// in it can't be known before one is.
func (w *Writer) Check(ctx context.Context) error {
	if _, err := w.getDatabase(ctx, &glue.GetDatabaseInput{Name: &w.reader.database}); err != nil {
		return fmt.Errorf("read database %s: %w", w.reader.database, classify(err, refresh.ErrDatabaseMissing))
	}
	return nil
}

// Fits says how many of the first of parts a call takes: 100.
func (w *Writer) Fits(_ refresh.Table, parts []refresh.Partition) int {
	return min(len(parts), maxAdd)
}

// Add adds up to 100 partitions with one call, or with more where Glue refuses
// them together ([retries.Halve]).
//
// The end of ctx doesn't interrupt a call: one that was sent may be carried
// out, and only its answer says that it is over. It is waited for, for a
// minute at most.
func (w *Writer) Add(ctx context.Context, t refresh.Table, parts []refresh.Partition) error {
	if len(parts) > maxAdd {
		return fmt.Errorf("add partitions to %s: %d at once, Glue takes %d", t.ID.Name, len(parts), maxAdd)
	}
	descriptor, err := w.descriptor(ctx, t)
	if err != nil {
		return fmt.Errorf("add partitions to %s: %w", t.ID.Name, err)
	}
	err = retries.Halve(ctx, parts, func(piece []refresh.Partition) error {
		return w.create(ctx, t, descriptor, piece)
	})
	if err != nil {
		return fmt.Errorf("add partitions to %s: %w", t.ID.Name, err)
	}
	return nil
}

// descriptor returns the storage descriptor of exactly the table t. It is
// known from reading t's facts, unless so many tables were read since that it
// was forgotten.
func (w *Writer) descriptor(ctx context.Context, t refresh.Table) (types.StorageDescriptor, error) {
	if d, ok := w.reader.described(t.ID); ok {
		return d, nil
	}
	table, err := w.reader.fetch(ctx, t.ID.Catalog, t.ID.Database, t.ID.Name)
	switch {
	case err != nil:
		return types.StorageDescriptor{}, err
	case !same(factsAt(t.ID, table).ID, t.ID):
		return types.StorageDescriptor{}, errors.New("the table is another one than the one that was read")
	case table.StorageDescriptor == nil:
		return types.StorageDescriptor{}, errors.New("the table has no storage descriptor, which would say how to read its files")
	}
	return *table.StorageDescriptor, nil
}

func (r *Reader) described(id refresh.TableID) (types.StorageDescriptor, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.descriptors {
		if same(d.id, id) {
			return d.descriptor, true
		}
	}
	return types.StorageDescriptor{}, false
}

func same(a, b refresh.TableID) bool {
	created := a.Created.Equal(b.Created)
	a.Created, b.Created = time.Time{}, time.Time{}
	return created && a == b
}

func (w *Writer) create(ctx context.Context, t refresh.Table, like types.StorageDescriptor, parts []refresh.Partition) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), addTimeout)
	defer cancel()
	began := time.Now()
	out, err := w.batchCreatePartition(ctx, &glue.BatchCreatePartitionInput{
		CatalogId:          optional(t.ID.Catalog),
		DatabaseName:       &t.ID.Database,
		TableName:          &t.ID.Name,
		PartitionInputList: inputs(like, parts),
	}, func(o *glue.Options) { o.Retryer = w.retryer })
	if err != nil {
		err = refusal(err, len(parts))
	} else {
		err = itemErrors(out.Errors)
	}
	w.log.Debug("addition", "table", t.ID.Name, "partitions", len(parts), "took", time.Since(began).String(), "error", awserror.Text(err))
	return err
}

// inputs makes partitions that are read as the table is: their descriptor is
// the table's, but for the location. One without a SerDe can't be read at all.
func inputs(like types.StorageDescriptor, parts []refresh.Partition) []types.PartitionInput {
	in := make([]types.PartitionInput, len(parts))
	for i, p := range parts {
		sd := like
		sd.Location = aws.String(p.Location)
		in[i] = types.PartitionInput{Values: p.Values, StorageDescriptor: &sd}
	}
	return in
}

// alreadyExists is Glue's word, of a call or of a partition in it, for what
// IF NOT EXISTS ignores.
const alreadyExists = "AlreadyExistsException"

// refusal reads the error of a whole call for n partitions. What Glue finds
// wrong with the input may be wrong with one of them.
func refusal(err error, n int) error {
	switch code := awserror.Code(err); {
	case code == alreadyExists && n == 1:
		return nil
	case code == alreadyExists, code == "InvalidInputException", code == "ValidationException":
		return retries.Splittable(err)
	}
	return classify(err, refresh.ErrTableMissing)
}

// itemErrors joins what a successful call says of the partitions that it did
// not create. One that exists by now is as good as created.
func itemErrors(items []types.PartitionError) error {
	var errs []error
	for _, e := range items {
		if err := itemError(e.ErrorDetail); awserror.Code(err) != alreadyExists {
			errs = append(errs, fmt.Errorf("partition %q: %w", e.PartitionValues, err))
		}
	}
	return errors.Join(errs...)
}

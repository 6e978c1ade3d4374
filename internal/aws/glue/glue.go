// Package glue reads tables and partitions from the Glue Data Catalog, which
// is where Athena's live, and adds partitions to it.
//
// An answer of Glue is whole or an error: its batch calls succeed with some of
// the work undone, and say so in lists that are easily overlooked. Everything
// that was asked for is accounted for here before anything is returned.
package glue

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"sync"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

const (
	// maxLookup is BatchGetPartition's limit of values a call.
	maxLookup = 1000
	// maxDescriptors bounds how many tables' storage descriptors are kept;
	// those of the others are read again when partitions are added to them.
	maxDescriptors = 500
)

// Reader is a [refresh.Reader] of one database.
type Reader struct {
	database string
	region   string

	// The operations used, each a method of the SDK's client: holding the
	// client itself would link all of its operations.
	getTable          func(context.Context, *glue.GetTableInput, ...func(*glue.Options)) (*glue.GetTableOutput, error)
	getTables         func(context.Context, *glue.GetTablesInput, ...func(*glue.Options)) (*glue.GetTablesOutput, error)
	getPartition      func(context.Context, *glue.GetPartitionInput, ...func(*glue.Options)) (*glue.GetPartitionOutput, error)
	batchGetPartition func(context.Context, *glue.BatchGetPartitionInput, ...func(*glue.Options)) (*glue.BatchGetPartitionOutput, error)
	getPartitions     func(context.Context, *glue.GetPartitionsInput, ...func(*glue.Options)) (*glue.GetPartitionsOutput, error)

	mu          sync.Mutex
	descriptors map[string]described // by the table's name in database
}

// described is what a Writer needs of a table to make a partition of it.
type described struct {
	id         refresh.TableID
	descriptor types.StorageDescriptor
}

var _ refresh.Reader = (*Reader)(nil)

// NewReader returns a Reader of the database.
func NewReader(cfg aws.Config, database string) *Reader {
	client := newClient(cfg)
	return &Reader{
		database:          database,
		region:            cfg.Region,
		getTable:          client.GetTable,
		getTables:         client.GetTables,
		getPartition:      client.GetPartition,
		batchGetPartition: client.BatchGetPartition,
		getPartitions:     client.GetPartitions,
		descriptors:       map[string]described{},
	}
}

// newClient is a client of Glue that is [patient].
func newClient(cfg aws.Config) *glue.Client {
	return glue.NewFromConfig(cfg, func(o *glue.Options) { o.Retryer = patient(o.Retryer) })
}

// Tables lists the names of the database's tables, views and links among them.
func (r *Reader) Tables(ctx context.Context) ([]string, error) {
	var names []string
	for t, err := range r.tables(ctx, &glue.GetTablesInput{AttributesToGet: []types.TableAttributes{types.TableAttributesName}}) {
		if err != nil {
			return nil, err
		}
		names = append(names, strings.ToLower(aws.ToString(t.Name)))
	}
	return names, nil
}

// tables streams the database's tables. An error is the last thing that comes.
func (r *Reader) tables(ctx context.Context, in *glue.GetTablesInput) iter.Seq2[*types.Table, error] {
	return func(yield func(*types.Table, error) bool) {
		for in.DatabaseName = &r.database; ; {
			out, err := r.getTables(ctx, in)
			if err != nil {
				yield(nil, fmt.Errorf("list tables of %s: %w", r.database, classify(err, refresh.ErrDatabaseMissing)))
				return
			}
			for i := range out.TableList {
				if !yield(&out.TableList[i], nil) {
					return
				}
			}
			if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
				return
			}
		}
	}
}

// Table returns a table's facts. For a resource link they are those of the
// table it links to, its identity included.
func (r *Reader) Table(ctx context.Context, name string) (refresh.Table, error) {
	t, err := r.fetch(ctx, "", r.database, name)
	if err != nil {
		return refresh.Table{}, fmt.Errorf("read table %s: %w", name, err)
	}
	place := refresh.TableID{Database: r.database, Name: name}
	if link := t.TargetTable; link != nil {
		own := aws.ToString(t.CatalogId)
		if t, err = r.follow(ctx, link); err != nil {
			return refresh.Table{}, fmt.Errorf("read table %s, which %s links to: %w", aws.ToString(link.Name), name, err)
		}
		place = refresh.TableID{Database: aws.ToString(link.DatabaseName), Name: aws.ToString(link.Name)}
		if id := aws.ToString(link.CatalogId); id != own {
			place.Catalog = id
		}
	}
	facts := factsAt(place, t)
	if t.StorageDescriptor != nil {
		r.remember(strings.ToLower(name), described{facts.ID, *t.StorageDescriptor})
	}
	return facts, nil
}

// follow reads the table that a link is to. Glue shows much of it with the link,
// but what of that is the link's own is written nowhere.
func (r *Reader) follow(ctx context.Context, link *types.TableIdentifier) (*types.Table, error) {
	if region := aws.ToString(link.Region); region != "" && region != r.region {
		return nil, fmt.Errorf("it is in another Region, %s", region)
	}
	t, err := r.fetch(ctx, aws.ToString(link.CatalogId), aws.ToString(link.DatabaseName), aws.ToString(link.Name))
	if err != nil {
		return nil, err
	}
	if t.TargetTable != nil {
		return nil, fmt.Errorf("it is a link itself, to %s", aws.ToString(t.TargetTable.Name))
	}
	return t, nil
}

func (r *Reader) fetch(ctx context.Context, catalog, database, name string) (*types.Table, error) {
	out, err := r.getTable(ctx, &glue.GetTableInput{CatalogId: optional(catalog), DatabaseName: &database, Name: &name})
	if err != nil {
		return nil, classify(err, refresh.ErrTableMissing)
	}
	if out.Table == nil {
		return nil, fmt.Errorf("GetTable: the answer holds no table")
	}
	return out.Table, nil
}

// remember keeps a table's descriptor for the Writer, the last one read.
func (r *Reader) remember(name string, d described) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.descriptors[name]; !ok && len(r.descriptors) >= maxDescriptors {
		for other := range r.descriptors {
			delete(r.descriptors, other)
			break
		}
	}
	r.descriptors[name] = d
}

// patient lets the SDK repeat what Glue says may succeed the next time, and what
// it does not repeat by itself (docs/aws-facts.md 6, 8).
func patient(r aws.Retryer) aws.Retryer {
	return retry.AddWithErrorCodes(r, "OperationTimeoutException", "ConcurrentModificationException",
		"ResourceNotReadyException", "FederationSourceRetryableException")
}

// optional leaves a member out of a request where it has no value.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// notFound is Glue's word for whatever does not exist.
const notFound = "EntityNotFoundException"

// classify wraps an error of Glue so that it is the refresh package's sentinel
// for it, where there is one. EntityNotFoundException says in words only which
// entity it was; missing is what it is without them.
func classify(err, missing error) error {
	if awserror.Code(err) != notFound {
		return awserror.Classify(err)
	}
	switch message := awserror.Message(err); {
	case databaseMissing.MatchString(message):
		missing = refresh.ErrDatabaseMissing
	case tableMissing.MatchString(message):
		missing = refresh.ErrTableMissing
	}
	return fmt.Errorf("%w: %w", missing, err)
}

// "Database x not found.", "Table x not found."; also "Entity Not Found",
// which matches neither. The name comes after the word, so that no name can
// be taken for it.
var (
	databaseMissing = regexp.MustCompile(`(?i)^database\b`)
	tableMissing    = regexp.MustCompile(`(?i)^table\b`)
)

// itemError is what an answer says of one of the partitions of a batch call.
func itemError(d *types.ErrorDetail) error {
	if d == nil {
		return errors.New("no reason given")
	}
	return classify(&smithy.GenericAPIError{Code: aws.ToString(d.ErrorCode), Message: aws.ToString(d.ErrorMessage)}, refresh.ErrTableMissing)
}

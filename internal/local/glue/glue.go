// Package glue is the embedded AWS's Glue Data Catalog: databases, tables and
// partitions in one bbolt database, and the Glue API (JSON 1.1) on them.
//
// The law of this package: whatever was answered as done is in the database
// (one transaction a call, synced before the answer), so a catalog survives a
// kill at any point, and readers see whole calls only. Names fold to lower
// case; partition values and locations are kept exactly as given.
//
// Layout of the bucket "glue":
//
//	databases/<database>                     Database as JSON
//	tables/<database> NUL <table>            Table as JSON
//	partitions/<database> NUL <table>/       a bucket for each partitioned table:
//	    values/<escaped values, NUL between>     Partition as JSON, its descriptor by digest
//	    descriptors/<sha256>                     StorageDescriptor without its location
//	meta/created                             when the youngest table was created, ms
//
// A partition is found by its key alone, however many its table has. Its
// storage descriptor, in practice the same for all, is kept once; one that no
// partition uses any more goes with the table.
package glue

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"athenarefresh/internal/local/awsjson"
)

var (
	rootBucket       = []byte("glue")
	databasesBucket  = []byte("databases")
	tablesBucket     = []byte("tables")
	partitionsBucket = []byte("partitions")
	valuesBucket     = []byte("values")
	descriptorBucket = []byte("descriptors")
	metaBucket       = []byte("meta")
	createdKey       = []byte("created")
)

// Catalog is safe for concurrent use. Errors of its methods that a client may
// see are *awsjson.Error, with Glue's codes and wording.
type Catalog struct {
	db      *bbolt.DB
	account string // the catalog's id
	now     func() time.Time
}

// New opens an account's catalog, kept in db, creating it with the database
// "default" that every account has.
func New(db *bbolt.DB, account string) (*Catalog, error) {
	c := &Catalog{db: db, account: account, now: time.Now}
	err := db.Update(func(tx *bbolt.Tx) error {
		root, err := tx.CreateBucketIfNotExists(rootBucket)
		if err != nil {
			return err
		}
		for _, name := range [][]byte{databasesBucket, tablesBucket, partitionsBucket, metaBucket} {
			if _, err := root.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		if databases(tx).Get([]byte("default")) != nil {
			return nil
		}
		d := Database{DatabaseInput: DatabaseInput{Name: "default"}, CatalogID: c.account, CreateTime: c.timestamp()}
		return putJSON(databases(tx), []byte(d.Name), d)
	})
	if err != nil {
		return nil, fmt.Errorf("open the catalog: %w", err)
	}
	return c, nil
}

func databases(tx *bbolt.Tx) *bbolt.Bucket { return tx.Bucket(rootBucket).Bucket(databasesBucket) }
func tables(tx *bbolt.Tx) *bbolt.Bucket    { return tx.Bucket(rootBucket).Bucket(tablesBucket) }
func partitioned(tx *bbolt.Tx) *bbolt.Bucket {
	return tx.Bucket(rootBucket).Bucket(partitionsBucket)
}

// timestamp is the time now, to the millisecond that the protocol carries.
func (c *Catalog) timestamp() Timestamp { return Timestamp{c.now().UTC().Truncate(time.Millisecond)} }

// The codes of the errors that callers tell apart.
const (
	CodeNotFound     = "EntityNotFoundException"
	CodeExists       = "AlreadyExistsException"
	CodeInvalidInput = "InvalidInputException"
)

// Is says whether err is the service error of that code.
func Is(err error, code string) bool {
	var e *awsjson.Error
	return errors.As(err, &e) && e.Code == code
}

func invalid(format string, args ...any) error {
	return awsjson.Errorf(CodeInvalidInput, format, args...)
}

func fold(name string) string { return strings.ToLower(name) }

// checkName applies Glue's NameString: 1 to 255 characters, none that ends a line.
func checkName(what, name string) error {
	if name == "" || len(name) > 255 || strings.ContainsAny(name, "\x00\r\n") {
		return invalid("%s name %q must have 1 to 255 characters on a single line", what, name)
	}
	return nil
}

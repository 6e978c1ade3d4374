package athena

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// Layout of the bucket "athena":
//
//	workgroups/<name>                workGroup as JSON
//	executions/<id>                  record as JSON, of final executions
//	times/<submitted, ns><id>        nothing: the order of the history
//	tokens/<ClientRequestToken>      <id>
var (
	rootBucket       = []byte("athena")
	workGroupsBucket = []byte("workgroups")
	executionsBucket = []byte("executions")
	timesBucket      = []byte("times")
	tokensBucket     = []byte("tokens")
)

// historyAge is how long Athena keeps its history (user guide, "Recent queries").
const historyAge = 45 * 24 * time.Hour

func bucket(tx *bbolt.Tx, name []byte) *bbolt.Bucket { return tx.Bucket(rootBucket).Bucket(name) }

// openStore creates the buckets and the workgroup "primary", and forgets what
// is too old to be kept.
func (e *Engine) openStore() error {
	err := e.DB.Update(func(tx *bbolt.Tx) error {
		root, err := tx.CreateBucketIfNotExists(rootBucket)
		if err != nil {
			return err
		}
		for _, name := range [][]byte{workGroupsBucket, executionsBucket, timesBucket, tokensBucket} {
			if _, err := root.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		if bucket(tx, workGroupsBucket).Get([]byte(primary)) == nil {
			if err := putWorkGroup(tx, e.newWorkGroup(primary)); err != nil {
				return err
			}
		}
		return e.forget(tx)
	})
	if err != nil {
		return fmt.Errorf("open athena's store: %w", err)
	}
	return nil
}

// forget removes executions that were submitted before historyAge.
func (e *Engine) forget(tx *bbolt.Tx) error {
	limit := e.now().Add(-historyAge).UnixNano()
	cur := bucket(tx, timesBucket).Cursor()
	var old [][]byte
	for k, _ := cur.First(); k != nil && int64(binary.BigEndian.Uint64(k)) < limit; k, _ = cur.Next() {
		old = append(old, append([]byte(nil), k...))
	}
	for _, k := range old {
		id := string(k[8:])
		r, err := getJSON[record](tx, executionsBucket, id)
		if err != nil {
			return err
		}
		if r == nil {
			return fmt.Errorf("the history has no execution %s", id)
		}
		err = errors.Join(
			bucket(tx, executionsBucket).Delete(k[8:]),
			bucket(tx, timesBucket).Delete(k),
			bucket(tx, tokensBucket).Delete([]byte(r.Token)),
			os.RemoveAll(e.rowsPath(id)))
		if err != nil {
			return err
		}
	}
	return nil
}

// rowsPath is where the rows of an execution's result are kept.
func (e *Engine) rowsPath(id string) string {
	return filepath.Join(e.DataDir, "athena", id+".ndjson")
}

func timeKey(submitted time.Time, id string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(submitted.UnixNano())), id...)
}

// putJSON keeps a value under a key of a bucket.
func putJSON(tx *bbolt.Tx, name []byte, key string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s of %s: %w", key, name, err)
	}
	return bucket(tx, name).Put([]byte(key), body)
}

// getJSON returns what is kept under a key, nil if nothing is.
func getJSON[T any](tx *bbolt.Tx, name []byte, key string) (*T, error) {
	body := bucket(tx, name).Get([]byte(key))
	if body == nil {
		return nil, nil
	}
	value := new(T)
	if err := json.Unmarshal(body, value); err != nil {
		return nil, fmt.Errorf("decode %s of %s: %w", key, name, err)
	}
	return value, nil
}

// save puts a final execution into the history.
func (e *Engine) save(r *record) error {
	return e.DB.Update(func(tx *bbolt.Tx) error {
		if err := putJSON(tx, executionsBucket, r.QueryExecutionID, r); err != nil {
			return err
		}
		if r.Token != "" {
			if err := bucket(tx, tokensBucket).Put([]byte(r.Token), []byte(r.QueryExecutionID)); err != nil {
				return err
			}
		}
		return bucket(tx, timesBucket).Put(timeKey(r.Status.SubmissionDateTime.Time, r.QueryExecutionID), nil)
	})
}

// stored returns a final execution, nil if there is none of that id.
func (e *Engine) stored(id string) (r *record, err error) {
	err = e.DB.View(func(tx *bbolt.Tx) error {
		r, err = getJSON[record](tx, executionsBucket, id)
		return err
	})
	return r, err
}

// storedByToken returns the final execution that was submitted with a token.
func (e *Engine) storedByToken(token string) (r *record, err error) {
	err = e.DB.View(func(tx *bbolt.Tx) error {
		r, err = getJSON[record](tx, executionsBucket, string(bucket(tx, tokensBucket).Get([]byte(token))))
		return err
	})
	return r, err
}

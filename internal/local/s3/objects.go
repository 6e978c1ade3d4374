package s3

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"time"

	"github.com/rclone/gofakes3"
	"go.etcd.io/bbolt"
)

// object is what is stored of an object.
type object struct {
	Body      string // name of its file
	Size      int64
	MD5       []byte // of the content; of the parts' MD5s, if uploaded in parts
	Sequencer uint64 // rises with every event, of any key
	Modified  time.Time
	Meta      map[string]string
	Parts     []int64 `json:",omitempty"` // sizes, if uploaded in parts
}

// etag has the number of parts, where there were any.
func (o *object) etag() string {
	if len(o.Parts) == 0 {
		return o.hash()
	}
	return fmt.Sprintf("%s-%d", o.hash(), len(o.Parts))
}

func (o *object) hash() string { return hex.EncodeToString(o.MD5) }

// PutObject implements gofakes3.Backend.
func (s *Store) PutObject(ctx context.Context, name, key string, meta map[string]string, r io.Reader, size int64) (gofakes3.PutObjectResult, error) {
	b, err := s.write(key, r, size)
	if err != nil {
		return gofakes3.PutObjectResult{}, clientError(err)
	}
	event := createdPut
	if exchangeOf(ctx).form {
		event = createdPost
	}
	_, err = s.commit(ctx, name, key, b, meta, nil, event)
	return gofakes3.PutObjectResult{}, err
}

// Put puts an object as a client would, with its notification.
func (s *Store) Put(ctx context.Context, bucket, key string, content []byte) error {
	_, err := s.PutObject(ctx, bucket, key, map[string]string{}, bytes.NewReader(content), int64(len(content)))
	return err
}

// commit makes a body the object's and sends the notification. From here on the
// put has happened, whether the answer arrives or not.
func (s *Store) commit(ctx context.Context, name, key string, b body, meta map[string]string, parts []int64, event string) (object, error) {
	o := object{Body: b.name, Size: b.size, MD5: b.md5, Meta: withChecksum(meta, b.crc32), Parts: parts}
	var old object
	err := s.Update(in(name, func(tx *bbolt.Tx, objects *bbolt.Bucket) error {
		old = object{}
		exists, err := load(objects, key, &old)
		if err != nil {
			return err
		}
		if err := gofakes3.CheckWriteConditions(ctx, exists, old.hash()); err != nil {
			return err
		}
		o.Modified = s.Now().UTC()
		if err := s.notify(ctx, tx, event, name, key, &o); err != nil {
			return err
		}
		return save(objects, key, o)
	}))
	var refused gofakes3.Error
	if errors.As(err, &refused) {
		s.bury(b.name)
	}
	if err != nil {
		// Else the disk failed, perhaps after the transaction had happened: the
		// file stays, and the next Open knows whether anyone refers to it.
		return object{}, err
	}
	s.bury(old.Body)
	return o, nil
}

// withChecksum adds the checksum that clients compare a download with, unless
// the uploader chose another.
func withChecksum(meta map[string]string, crc32 string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, meta)
	for _, k := range []string{"Sha256", "Sha1", "Crc32c", "Crc64nvme"} {
		if out["X-Amz-Checksum-"+k] != "" {
			return out
		}
	}
	out["X-Amz-Checksum-Crc32"] = crc32
	return out
}

// CopyObject implements gofakes3.Backend. The copy is a file of its own, so
// that each object owns its file.
func (s *Store) CopyObject(ctx context.Context, srcBucket, srcKey, dstBucket, dstKey string, meta map[string]string) (gofakes3.CopyObjectResult, error) {
	_, open, err := s.look(srcBucket, srcKey)
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	f, err := open()
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	defer f.Close()
	b, err := s.write(dstKey, f, -1)
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	o, err := s.commit(ctx, dstBucket, dstKey, b, meta, nil, createdCopy)
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	return gofakes3.CopyObjectResult{ETag: `"` + o.etag() + `"`, LastModified: gofakes3.NewContentTime(o.Modified)}, nil
}

// DeleteObject implements gofakes3.Backend.
func (s *Store) DeleteObject(ctx context.Context, name, key string) (gofakes3.ObjectDeleteResult, error) {
	_, err := s.DeleteMulti(ctx, name, key)
	return gofakes3.ObjectDeleteResult{}, err
}

// DeleteMulti implements gofakes3.Backend: all or none of the keys. One that
// does not exist is deleted already, and nobody is notified.
func (s *Store) DeleteMulti(ctx context.Context, name string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	var dead []string
	err := s.Update(in(name, func(tx *bbolt.Tx, objects *bbolt.Bucket) error {
		dead = dead[:0]
		for _, key := range keys {
			file, err := s.remove(ctx, tx, objects, name, key)
			if err != nil {
				return err
			}
			dead = append(dead, file)
		}
		return nil
	}))
	var result gofakes3.MultiDeleteResult
	if err != nil {
		return result, err
	}
	for i, key := range keys {
		s.bury(dead[i])
		result.Deleted = append(result.Deleted, gofakes3.ObjectID{Key: key})
	}
	return result, nil
}

// remove deletes one object and returns the file it leaves, "" for none.
func (s *Store) remove(ctx context.Context, tx *bbolt.Tx, objects *bbolt.Bucket, name, key string) (string, error) {
	var o object
	if exists, err := load(objects, key, &o); err != nil || !exists {
		return "", err
	}
	if err := objects.Delete([]byte(key)); err != nil {
		return "", err
	}
	return o.Body, s.notify(ctx, tx, removedDelete, name, key, &o)
}

// find reads what is stored of an object.
func (s *Store) find(name, key string) (object, error) {
	var o object
	err := s.DB.View(in(name, func(_ *bbolt.Tx, objects *bbolt.Bucket) error {
		exists, err := load(objects, key, &o)
		if err == nil && !exists {
			err = gofakes3.KeyNotFound(key)
		}
		return err
	}))
	return o, err
}

// Has says whether there is such an object; a bucket that there isn't has none.
func (s *Store) Has(bucket, key string) (bool, error) {
	_, _, err := s.look(bucket, key)
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) || gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchBucket) {
		return false, nil
	}
	return err == nil, err
}

// look finds an object as gofakes3 answers with it, and how its file is opened.
func (s *Store) look(bucket, key string) (*gofakes3.Object, func() (*os.File, error), error) {
	if m := s.mounted(bucket); m != nil {
		return m.find(key)
	}
	o, err := s.find(bucket, key)
	if err != nil {
		return nil, nil, err
	}
	return o.answer(key), func() (*os.File, error) { return os.Open(s.path(o.Body)) }, nil
}

func (o *object) answer(key string) *gofakes3.Object {
	return &gofakes3.Object{Name: key, Metadata: o.Meta, Size: o.Size, Hash: o.MD5, Contents: http.NoBody, PartSizes: o.Parts}
}

// HeadObject implements gofakes3.Backend.
func (s *Store) HeadObject(ctx context.Context, name, key string) (*gofakes3.Object, error) {
	o, _, err := s.look(name, key)
	if err == nil {
		exchangeOf(ctx).parts = len(o.PartSizes)
	}
	return o, err
}

// GetObject implements gofakes3.Backend.
func (s *Store) GetObject(ctx context.Context, name, key string, request *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	o, open, err := s.look(name, key)
	if err != nil {
		return nil, err
	}
	if o.Range, err = request.Range(o.Size); err != nil {
		return nil, err
	}
	f, err := open()
	if err != nil {
		return nil, err
	}
	exchangeOf(ctx).parts = len(o.PartSizes)
	begin, length := int64(0), o.Size // no more, should a file of a mount grow
	if o.Range != nil {
		begin, length = o.Range.Start, o.Range.Length
	}
	o.Contents = section{io.NewSectionReader(f, begin, length), f}
	return o, nil
}

// section is a part of a file that is closed with it.
type section struct {
	io.Reader
	io.Closer
}

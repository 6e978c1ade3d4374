package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/rclone/gofakes3"
	"go.etcd.io/bbolt"
)

// Object is an object for a reader on this machine.
type Object struct {
	Key  string
	Size int64  // bytes
	Path string // of the file that holds it, absolute
	// Modified is zero where the file never changes, as the store's own.
	Modified time.Time
}

// Objects returns the objects of a bucket whose keys begin with prefix, in the
// order of their keys; gofakes3's NoSuchBucket if there is no such bucket.
func (s *Store) Objects(ctx context.Context, bucket, prefix string) ([]Object, error) {
	if m := s.mounts[bucket]; m != nil {
		return m.objects(ctx, prefix)
	}
	var all []Object
	err := s.DB.View(func(tx *bbolt.Tx) error {
		objects, err := objectsOf(tx, bucket)
		if err != nil {
			return err
		}
		c := objects.Cursor()
		for key, v := c.Seek([]byte(prefix)); key != nil && bytes.HasPrefix(key, []byte(prefix)); key, v = c.Next() {
			var o object
			if err := json.Unmarshal(v, &o); err != nil {
				return fmt.Errorf("decode %q: %w", key, err)
			}
			all = append(all, Object{Key: string(key), Size: o.Size, Path: s.path(o.Body)})
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// ListBucket implements gofakes3.Backend.
func (s *Store) ListBucket(ctx context.Context, name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	if m := s.mounts[name]; m != nil {
		return m.list(ctx, prefix, page)
	}
	l := listing{page: page, list: gofakes3.NewObjectList()}
	if prefix != nil {
		l.prefix, l.delimiter = prefix.Prefix, prefix.Delimiter
	}
	err := s.DB.View(func(tx *bbolt.Tx) error {
		objects, err := objectsOf(tx, name)
		if err != nil {
			return err
		}
		return l.walk(objects.Cursor())
	})
	return l.list, err
}

// listing collects one page of a bucket. A folder (common prefix) is one entry
// however much is below it: the cursor leaps over that.
type listing struct {
	prefix, delimiter string
	page              gofakes3.ListBucketPage
	list              *gofakes3.ObjectList
	count             int64
	last              string // the entry that was listed last
}

func (l *listing) walk(c *bbolt.Cursor) error {
	key, v := l.start(c)
	for key != nil && strings.HasPrefix(string(key), l.prefix) {
		if l.page.MaxKeys > 0 && l.count >= l.page.MaxKeys {
			l.list.IsTruncated, l.list.NextMarker = true, l.last
			return nil
		}
		l.count++
		if folder := l.folder(string(key)); folder != "" {
			l.last = folder
			l.list.AddPrefix(folder)
			key, v = leap(c, folder)
			continue
		}
		if err := l.add(string(key), v); err != nil {
			return err
		}
		key, v = c.Next()
	}
	return nil
}

// start finds the first key after the marker; a marker that is a folder stands
// for all that is in it.
func (l *listing) start(c *bbolt.Cursor) (key, v []byte) {
	marker := l.page.Marker
	if marker < l.prefix {
		return c.Seek([]byte(l.prefix))
	}
	if folder := l.folder(marker); folder == marker && folder != "" {
		return leap(c, folder)
	}
	key, v = c.Seek([]byte(marker))
	if string(key) == marker {
		return c.Next()
	}
	return key, v
}

// leap goes to the first key behind all that begin with folder.
func leap(c *bbolt.Cursor, folder string) (key, v []byte) {
	for end := []byte(folder); len(end) > 0; end = end[:len(end)-1] {
		if last := len(end) - 1; end[last] < 0xff {
			end[last]++
			return c.Seek(end)
		}
	}
	return nil, nil
}

// folder is the common prefix that key is listed under, "" if under itself.
func (l *listing) folder(key string) string {
	if l.delimiter == "" || !strings.HasPrefix(key, l.prefix) {
		return ""
	}
	i := strings.Index(key[len(l.prefix):], l.delimiter)
	if i < 0 {
		return ""
	}
	return key[:len(l.prefix)+i+len(l.delimiter)]
}

func (l *listing) add(key string, v []byte) error {
	var o object
	if err := json.Unmarshal(v, &o); err != nil {
		return fmt.Errorf("decode %q: %w", key, err)
	}
	l.last = key
	l.list.Add(&gofakes3.Content{
		Key: key, Size: o.Size, ETag: `"` + o.etag() + `"`,
		LastModified: gofakes3.NewContentTime(o.Modified), StorageClass: gofakes3.StorageStandard,
	})
	return nil
}

package s3

import (
	"bytes"
	"context"
	"errors"
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
	var all []Object
	if m := s.mounted(bucket); m != nil {
		for o, err := range m.files(ctx, prefix) {
			if err != nil {
				return nil, err
			}
			all = append(all, o)
		}
		return all, nil
	}
	err := s.DB.View(in(bucket, func(_ *bbolt.Tx, objects *bbolt.Bucket) error {
		c := objects.Cursor()
		for key, v := c.Seek([]byte(prefix)); key != nil && bytes.HasPrefix(key, []byte(prefix)); key, v = c.Next() {
			var o object
			if err := decode(string(key), v, &o); err != nil {
				return err
			}
			all = append(all, Object{Key: string(key), Size: o.Size, Path: s.path(o.Body)})
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	}))
	return all, err
}

// ListBucket implements gofakes3.Backend.
func (s *Store) ListBucket(ctx context.Context, name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	l := listing{page: page, list: gofakes3.NewObjectList()}
	if prefix != nil {
		l.prefix, l.delimiter = prefix.Prefix, prefix.Delimiter
	}
	err := s.list(ctx, name, &l)
	if errors.Is(err, errEnough) {
		err = nil
	}
	return l.list, err
}

func (s *Store) list(ctx context.Context, name string, l *listing) error {
	if m := s.mounted(name); m != nil {
		return m.list(ctx, l)
	}
	return s.DB.View(in(name, func(_ *bbolt.Tx, objects *bbolt.Bucket) error {
		c := objects.Cursor()
		key, v := c.Seek([]byte(l.from()))
		for key != nil && strings.HasPrefix(string(key), l.prefix) {
			next, err := l.take(string(key), func() (o object, err error) { return o, decode(string(key), v, &o) })
			switch {
			case err != nil:
				return err
			case next == "":
				key, v = c.Next()
			default:
				key, v = c.Seek([]byte(next))
			}
		}
		return nil
	}))
}

// listing collects one page of a bucket. A folder (common prefix) is one entry
// however much is below it.
type listing struct {
	prefix, delimiter string
	page              gofakes3.ListBucketPage
	list              *gofakes3.ObjectList
	count             int64
	last              string // the entry that was listed last
}

// errEnough ends a listing before its end.
var errEnough = errors.New("enough")

// from is the first key that the page may have. A marker that is a folder stands for
// all that is in it.
func (l *listing) from() string {
	marker := l.page.Marker
	switch {
	case marker == "" || marker < l.prefix:
		return l.prefix
	case l.folder(marker) == marker:
		return behind(marker)
	}
	return marker + "\x00"
}

// behind is before every key that follows those which begin with folder. Keys are
// UTF-8, so that there is a next byte.
func behind(folder string) string {
	end := []byte(folder)
	end[len(end)-1]++
	return string(end)
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

// take lists a key, or the folder that it is in: then it returns where the next entry
// may begin. errEnough if the page has no room for it.
func (l *listing) take(key string, read func() (object, error)) (next string, err error) {
	if l.page.MaxKeys > 0 && l.count >= l.page.MaxKeys {
		l.list.IsTruncated, l.list.NextMarker = true, l.last
		return "", errEnough
	}
	if folder := l.folder(key); folder != "" {
		l.list.AddPrefix(folder)
		l.count, l.last = l.count+1, folder
		return behind(folder), nil
	}
	o, err := read()
	if err != nil {
		return "", err
	}
	l.list.Add(&gofakes3.Content{
		Key: key, Size: o.Size, ETag: `"` + o.etag() + `"`,
		LastModified: gofakes3.NewContentTime(o.Modified), StorageClass: gofakes3.StorageStandard,
	})
	l.count, l.last = l.count+1, key
	return "", nil
}

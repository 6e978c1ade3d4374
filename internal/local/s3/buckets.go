package s3

import (
	"context"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"regexp"

	"github.com/rclone/gofakes3"
	"go.etcd.io/bbolt"
)

// ListBuckets implements gofakes3.Backend.
func (s *Store) ListBuckets(context.Context) ([]gofakes3.BucketInfo, error) {
	var all []gofakes3.BucketInfo
	err := s.DB.View(func(tx *bbolt.Tx) error {
		buckets := tx.Bucket(bucketsName)
		return buckets.ForEach(func(name, _ []byte) error {
			var b bucket
			_, err := load(buckets, string(name), &b)
			all = append(all, gofakes3.BucketInfo{Name: string(name), CreationDate: gofakes3.NewContentTime(b.Created)})
			return err
		})
	})
	return all, err
}

// CreateBucket implements gofakes3.Backend. In us-east-1 S3 lets an owner
// create a bucket again, everywhere else that is an error.
func (s *Store) CreateBucket(_ context.Context, name string) error {
	return s.Update(func(tx *bbolt.Tx) error {
		if tx.Bucket(objectsName).Bucket([]byte(name)) != nil {
			if s.Region == "us-east-1" {
				return nil
			}
			return gofakes3.ResourceError(gofakes3.ErrBucketAlreadyExists, name)
		}
		if _, err := tx.Bucket(objectsName).CreateBucket([]byte(name)); err != nil {
			return err
		}
		return save(tx.Bucket(bucketsName), name, bucket{Created: s.Now().UTC()})
	})
}

// BucketExists implements gofakes3.Backend.
func (s *Store) BucketExists(_ context.Context, name string) (bool, error) {
	exists := false
	err := s.DB.View(func(tx *bbolt.Tx) error {
		exists = tx.Bucket(bucketsName).Get([]byte(name)) != nil
		return nil
	})
	return exists, err
}

// DeleteBucket implements gofakes3.Backend.
func (s *Store) DeleteBucket(_ context.Context, name string) error {
	return s.Update(in(name, func(tx *bbolt.Tx, objects *bbolt.Bucket) error {
		if key, _ := objects.Cursor().First(); key != nil {
			return gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, name)
		}
		if err := tx.Bucket(objectsName).DeleteBucket([]byte(name)); err != nil {
			return err
		}
		return tx.Bucket(bucketsName).Delete([]byte(name))
	}))
}

// in is what f does with the objects of a bucket, or gofakes3's NoSuchBucket.
func in(bucket string, f func(tx *bbolt.Tx, objects *bbolt.Bucket) error) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		if bucket == "" || tx.Bucket(objectsName).Bucket([]byte(bucket)) == nil {
			return gofakes3.BucketNotFound(bucket)
		}
		return f(tx, tx.Bucket(objectsName).Bucket([]byte(bucket)))
	}
}

// bucketName is what a bucket may be called: labels of a-z, 0-9 and hyphens
// between dots, which begin and end with a letter or a digit.
var bucketName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

// serveCreateBucket answers CreateBucket: gofakes3 refuses labels of one or two
// characters, which S3 takes.
func (s *Store) serveCreateBucket(w http.ResponseWriter, r *http.Request, name string) error {
	if len(name) < 3 || len(name) > 63 || !bucketName.MatchString(name) || net.ParseIP(name) != nil {
		return gofakes3.ErrorMessage(gofakes3.ErrInvalidBucketName, "The specified bucket is not valid.")
	}
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 1<<20)); err != nil { // its digest is checked on the way
		return err
	}
	err := s.CreateBucket(r.Context(), name)
	if err == nil {
		w.Header().Set("Location", "/"+name)
	}
	return err
}

// serveRegion answers HeadBucket and GetBucketLocation; gofakes3 knows no region.
func (s *Store) serveRegion(w http.ResponseWriter, r *http.Request, name string) error {
	exists, err := s.BucketExists(r.Context(), name)
	switch {
	case err != nil:
		return err
	case !exists:
		return gofakes3.BucketNotFound(name)
	case r.Method == http.MethodHead:
		w.Header().Set("X-Amz-Bucket-Region", s.Region)
		return nil
	}
	type location struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
		Region  string   `xml:",chardata"`
	}
	l := location{Region: s.Region}
	if s.Region == "us-east-1" {
		l.Region = "" // where S3 began
	}
	return writeXML(w, http.StatusOK, l)
}

// errorAnswer is how S3 says no.
type errorAnswer struct {
	XMLName                 xml.Name `xml:"Error"`
	Code, Message, Resource string
}

// writeError answers the calls that gofakes3 doesn't.
func writeError(w http.ResponseWriter, resource string, err error) {
	a := errorAnswer{Code: string(gofakes3.ErrInternal), Message: err.Error(), Resource: resource}
	status := http.StatusInternalServerError
	if e, ok := err.(gofakes3.Error); ok {
		a.Code, status = string(e.ErrorCode()), e.ErrorCode().Status()
	}
	if e, ok := err.(*gofakes3.ErrorResponse); ok {
		a.Message = e.Message
	}
	writeXML(w, status, a) // there is nothing in it that XML doesn't have
}

// writeXML answers; when the client is gone there is nobody to tell.
func writeXML(w http.ResponseWriter, status int, v any) error {
	b, err := xml.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	w.Write(append([]byte(xml.Header), b...))
	return nil
}

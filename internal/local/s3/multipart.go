package s3

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rclone/gofakes3"
)

// upload is a multipart upload that is not complete. Its parts are files that
// no object refers to, so the next [Open] sweeps them; gofakes3 forgets an
// upload with the process as well.
type upload struct {
	bucket, key string
	meta        map[string]string

	mu       sync.Mutex // a completion is one at a time, and parts wait for it
	parts    map[int]body
	complete string // the ETag, once it is
}

// CreateMultipartUpload implements gofakes3.MultipartBackend.
func (s *Store) CreateMultipartUpload(_ context.Context, bucket, key string, meta map[string]string) (gofakes3.UploadID, error) {
	if len(key) > gofakes3.KeySizeLimit {
		return "", gofakes3.ResourceError(gofakes3.ErrKeyTooLong, key)
	}
	id := gofakes3.UploadID(rand.Text())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploads[id] = &upload{bucket: bucket, key: key, meta: meta, parts: map[int]body{}}
	return id, nil
}

func (s *Store) upload(bucket, key string, id gofakes3.UploadID) (*upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[id]
	if u == nil || u.bucket != bucket || u.key != key {
		return nil, gofakes3.ErrNoSuchUpload
	}
	return u, nil
}

// UploadPart implements gofakes3.MultipartBackend.
func (s *Store) UploadPart(_ context.Context, bucket, key string, id gofakes3.UploadID, number int, size int64, r io.Reader) (string, error) {
	u, err := s.upload(bucket, key, id)
	if err != nil {
		return "", err
	}
	part, err := s.write("part", r, size)
	if err != nil {
		return "", clientError(err)
	}
	u.mu.Lock()
	old := u.parts[number]
	u.parts[number] = part
	u.mu.Unlock()
	s.bury(old.name)
	return part.etag(), nil
}

// CompleteMultipartUpload implements gofakes3.MultipartBackend. Asked again, it
// gives the same answer.
func (s *Store) CompleteMultipartUpload(ctx context.Context, bucket, key string, id gofakes3.UploadID, in *gofakes3.CompleteMultipartUploadRequest) (gofakes3.VersionID, string, error) {
	u, err := s.upload(bucket, key, id)
	if err != nil {
		return "", "", err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.complete != "" {
		return "", u.complete, nil
	}
	parts, err := u.choose(in.Parts)
	if err != nil {
		return "", "", err
	}
	if exchangeOf(ctx).small = tooSmall(parts); exchangeOf(ctx).small {
		return "", "", gofakes3.ErrorMessage("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
	}
	o, err := s.assemble(ctx, u, parts)
	if err != nil {
		return "", "", err
	}
	u.complete = `"` + o.etag() + `"`
	s.forget(id, u)
	return "", u.complete, nil
}

// choose picks the parts that the client lists.
func (u *upload) choose(listed []gofakes3.CompletedPart) ([]body, error) {
	if len(listed) == 0 {
		return nil, gofakes3.ErrorMessage(gofakes3.ErrMalformedXML, "You must specify at least one part")
	}
	parts := make([]body, 0, len(listed))
	for i, p := range listed {
		if i > 0 && p.PartNumber <= listed[i-1].PartNumber {
			return nil, gofakes3.ErrInvalidPartOrder
		}
		part, ok := u.parts[p.PartNumber]
		if !ok || strings.Trim(p.ETag, `"`) != strings.Trim(part.etag(), `"`) {
			return nil, gofakes3.ErrorMessagef(gofakes3.ErrInvalidPart, "part %d was not found or has another ETag", p.PartNumber)
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// minPart is how large every part but the last has to be, in bytes.
const minPart = 5 << 20

func tooSmall(parts []body) bool {
	return slices.ContainsFunc(parts[:len(parts)-1], func(p body) bool { return p.size < minPart })
}

// serveParts answers ListParts; gofakes3 panics where one asks for the parts after
// a number.
func (s *Store) serveParts(w http.ResponseWriter, query url.Values, bucket, key string) error {
	type part struct {
		PartNumber int
		ETag       string
		Size       int64
	}
	type answer struct {
		XMLName              xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListPartsResult"`
		Bucket, Key          string
		UploadID             gofakes3.UploadID `xml:"UploadId"`
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		Part                 []part
	}
	a := answer{Bucket: bucket, Key: key, UploadID: gofakes3.UploadID(query.Get("uploadId")), MaxParts: maxParts}
	u, err := s.upload(bucket, key, a.UploadID)
	if err != nil {
		return err
	}
	for name, n := range map[string]*int{"part-number-marker": &a.PartNumberMarker, "max-parts": &a.MaxParts} {
		if text := query.Get(name); text != "" {
			if *n, err = strconv.Atoi(text); err != nil || *n < 0 {
				return gofakes3.ErrorMessagef(gofakes3.ErrInvalidArgument, "Provided %s not an integer or within integer range", name)
			}
		}
	}
	a.MaxParts = min(a.MaxParts, maxParts)
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		if n <= a.PartNumberMarker {
			continue
		}
		if a.IsTruncated = len(a.Part) >= a.MaxParts; a.IsTruncated {
			break
		}
		p := u.parts[n]
		a.Part = append(a.Part, part{n, p.etag(), p.size})
		a.NextPartNumberMarker = n
	}
	return writeXML(w, http.StatusOK, a)
}

// maxParts is how many parts a page of ListParts has.
const maxParts = 1000

// assemble writes the parts one after the other into the object.
func (s *Store) assemble(ctx context.Context, u *upload, parts []body) (object, error) {
	var sizes []int64
	var readers []io.Reader
	digest := md5.New()
	for _, p := range parts {
		f, err := os.Open(s.path(p.name))
		if err != nil {
			return object{}, err
		}
		defer f.Close()
		sizes = append(sizes, p.size)
		readers = append(readers, f)
		digest.Write(p.md5)
	}
	b, err := s.write(u.key, io.MultiReader(readers...), -1)
	if err != nil {
		return object{}, err
	}
	b.md5 = digest.Sum(nil)
	return s.commit(ctx, u.bucket, u.key, b, u.meta, sizes, createdMultipart)
}

// AbortMultipartUpload implements gofakes3.MultipartBackend.
func (s *Store) AbortMultipartUpload(_ context.Context, bucket, key string, id gofakes3.UploadID) error {
	u, err := s.upload(bucket, key, id)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	s.forget(id, u)
	return nil
}

// forget drops an upload and its parts; the caller holds u.mu.
func (s *Store) forget(id gofakes3.UploadID, u *upload) {
	s.mu.Lock()
	delete(s.uploads, id)
	s.mu.Unlock()
	for _, p := range u.parts {
		s.bury(p.name)
	}
	clear(u.parts)
}

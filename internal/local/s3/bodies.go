package s3

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"athenarefresh/internal/local/sigv4"

	"github.com/rclone/gofakes3"
	"go.etcd.io/bbolt"
)

// Grace is how long the file of an object outlives it, for readers that were
// given its path before the object was deleted or overwritten.
const Grace = 5 * time.Minute

// body is a file that was written, synced and belongs to nobody yet.
type body struct {
	name  string // below the store's directory
	size  int64
	md5   []byte
	crc32 string // base64, as in x-amz-checksum-crc32
}

// etag is that of a part.
func (b body) etag() string { return fmt.Sprintf(`"%x"`, b.md5) }

// write keeps what r holds as a new file. size is what r promises, or -1. After
// write has returned, a crash can't take the file back.
func (s *Store) write(key string, r io.Reader, size int64) (body, error) {
	b := body{name: rand.Text() + extension(key)}
	f, err := os.OpenFile(s.path(b.name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return body{}, err
	}
	if err := b.fill(f, r, size); err != nil {
		return body{}, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	if err := f.Close(); err != nil {
		return body{}, err
	}
	return b, syncDir(s.Dir)
}

func (b *body) fill(f *os.File, r io.Reader, size int64) error {
	digest, sum := md5.New(), crc32.NewIEEE()
	n, err := io.Copy(io.MultiWriter(f, digest, sum), r)
	if err != nil {
		return err
	}
	if size >= 0 && n != size {
		return gofakes3.ErrIncompleteBody
	}
	b.size, b.md5 = n, digest.Sum(nil)
	b.crc32 = base64.StdEncoding.EncodeToString(sum.Sum(nil))
	return f.Sync()
}

// clientError makes a body that was not what the client had signed the
// client's mistake; gofakes3 takes an unknown error for our own, and the
// client would try again.
func clientError(err error) error {
	var e *sigv4.Error
	if errors.As(err, &e) {
		return gofakes3.ErrorMessage(gofakes3.ErrBadDigest, e.Error())
	}
	var s3err gofakes3.Error
	if errors.As(err, &s3err) {
		return s3err // by itself: gofakes3 looks at the type only
	}
	return err
}

func (s *Store) path(name string) string { return filepath.Join(s.Dir, name) }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// maxExtension is the longest extension that is kept; ".snappy.parquet" is 15.
const maxExtension = 32

// extension is the end of a key that tells an engine how to read the object:
// ".json.gz" of "2026/01/02/a b.json.gz". Only A-Z a-z 0-9 and single dots are
// taken over, so that the name of a file is never more than a name.
func extension(key string) string {
	base := key[strings.LastIndexByte(key, '/')+1:]
	plain := strings.LastIndexFunc(base, func(r rune) bool { return r != '.' && !alphanumeric(r) })
	parts := strings.Split(base[plain+1:], ".")
	ext := ""
	for _, part := range slices.Backward(parts[1:]) {
		if part == "" || len(ext)+1+len(part) > maxExtension {
			break
		}
		ext = "." + part + ext
	}
	return ext
}

func alphanumeric(r rune) bool {
	return 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
}

// corpse is the file of an object that is no more.
type corpse struct {
	name string
	died time.Time
}

// bury removes a file, "" for none, after the grace, with a later burial's help. What
// can't be removed then is swept when the store is opened again.
func (s *Store) bury(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if name != "" {
		s.buried = append(s.buried, corpse{name, now})
	}
	for len(s.buried) > 0 && now.Sub(s.buried[0].died) > Grace {
		os.Remove(s.path(s.buried[0].name))
		s.buried = s.buried[1:]
	}
}

// sweep removes every file that no object refers to. Nobody else writes here:
// the database's lock is ours.
func (s *Store) sweep() error {
	files, err := os.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	used, err := s.bodies()
	if err != nil {
		return err
	}
	for _, f := range files {
		if !used[f.Name()] {
			if err := os.RemoveAll(s.path(f.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// bodies are the names of all files that objects refer to.
func (s *Store) bodies() (map[string]bool, error) {
	used := map[string]bool{}
	err := s.DB.View(func(tx *bbolt.Tx) error {
		all := tx.Bucket(objectsName)
		return all.ForEachBucket(func(name []byte) error {
			objects := all.Bucket(name)
			return objects.ForEach(func(key, _ []byte) error {
				var o object
				_, err := load(objects, string(key), &o)
				used[o.Body] = true
				return err
			})
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the objects: %w", err)
	}
	return used, nil
}

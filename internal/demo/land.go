package demo

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// uploads is how many files are read and landed at once.
const uploads = 16

// Landed counts what was landed.
type Landed struct {
	Objects int   `json:"objects"` // files
	Records int   `json:"records"` // rows of the table
	Bytes   int64 `json:"bytes"`   // as stored
}

// Skipped is a file that is none of CloudTrail's.
type Skipped struct{ Path, Why string }

// Lander puts files into a bucket.
type Lander struct {
	Put    func(ctx context.Context, bucket, key string, body []byte) error
	Bucket string
	Now    time.Time // it begins, and a file arrives of which neither the name nor an event says it

	mu      sync.Mutex
	landed  Landed
	skipped []Skipped
	keys    map[string]bool // that are taken
}

// Landed returns what was landed so far.
func (l *Lander) Landed() Landed {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.landed
}

// Land lands all CloudTrail files below the root of files, and returns the others, by
// path. It reads a few at a time, so a folder of any size fits.
func (l *Lander) Land(ctx context.Context, files fs.FS) ([]Skipped, error) {
	l.keys = map[string]bool{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(uploads)
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && name == ".":
			return err
		case err != nil:
			l.skip(name, err)
		case !d.IsDir():
			group.Go(func() error { return l.file(ctx, files, name) })
		}
		return nil
	})
	err = cmp.Or(group.Wait(), err)
	slices.SortFunc(l.skipped, func(a, b Skipped) int { return cmp.Compare(a.Path, b.Path) })
	return l.skipped, err
}

func (l *Lander) skip(name string, why error) {
	var failed *fs.PathError
	if errors.As(why, &failed) {
		why = failed.Err // the path stands beside it
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.skipped = append(l.skipped, Skipped{name, why.Error()})
}

// file lands a file, unless it is none of CloudTrail's.
func (l *Lander) file(ctx context.Context, files fs.FS, name string) error {
	var where place
	t, err := readTrail(files, name)
	if err == nil {
		where, err = t.place(l.Now)
	}
	if err != nil {
		l.skip(name, err)
		return nil
	}
	key := l.key(t, where)
	if err := l.Put(ctx, l.Bucket, key, t.zipped); err != nil {
		return fmt.Errorf("put s3://%s/%s: %w", l.Bucket, key, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.landed = Landed{l.landed.Objects + 1, l.landed.Records + len(t.events), l.landed.Bytes + int64(len(t.zipped))}
	return nil
}

// key is where CloudTrail puts the file. A name that isn't CloudTrail's own may be one
// that no engine reads, and one that is may be there twice, in two folders: such a file
// gets a name like CloudTrail's, made from its path.
func (l *Lander) key(t *trail, p place) string {
	folder := fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/%s/", p.account, p.region, p.time.Format("2006/01/02"))
	if name := path.Base(t.path); ownName.MatchString(name) {
		key := folder + strings.TrimSuffix(name, ".gz") + ".gz"
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.keys[key] {
			l.keys[key] = true
			return key
		}
	}
	return fmt.Sprintf("%s%s_CloudTrail_%s_%sZ_%x.json.gz", folder, p.account, p.region, p.time.Format("20060102T1504"), sha256.Sum256([]byte(t.path)))
}

package discover

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"athenarefresh/internal/config"
	"athenarefresh/internal/faults"
	"athenarefresh/internal/reconcile"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/schema/infer"
	"athenarefresh/internal/schema/sample"
	"athenarefresh/internal/table"
)

// Place is a folder or a bucket, and what was found there.
type Place struct {
	*Result
	Bucket  string
	Assumed bool     // it is a folder's, and nobody said what it is called
	At      string   // what the folder's keys begin with
	Guessed bool     // nobody said that either
	Skipped []string // of the folder, each with why

	File func(key string) sample.Candidate // by its key from the root of the folder, or of the bucket
	Seen atomic.Int64                      // files so far: looking may take a while

	learnt map[string]learnt // of tables
}

type learnt struct {
	table *infer.Table
	err   error
}

// IsFolder says whether a place is a folder of this machine. The error is of a file.
func IsFolder(where string) (bool, error) {
	info, err := os.Stat(where)
	if err == nil && !info.IsDir() {
		return false, faults.Hint(fmt.Errorf("%s: it is a file, not a folder", where), "name the folder that the dated ones are in")
	}
	return err == nil, nil
}

// BucketOf is the bucket, and the prefix in it, that a place is which is no folder. The
// error says why it can't be one: there is something else here, or S3 has no such name.
func BucketOf(where string) (bucket, prefix string, err error) {
	bucket, prefix, said := table.CutLocation(where)
	wrong := config.CheckBucket(bucket)
	_, absent := os.Lstat(where)
	switch {
	case said && wrong != nil:
		err = fmt.Errorf("%s: %w", where, wrong)
	case !said && (absent == nil || wrong != nil || bucket != where):
		err = fmt.Errorf("%s: there is no such folder", where)
	default:
		return bucket, prefix, nil
	}
	return "", "", faults.Hint(err, "a folder of this machine, a bucket's name, or s3://BUCKET/PREFIX")
}

// LookAtBucket looks at what list lists below a prefix: into breadth of the folders
// at each depth.
func (p *Place) LookAtBucket(ctx context.Context, prefix string, breadth int, list func(context.Context, reconcile.Listing) (reconcile.Page, error)) (err error) {
	w := &walk{bucket: p.Bucket, prefix: prefix, breadth: breadth, list: list}
	if err = p.look(ctx, p.Bucket, kept(math.MaxInt, w.files)); err == nil {
		p.Part = w.part
	}
	return err
}

// mostKept is how many names of a folder's files are kept in memory, rather than
// read twice.
const mostKept = 200_000

// LookAtFolder looks at the files of a folder, which list has, from its path; skipped
// hears of what else is there. What their keys begin with is guessed where nobody said
// it and no source was found without.
func (p *Place) LookAtFolder(ctx context.Context, dir string, list func(ctx context.Context, dir string, skipped func(key, why string)) iter.Seq2[File, error]) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	p.File = func(key string) sample.Candidate { return sample.Path(filepath.Join(dir, filepath.FromSlash(key))) }
	name := filepath.Base(dir)
	if p.Bucket == "" {
		p.Bucket, p.Assumed = bucketNamed(name), true
	}
	if p.At != "" && !strings.HasSuffix(p.At, "/") {
		p.At += "/"
	}
	files := kept(mostKept, func(ctx context.Context) iter.Seq2[File, error] {
		p.Skipped = nil
		return list(ctx, dir, func(key, why string) { p.Skipped = append(p.Skipped, key+": "+why) })
	})
	if err := p.look(ctx, name, files); err != nil || p.At != "" || p.sources() {
		return err
	}
	if p.At = p.lead(ctx, filepath.ToSlash(dir)); p.At == "" {
		return nil
	}
	p.Guessed = true
	return p.look(ctx, name, files)
}

func (p *Place) look(ctx context.Context, name string, files Files) (err error) {
	p.learnt = map[string]learnt{}
	p.Result, err = Look(ctx, p.Bucket, name, p.whole(files), p.peek)
	return err
}

// whole are the files with whole keys; it counts them.
func (p *Place) whole(files Files) Files {
	return func(ctx context.Context) iter.Seq2[File, error] {
		p.Seen.Store(0)
		return func(yield func(File, error) bool) {
			for f, err := range files(ctx) {
				p.Seen.Add(1)
				f.Key = p.At + f.Key
				if !yield(f, err) {
					return
				}
			}
		}
	}
}

// FromRoot are keys from the folder's root, or the bucket's.
func (p *Place) FromRoot(keys []string) []string {
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = strings.TrimPrefix(key, p.At)
	}
	return list
}

// bucketNamed makes a folder's name a bucket's.
func bucketNamed(folder string) string {
	name := strings.Trim(notInBuckets.ReplaceAllString(strings.ToLower(folder), "-"), "-")
	if name = name[:min(len(name), 63)]; len(name) < 3 {
		name = strings.TrimLeft("logs-"+name, "-")
	}
	if name = strings.Trim(name, "-"); config.CheckBucket(name) != nil { // of those that S3 keeps for itself
		return "logs"
	}
	return name
}

var notInBuckets = regexp.MustCompile(`[^a-z0-9]+`)

// Contents is the table of what a table's files hold: by its source, or by a sample,
// which is looked at once. The error says why nobody knows.
func (p *Place) Contents(ctx context.Context, t *Table) (*infer.Table, error) {
	l, ok := p.learnt[t.Name]
	if !ok {
		l.table, l.err = p.learn(ctx, t)
		p.learnt[t.Name] = l
	}
	return l.table, l.err
}

// Searchable says why nothing of what was found can be searched; nil if a table can.
func (p *Place) Searchable(ctx context.Context) error {
	for _, t := range p.Tables {
		if _, err := p.Contents(ctx, t); err == nil {
			return nil
		}
	}
	if len(p.Tables) > 0 {
		return faults.Hint(errors.New("of none of its tables it is known what is in the files"), "table create --schema FILE takes columns that you write down")
	}
	near := p.nearest()
	if near != "" {
		near = "the nearest that is known is " + near + "; "
	}
	return faults.Hint(errors.New("nothing in it is recognised"), "%sathena-refresh help layouts says which folders can be; --at says what is missing in front of them", near)
}

func (p *Place) learn(ctx context.Context, t *Table) (*infer.Table, error) {
	page, known := schema.Named(t.Source)
	if known && !page.HasHeader() && !(page.IsParquet() && !slices.ContainsFunc(t.Sample, isParquet)) {
		return &infer.Table{Schema: page}, nil // of a source that also comes as text, the files say which it is
	}
	found, err := p.guess(ctx, t.Sample, sample.Usual, &table.Home{Source: t.Source, Keys: t.Keys})
	if known {
		return infer.ByPage(page, t.Source, found, err), nil
	}
	return found, err
}

func isParquet(key string) bool { return strings.HasSuffix(key, ".parquet") }

// peek implements Peek.
func (p *Place) peek(ctx context.Context, key string) (schema.Schema, bool) {
	t, err := p.guess(ctx, []string{key}, sample.Limits{Files: 1, Bytes: sample.Usual.Bytes, Each: 256 << 10}, &table.Home{})
	if err != nil {
		return schema.Schema{}, false
	}
	return t.Schema, true
}

func (p *Place) guess(ctx context.Context, keys []string, limits sample.Limits, home *table.Home) (*infer.Table, error) {
	if err := infer.Available(); err != nil {
		return nil, err
	}
	var files []sample.Candidate
	for _, key := range p.FromRoot(keys) {
		files = append(files, p.File(key))
	}
	taken, err := sample.Take(ctx, files, limits)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(taken.Dir)
	if len(taken.Files) == 0 {
		return nil, errors.New("no file of it can be read" + taken.LeftOut())
	}
	t, err := infer.Guess(ctx, taken, home)
	if err != nil {
		return nil, err
	}
	t.Notes = append(taken.Notes, t.Notes...)
	return t, nil
}

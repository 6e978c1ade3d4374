package demo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// uploads is how many files are read and landed at once.
const uploads = 16

// Way is one of the ways in which files land.
type Way int

const (
	Trail  Way = iota // CloudTrail's own layout
	Data              // StreamAlert's data bucket
	Alerts            // StreamAlert's alerts
)

// Landed counts what was landed in one way.
type Landed struct {
	Objects int
	Records int
	Bytes   int64 // as stored
}

// Skipped is a file that is none of CloudTrail's.
type Skipped struct{ Path, Why string }

// Lander puts files into the buckets.
type Lander struct {
	Put     func(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error) // S3's
	Buckets [3]string                                                                                    // by Way
	Now     time.Time                                                                                    // when an event without a time arrives; the file of a name without one, too

	mu      sync.Mutex
	landed  [3]Landed
	files   int
	skipped []Skipped
	keys    map[string]bool // of Trail, that are taken
}

// Landed returns what was landed so far in a way.
func (l *Lander) Landed(w Way) Landed {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.landed[w]
}

// Files returns how many CloudTrail files were landed so far, and what was
// skipped, by path.
func (l *Lander) Files() (landed int, skipped []Skipped) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortFunc(l.skipped, func(a, b Skipped) int { return cmp.Compare(a.Path, b.Path) })
	return l.files, slices.Clone(l.skipped)
}

// Land lands all CloudTrail files below the root of files.
func (l *Lander) Land(ctx context.Context, files fs.FS) error {
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
			return nil
		case d.IsDir():
			return nil
		case !candidate(name):
			l.skip(name, errors.New("not a .json or .json.gz"))
			return nil
		case !regular(files, name):
			l.skip(name, errors.New("not a regular file"))
			return nil
		}
		group.Go(func() error { return l.file(ctx, files, name) })
		return nil
	})
	if failed := group.Wait(); failed != nil {
		return failed
	}
	return err
}

// regular says whether a file, or what it links to, is one that ends: reading
// a named pipe would wait for its writer.
func regular(files fs.FS, name string) bool {
	info, err := fs.Stat(files, name)
	return err != nil || info.Mode().IsRegular() // an error is reported by who reads it
}

func (l *Lander) skip(name string, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.skipped = append(l.skipped, Skipped{name, reason(why)})
}

// reason is an error without the name of the file, which stands beside it.
func reason(err error) string {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err.Error()
	}
	return err.Error()
}

// file lands one file in all ways.
func (l *Lander) file(ctx context.Context, files fs.FS, name string) error {
	t, err := readTrail(files, name)
	if err != nil {
		l.skip(name, err)
		return nil
	}
	where, ok := t.place()
	if !ok {
		l.skip(name, errors.New("holds no events, and its name doesn't say whose it is"))
		return nil
	}
	where = l.complete(where)
	if err := l.put(ctx, Trail, l.trailKey(t, where), t.zipped, len(t.events)); err != nil {
		return err
	}
	hours, err := l.byHour(t, where)
	if err != nil {
		return err
	}
	for _, h := range hours {
		if err := l.hour(ctx, t, h); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files++
	return nil
}

// complete fills in what neither the file's name nor its events say.
func (l *Lander) complete(p place) place {
	p.account = cmp.Or(p.account, "000000000000")
	p.region = cmp.Or(p.region, "us-east-1")
	if p.day.IsZero() {
		p.day = l.Now.UTC()
	}
	return p
}

// trailKey is where CloudTrail puts the file. A name that isn't CloudTrail's
// own may be one that no engine reads, and one that is may be there twice, in
// two folders: such a file gets a name like CloudTrail's, made from its path.
func (l *Lander) trailKey(t *trail, p place) string {
	folder := fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/%s/", p.account, p.region, p.day.Format("2006/01/02"))
	name := path.Base(t.path)
	if ownName.MatchString(name) {
		key := folder + strings.TrimSuffix(name, ".gz") + ".gz"
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.keys[key] {
			l.keys[key] = true
			return key
		}
	}
	return fmt.Sprintf("%s%s_CloudTrail_%s_%sZ_%s.json.gz", folder, p.account, p.region, p.day.Format("20060102T1504"), t.id())
}

// id tells the file from all others of its folder.
func (t *trail) id() string {
	sum := sha256.Sum256([]byte(t.path))
	return hex.EncodeToString(sum[:8])
}

// hour is what a file holds of one hour.
type hour struct {
	folder         string // "2023/07/10/12"
	events, alerts lines
}

// lines is text of one record a line.
type lines struct {
	text    bytes.Buffer
	records int
}

func (l *lines) add(line []byte) {
	l.text.Write(line)
	l.text.WriteByte('\n')
	l.records++
}

// byHour sorts the events of a file, and their alerts, by the hour of the
// event; those without a time by that of the file.
func (l *Lander) byHour(t *trail, p place) ([]*hour, error) {
	var list []*hour
	at := map[string]*hour{}
	for i := range t.events {
		e := &t.events[i]
		when := e.time
		if when.IsZero() {
			when = p.day
		}
		folder := when.Format("2006/01/02/15")
		h := at[folder]
		if h == nil {
			h = &hour{folder: folder}
			at[folder] = h
			list = append(list, h)
		}
		h.events.add(e.line)
		alert, err := alertOf(e)
		if err != nil {
			return nil, fmt.Errorf("make the alert of an event in %s: %w", t.path, err)
		}
		if alert != nil {
			h.alerts.add(alert)
		}
	}
	return list, nil
}

// hour lands an hour's events and alerts.
func (l *Lander) hour(ctx context.Context, t *trail, h *hour) error {
	for _, o := range []struct {
		way    Way
		folder string
		lines  *lines
	}{{Data, EventsTable, &h.events}, {Alerts, "alerts", &h.alerts}} {
		if o.lines.records == 0 {
			continue
		}
		body, err := zip(o.lines.text.Bytes())
		if err != nil {
			return err
		}
		key := fmt.Sprintf("%s/%s/%s.gz", o.folder, h.folder, t.id())
		if err := l.put(ctx, o.way, key, body, o.lines.records); err != nil {
			return err
		}
	}
	return nil
}

// EventsTable is the table, and the folder of the data bucket, of CloudTrail's
// events.
const EventsTable = "cloudtrail_events"

func (l *Lander) put(ctx context.Context, way Way, key string, body []byte, records int) error {
	_, err := l.Put(ctx, &s3.PutObjectInput{Bucket: &l.Buckets[way], Key: &key, Body: bytes.NewReader(body)})
	if err != nil {
		return fmt.Errorf("put s3://%s/%s: %w", l.Buckets[way], key, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := &l.landed[way]
	n.Objects++
	n.Records += records
	n.Bytes += int64(len(body))
	return nil
}

package s3

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/rclone/gofakes3"
)

// Mount has a bucket show the files of a directory: what lies there are its
// objects, now, and nothing is copied, indexed or hashed.
//
// It is a view for reading. A put or a delete is refused with AccessDenied, and
// sweeping never comes near it. A link is followed only where it ends inside
// the directory; one that leaves it is no object, nor is a name that isn't
// UTF-8, and Skipped hears of each.
type Mount struct {
	Bucket, Dir string
	At          string                // what every key begins with, before the file's path: "" or folders, each with its "/"
	Skipped     func(key, why string) // may be nil
	Follow      bool                  // [Store.Follow] notifies of files that appear
}

// mount is an open Mount. It is safe for concurrent use.
type mount struct {
	Mount
	root *os.Root
	real string // Dir without links, absolute

	mu   sync.Mutex
	last folder // what was read last: pages of one large folder read it once
}

// folder is what a directory holds, in the order of S3's keys.
type folder struct {
	name    string // "" or with a "/" at its end
	changed time.Time
	entries []entry
}

// entry is a file or a folder, with the name that it has in keys: a folder's
// ends in "/", which puts "a-b" before what is in "a".
type entry struct {
	name string
	link bool
}

func (e entry) folder() bool { return strings.HasSuffix(e.name, "/") }

func openMount(m Mount) (*mount, error) {
	abs, err := filepath.Abs(m.Dir)
	if err != nil {
		return nil, fmt.Errorf("mount %s: %w", m.Dir, err)
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return nil, fmt.Errorf("mount %s: %w", m.Dir, err)
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return nil, fmt.Errorf("mount %s: %w", m.Dir, err)
	}
	if m.Skipped == nil {
		m.Skipped = func(string, string) {}
	}
	return &mount{Mount: m, root: root, real: real}, nil
}

// Close implements io.Closer.
func (m *mount) Close() error { return m.root.Close() }

// rel is the path below the directory of a key or a folder; false where keys of
// this bucket don't begin so.
func (m *mount) rel(key string) (string, bool) {
	path, ok := strings.CutPrefix(key, m.At)
	if path == "" {
		return ".", ok
	}
	path = strings.TrimSuffix(path, "/")
	return path, ok && fs.ValidPath(path)
}

// read returns what a folder holds, "" being the whole bucket.
func (m *mount) read(name string) ([]entry, error) {
	if rest, ok := strings.CutPrefix(m.At, name); ok && rest != "" {
		return []entry{{name: rest[:strings.IndexByte(rest, '/')+1]}}, nil
	}
	path, ok := m.rel(name)
	if !ok {
		return nil, fs.ErrNotExist
	}
	info, err := m.root.Stat(path)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last.name == name && m.last.entries != nil && m.last.changed.Equal(info.ModTime()) {
		return m.last.entries, nil
	}
	dir, err := m.root.Open(path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	list, err := dir.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	entries := make([]entry, 0, len(list))
	for _, d := range list {
		if e, ok := m.entry(name, d); ok {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	if m.last = (folder{}); settled(info, time.Now()) {
		m.last = folder{name: name, changed: info.ModTime(), entries: entries}
	}
	return entries, nil
}

// settled tells whether a folder that changes from now on has another time: file
// systems count in ticks, some of seconds.
func settled(info fs.FileInfo, now time.Time) bool { return now.Sub(info.ModTime()) > 2*time.Second }

// entry returns what is listed of a directory's entry; false for what is no
// object.
func (m *mount) entry(folder string, d fs.DirEntry) (entry, bool) {
	name, kind := d.Name(), d.Type()
	if !utf8.ValidString(name) {
		m.Skipped(folder+name, "its name is not UTF-8")
		return entry{}, false
	}
	link := kind&fs.ModeSymlink != 0
	if link {
		path, _ := m.rel(folder + name)
		info, err := m.root.Stat(path)
		switch {
		case err != nil:
			m.Skipped(folder+name, "a link that leaves the directory, or leads nowhere")
			return entry{}, false
		case info.IsDir() && m.above(path):
			m.Skipped(folder+name, "a link to a folder that it lies in")
			return entry{}, false
		}
		kind = info.Mode().Type()
	}
	switch {
	case kind.IsDir():
		return entry{name: name + "/", link: link}, true
	case kind.IsRegular():
		return entry{name: name, link: link}, true
	}
	m.Skipped(folder+name, "no file and no folder")
	return entry{}, false
}

// above tells whether a link leads to a folder that holds the link: following it
// would have no end.
func (m *mount) above(link string) bool {
	target, err := filepath.EvalSymlinks(filepath.Join(m.real, filepath.FromSlash(link)))
	if err != nil {
		return true
	}
	holder, err := filepath.EvalSymlinks(filepath.Join(m.real, filepath.FromSlash(path.Dir(link))))
	return err != nil || holder == target || strings.HasPrefix(holder+string(filepath.Separator), target+string(filepath.Separator))
}

// file is an object of a mounted bucket.
type file struct {
	key      string
	size     int64
	modified time.Time
	link     bool
}

// etag tells versions of a file apart. It is no MD5, and doesn't have the length
// of one: clients that compare those leave it alone.
func (f file) etag() []byte {
	b := []byte{'m'}
	b = binary.BigEndian.AppendUint64(b, uint64(f.size))
	return binary.BigEndian.AppendUint64(b, uint64(f.modified.UnixNano()))
}

func (f file) content() *gofakes3.Content {
	return &gofakes3.Content{
		Key: f.key, Size: f.size, ETag: fmt.Sprintf(`"%x"`, f.etag()),
		LastModified: gofakes3.NewContentTime(f.modified), StorageClass: gofakes3.StorageStandard,
	}
}

// stat finds the file that a key stands for.
func (m *mount) stat(key string) (file, error) {
	path, ok := m.rel(key)
	if !ok || path == "." || strings.HasSuffix(key, "/") {
		return file{}, gofakes3.KeyNotFound(key)
	}
	info, err := m.root.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return file{}, gofakes3.KeyNotFound(key)
	}
	return file{key: key, size: info.Size(), modified: info.ModTime()}, nil
}

// seen finds the file of an entry that was just read. Only a link has to be
// looked at through the root, which opens each folder on the way again.
func (m *mount) seen(e entry, key string) (file, error) {
	if e.link {
		f, err := m.stat(key)
		f.link = true
		return f, err
	}
	path, _ := m.rel(key)
	info, err := os.Lstat(m.real + string(filepath.Separator) + filepath.FromSlash(path))
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return file{}, err
	}
	return file{key: key, size: info.Size(), modified: info.ModTime()}, nil
}

// walk visits what a folder and all below it hold, in S3's order, from the first
// key that is at least from and begins with prefix. enter says whether a folder
// is gone into; what isn't is visited itself. It ends with the first error.
type walk struct {
	m            *mount
	prefix, from string
	enter        func(folder string) (bool, error)
	visit        func(file) error
}

func (w *walk) folder(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := w.m.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone meanwhile, or never there
	}
	if err != nil {
		w.m.Skipped(name, "can't be read: "+plain(err))
		return nil
	}
	// All before the one that from lies in, or begins with, is behind us.
	first, _ := slices.BinarySearchFunc(entries, strings.TrimPrefix(w.from, name), func(e entry, from string) int {
		if e.folder() && strings.HasPrefix(from, e.name) {
			return 0
		}
		return strings.Compare(e.name, from)
	})
	if !strings.HasPrefix(w.from, name) {
		first = 0
		if w.from > name {
			return nil
		}
	}
	for _, e := range entries[first:] {
		full := name + e.name
		if !strings.HasPrefix(full, w.prefix) && !(e.folder() && strings.HasPrefix(w.prefix, full)) {
			if full > w.prefix {
				return nil
			}
			continue
		}
		if err := w.entry(ctx, e, full); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) entry(ctx context.Context, e entry, full string) error {
	if e.folder() {
		into := true
		if strings.HasPrefix(full, w.prefix) {
			var err error
			if into, err = w.enter(full); err != nil || !into {
				return err
			}
		}
		return w.folder(ctx, full)
	}
	f, err := w.m.seen(e, full)
	if err != nil {
		return nil // gone meanwhile
	}
	return w.visit(f)
}

// start is the folder that holds all that begins with prefix.
func start(prefix string) string { return prefix[:strings.LastIndexByte(prefix, '/')+1] }

// errFull ends a walk when the page is full.
var errFull = errors.New("the page is full")

// list answers one page of a listing.
func (m *mount) list(ctx context.Context, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	l := listing{page: page, list: gofakes3.NewObjectList()}
	if prefix != nil {
		l.prefix, l.delimiter = prefix.Prefix, prefix.Delimiter
	}
	folded := l.folder(page.Marker) // the common prefix that was listed last
	if folded != page.Marker {
		folded = ""
	}
	w := walk{m: m, prefix: l.prefix, from: max(l.prefix, page.Marker)}
	w.enter = func(folder string) (bool, error) {
		if l.delimiter != "/" {
			return true, nil
		}
		if folder == folded {
			return false, nil
		}
		some, err := m.some(ctx, folder, page.Marker)
		if err != nil || !some {
			return false, err
		}
		return false, l.take(folder)
	}
	w.visit = func(f file) error {
		switch folder := l.folder(f.key); {
		case f.key == page.Marker || folder != "" && folder == folded:
			return nil
		case folder != "": // of another delimiter
			folded = folder
			return l.take(folder)
		}
		if err := l.take(""); err != nil {
			return err
		}
		l.last = f.key
		l.list.Add(f.content())
		return nil
	}
	if err := w.folder(ctx, start(l.prefix)); err != nil && !errors.Is(err, errFull) {
		return nil, err
	}
	return l.list, nil
}

// take counts one entry more, and lists a folder. errFull if the page has no
// room for it.
func (l *listing) take(folder string) error {
	if l.page.MaxKeys > 0 && l.count >= l.page.MaxKeys {
		l.list.IsTruncated, l.list.NextMarker = true, l.last
		return errFull
	}
	l.count++
	if folder != "" {
		l.last = folder
		l.list.AddPrefix(folder)
	}
	return nil
}

// some tells whether there is a file in or below a folder, behind a marker: S3
// knows no empty folders.
func (m *mount) some(ctx context.Context, folder, marker string) (bool, error) {
	found := errors.New("found")
	w := walk{m: m, prefix: folder, from: max(folder, marker),
		enter: func(string) (bool, error) { return true, nil },
		visit: func(f file) error {
			if f.key == marker {
				return nil
			}
			return found
		}}
	err := w.folder(ctx, folder)
	if errors.Is(err, found) {
		return true, nil
	}
	return false, err
}

// Files are the files that the mount shows, in the order of their keys.
func (o Mount) Files(ctx context.Context) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		m, err := openMount(o)
		if err != nil {
			yield(Object{}, err)
			return
		}
		defer m.Close()
		enough := errors.New("enough")
		err = m.each(ctx, "", func(f Object) error {
			if !yield(f, nil) {
				return enough
			}
			return nil
		})
		if err != nil && !errors.Is(err, enough) {
			yield(Object{}, err)
		}
	}
}

// objects lists for a reader on this machine.
func (m *mount) objects(ctx context.Context, prefix string) (all []Object, err error) {
	err = m.each(ctx, prefix, func(o Object) error {
		all = append(all, o)
		return nil
	})
	return all, err
}

// each visits what begins with prefix. The paths have no links, for a reader that
// would follow them.
func (m *mount) each(ctx context.Context, prefix string, visit func(Object) error) error {
	var holder, real string // the folder that was resolved last
	w := walk{m: m, prefix: prefix, from: prefix, enter: func(string) (bool, error) { return true, nil }}
	w.visit = func(f file) error {
		folder, err := start(f.key), error(nil)
		if real == "" || folder != holder {
			holder = folder
			real, err = m.resolve(folder)
		}
		path := filepath.Join(real, f.key[len(folder):])
		if err == nil && f.link {
			path, err = m.resolve(f.key)
		}
		if err != nil {
			m.Skipped(f.key, plain(err))
			return nil
		}
		return visit(Object{Key: f.key, Size: f.size, Path: path, Modified: f.modified})
	}
	return w.folder(ctx, start(prefix))
}

// resolve returns the path of a key without links: inside the directory, or an
// error.
func (m *mount) resolve(key string) (string, error) {
	path, _ := m.rel(key)
	real, err := filepath.EvalSymlinks(filepath.Join(m.real, filepath.FromSlash(path)))
	if err != nil {
		return "", err
	}
	if real != m.real && !strings.HasPrefix(real, m.real+string(filepath.Separator)) {
		return "", errors.New("a link that leaves the directory")
	}
	return real, nil
}

func (m *mount) open(key string) (file, *os.File, error) {
	f, err := m.stat(key)
	if err != nil {
		return file{}, nil, err
	}
	path, _ := m.rel(key)
	r, err := m.root.Open(path)
	return f, r, err
}

func (m *mount) head(key string) (*gofakes3.Object, error) {
	f, err := m.stat(key)
	if err != nil {
		return nil, err
	}
	return f.answer(http.NoBody, nil), nil
}

func (m *mount) get(key string, request *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	f, r, err := m.open(key)
	if err != nil {
		return nil, err
	}
	span, err := request.Range(f.size)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	begin, length := int64(0), f.size // no more, should it grow
	if span != nil {
		begin, length = span.Start, span.Length
	}
	return f.answer(section{io.NewSectionReader(r, begin, length), r}, span), nil
}

// section is a part of a file that is closed with it.
type section struct {
	io.Reader
	io.Closer
}

func (f file) answer(contents io.ReadCloser, span *gofakes3.ObjectRange) *gofakes3.Object {
	return &gofakes3.Object{
		Name: f.key, Size: f.size, Hash: f.etag(), Contents: contents, Range: span,
		Metadata: map[string]string{"Last-Modified": f.modified.UTC().Format(http.TimeFormat)},
	}
}

// plain is an error of the file system without the path, which the key says.
func plain(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

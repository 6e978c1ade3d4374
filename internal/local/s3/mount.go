package s3

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
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
	var root *os.Root
	real, err := filepath.Abs(m.Dir)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err == nil {
		root, err = os.OpenRoot(real)
	}
	if err != nil {
		return nil, fmt.Errorf("mount %s: %w", m.Dir, err)
	}
	if m.Skipped == nil {
		m.Skipped = func(string, string) {}
	}
	return &mount{Mount: m, root: root, real: real}, nil
}

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

// read reads a folder, "" being the whole bucket.
func (m *mount) read(name string) (folder, error) {
	if rest, ok := strings.CutPrefix(m.At, name); ok && rest != "" {
		return folder{name: name, entries: []entry{{name: rest[:strings.IndexByte(rest, '/')+1]}}}, nil
	}
	path, ok := m.rel(name)
	if !ok {
		return folder{}, fs.ErrNotExist
	}
	info, err := m.root.Stat(path)
	if err != nil {
		return folder{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last.name == name && m.last.entries != nil && m.last.changed.Equal(info.ModTime()) {
		return m.last, nil
	}
	dir, err := m.root.Open(path)
	if err != nil {
		return folder{}, err
	}
	defer dir.Close()
	list, err := dir.ReadDir(-1)
	if err != nil {
		return folder{}, err
	}
	f := folder{name: name, changed: info.ModTime(), entries: make([]entry, 0, len(list))}
	for _, d := range list {
		e, why := m.entry(name, d)
		if why != "" {
			m.Skipped(name+d.Name(), why)
			continue
		}
		f.entries = append(f.entries, e)
	}
	slices.SortFunc(f.entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	if m.last = (folder{}); f.settled(time.Now()) {
		m.last = f
	}
	return f, nil
}

// settled tells whether a folder that changes from now on has another time: file
// systems count in ticks, some of seconds.
func (f folder) settled(now time.Time) bool { return now.Sub(f.changed) > 2*time.Second }

// entry returns what is listed of a directory's entry, or why it is no object.
func (m *mount) entry(folder string, d fs.DirEntry) (e entry, why string) {
	name, kind := d.Name(), d.Type()
	if !utf8.ValidString(name) {
		return entry{}, "its name is not UTF-8"
	}
	link := kind&fs.ModeSymlink != 0
	if link {
		path, _ := m.rel(folder + name)
		info, err := m.root.Stat(path)
		switch {
		case err != nil:
			return entry{}, "a link that leaves the directory, or leads nowhere"
		case info.IsDir() && m.above(path):
			return entry{}, "a link to a folder that it lies in"
		}
		kind = info.Mode().Type()
	}
	switch {
	case kind.IsDir():
		return entry{name: name + "/", link: link}, ""
	case kind.IsRegular():
		return entry{name: name, link: link}, ""
	}
	return entry{}, "no file and no folder"
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

// objectOf is a file as an object. Its ETag tells versions of the file apart, is no
// MD5, and doesn't have the length of one: clients that compare those leave it alone.
func objectOf(info fs.FileInfo) object {
	tag := binary.BigEndian.AppendUint64(append(make([]byte, 0, 17), 'm'), uint64(info.Size()))
	tag = binary.BigEndian.AppendUint64(tag, uint64(info.ModTime().UnixNano()))
	return object{Size: info.Size(), Modified: info.ModTime(), MD5: tag}
}

// stat finds the file that a key stands for.
func (m *mount) stat(key string) (object, error) {
	path, ok := m.rel(key)
	if !ok || path == "." || strings.HasSuffix(key, "/") {
		return object{}, gofakes3.KeyNotFound(key)
	}
	info, err := m.root.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return object{}, gofakes3.KeyNotFound(key)
	}
	return objectOf(info), nil
}

// seen finds the file of an entry that was just read. Only a link has to be
// looked at through the root, which opens each folder on the way again.
func (m *mount) seen(key string, e entry) (object, error) {
	if e.link {
		return m.stat(key)
	}
	path, _ := m.rel(key)
	info, err := os.Lstat(m.real + string(filepath.Separator) + filepath.FromSlash(path))
	switch {
	case err != nil:
		return object{}, err
	case !info.Mode().IsRegular():
		return object{}, fs.ErrNotExist
	}
	return objectOf(info), nil
}

// walk visits the files that a folder and all below it hold, in S3's order, from the
// first key that is at least from and begins with prefix. It ends with the first
// error; visit may put from farther on.
type walk struct {
	m            *mount
	prefix, from string // from is at least prefix
	visit        func(key string, e entry) error
}

func (w *walk) run(ctx context.Context) error {
	return w.folder(ctx, folderOf(w.prefix))
}

// folderOf is the folder that holds all that begins with prefix.
func folderOf(prefix string) string { return prefix[:strings.LastIndexByte(prefix, '/')+1] }

func (w *walk) folder(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := w.m.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone meanwhile, or never there
	}
	if err != nil {
		w.m.Skipped(name, "can't be read: "+plain(err))
		return nil
	}
	for _, e := range w.rest(f) {
		key := name + e.name
		switch {
		case e.folder() && strings.HasPrefix(w.from, key): // what is to come begins in it
		case key < w.from:
			continue
		case !strings.HasPrefix(key, w.prefix):
			return nil
		}
		if e.folder() {
			err = w.folder(ctx, key)
		} else {
			err = w.visit(key, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rest are a folder's entries from the one on that from lies in, or begins with: a
// page of a large folder doesn't begin with its first file.
func (w *walk) rest(f folder) []entry {
	from, ok := strings.CutPrefix(w.from, f.name)
	if !ok {
		return f.entries
	}
	first, _ := slices.BinarySearchFunc(f.entries, from, func(e entry, from string) int {
		if e.folder() && strings.HasPrefix(from, e.name) {
			return 0
		}
		return strings.Compare(e.name, from)
	})
	return f.entries[first:]
}

// list fills a page of a listing.
func (m *mount) list(ctx context.Context, l *listing) error {
	w := walk{m: m, prefix: l.prefix, from: l.from()}
	w.visit = func(key string, e entry) error {
		next, err := l.take(key, func() (object, error) { return m.seen(key, e) })
		if errors.Is(err, errEnough) {
			return err
		}
		w.from = max(w.from, next)
		return nil // any other error: it is gone meanwhile
	}
	return w.run(ctx)
}

// Files are the files that the mount shows, in the order of their keys.
func (o Mount) Files(ctx context.Context) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		m, err := openMount(o)
		if err != nil {
			yield(Object{}, err)
			return
		}
		defer m.root.Close()
		m.files(ctx, "")(yield)
	}
}

// files are those whose keys begin with prefix, for a reader on this machine that
// would follow links: their paths have none.
func (m *mount) files(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		var holder, real string // the folder that was resolved last
		w := walk{m: m, prefix: prefix, from: prefix}
		w.visit = func(key string, e entry) error {
			f, err := m.seen(key, e)
			if err != nil {
				return nil // gone meanwhile
			}
			folder := folderOf(key)
			if real == "" || folder != holder {
				holder = folder
				real, err = m.resolve(folder)
			}
			path := filepath.Join(real, key[len(folder):])
			if err == nil && e.link {
				path, err = m.resolve(key)
			}
			if err != nil {
				m.Skipped(key, plain(err))
				return nil
			}
			if !yield(Object{Key: key, Size: f.Size, Path: path, Modified: f.Modified}, nil) {
				return errEnough
			}
			return nil
		}
		if err := w.run(ctx); err != nil && !errors.Is(err, errEnough) {
			yield(Object{}, err)
		}
	}
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

// find finds a file as gofakes3 answers with it, and how it is opened.
func (m *mount) find(key string) (*gofakes3.Object, func() (*os.File, error), error) {
	f, err := m.stat(key)
	if err != nil {
		return nil, nil, err
	}
	f.Meta = map[string]string{"Last-Modified": f.Modified.UTC().Format(http.TimeFormat)}
	path, _ := m.rel(key)
	return f.answer(key), func() (*os.File, error) { return m.root.Open(path) }, nil
}

// plain is an error of the file system without the path, which the key says.
func plain(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

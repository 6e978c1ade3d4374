package s3

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rclone/gofakes3"
	"go.etcd.io/bbolt"
)

// mounted opens a store of which the bucket "m" shows a directory.
func mounted(t testing.TB, dir, at string) (*Store, *[]string) {
	t.Helper()
	skipped := &[]string{}
	return mountOf(t, Mount{Bucket: "m", Dir: dir, At: at, Skipped: func(key, why string) { *skipped = append(*skipped, key+": "+why) }}, &fullQueues{}, time.Now), skipped
}

func mountOf(t testing.TB, m Mount, queues Queues, now func() time.Time) *Store {
	t.Helper()
	data := t.TempDir()
	db, err := bbolt.Open(filepath.Join(data, "db"), 0o600, &bbolt.Options{Timeout: time.Second, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{DB: db, Update: db.Update, Dir: filepath.Join(data, "objects"), Region: "us-east-1", Queues: queues, Now: now, Mount: &m})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); db.Close() })
	return s
}

func land(t testing.TB, dir string, keys ...string) {
	t.Helper()
	for _, key := range keys {
		path := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("content of "+key), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// paged is one page of a listing.
type paged struct {
	Entries []string // keys and common prefixes
	More    bool
	Next    string // the marker of the page after it, if there is more
}

func page(t *testing.T, s *Store, bucket, prefix, delimiter, marker string, size int64) paged {
	t.Helper()
	p := gofakes3.NewPrefix(&prefix, &delimiter)
	l, err := s.ListBucket(t.Context(), bucket, &p, gofakes3.ListBucketPage{Marker: marker, HasMarker: marker != "", MaxKeys: size})
	if err != nil {
		t.Fatal(err)
	}
	var one []string
	for _, c := range l.Contents {
		one = append(one, c.Key)
	}
	for _, c := range l.CommonPrefixes {
		one = append(one, c.Prefix)
	}
	slices.Sort(one)
	if int64(len(one)) > size {
		t.Fatalf("%d entries in a page of %d", len(one), size)
	}
	return paged{one, l.IsTruncated, l.NextMarker}
}

// pages lists a bucket from its beginning, page by page.
func pages(t *testing.T, s *Store, bucket, prefix, delimiter string, size int64) (all []paged) {
	t.Helper()
	marker := ""
	for range 1000 {
		one := page(t, s, bucket, prefix, delimiter, marker, size)
		if all = append(all, one); !one.More {
			return all
		}
		marker = one.Next
	}
	t.Fatal("the listing has no end")
	return nil
}

// entries are what a listing of keys in their order has, as S3 says it: a key, or
// once what keys have in common up to a delimiter behind the prefix.
func entries(keys []string, prefix, delimiter string) (all []string) {
	for _, key := range keys {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		if before, _, found := strings.Cut(rest, delimiter); found && delimiter != "" {
			key = prefix + before + delimiter
		}
		all = append(all, key)
	}
	return slices.Compact(all)
}

// TestAMountIsListedAsABucketIs lists the same files as a directory and as
// objects, in every way that a client may ask.
func TestAMountIsListedAsABucketIs(t *testing.T) {
	keys := []string{"a-b", "a/b/c", "a/b-c", "a/bb/x", "a.txt", "a/b/d", "b/dt=2026-01-02/x.json.gz", "b/dt=2026-01-03/x", "é/ü", "z"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		var elements []string
		for range 1 + r.IntN(4) {
			elements = append(elements, string("ab-."[r.IntN(3)])+string("xyz-"[r.IntN(4)]))
		}
		keys = append(keys, strings.Join(elements, "/")+"_")
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	dir := t.TempDir()
	land(t, dir, keys...)
	if err := os.MkdirAll(filepath.Join(dir, "empty/within"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"", "a/", "x/y/"} {
		compareListings(t, dir, at, keys)
	}
}

func compareListings(t *testing.T, dir, at string, keys []string) {
	s, skipped := mounted(t, dir, at)
	if err := s.CreateBucket(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	var full []string
	for _, key := range keys {
		if err := s.Put(t.Context(), "b", at+key, []byte("content of "+key)); err != nil {
			t.Fatal(err)
		}
		full = append(full, at+key)
	}
	markers := append([]string{"a", "a/", "a/b", "a/b/", "a/b/c!", "b/", "z", "zz", "x/y/a/b", "x/z"}, keys[:10]...)
	for _, prefix := range []string{"", "x", "x/y/a", "a", "a/", "a/b", "a/b/", "b/dt=2026-01-02/", "é", "nothing", "empty/", "a//b", "../", "/", "z"} {
		for _, delimiter := range []string{"", "/", "-", "é"} {
			for _, size := range []int64{1, 2, 7, 1000} {
				whole := pages(t, s, "b", prefix, delimiter, size)
				if d := cmp.Diff(whole, pages(t, s, "m", prefix, delimiter, size)); d != "" {
					t.Fatalf("at %q, prefix %q, delimiter %q, %d a page:\n%s", at, prefix, delimiter, size, d)
				}
				var got []string
				for _, p := range whole {
					got = append(got, p.Entries...)
				}
				if d := cmp.Diff(entries(full, prefix, delimiter), got); d != "" {
					t.Fatalf("at %q, prefix %q, delimiter %q, %d a page, is not as S3 says:\n%s", at, prefix, delimiter, size, d)
				}
				// A page after another one begins at an entry, as each did just now: of
				// those after any other marker the first will do.
				for _, marker := range markers {
					want := page(t, s, "b", prefix, delimiter, marker, size)
					got := page(t, s, "m", prefix, delimiter, marker, size)
					if d := cmp.Diff(want, got); d != "" {
						t.Fatalf("at %q, prefix %q, delimiter %q, after %q, %d a page:\n%s", at, prefix, delimiter, marker, size, d)
					}
					after := slices.DeleteFunc(slices.Clone(full), func(key string) bool { return key <= marker })
					if rest := entries(after, prefix, ""); delimiter == "" && !slices.Equal(want.Entries, rest[:min(len(rest), int(size))]) {
						t.Fatalf("at %q, prefix %q, after %q, %d a page: %q, S3 says %q", at, prefix, marker, size, want.Entries, rest)
					}
				}
			}
		}
	}
	if len(*skipped) > 0 {
		t.Errorf("skipped %v", *skipped)
	}
	objects, err := s.Objects(t.Context(), "m", at+"a/b")
	if err != nil || len(objects) == 0 {
		t.Fatalf("%v %v", objects, err)
	}
	for _, o := range objects {
		if text, err := os.ReadFile(o.Path); err != nil || at+strings.TrimPrefix(string(text), "content of ") != o.Key || o.Modified.IsZero() {
			t.Errorf("%+v: %q %v", o, text, err)
		}
	}
}

// TestAMountIsOnlyRead: no request changes a file, and what leaves the directory
// is no object.
func TestAMountIsOnlyRead(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	land(t, outside, "secret", "folder/secret")
	land(t, dir, "in/file")
	for link, target := range map[string]string{
		"out": filepath.Join(outside, "secret"), "outfolder": outside, "nowhere": "missing", "in/up": "..",
		"alias": "in/file", "aliasfolder": "in", "self": ".",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skip("no links here: ", err)
		}
	}
	s, skipped := mounted(t, dir, "")
	if got, want := page(t, s, "m", "", "", "", 1000).Entries, []string{"alias", "aliasfolder/file", "in/file"}; !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
	slices.Sort(*skipped)
	want := []string{"aliasfolder/up: a link to a folder that it lies in", "in/up: a link to a folder that it lies in", "nowhere: a link that leaves the directory, or leads nowhere",
		"out: a link that leaves the directory, or leads nowhere", "outfolder: a link that leaves the directory, or leads nowhere", "self: a link to a folder that it lies in"}
	if d := cmp.Diff(want, *skipped); d != "" {
		t.Error(d)
	}
	for _, c := range []struct {
		method, target, body string
		status               int
	}{
		{"GET", "/m/in/file", "", 200}, {"GET", "/m/aliasfolder/file", "", 200}, {"HEAD", "/m/alias", "", 200},
		{"GET", "/m/out", "", 404}, {"GET", "/m/outfolder/secret", "", 404}, {"GET", "/m/in", "", 404}, {"GET", "/m/in/../../" + filepath.Base(outside) + "/secret", "", 404},
		{"PUT", "/m/in/file", "x", 403}, {"PUT", "/m/new", "x", 403}, {"DELETE", "/m/in/file", "", 403}, {"DELETE", "/m", "", 403},
		{"POST", "/m?delete", "<Delete><Object><Key>in/file</Key></Object></Delete>", 403}, {"POST", "/m/new?uploads", "", 403},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(c.method, "http://localhost"+c.target, strings.NewReader(c.body))
		s.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.target, w.Code, c.status, w.Body)
		}
		if w.Code == http.StatusForbidden && !strings.Contains(w.Body.String(), "<Code>AccessDenied</Code>") {
			t.Errorf("%s %s: %s", c.method, c.target, w.Body)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "in/file")); err != nil || string(text) != "content of in/file" {
		t.Errorf("the file is %q, %v", text, err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 7 {
		t.Errorf("%d entries, %v", len(list), err)
	}
}

// TestAMountsETagIsNoMD5: clients compare what looks like one with the content.
func TestAMountsETagIsNoMD5(t *testing.T) {
	dir := t.TempDir()
	land(t, dir, "f")
	s, _ := mounted(t, dir, "")
	etag := func() string {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/m/f", nil))
		if text, err := io.ReadAll(w.Body); err != nil || string(text) != "content of f" {
			t.Errorf("%q %v", text, err)
		}
		return w.Header().Get("ETag")
	}
	first := etag()
	if len(strings.Trim(first, `"`)) == 32 {
		t.Errorf("ETag %s has the length of an MD5", first)
	}
	if err := os.Chtimes(filepath.Join(dir, "f"), time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if second := etag(); second == first {
		t.Errorf("the file changed and its ETag %s didn't", first)
	}
}

func BenchmarkListAMount(b *testing.B) {
	dir := b.TempDir()
	for i := range 100 {
		for j := range 100 {
			land(b, dir, fmt.Sprintf("dt=2026-01-02-%03d/%03d.json", i, j))
		}
	}
	s, _ := mounted(b, dir, "")
	for b.Loop() {
		list, err := s.Objects(b.Context(), "m", "")
		if err != nil || len(list) != 10_000 {
			b.Fatal(len(list), err)
		}
	}
}

package demo

import (
	"context"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"athenarefresh/internal/table"
)

// bodies keeps what is put.
type bodies struct {
	mu   sync.Mutex
	puts map[string][]byte // "bucket/key" → unzipped
}

func (b *bodies) put(_ context.Context, bucket, key string, zipped []byte) error {
	body, err := unzip(zipped)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	name := bucket + "/" + key
	if _, twice := b.puts[name]; twice {
		return io.ErrShortWrite // an object would replace another
	}
	b.puts[name] = body
	return nil
}

func land(t *testing.T, files fs.FS) (Landed, []Skipped, *bodies) {
	t.Helper()
	b := &bodies{puts: map[string][]byte{}}
	l := &Lander{Put: b.put, Bucket: "trail", Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	skipped, err := l.Land(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	return l.Landed(), skipped, b
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func zipped(t *testing.T, text string) *fstest.MapFile {
	t.Helper()
	b, err := zip([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b}
}

const login = `{"eventTime":"2023-07-10T12:59:59Z","eventName":"ConsoleLogin","eventSource":"signin.amazonaws.com",
 "recipientAccountId":"111122223333","awsRegion":"eu-west-1","responseElements":{"ConsoleLogin":"Failure"}}`

// own is a file's name as CloudTrail gives it.
const own = "111122223333_CloudTrail_eu-west-1_20230710T1300Z_abcDEF123.json"

func TestEveryFileLandsOnceWhateverItsNameIs(t *testing.T) {
	one := `{"Records":[` + login + `]}`
	n, skipped, b := land(t, fstest.MapFS{
		own:                        file(one),
		"copy/" + own:              file(one),
		"zipped/" + own + ".gz":    zipped(t, one),
		"_hidden.json":             file(one),
		"a/b/c/d/e/f/.x y+z%.JSON": file(one),
		"c/NAME.Json.Gz":           zipped(t, one),
		"plain.json.gz":            file(one), // in spite of its name
		"pair.json":                file(`{"Records":[{"a":"\ud83d\ude00 \\ud800 \\\" \u00e9","responseElements":{"ConsoleLogin":"Failure"},"eventName":"ConsoleLogin"}]}`),
	})
	if n.Objects != 8 || n.Records != 8 || n.Bytes == 0 || len(skipped) != 0 {
		t.Errorf("%+v, want 8 objects and records, skipped %v", n, skipped)
	}
	if b.puts["trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2023/07/10/"+own+".gz"] == nil {
		t.Error("a file of CloudTrail's own name did not keep it")
	}
}

func TestEveryObjectHasAPartition(t *testing.T) {
	r, err := table.New([]table.Bucket{{Name: "trail", Rules: []table.Rule{{Layout: "cloudtrail", Table: "cloudtrail"}}}})
	if err != nil {
		t.Fatal(err)
	}
	_, _, b := land(t, fstest.MapFS{
		"a.json":   file(`{"Records":[{}]}`),
		"b.json":   file(`{"Records":[{"eventTime":"0000-01-01T00:00:00Z","recipientAccountId":"x/y","awsRegion":"../"}]}`),
		"c.json":   file(`{"Records":[{"eventTime":17,"eventName":{},"userIdentity":"root"}]}`),
		"_d.json":  file(`{"Records":[` + login + `]}`),
		"e/" + own: file(`{"Records":[]}`),
		"AWSLogs/111122223333/CloudTrail/eu-west-1/2023/02/30/g.json": file(`{"Records":[` + login + `]}`),
	})
	if len(b.puts) != 6 {
		t.Errorf("%d objects", len(b.puts))
	}
	for name := range b.puts {
		bucket, key, _ := strings.Cut(name, "/")
		if p := r.Place(bucket, key); p.Outcome != table.Place {
			t.Errorf("%s: %s %s", name, p.Outcome, p.Reason)
		}
	}
}

func TestWhatIsNotCloudTrailIsNamed(t *testing.T) {
	n, skipped, b := land(t, fstest.MapFS{
		"readme.txt":     file("x"),
		"array.json":     file(`[]`),
		"broken.json":    file(`{"Records":[`),
		"broken.json.gz": file("\x1f\x8b\x08garbage"),
		"digest.json":    file(`{"awsAccountId":"111122223333"}`),
		"null.json":      file(`{"Records":null}`),
		"numbers.json":   file(`{"Records":[1]}`),
		"s3.json":        file(`{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put"}]}`),
		"latin1.json":    file("{\"Records\":[{\"a\":\"\xe9\"}]}"),
		"bom.json":       file("\ufeff" + `{"Records":[{}]}`),
		"empty.json":     file(`{"Records":[]}`), // of nobody
		"nothing.json":   file(``),
	})
	if n != (Landed{}) || len(skipped) != 12 || len(b.puts) != 0 {
		t.Errorf("%+v landed, %d objects, skipped %v", n, len(b.puts), skipped)
	}
	for _, s := range skipped {
		if s.Why == "" {
			t.Errorf("%s: no reason", s.Path)
		}
	}
}

func TestTheShippedFilesLand(t *testing.T) {
	files, err := Files("")
	if err != nil {
		t.Fatal(err)
	}
	if n, skipped, _ := land(t, files); n.Objects != 28 || n.Records != 1233 || len(skipped) != 0 {
		t.Errorf("%+v, skipped %v", n, skipped)
	}
}

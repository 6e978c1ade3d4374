package s3

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// deaf is queues that take everything.
type deaf struct{}

func (deaf) Takes(arn, _ string) bool                        { return arn != "" }
func (deaf) Enqueue(*bbolt.Tx, string, string, string) error { return nil }

// FuzzRequest sends any request: the answer is never that the service is broken,
// and an object that it doesn't name is what it was.
func FuzzRequest(f *testing.F) {
	for _, r := range [][3]string{
		{"GET", "/b?list-type=2&prefix=%00&delimiter=/&max-keys=-1&continuation-token=!&encoding-type=url&start-after=a", ""},
		{"GET", "/b?marker=a&max-keys=99999999999999999999", ""}, {"GET", "/b?versions", ""}, {"GET", "/b?uploads", ""}, {"GET", "/", ""}, {"HEAD", "/b/k", ""},
		{"PUT", "/b?notification", `<NotificationConfiguration><QueueConfiguration><Queue>q</Queue><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>prefix</Name><Value>%zz</Value></FilterRule></S3Key></Filter></QueueConfiguration></NotificationConfiguration>`},
		{"PUT", "/b?notification", strings.Repeat("<a>", 9_000)}, {"PUT", "/b?notification", "<!DOCTYPE x [<!ENTITY a \"b\">]><NotificationConfiguration>&a;</NotificationConfiguration>"},
		{"PUT", "/c", "<CreateBucketConfiguration><LocationConstraint>x</LocationConstraint></CreateBucketConfiguration>"}, {"PUT", "/b/k2", "body"}, {"PUT", "/b/..%2f..%2fx", "body"},
		{"POST", "/b?delete", "<Delete><Object><Key>k2</Key></Object><Object/></Delete>"}, {"POST", "/b/m?uploads", ""}, {"PUT", "/b/m?partNumber=-1&uploadId=1", "x"},
		{"POST", "/b/m?uploadId=1", "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>"}, {"DELETE", "/b/k2", ""}, {"DELETE", "/b", ""}, {"OPTIONS", "/b/k", ""},
	} {
		f.Add(r[0], r[1], r[2])
	}
	dir := f.TempDir()
	db, err := bbolt.Open(filepath.Join(dir, "db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	s, err := Open(Options{DB: db, Update: db.Update, Dir: filepath.Join(dir, "objects"), Region: "us-east-1", Queues: deaf{}, Now: time.Now})
	if err != nil {
		f.Fatal(err)
	}
	ask := func(method, uri, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		u, err := url.ParseRequestURI(uri)
		if err != nil {
			return w // net/http refuses it
		}
		r := httptest.NewRequest("GET", "http://localhost/", strings.NewReader(body))
		r.Method, r.URL, r.RequestURI = method, u, uri
		r.Header.Set("Content-Length", fmt.Sprint(len(body))) // which net/http leaves there
		s.ServeHTTP(w, r)
		return w
	}
	ask("PUT", "/kept", "")
	ask("PUT", "/kept/k", "as it was")
	f.Fuzz(func(t *testing.T, method, uri, body string) {
		if u, err := url.ParseRequestURI(uri); err != nil || len(body) > 1<<16 || strings.Contains(u.Path, "kept") {
			return
		}
		ask("PUT", "/b", "")
		ask("PUT", "/b/k", "x")
		if w := ask(method, uri, body); w.Code >= 500 && w.Code != http.StatusNotImplemented {
			t.Errorf("%s %q %.200q: %d %.300s", method, uri, body, w.Code, w.Body)
		}
		if w := ask("GET", "/kept/k", ""); w.Code != http.StatusOK || w.Body.String() != "as it was" {
			t.Errorf("%s %q %.200q: now the other object is %d %q", method, uri, body, w.Code, w.Body)
		}
	})
}

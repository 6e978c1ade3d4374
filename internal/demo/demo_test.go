package demo

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"athenarefresh/internal/table"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// bodies keeps what is put.
type bodies struct {
	mu   sync.Mutex
	puts map[string][]byte // "bucket/key" → unzipped
}

func (b *bodies) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	z, err := gzip.NewReader(in.Body)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	name := *in.Bucket + "/" + *in.Key
	if _, twice := b.puts[name]; twice {
		return nil, io.ErrShortWrite // an object would replace another
	}
	b.puts[name] = body
	return &s3.PutObjectOutput{}, nil
}

func land(t *testing.T, files fstest.MapFS) (*Lander, *bodies) {
	t.Helper()
	b := &bodies{puts: map[string][]byte{}}
	l := &Lander{Put: b.PutObject, Buckets: [3]string{"trail", "data", "alerts"}, Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	if err := l.Land(t.Context(), files); err != nil {
		t.Fatal(err)
	}
	return l, b
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
	l, b := land(t, fstest.MapFS{
		own:                        file(one),
		"copy/" + own:              file(one),
		"zipped/" + own + ".gz":    zipped(t, one),
		"_hidden.json":             file(one),
		"a/b/c/d/e/f/.x y+z%.JSON": file(one),
		"c/NAME.Json.Gz":           zipped(t, one),
		"plain.json.gz":            file(one), // in spite of its name
		"pair.json":                file(`{"Records":[{"a":"\ud83d\ude00 \\ud800 \\\" \u00e9","responseElements":{"ConsoleLogin":"Failure"},"eventName":"ConsoleLogin"}]}`),
	})
	files, skipped := l.Files()
	if files != 8 || len(skipped) != 0 {
		t.Fatalf("%d files landed, skipped %v", files, skipped)
	}
	for w, want := range map[Way]int{Trail: 8, Data: 8, Alerts: 8} {
		if n := l.Landed(w); n.Objects != want || n.Records != want || n.Bytes == 0 {
			t.Errorf("way %d: %+v, want %d objects and records", w, n, want)
		}
	}
	if b.puts["trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2023/07/10/"+own+".gz"] == nil {
		t.Error("a file of CloudTrail's own name did not keep it")
	}
}

func TestEveryObjectHasAPartition(t *testing.T) {
	r, err := table.New([]table.Bucket{
		{Name: "trail", Rules: []table.Rule{{Layout: "cloudtrail", Table: "cloudtrail"}}},
		{Name: "data", Rules: []table.Rule{{Layout: "streamalert-data"}}},
		{Name: "alerts", Rules: []table.Rule{{Layout: "streamalert", Table: "alerts"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, b := land(t, fstest.MapFS{
		"a.json":   file(`{"Records":[{}]}`),
		"b.json":   file(`{"Records":[{"eventTime":"0000-01-01T00:00:00Z","recipientAccountId":"x/y","awsRegion":"../"}]}`),
		"c.json":   file(`{"Records":[{"eventTime":17,"eventName":{},"userIdentity":"root"}]}`),
		"_d.json":  file(`{"Records":[` + login + `]}`),
		"e/" + own: file(`{"Records":[]}`),
		"AWSLogs/o-ab/111122223333/CloudTrail/eu-west-1/2023/02/28/.f.json": file(`{"Records":[]}`),
		"AWSLogs/111122223333/CloudTrail/eu-west-1/2023/02/30/g.json":       file(`{"Records":[` + login + `]}`),
	})
	if len(b.puts) < 12 {
		t.Errorf("%d objects", len(b.puts))
	}
	for name := range b.puts {
		bucket, key, _ := strings.Cut(name, "/")
		if p := r.Place(bucket, key); p.Outcome != table.Place {
			t.Errorf("%s: %s %s", name, p.Outcome, p.Reason)
		}
	}
}

func TestEventsGoToTheirOwnHour(t *testing.T) {
	l, b := land(t, fstest.MapFS{own: file(`{"Records":[
		{"eventTime":"2023-07-10T12:00:00Z","eventName":"A"},
		{"eventTime":"2023-07-10T23:59:59-01:00","eventName":"B"},
		{"eventTime":"2023-07-10T12:59:59.9Z","eventName":"C"},
		{"eventName":"D"}]}`)})
	want := map[string]int{"2023/07/10/12": 2, "2023/07/11/00": 1, "2023/07/10/13": 1} // the last by the file's name
	for folder, n := range want {
		found := 0
		for name, body := range b.puts {
			if strings.HasPrefix(name, "data/"+EventsTable+"/"+folder+"/") {
				found += bytes.Count(body, []byte("\n"))
			}
		}
		if found != n {
			t.Errorf("%s has %d events, want %d", folder, found, n)
		}
	}
	if n := l.Landed(Data); n.Objects != 3 || n.Records != 4 {
		t.Errorf("data: %+v", n)
	}
	if n := l.Landed(Alerts); n != (Landed{}) {
		t.Errorf("alerts: %+v", n)
	}
}

func TestWhatIsNotCloudTrailIsNamed(t *testing.T) {
	l, b := land(t, fstest.MapFS{
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
		"half.json":      file(`{"Records":[{"a":"\ud83d\u0041"}]}`),
		"half2.json":     file(`{"Records":[{"a":"x\\\udc00"}]}`),
		"empty.json":     file(`{"Records":[]}`), // of nobody
		"nothing.json":   file(``),
	})
	files, skipped := l.Files()
	if files != 0 || len(skipped) != 14 || len(b.puts) != 0 {
		t.Errorf("%d files landed, %d objects, skipped %v", files, len(b.puts), skipped)
	}
	for _, s := range skipped {
		if s.Why == "" {
			t.Errorf("%s: no reason", s.Path)
		}
	}
}

func TestShippedFilesMakeEveryKindOfAlertThatTheyHold(t *testing.T) {
	b := &bodies{puts: map[string][]byte{}}
	l := &Lander{Put: b.PutObject, Buckets: [3]string{"trail", "data", "alerts"}}
	if err := l.Land(t.Context(), Shipped()); err != nil {
		t.Fatal(err)
	}
	files, skipped := l.Files()
	if files != 28 || len(skipped) != 0 || l.Landed(Trail).Records != 1233 || l.Landed(Data).Records != 1233 {
		t.Errorf("%d files, %v, %+v, %+v", files, skipped, l.Landed(Trail), l.Landed(Data))
	}
	got := map[string]int{}
	for name, body := range b.puts {
		if strings.HasPrefix(name, "alerts/") {
			for _, r := range rules() {
				got[r.name] += bytes.Count(body, []byte(`"rule_name":"`+r.name+`"`))
			}
		}
	}
	// 30 refused calls, 5 changes of the trail (tried or done), 33 of IAM, by
	// looking through the files with another tool.
	want := map[string]int{"access_denied": 30, "cloudtrail_changed": 5, "iam_changed": 33, "root_activity": 0, "console_login_failed": 0}
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%s: %d alerts, want %d", name, got[name], n)
		}
	}
}

func TestAlertRules(t *testing.T) {
	for _, c := range []struct{ event, rule string }{
		{`{"userIdentity":{"type":"Root"},"errorCode":"AccessDenied"}`, "root_activity"},
		{`{"userIdentity":{"type":"Root","invokedBy":"support.amazonaws.com"}}`, ""},
		{login, "console_login_failed"},
		{`{"eventName":"ConsoleLogin","responseElements":{"ConsoleLogin":"Success"}}`, ""},
		{`{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","errorCode":"AccessDenied"}`, "cloudtrail_changed"},
		{`{"errorCode":"Client.UnauthorizedOperation"}`, "access_denied"},
		{`{"errorCode":"NoSuchBucket"}`, ""},
		{`{"eventSource":"iam.amazonaws.com","eventName":"CreateUser","readOnly":false}`, "iam_changed"},
		{`{"eventSource":"iam.amazonaws.com","eventName":"GetUser","readOnly":true}`, ""},
		{`{"eventSource":"iam.amazonaws.com","eventName":"GetUser"}`, ""},
		{`{"eventSource":"iam.amazonaws.com","eventName":"PutUserPolicy"}`, "iam_changed"},
		{`{}`, ""},
	} {
		e, err := parseEvent([]byte(c.event))
		if err != nil {
			t.Fatal(err)
		}
		line, err := alertOf(&e)
		if err != nil {
			t.Fatal(err)
		}
		if c.rule == "" && line != nil || c.rule != "" && !bytes.Contains(line, []byte(`"rule_name":"`+c.rule+`"`)) {
			t.Errorf("%s: %s, want %q", c.event, line, c.rule)
		}
	}
}

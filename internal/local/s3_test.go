package local_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

func (s *server) put(t testing.TB, bucket, key, body string) {
	t.Helper()
	if _, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)}); err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
}

func (s *server) get(t testing.TB, bucket, key string) string {
	t.Helper()
	out, err := s.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	return string(b)
}

// code is the AWS error code of err, "" for nil.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// hostileKeys never reach a path and come back as they were.
func hostileKeys() []string {
	return []string{
		"../../etc/passwd", "a/../../b", "./x", "..", ".", "/leading", "//two", "trailing/", "a//b",
		"nul\x00byte", "new\nline", "tab\tand space", "quote'\"`;--", "glob*?[a].gz", "ünïcødé/日本語/🦆.json",
		"plus+percent%2Fand&eq=ls", "dt=2026-01-02-03/a b.json.gz", strings.Repeat("k", 1024),
	}
}

func TestHostileKeysAreOnlyKeys(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", forS3("q"))
	s.createNotified(t, "keys", "q")
	for _, key := range hostileKeys() {
		s.put(t, "keys", key, "body of "+key)
		messages := s.receive(t, queue, 0)
		if len(messages) != 1 {
			t.Fatalf("%q: %d messages", key, len(messages))
		}
		if got := notifiedKey(t, *messages[0].Body); got != key {
			t.Errorf("notified of %q, want %q", got, key)
		}
		s.delete(t, queue, messages[0].ReceiptHandle)
	}
	for _, key := range hostileKeys() {
		if got := s.get(t, "keys", key); got != "body of "+key {
			t.Errorf("%q holds %q", key, got)
		}
	}
	files, err := os.ReadDir(filepath.Join(s.dir, "objects"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(hostileKeys()) {
		t.Errorf("%d files for %d objects", len(files), len(hostileKeys()))
	}
	for _, f := range files {
		if strings.Trim(f.Name(), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.") != "" {
			t.Errorf("a file is called %q", f.Name())
		}
	}
	_, err = s.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("keys"), Key: aws.String(strings.Repeat("k", 1025))})
	if code(err) != "KeyTooLongError" {
		t.Errorf("a key of 1,025 bytes: %v", err)
	}
}

// notifiedKey decodes the one key of a notification.
func notifiedKey(t testing.TB, body string) string {
	t.Helper()
	var m struct {
		Records []struct {
			S3 struct{ Object struct{ Key string } }
		}
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil || len(m.Records) != 1 {
		t.Fatalf("notification %q: %v", body, err)
	}
	key, err := url.QueryUnescape(m.Records[0].S3.Object.Key)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestNotificationHasTheShapeOfS3s(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", forS3("q"))
	s.createNotified(t, "shape", "q")
	s.put(t, "shape", "dt=2026/a b+c.json", "12345")
	var m struct{ Records []map[string]any }
	if err := json.Unmarshal([]byte(*s.receive(t, queue, 0)[0].Body), &m); err != nil {
		t.Fatal(err)
	}
	r := m.Records[0]
	for name, want := range map[string]string{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventName": "ObjectCreated:Put"} {
		if r[name] != want {
			t.Errorf("%s is %v, want %s", name, r[name], want)
		}
	}
	if at := r["eventTime"].(string); len(at) != len("2026-01-02T03:04:05.678Z") || !strings.HasSuffix(at, "Z") {
		t.Errorf("eventTime %q", at)
	}
	object := r["s3"].(map[string]any)["object"].(map[string]any)
	sum := md5.Sum([]byte("12345"))
	if object["key"] != "dt%3D2026/a+b%2Bc.json" || object["size"] != 5.0 || object["eTag"] != hex.EncodeToString(sum[:]) {
		t.Errorf("object %v", object)
	}
}

func TestSequencerRises(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", forS3("q"))
	s.createNotified(t, "seq", "q")
	last := ""
	for range 20 {
		s.put(t, "seq", "k", "x")
		var m struct {
			Records []struct {
				S3 struct{ Object struct{ Sequencer string } }
			}
		}
		if err := json.Unmarshal([]byte(*s.receive(t, queue, 0)[0].Body), &m); err != nil {
			t.Fatal(err)
		}
		if got := m.Records[0].S3.Object.Sequencer; got <= last || len(last) > 0 && len(got) != len(last) {
			t.Fatalf("sequencer %q after %q", got, last)
		} else {
			last = got
		}
	}
}

func TestEveryWayToWriteIsNotified(t *testing.T) {
	s := start(t, local.Options{})
	ctx, bucket := t.Context(), aws.String("ways")
	queue := s.createQueue(t, "q", forS3("q"))
	s.createNotified(t, "ways", "q")
	event := func() string {
		t.Helper()
		messages := s.receive(t, queue, 0)
		if len(messages) != 1 {
			t.Fatalf("%d messages", len(messages))
		}
		s.delete(t, queue, messages[0].ReceiptHandle)
		var m struct{ Records []struct{ EventName string } }
		if err := json.Unmarshal([]byte(*messages[0].Body), &m); err != nil {
			t.Fatal(err)
		}
		return m.Records[0].EventName
	}
	s.put(t, "ways", "a", "content")
	if got := event(); got != "ObjectCreated:Put" {
		t.Error(got)
	}
	if _, err := s.s3.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("b"), CopySource: aws.String("ways/a")}); err != nil {
		t.Fatal(err)
	}
	if got := event(); got != "ObjectCreated:Copy" || s.get(t, "ways", "b") != "content" {
		t.Error(got)
	}
	s.uploadInParts(t, "ways", "c", []string{strings.Repeat("1", 5<<20), "2"})
	if got := event(); got != "ObjectCreated:CompleteMultipartUpload" {
		t.Error(got)
	}
	s.etagOfParts(t, "ways", "c", strings.Repeat("1", 5<<20), "2")
	if got := s.get(t, "ways", "c"); got != strings.Repeat("1", 5<<20)+"2" {
		t.Errorf("%d bytes came of the parts", len(got))
	}
	if _, err := s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("a")}); err != nil {
		t.Fatal(err)
	}
	if got := event(); got != "ObjectRemoved:Delete" {
		t.Error(got)
	}
	out, err := s.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &s3types.Delete{
		Objects: []s3types.ObjectIdentifier{{Key: aws.String("b")}, {Key: aws.String("never was")}},
	}})
	if err != nil || len(out.Deleted) != 2 {
		t.Fatal(out, err)
	}
	if got := event(); got != "ObjectRemoved:Delete" {
		t.Error(got)
	}
}

func (s *server) uploadInParts(t *testing.T, bucket, key string, parts []string) {
	t.Helper()
	ctx := t.Context()
	begun, err := s.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	var done []s3types.CompletedPart
	for i, p := range parts {
		n := aws.Int32(int32(i + 1))
		out, err := s.s3.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: begun.UploadId, PartNumber: n, Body: strings.NewReader(p)})
		if err != nil {
			t.Fatal(err)
		}
		done = append(done, s3types.CompletedPart{PartNumber: n, ETag: out.ETag})
	}
	_, err = s.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &bucket, Key: &key, UploadId: begun.UploadId, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: done},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// etagOfParts is the MD5 of the parts' MD5s and their number, in every answer and
// as a condition.
func (s *server) etagOfParts(t *testing.T, bucket, key string, parts ...string) {
	t.Helper()
	var sums []byte
	for _, p := range parts {
		sum := md5.Sum([]byte(p))
		sums = append(sums, sum[:]...)
	}
	want := fmt.Sprintf(`"%x-%d"`, md5.Sum(sums), len(parts))
	head, err := s.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key, IfMatch: &want})
	if err != nil || *head.ETag != want {
		t.Errorf("HeadObject: %v, want %s (%v)", head, want, err)
	}
	if _, err := s.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key, IfNoneMatch: &want}); !strings.Contains(fmt.Sprint(err), "304") {
		t.Errorf("not modified since: %v", err)
	}
	list, err := s.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &key})
	if err != nil || len(list.Contents) != 1 || *list.Contents[0].ETag != want {
		t.Errorf("ListObjectsV2: %v (%v)", list.Contents, err)
	}
	if _, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, IfMatch: aws.String(`"00000000000000000000000000000000-2"`)}); code(err) != "PreconditionFailed" {
		t.Errorf("over another object: %v", err)
	}
}

// TestPartsAreListedPageByPage: what resumes an upload asks for them.
func TestPartsAreListedPageByPage(t *testing.T) {
	s := start(t, local.Options{})
	s.makeBuckets(t, "bkt")
	up, err := s.s3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("bkt"), Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	in := s3.ListPartsInput{Bucket: aws.String("bkt"), Key: aws.String("k"), UploadId: up.UploadId, MaxParts: aws.Int32(2)}
	var want, got []int32
	for _, n := range []int32{1, 3, 4, 7, 10_000} {
		want = append(want, n)
		if _, err := s.s3.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: in.Bucket, Key: in.Key, UploadId: up.UploadId, PartNumber: &n, Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
	}
	for pages := s3.NewListPartsPaginator(s.s3, &in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil || len(page.Parts) > 2 {
			t.Fatal(page, err)
		}
		for _, p := range page.Parts {
			got = append(got, *p.PartNumber)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("parts %v, want %v", got, want)
	}
	var parts []s3types.CompletedPart
	for _, n := range want[:2] {
		parts = append(parts, s3types.CompletedPart{PartNumber: &n, ETag: aws.String(fmt.Sprintf("%x", md5.Sum([]byte("x"))))})
	}
	complete := func(parts ...s3types.CompletedPart) string {
		_, err := s.s3.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: in.Bucket, Key: in.Key, UploadId: up.UploadId, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts}})
		return code(err)
	}
	if got := complete(parts...); got != "EntityTooSmall" {
		t.Errorf("two parts of a byte: %s", got)
	}
	if got := complete(parts[1]); got != "" {
		t.Errorf("one part of a byte: %s", got)
	}
	in.UploadId = aws.String("none")
	if _, err := s.s3.ListParts(t.Context(), &in); code(err) != "NoSuchUpload" {
		t.Errorf("of an upload that there isn't: %v", err)
	}
}

func TestListingPagesWithoutGapOrRepeat(t *testing.T) {
	s := start(t, local.Options{})
	if _, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("list")}); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 25 {
		key := fmt.Sprintf("t%d/dt=%02d/a b.json", i%5, i)
		want = append(want, key)
		s.put(t, "list", key, "x")
	}
	slices.Sort(want)
	for _, size := range []int32{1, 2, 7, 25, 1000} {
		if got, _ := s.list(t, &s3.ListObjectsV2Input{Bucket: aws.String("list"), MaxKeys: &size}); !slices.Equal(got, want) {
			t.Errorf("pages of %d: %q", size, got)
		}
		got, folders := s.list(t, &s3.ListObjectsV2Input{Bucket: aws.String("list"), MaxKeys: &size, Delimiter: aws.String("/")})
		if len(got) != 0 || !slices.Equal(folders, []string{"t0/", "t1/", "t2/", "t3/", "t4/"}) {
			t.Errorf("pages of %d: %q and folders %q", size, got, folders)
		}
		got, folders = s.list(t, &s3.ListObjectsV2Input{Bucket: aws.String("list"), MaxKeys: &size, Delimiter: aws.String("/"), Prefix: aws.String("t3/dt=")})
		if len(got) != 0 || len(folders) != 5 || folders[0] != "t3/dt=03/" {
			t.Errorf("pages of %d: %q and folders %q", size, got, folders)
		}
	}
	v1, err := s.s3.ListObjects(t.Context(), &s3.ListObjectsInput{Bucket: aws.String("list"), Prefix: aws.String("t4/"), EncodingType: "url"})
	if err != nil || len(v1.Contents) != 5 || *v1.Contents[0].Key != "t4/dt%3D04/a%20b.json" {
		t.Errorf("version 1: %v, %v", *v1.Contents[0].Key, err)
	}
}

func (s *server) list(t *testing.T, in *s3.ListObjectsV2Input) (keys, folders []string) {
	t.Helper()
	pages := s3.NewListObjectsV2Paginator(s.s3, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
		for _, p := range page.CommonPrefixes {
			folders = append(folders, *p.Prefix)
		}
	}
	return keys, folders
}

func TestBodiesOfEverySizeComeBack(t *testing.T) {
	s := start(t, local.Options{})
	if _, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("sizes")}); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 100_000, 8 << 20, 8<<20 + 1, 20 << 20} {
		body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		s.put(t, "sizes", "k", string(body))
		if got := s.get(t, "sizes", "k"); got != string(body) {
			t.Errorf("%d bytes became %d", size, len(got))
		}
	}
	s.put(t, "sizes", "range", "0123456789")
	for span, want := range map[string]string{"bytes=2-4": "234", "bytes=7-": "789", "bytes=-2": "89", "bytes=8-100": "89"} {
		out, err := s.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("sizes"), Key: aws.String("range"), Range: &span})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(out.Body)
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", span, got, err)
		}
	}
	_, err := s.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("sizes"), Key: aws.String("range"), Range: aws.String("bytes=10-")})
	if code(err) != "InvalidRange" {
		t.Errorf("a range behind the end: %v", err)
	}
}

func TestMissingThingsAreMissing(t *testing.T) {
	s := start(t, local.Options{})
	ctx := t.Context()
	_, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("no-bucket"), Key: aws.String("k")})
	if code(err) != "NoSuchBucket" {
		t.Error(err)
	}
	for _, name := range []string{"UPPER", "a", "under_score", "192.168.0.1"} {
		if _, err := s.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}); err == nil {
			t.Errorf("a bucket may be called %q", name)
		}
	}
	if _, err := s.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("there")}); err != nil {
		t.Fatal(err)
	}
	_, err = s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("there"), Key: aws.String("k")})
	if code(err) != "NoSuchKey" {
		t.Error(err)
	}
	s.put(t, "there", "k", "x")
	if _, err := s.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String("there")}); code(err) != "BucketNotEmpty" {
		t.Error(err)
	}
	if out, err := s.s3.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: aws.String("there")}); err != nil || out.LocationConstraint != "" {
		t.Error(out, err)
	}
}

func TestAnObjectsOldFileIsWholeAndSweptLater(t *testing.T) {
	dir := t.TempDir()
	s := start(t, local.Options{Data: dir})
	if _, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("sweep")}); err != nil {
		t.Fatal(err)
	}
	s.put(t, "sweep", "k.json.gz", "first")
	files, err := filepath.Glob(filepath.Join(dir, "objects", "*.json.gz"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	s.put(t, "sweep", "k.json.gz", "second")
	if got, err := os.ReadFile(files[0]); err != nil || string(got) != "first" {
		t.Errorf("a reader of the old file has %q, %v", got, err)
	}
	s.stop()
	s = start(t, local.Options{Data: dir})
	if _, err := os.Stat(files[0]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old file was not swept: %v", err)
	}
	if got := s.get(t, "sweep", "k.json.gz"); got != "second" {
		t.Errorf("the object holds %q", got)
	}
}

func TestBucketNames(t *testing.T) {
	s := start(t, local.Options{})
	for name, ok := range map[string]bool{
		"p.streamalerts": true, "my.bucket": true, "a-b.c": true, "abc": true, "1.2.3.x": true,
		"ab": false, "Abc": false, "a..b": false, "-ab": false, "ab-": false, "a.-b": false, "127.0.0.1": false, "a_b": false, strings.Repeat("a", 64): false,
	} {
		_, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name})
		if (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

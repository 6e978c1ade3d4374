package objects_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/aws/objects"
	"athenarefresh/internal/local"
	"athenarefresh/internal/reconcile"
)

// bucket is a bucket "b" with objects on a stack.
func bucket(t *testing.T, keys ...string) *objects.S3 {
	t.Helper()
	stack, err := local.Open(local.Options{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(stack.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := stack.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider(local.AccessKey, local.SecretKey, "")}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bbb")}); err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bbb"), Key: &k, Body: strings.NewReader("x")}); err != nil {
			t.Fatalf("put %q: %v", k, err)
		}
	}
	return objects.New(cfg)
}

// TestKeysOnTheLocalS3ComeAsTheyAre: whatever a stranger calls his object, and
// in the order of bytes.
func TestKeysOnTheLocalS3ComeAsTheyAre(t *testing.T) {
	keys := []string{"a b+c%20/x", "a/\x01control", "a/日本 é", "a/it's \"q\" <&>", "dt=2026-01-02/x", "A", "a/", "a\u00a0/y", "z\U0001f600/\ufffd"}
	slices.Sort(keys)
	s := bucket(t, keys...)
	page, err := s.List(t.Context(), reconcile.Listing{Bucket: "bbb", Max: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(keys, page.Keys); d != "" || page.More {
		t.Errorf("more %v, %s", page.More, d)
	}
}

func TestPagesOnTheLocalS3(t *testing.T) {
	var keys []string
	for i := range 25 {
		keys = append(keys, fmt.Sprintf("a/%02d/x+%d", i, i), fmt.Sprintf("a/%02d/y", i))
	}
	s := bucket(t, append(keys, "a/file", "b/x")...)
	var got []string
	in := reconcile.Listing{Bucket: "bbb", Prefix: "a/", Max: 7}
	for {
		page, err := s.List(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Keys) > 7 || page.Folders != nil {
			t.Fatalf("page %+v", page)
		}
		got = append(got, page.Keys...)
		if !page.More {
			break
		}
		in.After = got[len(got)-1]
	}
	if d := cmp.Diff(append(keys, "a/file"), got); d != "" {
		t.Error(d)
	}
	page, err := s.List(t.Context(), reconcile.Listing{Bucket: "bbb", Prefix: "a/", After: "a/22/\U0010ffff", Max: 1000, Folders: true})
	if d := cmp.Diff(reconcile.Page{Keys: []string{"a/file"}, Sizes: []int64{1}, Folders: []string{"a/23/", "a/24/"}}, page); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
}

func TestABucketThatIsNotThereIsNamed(t *testing.T) {
	_, err := bucket(t).List(t.Context(), reconcile.Listing{Bucket: "nosuch", Max: 1})
	if err == nil || !strings.Contains(err.Error(), "list bucket nosuch") {
		t.Errorf("error %v", err)
	}
}

func TestAFolderIsEmptyWhenNothingIsBelowIt(t *testing.T) {
	s := bucket(t, "a/full/x", "a/fuller", "a b/é+/y")
	for location, want := range map[string]bool{
		"s3://bbb/a/full/": false, "s3://bbb/a/": false, "s3://bbb/a b/é+/": false, "s3://bbb/a/empty/": true, "s3://bbb/a/fuller/": true,
	} {
		if got, err := s.Empty(t.Context(), location); got != want || err != nil {
			t.Errorf("%s: %v, %v", location, got, err)
		}
	}
	for _, location := range []string{"s3://nobody-s/a/", "s3://bbb", "s3://bbb/"} {
		if got, err := s.Empty(t.Context(), location); err == nil || got {
			t.Errorf("%s is empty: %v, and no error", location, got)
		}
	}
}

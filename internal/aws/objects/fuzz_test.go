package objects

import (
	"strings"
	"testing"

	"athenarefresh/internal/aws/awstest"
	"athenarefresh/internal/reconcile"
)

// FuzzReply has S3 answer anything: what is made of it is an error or a page.
func FuzzReply(f *testing.F) {
	const open, shut = `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`, `</ListBucketResult>`
	for _, reply := range []string{
		``, `{}`, `<`, open, open + shut, open + `<IsTruncated>true</IsTruncated><Contents/><CommonPrefixes/>` + shut, open + `<IsTruncated>x</IsTruncated>` + shut,
		open + `<Contents><Key>a%2Bb+%00</Key><Size>-1</Size><LastModified>x</LastModified></Contents>` + shut, open + `<Contents><Key>%zz</Key></Contents>` + shut,
		open + `<CommonPrefixes><Prefix>a%2F</Prefix></CommonPrefixes><KeyCount>99999999999999999999</KeyCount>` + shut, strings.Repeat("<a>", 5_000),
		`<!DOCTYPE x [<!ENTITY a "b">]>` + open + `&a;` + shut, `<Error><Code>NoSuchBucket</Code></Error>`, `<Error><Code/></Error>`,
	} {
		f.Add(200, reply)
		f.Add(404, reply)
	}
	var reply awstest.Reply
	cfg := reply.Config()
	s := New(cfg)
	f.Fuzz(func(t *testing.T, c int, text string) {
		if c < 200 || c > 599 || len(text) > 1<<16 {
			return
		}
		reply = awstest.Reply{Code: c, Text: text}
		page, err := s.List(t.Context(), reconcile.Listing{Bucket: "b", Max: 1000})
		if err == nil && c >= 300 {
			t.Errorf("%d is a page", c)
		}
		if n := strings.Count(text, "<Contents") + strings.Count(text, "<CommonPrefixes"); len(page.Keys)+len(page.Folders) > n && !strings.Contains(text, ":") {
			t.Errorf("%d keys and folders of %d", len(page.Keys)+len(page.Folders), n)
		}
	})
}

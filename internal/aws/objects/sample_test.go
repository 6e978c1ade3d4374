package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"athenarefresh/internal/schema/sample"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// listing is a bucket that lists a thousand keys a page, without an end if n is
// negative.
type listing struct {
	n            int
	lists, reads int
	fails        error
}

func (o *listing) list(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	if *in.Bucket != "b" || *in.Prefix != "p/" || o.lists > 0 && aws.ToString(in.StartAfter) != fmt.Sprintf("p/%05d", o.lists*1000-1) {
		return nil, fmt.Errorf("another listing: %+v", in)
	}
	out := &s3.ListObjectsV2Output{}
	for i := o.lists * 1000; i < (o.lists+1)*1000 && (i < o.n || o.n < 0); i++ {
		out.Contents = append(out.Contents, types.Object{Key: aws.String(fmt.Sprintf("p/%05d", i)), Size: aws.Int64(int64(i % 2))})
	}
	o.lists++
	out.IsTruncated = aws.Bool(o.n < 0 || o.lists*1000 < o.n)
	return out, o.fails
}

func (o *listing) get(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	o.reads++
	return &s3.GetObjectOutput{Body: io.NopCloser(strings.NewReader(*in.Key + "\n"))}, nil
}

func TestASampleOfABucketIsOfWhatIsWanted(t *testing.T) {
	o := &listing{n: 2500}
	b := Sampler{S3{o.list}, o.get}
	s, err := b.Take(t.Context(), "b", "p/", func(key string) bool { return key >= "p/02000" }, sample.Usual)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(s.Dir)
	if s.Seen != 250 || len(s.Files) != sample.Usual.Files || o.reads != sample.Usual.Files || o.lists != 3 || s.Files[len(s.Files)-1].Name != "s3://b/p/02499" {
		t.Errorf("%d seen, %d lists, %d reads: %+v", s.Seen, o.lists, o.reads, s.Files)
	}
}

func TestABucketWithoutAnEndIsNotListedToItsEnd(t *testing.T) {
	o := &listing{n: -1}
	b := Sampler{S3{o.list}, o.get}
	s, err := b.Take(t.Context(), "b", "p/", func(string) bool { return true }, sample.Usual)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(s.Dir)
	if o.lists != sample.MostListed/1000 || s.Seen != sample.MostListed/2 {
		t.Errorf("%d lists, %d seen", o.lists, s.Seen)
	}
	o = &listing{n: 1, fails: errors.New("no")}
	b = Sampler{S3{o.list}, o.get}
	if _, err := b.Take(t.Context(), "b", "p/", func(string) bool { return true }, sample.Usual); !errors.Is(err, o.fails) {
		t.Error(err)
	}
}

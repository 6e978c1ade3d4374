package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"athenarefresh/internal/aws/provision"
	"athenarefresh/internal/aws/query"
	"athenarefresh/internal/config"
	"athenarefresh/internal/local"
	"athenarefresh/internal/schema"
	"athenarefresh/internal/schema/sample"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// readBack is what a table reads of the sample that it was made of.
type readBack struct {
	rows   int64
	values []int64 // of each column, those that are not empty
}

// reading reads a sample through a table with the schema, in an embedded Athena
// of its own that is gone afterwards. Where the table fails on the sample the error
// is a [*query.Failed].
func reading(ctx context.Context, s *schema.Schema, taken *sample.Sample) (back *readBack, err error) {
	dir, err := os.MkdirTemp("", "athena-refresh-read-")
	if err != nil {
		return nil, fmt.Errorf("make a folder to read the sample back in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c := &config.Config{Region: "us-east-1", Account: "123456789012", Database: "sample", WorkGroup: "primary", ResultsBucket: "results"}
	stack, err := startStack(context.WithoutCancel(ctx), c, "127.0.0.1:0", local.Options{Data: dir})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stack.stop()) }()
	store := provision.S3(stack.cfg)
	for _, bucket := range []string{"sample", "results"} {
		if _, err := store.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			return nil, fmt.Errorf("read the sample back: %w", err)
		}
	}
	for _, f := range taken.Files {
		if err := put(ctx, store, "sample", "t/"+filepath.Base(f.Path), f.Path); err != nil {
			return nil, fmt.Errorf("read the sample back: %w", err)
		}
	}
	ask := searcher(stack.cfg, c)
	for _, sql := range []string{"CREATE DATABASE sample", s.Table("sample", "t", nil, "s3://sample/t/").SQL()} {
		if err := ask.Do(ctx, sql); err != nil {
			return nil, err
		}
	}
	return counted(ctx, ask, s)
}

func put(ctx context.Context, store *s3.Client, bucket, key, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = store.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: f})
	return err
}

// counted asks the table what it reads.
func counted(ctx context.Context, ask *query.Client, s *schema.Schema) (*readBack, error) {
	counts := []string{"count(*)"}
	for _, c := range s.Columns {
		value := `"` + strings.ReplaceAll(c.Name, `"`, `""`) + `"`
		if c.Type.Name == "string" {
			value = "nullif(" + value + ", '')"
		}
		counts = append(counts, "count("+value+")")
	}
	answer, err := ask.Run(ctx, "SELECT "+strings.Join(counts, ", ")+" FROM t")
	if err != nil {
		return nil, err
	}
	rows, err := answer.All()
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0:
		return nil, errors.New("read the sample back: no answer")
	}
	found := make([]int64, len(counts))
	for i, v := range rows[0] {
		if found[i], err = strconv.ParseInt(*v, 10, 64); err != nil {
			return nil, fmt.Errorf("read the sample back: a count of %q: %w", *v, err)
		}
	}
	return &readBack{found[0], found[1:]}, nil
}

// expected is what a sample has, by its files alone.
type expected struct {
	rows   int64
	values map[string]int64 // by column; of those that are known
}

// differences says what comes out otherwise than it is in the sample.
func (b *readBack) differences(s *schema.Schema, want *expected) (notes []string) {
	if b.rows != want.rows {
		notes = append(notes, fmt.Sprintf("read back, the sample's %s are %s of the table", count(int(want.rows), "record"), count(int(b.rows), "row")))
	}
	for i, c := range s.Columns {
		if n, ok := want.values[c.Name]; ok && n != b.values[i] {
			notes = append(notes, fmt.Sprintf("read back, column %s has %s where the sample has %d", c.Name, count(int(b.values[i]), "value"), n))
		}
	}
	if notes == nil {
		notes = append(notes, fmt.Sprintf("read back, the table has the sample's %s and all of their values", count(int(want.rows), "record")))
	}
	return notes
}

// prove reads the sample back and says what comes out otherwise. A table that
// fails on it is not made.
func prove(ctx context.Context, s *schema.Schema, taken *sample.Sample, want *expected) ([]string, error) {
	back, err := reading(ctx, s, taken)
	var failed *query.Failed
	switch {
	case ctx.Err() != nil:
		return nil, errInterrupted
	case errors.As(err, &failed) && (strings.Contains(failed.Reason, "NOT_SUPPORTED") || strings.Contains(failed.Reason, "HIVE_UNSUPPORTED_FORMAT")):
		return []string{"the sample was not read back: " + failed.Reason}, nil
	case errors.As(err, &failed):
		return nil, fmt.Errorf("a table of what the sample looks like does not read it: %s", failed.Reason)
	case err != nil:
		return nil, err
	}
	return back.differences(s, want), nil
}

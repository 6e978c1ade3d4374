package local

import (
	"context"

	"athenarefresh/internal/local/athena"
	"athenarefresh/internal/local/s3"

	"github.com/rclone/gofakes3"
)

// objects are the store as Athena sees it.
type objects struct{ store *s3.Store }

// List implements athena.Objects.
func (o objects) List(ctx context.Context, bucket, prefix string) ([]athena.Object, error) {
	found, err := o.store.Objects(ctx, bucket, prefix)
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchBucket) {
		return nil, nil
	}
	all := make([]athena.Object, len(found))
	for i, f := range found {
		all[i] = athena.Object(f)
	}
	return all, err
}

// Put implements athena.Objects.
func (o objects) Put(ctx context.Context, bucket, key string, body []byte) error {
	return o.store.Put(ctx, bucket, key, body)
}

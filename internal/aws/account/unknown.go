package account

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// body keeps what a service answered, as it came.
type body struct{ bytes []byte }

// kept is an option of an operation.
func (b *body) kept(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
		return s.Deserialize.Add(middleware.DeserializeMiddlewareFunc("KeepBody", b.keep), middleware.After)
	})
}

func (b *body) keep(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (out middleware.DeserializeOutput, m middleware.Metadata, err error) {
	out, m, err = next.HandleDeserialize(ctx, in)
	r, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, m, err
	}
	b.bytes, err = io.ReadAll(r.Body)
	if err = errors.Join(err, r.Body.Close()); err != nil {
		return out, m, fmt.Errorf("read the answer: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(b.bytes))
	return out, m, nil
}

// allKnown refuses a configuration that holds more than this program knows how
// to write back: what the SDK leaves out when it reads, its next write deletes,
// and it would be somebody else's.
func allKnown(configuration []byte) error {
	d := xml.NewDecoder(bytes.NewReader(configuration))
	for depth := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch e := token.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			if depth++; depth > 1 && !slices.Contains(elements, e.Name.Local) {
				return fmt.Errorf("there is a <%s>, which this version does not know and would delete: use a newer one", e.Name.Local)
			}
		}
	}
}

// elements are those inside of a configuration (S3 API reference,
// GetBucketNotificationConfiguration).
var elements = []string{
	"TopicConfiguration", "QueueConfiguration", "CloudFunctionConfiguration", "EventBridgeConfiguration",
	"Id", "Event", "Topic", "Queue", "CloudFunction", "Filter", "S3Key", "FilterRule", "Name", "Value",
}

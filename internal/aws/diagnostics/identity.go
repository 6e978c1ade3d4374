package diagnostics

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/doctor"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

type identity struct {
	region string
	now    func() time.Time
	get    func(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
}

// who asks STS, which answers whoever has credentials, even one to whom a policy
// denies that (STS API reference, GetCallerIdentity).
func (i *identity) who(ctx context.Context) (doctor.Identity, error) {
	who := doctor.Identity{Region: i.region}
	out, err := i.get(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		i.date(&who, awserror.Response(err))
		if awserror.Status(err) == http.StatusForbidden {
			return who, refused(err)
		}
		return who, fmt.Errorf("ask who the caller is: %w", fault(err))
	}
	who.Account, who.ARN = aws.ToString(out.Account), aws.ToString(out.Arn)
	if r, ok := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response); ok {
		i.date(&who, r.Response)
	}
	return who, nil
}

// date compares the clock with an answer's, which has whole seconds.
func (i *identity) date(who *doctor.Identity, r *http.Response) {
	if r == nil {
		return
	}
	theirs, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		return
	}
	who.Skew, who.Dated = i.now().Sub(theirs), true
}

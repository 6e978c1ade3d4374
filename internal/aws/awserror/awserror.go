// Package awserror reads the errors that every AWS service gives in the same
// words, whatever was asked of it: too many requests, and not allowed; and that there
// is no such queue, for which several ask.
//
// What else only one service says (a table that isn't there) is read by that
// service's adapter. No error is lost on the way: a class is put in front of
// it, the service's own words stay behind.
package awserror

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Code returns the name of the service's exception, "" if err is none: a
// connection that broke, a context that ended.
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// Message returns the service's own words about its exception, "" if err is none.
func Message(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return ""
}

// Plain is an error of the SDK in the service's own words, where it has some:
// without the operation, the request's id and the number of attempts.
func Plain(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return &plain{fmt.Sprintf("%s: %s", api.ErrorCode(), api.ErrorMessage()), err}
	}
	return err
}

type plain struct {
	text string
	err  error
}

func (p *plain) Error() string { return p.text }
func (p *plain) Unwrap() error { return p.err }

// Innermost leaves out all that the SDK wraps around an error: of missing
// credentials, a list of every place that it looked in.
func Innermost(err error) error {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}

// Text is an error's for the log, "" for none.
func Text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Proxy names the proxy that a request which nothing answered had to go through,
// and the variable that says so; "" if there was none.
func Proxy(err error) string {
	failed, ok := errors.AsType[*url.Error](err)
	if !ok || Code(err) != "" {
		return ""
	}
	to, err := url.Parse(failed.URL)
	if err != nil {
		return ""
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: to})
	if err != nil || proxy == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s_PROXY)", proxy.Redacted(), strings.ToUpper(to.Scheme))
}

// Classify wraps err so that it is [refresh.ErrThrottled] or
// [refresh.ErrAccessDenied] where the service said so, and returns it as it is
// otherwise. Refused credentials are a denial: what helps is the same person's doing.
func Classify(err error) error {
	code, status := Code(err), Status(err)
	switch {
	case err == nil:
		return nil
	case throttled(code) || status == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", refresh.ErrThrottled, err)
	case denied(code) || Refused(err) || code != "" && status == http.StatusForbidden:
		return fmt.Errorf("%w: %w", refresh.ErrAccessDenied, err)
	}
	return err
}

// Retryer repeats what a client's own retryer does, as often as the environment
// or the profile says, but passes on at once that a service wants fewer requests:
// for operations with a budget of their own, which has to hear of it.
func Retryer(client aws.Retryer) aws.Retryer {
	v2, ok := client.(aws.RetryerV2)
	if !ok { // none of the SDK's
		v2 = retry.NewStandard()
	}
	return exceptThrottling{v2}
}

type exceptThrottling struct{ aws.RetryerV2 }

// IsErrorRetryable implements aws.Retryer.
func (r exceptThrottling) IsErrorRetryable(err error) bool {
	return !errors.Is(Classify(err), refresh.ErrThrottled) && r.RetryerV2.IsErrorRetryable(err)
}

// throttled goes by the SDK's own list, less what says that something exists
// too often (a quota of objects), which no waiting cures.
func throttled(code string) bool {
	if code == "LimitExceededException" {
		return false
	}
	_, ok := retry.DefaultThrottleErrorCodes[code]
	return ok
}

// denied knows the codes of IAM and Lake Formation.
func denied(code string) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "OptInRequired":
		return true
	}
	return strings.HasSuffix(code, "KmsAccessDenied")
}

// NoSuchQueue says whether SQS says that a queue does not exist, by the exception of
// today's protocol or of the former one.
func NoSuchQueue(err error) bool {
	code := Code(err)
	return code == "QueueDoesNotExist" || strings.Contains(code, "NonExistentQueue")
}

// Response is the answer, nil if none came.
func Response(err error) *http.Response {
	if failed, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && failed.Response != nil {
		return failed.Response.Response
	}
	return nil
}

// Status is that of the answer, 0 if none came.
func Status(err error) int {
	if r := Response(err); r != nil {
		return r.StatusCode
	}
	return 0
}

package awserror

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func api(code string, status int) error {
	return &smithy.OperationError{ServiceID: "Glue", OperationName: "GetTable", Err: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      &smithy.GenericAPIError{Code: code, Message: "its words"},
	}}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		err  error
		want error // nil: none of the sentinels
	}{
		{api("ThrottlingException", 400), refresh.ErrThrottled},
		{api("TooManyRequestsException", 400), refresh.ErrThrottled},
		{api("Unheard", 429), refresh.ErrThrottled},
		{api("LimitExceededException", 400), nil},
		{api("ResourceNumberLimitExceededException", 400), nil},
		{api("AccessDeniedException", 400), refresh.ErrAccessDenied},
		{api("ExpiredTokenException", 400), refresh.ErrAccessDenied},
		{api("Unheard", 403), refresh.ErrAccessDenied},
		{api("InternalServiceException", 500), nil},
		{fmt.Errorf("dial: %w", errors.ErrUnsupported), nil},
		{context.Canceled, nil},
	} {
		got := Classify(c.err)
		if !errors.Is(got, c.err) {
			t.Errorf("Classify(%v) = %v, which has lost the service's own error", c.err, got)
		}
		for _, sentinel := range []error{refresh.ErrThrottled, refresh.ErrAccessDenied} {
			if errors.Is(got, sentinel) != (sentinel == c.want) {
				t.Errorf("Classify(%v) is %v: %t", c.err, sentinel, errors.Is(got, sentinel))
			}
		}
	}
	if err := Classify(nil); err != nil {
		t.Errorf("Classify(nil) = %v", err)
	}
}

func TestRetryerPassesThrottlingOn(t *testing.T) {
	r := Retryer(retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 7 }))
	for _, c := range []struct {
		err  error
		want bool
	}{
		{api("ThrottlingException", 400), false},
		{api("Unheard", 429), false},
		{api("InternalServerException", 500), true},
		{api("AccessDeniedException", 400), false},
	} {
		if got := r.IsErrorRetryable(c.err); got != c.want {
			t.Errorf("%v is retried: %t", c.err, got)
		}
	}
	if n := r.MaxAttempts(); n != 7 {
		t.Errorf("%d attempts: not those of the environment", n)
	}
}

func TestAQueueIsMissingByTodaysNameAndTheFormer(t *testing.T) {
	for code, want := range map[string]bool{
		"QueueDoesNotExist": true, "AWS.SimpleQueueService.NonExistentQueue": true, "EntityNotFoundException": false, "": false,
	} {
		if NoSuchQueue(api(code, http.StatusBadRequest)) != want {
			t.Errorf("%q says that there is no such queue: %t", code, !want)
		}
	}
}

// TestWhatHelpsAgainstARefusalIsByItsCode, and names the local stack only where that
// may have answered.
func TestWhatHelpsAgainstARefusalIsByItsCode(t *testing.T) {
	for code, want := range map[string]string{
		"ExpiredToken": "sign in again", "ExpiredTokenException": "sign in again", "RequestExpired": "clock",
		"RequestTimeTooSkewed": "clock", "SignatureDoesNotMatch": "secret key", "InvalidSignatureException": "secret key",
		"InvalidClientTokenId": "no such access key", "UnrecognizedClientException": "no such access key", "InvalidAccessKeyId": "no such access key",
		"MissingAuthenticationToken": "without a whole signature", "IncompleteSignature": "without a whole signature",
	} {
		if got := Advice(api(code, http.StatusForbidden)); !strings.Contains(got, want) || strings.Contains(got, "local") {
			t.Errorf("%s: %q, want %q and nothing of the local stack", code, got, want)
		}
	}
	for code := range refusals {
		if Advice(api(code, http.StatusForbidden)) == "" {
			t.Errorf("nothing helps against %s", code)
		}
	}
	for _, message := range []string{"Signature expired: 20260102T030405Z is now earlier than 20260102T031905Z", "Signature not yet current"} {
		if got := Advice(&smithy.GenericAPIError{Code: "InvalidSignatureException", Message: message}); !strings.Contains(got, "clock") {
			t.Errorf("%s: %q", message, got)
		}
	}
	for _, err := range []error{nil, context.Canceled, api("AccessDenied", http.StatusForbidden)} {
		if got := Advice(err); got != "" {
			t.Errorf("%v: %q", err, got)
		}
	}
	for address, here := range map[string]bool{"http://127.0.0.1:4566": true, "http://localhost:4566": true, "http://[::1]:1": true, "https://sqs.us-east-1.amazonaws.com": false} {
		r, err := http.NewRequest(http.MethodPost, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		refused := &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{Request: r}}, Err: &smithy.GenericAPIError{Code: "InvalidClientTokenId"}}
		if got := Advice(refused); strings.Contains(got, "test and test") != here {
			t.Errorf("%s: %q", address, got)
		}
	}
}

func TestRefusedCredentialsAreNoLackOfRights(t *testing.T) {
	for code, want := range map[string]bool{
		"InvalidClientTokenId": true, "InvalidToken": true, "InvalidAccessKeyId": true, "RequestExpired": true, "RequestTimeTooSkewed": true,
		"MissingAuthenticationToken": true, "AccessDenied": false, "OptInRequired": false, "": false,
	} {
		err := api(code, http.StatusBadRequest)
		if Refused(err) != want {
			t.Errorf("%q refuses the credentials: %t", code, !want)
		}
		if want && !errors.Is(Classify(err), refresh.ErrAccessDenied) {
			t.Errorf("%q isn't a denial", code)
		}
	}
	if Refused(nil) || Refused(context.Canceled) {
		t.Error("credentials are refused though no service answered")
	}
}

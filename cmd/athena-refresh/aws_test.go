package main

import (
	"strings"
	"testing"

	"athenarefresh/internal/faults"

	"github.com/aws/smithy-go"
)

func TestUnreachableServicesAreNamedWithAHint(t *testing.T) {
	conf := confDir(t, "p", `{}`)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_DEFAULTS_MODE", "")
	for endpoint, want := range map[string]string{
		"nonsense":           "unsupported protocol scheme",
		"http://127.0.0.1:1": "connection refused",
	} {
		t.Run(endpoint, func(t *testing.T) {
			t.Setenv("AWS_ENDPOINT_URL", endpoint)
			stdout, stderr, code := invoke(t, "", "once", "--conf", conf)
			if code != exitFailed || stdout != "" || !strings.Contains(stderr, want) {
				t.Errorf("exit code %d, stdout %q, stderr %q: want %q", code, stdout, stderr, want)
			}
			if n := strings.Count(stderr, "open queue"); n != 1 || !strings.Contains(stderr, "\nhint: ") {
				t.Errorf("%q: want it named once, and a hint", stderr)
			}
		})
	}
}

func TestRefusedCredentialsGetAHintFromEveryService(t *testing.T) {
	for _, code := range []string{"UnrecognizedClientException", "InvalidAccessKeyId"} {
		err := explainAWS("discover", &smithy.GenericAPIError{Code: code, Message: "unknown"})
		if err.Error() != "discover: "+code+": unknown" || !strings.Contains(faults.HintOf(err), "credentials were refused") {
			t.Errorf("%v, hint %q", err, faults.HintOf(err))
		}
	}
}

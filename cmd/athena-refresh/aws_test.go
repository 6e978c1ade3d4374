package main

import (
	"io"
	"net/http"
	"net/http/httptest"
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

// TestExpiredCredentialsAreToBeHadAnew, whichever command finds out; and one that
// compares nothing shows no table of nothing.
func TestExpiredCredentialsAreToBeHadAnew(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		if r.Header.Get("X-Amz-Target") != "" {
			io.WriteString(w, `{"__type": "ExpiredTokenException", "message": "The security token included in the request is expired"}`)
		} else {
			io.WriteString(w, `<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>`)
		}
	}))
	defer server.Close()
	conf := confDir(t, "p", `{"athena_partition_refresh_config": {"buckets": {"b.logs": "web"}}}`)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	for _, command := range []string{
		"status", "parked", "once", "table list", "reconcile", "query SELECT", "explain b.logs x/2026/01/02/03/f --live",
	} {
		stdout, stderr, _ := invoke(t, "", append(strings.Fields(command), "--conf", conf)...)
		if !strings.Contains("\n"+stderr, "\nhint: the credentials were refused: they ran out: sign in again") {
			t.Errorf("%s says\n%s%s", command, stdout, stderr)
		}
		if command == "reconcile" && stdout != "" {
			t.Errorf("%s shows\n%s", command, stdout)
		}
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

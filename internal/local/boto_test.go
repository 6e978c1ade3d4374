package local_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"athenarefresh/internal/local"
)

// TestBoto3 has the SDK for Python use S3, SQS, a notification and Glue end to end.
func TestBoto3(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: needs boto3")
	}
	if out, err := exec.Command("python3", "-c", "import boto3").CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("boto3 can't be had: %v: %s", err, out)
		}
		t.Skipf("needs python3 with boto3 (pip install boto3): %v", err)
	}
	s := start(t, local.Options{})
	out, err := exec.Command("python3", "testdata/boto.py", s.url).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "ok" {
		t.Errorf("boto.py: %v\n%s", err, out)
	}
}

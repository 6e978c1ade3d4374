//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// standIn is a deployment of prefix p with a shell script for terraform, on a
// stack of this machine with a bucket for the state. The script may leave what
// it was told in dir, which it has as $STAND_IN.
type standIn struct{ conf, dir, url string }

func newStandIn(t *testing.T, script string) *standIn {
	t.Helper()
	s := &standIn{conf: confDir(t, "p", `{"athena_partition_refresh_config": {"buckets": {}}}`), dir: t.TempDir()}
	stack := served(t, s.conf, filepath.Join(s.dir, "data"))
	s.url = stack.url
	if _, err := newClient(s.url).s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("p.streamalert.terraform.state")}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "terraform"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return s
}

// lambda is the command lambda with its arguments, not started yet.
func (s *standIn) lambda(args ...string) *exec.Cmd {
	cmd := exec.Command("athena-refresh", append([]string{"lambda", "--conf", s.conf}, args...)...)
	cmd.Env = append(environment(s.url), "STAND_IN="+s.dir, "PATH="+s.dir+":"+os.Getenv("PATH"), "HOME="+s.dir)
	return cmd
}

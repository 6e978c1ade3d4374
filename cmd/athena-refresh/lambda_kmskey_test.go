package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"athenarefresh/internal/deploy/mototest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestAKeyThatS3MayNotUseIsRefusedBeforeAnythingIsDone: the queue would be
// encrypted by it, and nothing that lands would be heard of any more.
func TestAKeyThatS3MayNotUseIsRefusedBeforeAnythingIsDone(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	url := mototest.Start(t)
	keys := kms.NewFromConfig(awsOf(url))
	key, err := keys.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	arn := *key.KeyMetadata.Arn
	deploy := func(arn string) string {
		t.Helper()
		conf := confDir(t, "p", `{"athena_partition_refresh_config": {"buckets": {"p.data": "data"}, "kms_key_arn": "`+arn+`"}}`)
		cmd := exec.Command("athena-refresh", "lambda", "deploy", "--processor", "athena", "--conf", conf, "--package", "nosuch")
		var stderr bytes.Buffer
		cmd.Env, cmd.Stderr = environment(url), &stderr
		if err := cmd.Run(); err == nil {
			t.Error("without a package it succeeds")
		}
		return stderr.String()
	}
	if said := deploy(arn); !strings.Contains(said, "doesn't let s3.amazonaws.com use") || !strings.Contains(said, "hint: add to it") {
		t.Errorf("with the policy that a key begins with: %s", said)
	}
	if said := deploy(strings.Replace(arn, *key.KeyMetadata.KeyId, "00000000-0000-0000-0000-000000000000", 1)); !strings.Contains(said, "there is no key") {
		t.Errorf("with a key that isn't there: %s", said)
	}
	_, err = keys.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: &arn, PolicyName: aws.String("default"), Policy: aws.String(`{"Version": "2012-10-17", "Statement": [{
		"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	if said := deploy(arn); !strings.Contains(said, "read the package") {
		t.Errorf("with a policy that lets S3: %s", said)
	}
}

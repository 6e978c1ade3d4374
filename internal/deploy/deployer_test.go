package deploy

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/iam"
)

// deployerPolicy is the policy of docs/, and its statements as they stand there.
func deployerPolicy(t *testing.T) (iam.Policy, []map[string]any) {
	t.Helper()
	text, err := os.ReadFile("../../docs/deployer-policy.json")
	if err != nil {
		t.Fatal(err)
	}
	p, err := iam.Read(text, []string{"iam:passedtoservice"})
	if err != nil {
		t.Fatal(err)
	}
	var raw struct{ Statement []map[string]any }
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	var short bytes.Buffer
	if err := json.Compact(&short, text); err != nil {
		t.Fatal(err)
	}
	if n := short.Len(); n > 6144 {
		t.Errorf("it has %d characters, and a managed policy 6,144", n)
	}
	return p, raw.Statement
}

// without is the policy but for one of its statements.
func without(t *testing.T, all []map[string]any, sid string) iam.Policy {
	t.Helper()
	rest := slices.DeleteFunc(slices.Clone(all), func(s map[string]any) bool { return s["Sid"] == sid })
	text, err := json.Marshal(map[string]any{"Statement": rest})
	if err != nil {
		t.Fatal(err)
	}
	p, err := iam.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestADeployersPolicyIsEnoughAndNoMore holds docs/deployer-policy.json against
// what a deployment, another one with the other trigger and catalog, and a
// destruction asked moto for (testdata/calls.txt; the deployment to moto holds
// what it asks for against the file too). Each statement is missed.
func TestADeployersPolicyIsEnoughAndNoMore(t *testing.T) {
	p, statements := deployerPolicy(t)
	calls, err := readCalls("testdata/calls.txt")
	if err != nil || len(calls) < 50 {
		t.Fatalf("%d calls, %v", len(calls), err)
	}
	for _, r := range refused(p, calls) {
		t.Errorf("the deployer may not %s", r)
	}
	// What moto isn't asked for: a key, whether a role may be passed, and the
	// results, of which there were none.
	unseen := []string{"Key", "PassRole", "Results"}
	for _, s := range statements {
		sid, _ := s["Sid"].(string)
		if missed := len(refused(without(t, statements, sid), calls)) > 0; missed == slices.Contains(unseen, sid) {
			t.Errorf("statement %s is missed: %v", sid, missed)
		}
	}
	for _, c := range []iam.Request{
		{Action: "s3:PutObject", Resource: "arn:aws:s3:::example.data/a"}, {Action: "s3:GetObject", Resource: "arn:aws:s3:::example.data/a"},
		{Action: "s3:DeleteBucket", Resource: "arn:aws:s3:::example.data"}, {Action: "s3:PutBucketPolicy", Resource: "arn:aws:s3:::example.data"},
		{Action: "iam:PutRolePolicy", Resource: "arn:aws:iam::123456789012:role/other"}, {Action: "iam:PassRole", Resource: "arn:aws:iam::123456789012:role/other"},
		{Action: "sqs:ReceiveMessage", Resource: "arn:aws:sqs:us-east-1:123456789012:example_streamalert_athena_s3_notifications"},
		{Action: "sqs:DeleteQueue", Resource: "arn:aws:sqs:us-east-1:123456789012:other"},
	} {
		if p.Lets(c) != iam.No {
			t.Errorf("the deployer may %s on %s", c.Action, c.Resource)
		}
	}
	for _, s := range statements {
		if strings.Contains(s["Sid"].(string), " ") {
			t.Errorf("IAM takes no Sid %q", s["Sid"])
		}
	}
}

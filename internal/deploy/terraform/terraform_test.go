package terraform

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/deploy"

	tfjson "github.com/hashicorp/terraform-json"
)

func TestAPlanIsPutInShortWords(t *testing.T) {
	change := func(kind, address string, before, after map[string]any, actions ...tfjson.Action) *tfjson.ResourceChange {
		c := &tfjson.Change{Actions: actions, AfterUnknown: map[string]any{"version": true}}
		if before != nil {
			c.Before = before
		}
		if after != nil {
			c.After = after
		}
		return &tfjson.ResourceChange{Mode: tfjson.ManagedResourceMode, Type: kind, Address: address, Name: "x", Change: c}
	}
	queue := func(n int) map[string]any {
		return map[string]any{"name": "q", "visibility_timeout_seconds": n, "arn": "a", "policy": ""}
	}
	got := changes(&tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{
		change("aws_sqs_queue", "b", queue(360), queue(720), tfjson.ActionUpdate),
		change("aws_sqs_queue", "c", queue(360), queue(360), tfjson.ActionNoop),
		change("aws_iam_role", "d", nil, map[string]any{"name": "r"}, tfjson.ActionCreate),
		change("aws_lambda_function", "e", map[string]any{"function_name": "f"}, nil, tfjson.ActionDelete),
		change("aws_sqs_queue", "f", queue(1), map[string]any{"name": "p"}, tfjson.ActionDelete, tfjson.ActionCreate),
		{Mode: tfjson.DataResourceMode, Change: &tfjson.Change{Actions: tfjson.Actions{tfjson.ActionRead}}},
	}, OutputChanges: map[string]*tfjson.Change{"widened": {After: []any{"tables: all"}}, "queue_arn": {After: "arn"}}})
	if !slices.Equal(got.Widened, []string{"tables: all"}) {
		t.Errorf("what got wider: %q", got.Widened)
	}
	var lines []string
	for _, c := range got.Changes {
		lines = append(lines, c.String())
	}
	want := "change  sqs queue q: visibility_timeout_seconds 360 → 720\ncreate  iam role r\ndestroy lambda function f\nreplace sqs queue p: name q → p"
	if strings.Join(lines, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), want)
	}
}

func TestProgressIsReadInAnyPieces(t *testing.T) {
	text := `{"type":"apply_start","hook":{"resource":{"addr":"a"}}}
not JSON
{"type":"apply_complete","hook":{"resource":{"addr":"a"},"elapsed_seconds":3}}
{"type":"diagnostic","diagnostic":{"severity":"error","summary":"creating","detail":"it\n is there","address":"b"}}
{"type":"diagnostic","diagnostic":{"severity":"warning","summary":"old"}}
`
	var steps []deploy.Step
	e := &events{progress: func(s deploy.Step) { steps = append(steps, s) }}
	for i := range len(text) {
		if _, err := e.Write([]byte(text[i : i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if len(steps) != 2 || steps[1] != (deploy.Step{Address: "a", Done: true, Took: 3 * time.Second}) {
		t.Errorf("steps %+v", steps)
	}
	if len(e.errors) != 1 || e.errors[0].Error() != "b: creating: it is there" {
		t.Errorf("errors %v", e.errors)
	}
}

// TestNothingOfATestIsInTheRoot reads the root that is written for AWS itself.
func TestNothingOfATestIsInTheRoot(t *testing.T) {
	dir := t.TempDir()
	o := Options{Variables: map[string]any{"region": "us-east-1", "account_id": "123456789012"}, Region: "us-east-1", StateBucket: "s", StateKey: "k"}
	adopt := []deploy.Existing{{What: "x", Imports: []deploy.Import{{Address: "module.athena_refresh.a.b", ID: "i"}}}}
	if err := writeRoot(dir, o, deploy.Purpose{Adopt: adopt}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "main.tf.json"))
	if err != nil {
		t.Fatal(err)
	}
	// A region that is newer than terraform is not refused; nothing else is skipped.
	said := strings.ReplaceAll(string(text), `"skip_region_validation": true`, "")
	for _, crutch := range []string{"skip_", "endpoint", "127.0.0.1", "test"} {
		if strings.Contains(said, crutch) {
			t.Errorf("there is %q in it", crutch)
		}
	}
	var root struct {
		Terraform struct {
			Backend struct {
				S3 map[string]any `json:"s3"`
			} `json:"backend"`
		} `json:"terraform"`
		Import []map[string]string `json:"import"`
	}
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	if s := root.Terraform.Backend.S3; s["use_lockfile"] != true || s["bucket"] != "s" || s["key"] != "k" || s["encrypt"] != true || s["use_path_style"] != false {
		t.Errorf("backend %v", s)
	}
	if len(root.Import) != 1 || root.Import[0]["to"] != "module.athena_refresh.a.b" || root.Import[0]["id"] != "i" {
		t.Errorf("imports %v", root.Import)
	}
	if _, err := os.Stat(filepath.Join(dir, "module", "function.tf")); err != nil {
		t.Error(err)
	}
}

func TestTheUsersOwnVariablesOfTerraformDoNotReachIt(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	env, err := environment([]string{"TF_VAR_region=x", "TF_LOG=trace", "TF_CLI_ARGS=-lock=false", "TF_WORKSPACE=w", "TF_CLI_CONFIG_FILE=c", "AWS_PROFILE=p"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range env {
		if strings.HasPrefix(e, "TF_VAR") || strings.HasPrefix(e, "TF_LOG") || strings.HasPrefix(e, "TF_CLI_ARGS") || strings.HasPrefix(e, "TF_WORKSPACE") {
			t.Errorf("%s reaches it", e)
		}
	}
	if !slices.Contains(env, "AWS_PROFILE=p") || !slices.Contains(env, "TF_CLI_CONFIG_FILE=c") {
		t.Errorf("environment %v", env)
	}
}

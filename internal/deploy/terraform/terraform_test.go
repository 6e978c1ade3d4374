package terraform

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"athenarefresh/internal/deploy"
)

func TestAPlanIsPutInShortWords(t *testing.T) {
	change := func(kind, address string, before, after map[string]any, actions ...string) resourceChange {
		c := alteration{Actions: actions, AfterUnknown: map[string]any{"version": true}}
		if before != nil {
			c.Before = before
		}
		if after != nil {
			c.After = after
		}
		return resourceChange{Mode: managed, Type: kind, Address: address, Name: "x", Change: c}
	}
	queue := func(n int) map[string]any {
		return map[string]any{"name": "q", "visibility_timeout_seconds": n, "arn": "a", "policy": ""}
	}
	got := changes(&shown{ResourceChanges: []resourceChange{
		change("aws_sqs_queue", "b", queue(360), queue(720), "update"),
		change("aws_sqs_queue", "c", queue(360), queue(360), "no-op"),
		change("aws_iam_role", "d", nil, map[string]any{"name": "r"}, "create"),
		change("aws_lambda_function", "e", map[string]any{"function_name": "f"}, nil, "delete"),
		change("aws_sqs_queue", "f", queue(1), map[string]any{"name": "p"}, "delete", "create"),
		{Mode: "data", Change: alteration{Actions: []string{"read"}}},
	}, OutputChanges: map[string]alteration{"widened": {After: []any{"tables: all"}}, "queue_arn": {After: "arn"}}})
	if !slices.Equal(got.Widened, []string{"tables: all"}) {
		t.Errorf("what got wider: %q", got.Widened)
	}
	var lines []string
	for _, c := range got.Changes {
		lines = append(lines, c.String())
	}
	want := "change  sqs queue q: visibility_timeout_seconds 360 → 720\ncreate  iam role r\ndestroy lambda function f\nreplace sqs queue p: name q → p"
	if d := cmp.Diff(want, strings.Join(lines, "\n")); d != "" {
		t.Error(d)
	}
}

// TestWhatTerraformPrintsIsRead, of a plan and of a state, in a format that is known.
func TestWhatTerraformPrintsIsRead(t *testing.T) {
	const text = `{"format_version": "1.2",
		"resource_changes": [{"address": "a.b", "mode": "managed", "type": "aws_sqs_queue", "name": "b", "change":
			{"actions": ["no-op"], "importing": {"id": "x"}, "before": {"name": "q"}, "after": {"name": "q", "arn": null}, "after_unknown": {"arn": true}}}],
		"output_changes": {"widened": {"actions": ["create"], "after": ["w"]}},
		"values": {"outputs": {"queue_arn": {"sensitive": false, "value": "arn"}}, "root_module": {"resources": [],
			"child_modules": [{"address": "module.m", "resources": [
				{"address": "module.m.a.b", "mode": "managed", "type": "a", "name": "b", "values": {"id": "7", "name": "q"}},
				{"address": "module.m.data.c", "mode": "data", "type": "c", "name": "c", "values": {"id": "8"}}]}]}}}`
	var s shown
	if err := json.Unmarshal([]byte(text), &s); err != nil || s.readable() != nil {
		t.Fatal(err, s.readable())
	}
	plan, list := changes(&s), resources(s.Values.RootModule)
	if len(plan.Changes) != 1 || plan.Changes[0].Verb != deploy.Adopt || plan.Changes[0].Name != "q" || !slices.Equal(plan.Widened, []string{"w"}) {
		t.Errorf("the plan is %+v", plan)
	}
	if len(list) != 1 || list[0] != (deploy.Resource{Address: "module.m.a.b", Name: "q"}) || s.Values.Outputs["queue_arn"].Value != "arn" {
		t.Errorf("the state is %+v %+v", list, s.Values.Outputs)
	}
	for _, version := range []string{"", "0.2", "2.0"} {
		s.FormatVersion = version
		if s.readable() == nil {
			t.Errorf("format %q is taken", version)
		}
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
	adopt := []deploy.Existing{{What: "x", Address: "module.athena_refresh.a.b", ID: "i"}}
	for range 2 { // a plan after another
		if err := writeRoot(dir, o, deploy.Purpose{Adopt: adopt}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "module", "variables.tf")); err != nil {
		t.Error(err)
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

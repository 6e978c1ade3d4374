package doctor

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/config"
	"athenarefresh/internal/deploy"
	"athenarefresh/internal/iam"
	"athenarefresh/internal/schedule"
	"athenarefresh/internal/table"
	module "athenarefresh/terraform"
)

// planned are the attributes of the module's resources in a plan, by address,
// and its outputs.
type planned struct {
	resources map[string]map[string]any
	outputs   map[string]any
}

// plans has terraform plan the module with each of the variables, for a provider
// that asks nobody, and returns what it shows.
func plans(t *testing.T, variables map[string]map[string]any) map[string]planned {
	t.Helper()
	if testing.Short() {
		t.Skip("terraform takes its time")
	}
	if _, err := exec.LookPath("terraform"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("needs terraform: %v", err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, module.Files); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("mock_provider \"aws\" {\n  mock_data \"aws_partition\" {\n    defaults = { partition = \"aws\" }\n  }\n}\n")
	for name, values := range variables {
		fmt.Fprintf(&text, "run %q {\n  command = plan\n", name)
		if strings.HasSuffix(name, "_wide") {
			text.WriteString("  expect_failures = [check.as_narrow_as_the_configuration]\n")
		}
		text.WriteString("  variables {\n")
		for v, value := range values {
			b, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&text, "    %s = %s\n", v, b)
		}
		text.WriteString("  }\n}\n")
	}
	if err := os.MkdirAll(filepath.Join(dir, "tests"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tests", "plans.tftest.hcl"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	terraform(t, dir, "init", "-backend=false", "-input=false")
	return read(t, terraform(t, dir, "test", "-json", "-verbose"))
}

// terraform runs it in a folder, with the machine's mirror of providers if it
// has one (.ci/providers).
func terraform(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cli := filepath.Join(dir, "cli.tfrc")
	if err := exec.Command("../../.ci/providers", cli).Run(); err != nil {
		if err := os.WriteFile(cli, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "terraform", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TF_CLI_CONFIG_FILE="+cli, "CHECKPOINT_DISABLE=1", "TF_CLI_ARGS=", "TF_WORKSPACE=")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("terraform %s: %v\n%s%s", args[0], err, &said, out)
	}
	return out
}

// read takes the plans out of what `terraform test -json -verbose` prints.
func read(t *testing.T, out []byte) map[string]planned {
	t.Helper()
	all := map[string]planned{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var line struct {
			Type string `json:"type"`
			Run  string `json:"@testrun"`
			Plan struct {
				Changes []struct {
					Address string `json:"address"`
					Change  struct {
						After map[string]any `json:"after"`
					} `json:"change"`
				} `json:"resource_changes"`
				Outputs map[string]struct {
					After any `json:"after"`
				} `json:"output_changes"`
			} `json:"test_plan"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%v: %.300s", err, lines.Bytes())
		}
		if line.Type != "test_plan" {
			continue
		}
		p := planned{map[string]map[string]any{}, map[string]any{}}
		for _, c := range line.Plan.Changes {
			p.resources[c.Address] = c.Change.After
		}
		for name, o := range line.Plan.Outputs {
			p.outputs[name] = o.After
		}
		all[line.Run] = p
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// site is the configuration of a site with so many buckets and tables.
func site(t *testing.T, buckets, tables int) *config.Config {
	t.Helper()
	c := configuration(t)
	c.DeadLetterQueue, c.ResultsBucket, c.WorkGroup, c.FunctionName = c.Queue+"_dlq", "p.results", "p_group", "p_function"
	c.Schedule, c.Buckets = schedule.Minutes(10), nil
	for i := range buckets {
		c.Buckets = append(c.Buckets, table.Bucket{Name: fmt.Sprintf("acme-logs-of-account-%d", 100000000000+i)})
	}
	for i := range tables {
		b := &c.Buckets[i%buckets]
		b.Rules = append(b.Rules, table.Rule{Layout: "streamalert", Table: fmt.Sprintf("logs_of_source_%d", i), Prefix: fmt.Sprintf("s%d/", i)})
	}
	return c
}

// TestWhatTheModuleWritesIsEnoughAndFits plans the module for sites of several
// sizes, and judges its policies by what each service is documented to send, and
// by what AWS takes.
func TestWhatTheModuleWritesIsEnoughAndFits(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: needs terraform")
	}
	sites := map[string]*config.Config{"one": site(t, 1, 1), "forty": site(t, 40, 20), "tables_wide": site(t, 40, 2000), "all_wide": site(t, 300, 2000)}
	notified := site(t, 2, 2)
	notified.KMSKeyARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	notified.NotifyFrom = []string{"210987654321", "arn:aws:sns:us-east-1:210987654321:trail", "arn:aws:events:us-east-1:123456789012:rule/logs"}
	sites["notified"] = notified
	variables := map[string]map[string]any{}
	for name, c := range sites {
		variables[name] = deploy.Variables(c, c.Region, deploy.ARM64, deploy.NoBundle)
	}
	all := plans(t, variables)
	for name, c := range sites {
		p, ok := all[name]
		if !ok {
			t.Errorf("%s: no plan", name)
			continue
		}
		q := goodQueue()
		q.Policy, _ = p.resources["aws_sqs_queue.notifications"]["policy"].(string)
		if f := queuePolicy(q, c); f.Verdict != OK || len(q.Policy) > maxQueuePolicy {
			t.Errorf("%s: the queue's policy, %d bytes: %+v", name, len(q.Policy), f)
		}
		dead := goodQueue()
		dead.Admits, _ = p.resources["aws_sqs_queue.dead_letters"]["redrive_allow_policy"].(string)
		if f := deadLetterQueue(goodQueue(), dead, nil, c.DeadLetterQueue); f.Verdict != OK || dead.Admits == "" {
			t.Errorf("%s: whose dead-letter queue: %q, %+v", name, dead.Admits, f)
		}
		role, _ := p.resources["aws_iam_role_policy.function"]["policy"].(string)
		if len(role) > 10240 {
			t.Errorf("%s: the role's policy has %d characters", name, len(role))
		}
		roleMay(t, name, role, q, c)
		if got, _ := p.outputs["widened"].([]any); (len(got) > 0) != strings.HasSuffix(name, "_wide") {
			t.Errorf("%s: wider: %q", name, got)
		}
		for address, after := range p.resources {
			if strings.HasPrefix(address, "aws_lambda_permission.") {
				startable(t, address, after)
			}
		}
	}
	useKey(t, all["notified"], notified)
}

// roleMay holds what doctor asks for, every bucket and table, against the role's policy.
func roleMay(t *testing.T, name, policy string, q Queue, c *config.Config) {
	t.Helper()
	p, err := iam.Parse(policy)
	if err != nil {
		t.Fatal(err)
	}
	router, err := table.New(c.Buckets)
	if err != nil {
		t.Fatal(err)
	}
	list := rights(q, c, router)
	for _, b := range c.Buckets {
		list = append(list, right{[]string{"s3:ListBucket", "s3:GetBucketLocation"}, bucketARN(q, b.Name)}, right{[]string{"s3:GetObject"}, bucketARN(q, b.Name) + "/a/b"})
	}
	for _, r := range list {
		for _, a := range r.actions {
			if p.Lets(iam.Request{Action: a, Resource: r.resource}) != iam.Yes {
				t.Errorf("%s: the role may not %s on %s", name, a, r.resource)
			}
		}
	}
	for _, foreign := range []right{
		{[]string{"s3:PutObject", "s3:DeleteObject"}, bucketARN(q, c.Buckets[0].Name) + "/a"},
		{[]string{"s3:ListBucket", "s3:GetObject"}, "arn:aws:s3:::somebody-elses"},
		{[]string{"glue:BatchCreatePartition", "glue:GetTable"}, "arn:aws:glue:us-east-1:123456789012:table/other/t"},
		{[]string{"sqs:SendMessage", "sqs:DeleteMessage"}, q.ARN + "2"},
	} {
		for _, a := range foreign.actions {
			if p.Lets(iam.Request{Action: a, Resource: foreign.resource}) != iam.No {
				t.Errorf("%s: the role may %s on %s", name, a, foreign.resource)
			}
		}
	}
}

// startable judges a permission by the policy that Lambda makes of it (Lambda
// API reference, AddPermission).
func startable(t *testing.T, address string, after map[string]any) {
	t.Helper()
	rule := "arn:aws:events:us-east-1:123456789012:rule/r" // known after the apply only
	more := ""
	if account, ok := after["source_account"].(string); ok {
		more = `,"StringEquals":{"AWS:SourceAccount":"` + account + `"}`
	}
	trigger := Triggers{Invokers: []string{rule}, Policy: fmt.Sprintf(`{"Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":%q,"Resource":"%s:production","Condition":{"ArnLike":{"AWS:SourceArn":%q}%s}}]}`,
		after["principal"], after["action"], goodFunction.ARN, rule, more)}
	if f := scheduled(trigger, goodFunction); f.Verdict != OK {
		t.Errorf("%s: %+v", address, f)
	}
}

// useKey judges what the module says that a key's policy needs.
func useKey(t *testing.T, p planned, c *config.Config) {
	t.Helper()
	statements, _ := p.outputs["kms_key_statements"].(string)
	q := goodQueue()
	q.KMSKey = "k"
	if f := encryption(q, Key{ARN: c.KMSKeyARN, State: "Enabled", Policy: `{"Statement":` + statements + `}`}, c); f.Verdict != OK {
		t.Errorf("a key with %s: %+v", statements, f)
	}
	if !slices.Equal(users(q, c), []string{s3Service, snsService, eventsService}) {
		t.Errorf("who uses the key: %q", users(q, c))
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// policy is the role's, as far as rights are taken out of it.
type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid, Effect      string
	Action, Resource []string
}

// rolePolicy is the policy that the module makes for the role: `terraform test`
// holds the file against the plan. Only its Region is that of these tests.
func rolePolicy(t *testing.T, catalog string) (p policy) {
	t.Helper()
	text, err := os.ReadFile("../../terraform/tests/role-" + catalog + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(bytes.ReplaceAll(text, []byte("eu-west-1"), []byte("us-east-1")), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// without is the policy less one action or one resource of one statement.
func (p policy) without(i int, action, resource string) policy {
	other := policy{Version: p.Version, Statement: slices.Clone(p.Statement)}
	s := &other.Statement[i]
	drop := func(list []string, one string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == one })
	}
	if s.Action, s.Resource = drop(s.Action, action), drop(s.Resource, resource); len(s.Action) == 0 || len(s.Resource) == 0 {
		other.Statement = slices.Delete(other.Statement, i, i+1)
	}
	return other
}

func (p policy) add(t *testing.T, to local.Roles, role string) {
	t.Helper()
	text, err := json.Marshal(p)
	if err == nil {
		err = to.Add(role, text)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// asked are the rights that a role asked for and was given or not.
type asked struct {
	mu      sync.Mutex
	given   map[local.Judgement]bool
	refused map[local.Judgement]bool
}

// refusals are what was refused until now: requests may still be judged.
func (a *asked) refusals() map[local.Judgement]bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.refused)
}

func (a *asked) note(j local.Judgement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if j.Allowed {
		a.given[j] = true
	} else {
		a.refused[j] = true
	}
}

// strictSite is the plan's site in an account that enforces its rights, with the
// table alerts, objects to be found, and queues that have the plan's key.
func strictSite(t *testing.T, catalog string, o local.Options) *site {
	t.Helper()
	s := newAccountWith(t, o).newSite("acme", map[string]any{
		"catalog": catalog, "database_name": "acme_streamalert",
		"buckets": map[string]any{"acme.cloudtrail": []map[string]string{{"table": "cloudtrail", "layout": "streamalert"}}},
	})
	if catalog == "athena" {
		const key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
		for _, queue := range []*string{s.queue, s.dead} {
			if _, err := s.sqs.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: queue, Attributes: map[string]string{"KmsMasterKeyId": key}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

// lands puts an object and, as the bucket notifies, a message.
func (s *site) lands(bucket, key string) {
	s.t.Helper()
	_, err := s3.NewFromConfig(s.cfg, func(o *s3.Options) { o.UsePathStyle = true }).PutObject(s.t.Context(),
		&s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("{}\n")})
	if err != nil {
		s.t.Fatal(err)
	}
}

// work has the function do all that it does: from its schedule, from the queue,
// from somebody who invokes it directly, and a reconcile; with a table that isn't
// there at first, and a message that can't be placed.
func (s *site) work(role string) {
	s.t.Helper()
	f := start(s.t, s.root, s.url, "AWS_ACCESS_KEY_ID="+role)
	defer f.kill()
	var got summary
	s.lands("acme.streamalerts", "alerts/2026/01/02/03/a")
	s.lands("acme.cloudtrail", "x/2026/01/02/03/a")
	s.send(landed("stranger", "x"))
	f.must(scheduled, time.Minute, &got)
	if got.Partitions != 1 || got.Parked != 1 || got.Retried != 1 {
		s.t.Errorf("on the schedule: %+v", got)
	}
	f.must(landed("acme.cloudtrail", "x/2026/01/02/04/a"), time.Minute, &got)
	s.tables("cloudtrail")
	s.lands("acme.cloudtrail", "x/2026/01/02/05/a")
	s.lands("acme.streamalerts", "alerts/2026/01/02/05/a")
	g := start(s.t, s.root, s.url, "AWS_ACCESS_KEY_ID="+role)
	defer g.kill()
	if n, failed := s.deliver(g, 10, time.Minute); n != 2 || failed != 0 {
		s.t.Errorf("from the queue: %d, %d failed", n, failed)
	}
	var reconciled struct{ Complete bool }
	if g.must(`{"athena-refresh":"reconcile"}`, time.Minute, &reconciled); !reconciled.Complete {
		s.t.Error("the reconcile did not end")
	}
	if n := len(s.catalog()); n != 4 {
		s.t.Errorf("%d partitions, want 4: %v", n, s.catalog())
	}
}

// unused are rights that no scenario here can need, and why.
var unused = map[string]string{
	"logs:CreateLogStream": "Lambda writes the log, with the function's role",
	"logs:PutLogEvents":    "Lambda writes the log, with the function's role",
	"glue:GetPartition":    "asked for where Glue leaves keys of a batch undone again and again; DDL's in any case",
}

// TestEveryRightOfTheRoleIsMissed runs the function under the plan's own policy,
// by both triggers and with both catalogs. Then it takes out each action and each
// ARN: something that the function asked for would be refused.
func TestEveryRightOfTheRoleIsMissed(t *testing.T) {
	t.Parallel()
	for _, catalog := range []string{"athena", "glue"} {
		t.Run(catalog, func(t *testing.T) {
			t.Parallel()
			p := rolePolicy(t, catalog)
			a := &asked{given: map[local.Judgement]bool{}, refused: map[local.Judgement]bool{}}
			roles := local.Roles{}
			p.add(t, roles, "role")
			strictSite(t, catalog, local.Options{Roles: roles, Judged: a.note}).work("role")
			if catalog == "athena" {
				stopped(t, roles, a)
			}
			for j := range a.refusals() {
				t.Errorf("the plan's role may not %s on %s", j.Action, j.Resource)
			}
			a.missed(t, p)
		})
	}
}

// stopped has a statement take longer than the function may, which stops it.
func stopped(t *testing.T, roles local.Roles, a *asked) {
	s := strictSite(t, "athena", local.Options{Roles: roles, Judged: a.note})
	slow := newProxy(t, s.url)
	f := start(t, s.root, slow.server.URL, "AWS_ACCESS_KEY_ID=role")
	s.lands("acme.streamalerts", "alerts/2026/01/02/03/a")
	release := slow.hang("BatchGetQueryExecution")
	defer release()
	f.invoke(scheduled, 6*time.Second)
	f.kill()
}

// missed takes out one right after the other.
func (a *asked) missed(t *testing.T, p policy) {
	t.Helper()
	for i, s := range p.Statement {
		for _, action := range s.Action {
			if unused[action] == "" && !a.needs(t, p.without(i, action, "")) {
				t.Errorf("nobody misses %s of %s", action, s.Sid)
			}
		}
		for _, resource := range s.Resource {
			if unused[s.Action[0]] == "" && !a.needs(t, p.without(i, "", resource)) {
				t.Errorf("nobody misses %s of %s", resource, s.Sid)
			}
		}
	}
}

// needs says whether a policy refuses something that was asked for.
func (a *asked) needs(t *testing.T, p policy) bool {
	t.Helper()
	roles := local.Roles{}
	p.add(t, roles, "less")
	a.mu.Lock() // a statement that outlived its function may still be judged
	defer a.mu.Unlock()
	for j := range a.given {
		if !roles.Let("less", "123456789012", j.Action, j.Resource) {
			return true
		}
	}
	return false
}

// TestWhatTheRoleLacksIsNeverLost: with each of some rights taken out the message
// stays, and the function says which right it was.
func TestWhatTheRoleLacksIsNeverLost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ catalog, sid, action string }{
		{"athena", "Statements", "athena:StartQueryExecution"},
		{"athena", "Partitions", "glue:BatchCreatePartition"},
		{"athena", "Results", "s3:PutObject"},
		{"athena", "Folders", "s3:GetObject"},
		{"glue", "Partitions", "glue:BatchCreatePartition"},
		{"glue", "Partitions", "glue:BatchGetPartition"},
		{"glue", "Partitions", "glue:GetTable"},
		{"glue", "Queue", "sqs:DeleteMessage"},
		{"glue", "Park", "sqs:SendMessage"},
	} {
		t.Run(c.catalog+" "+c.action, func(t *testing.T) {
			t.Parallel()
			p := rolePolicy(t, c.catalog)
			i := slices.IndexFunc(p.Statement, func(s statement) bool { return s.Sid == c.sid })
			roles := local.Roles{}
			p.without(i, c.action, "").add(t, roles, "role")
			a := &asked{given: map[local.Judgement]bool{}, refused: map[local.Judgement]bool{}}
			s := strictSite(t, c.catalog, local.Options{Roles: roles, Judged: a.note})
			body := landed("stranger", "x")
			if c.sid == "Park" {
				s.send(body)
			} else {
				s.lands("acme.streamalerts", "alerts/2026/01/02/03/a")
			}
			f := start(t, s.root, s.url, "AWS_ACCESS_KEY_ID=role")
			f.invoke(scheduled, 20*time.Second)
			if s.depth(s.queue) == "0 0" || len(a.refusals()) == 0 {
				t.Errorf("the queue has %s, refused was %v", s.depth(s.queue), a.refusals())
			}
			if c.action != "sqs:DeleteMessage" && len(s.catalog()) != 0 {
				t.Errorf("added all the same: %v", s.catalog())
			}
			until(t.Context(), t, "the function says what it may not do", func() bool {
				said := f.out.String()
				return strings.Contains(said, "ccess") && strings.Contains(strings.ToLower(said), "denied") || strings.Contains(said, "not authorized")
			})
		})
	}
}

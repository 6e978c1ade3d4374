package doctor

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"athenarefresh/internal/parked"
	"athenarefresh/internal/table"
)

// TestABundleTellsNobodysNames: everything is there, and nothing that says whose
// it is; the same name is replaced by the same.
func TestABundleTellsNobodysNames(t *testing.T) {
	d := well(t)
	d.Config.Buckets = append(d.Config.Buckets, table.Bucket{Name: "p.logs.more", Rules: []table.Rule{{Prefix: "secret-project/", Layout: "streamalert", Table: "alerts"}}})
	d.Facts.Notifications = func(context.Context, string) (Notifications, error) {
		return Notifications{Queues: []Notification{{ARN: queueARN, Prefix: "secret-project/"}}}, nil
	}
	about := About{
		Version: "v1",
		Plan:    map[string]any{"kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", "data_buckets": []string{"p.alerts", "p.logs"}},
	}
	d.Facts.Parked = func(context.Context, int) ([]parked.Copy, error) {
		return []parked.Copy{{Body: `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"p.logs"},"object":{"key":"secret/2026/01/02/03/a.gz"}}}]}`}}, nil
	}
	findings := []Finding{
		{Check: "credentials", What: "arn:aws:sts::123456789012:assumed-role/admins/jo@example.com in account 123456789012"},
		{Check: "probe_put", Subject: "p.logs", What: "s3://p.logs/web/secret-folder/file"},
		{Check: "queue", What: "o-a1b2c3d4e5 of 210987654321, AROAABCDEFGHIJKLMNOPQ:jo"},
	}
	text, err := d.Bundle(t.Context(), about, findings)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, name := range []string{"version", "configuration", "plan", "parked", "findings", "queue", "dead_letter_queue", "function", "triggers", "notifications", "tables", "work_group", "lake_formation"} {
		if all[name] == nil {
			t.Errorf("it has no %s", name)
		}
	}
	for _, secret := range []string{"123456789012", "210987654321", "p.alerts", "p.logs", "p.results", "secret", "1234abcd", "jo@", "o-a1b2", "AROA"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%s is in it:\n%s", secret, text)
		}
	}
	r := newRedactor(secrets(d.Config, nil))
	if got, want := r.text("p.logs and p.logs.more, 123456789012, p.logs"), "bucket-2 and bucket-1, account-1, bucket-2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := r.text("arn:aws:sqs:us-east-1:210987654321:q of 210987654321"), "arn:aws:sqs:us-east-1:account-2:q of account-2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

package local_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/local"
)

// TestHostileRequestsAreRefused: what is nested, huge or of another type than it
// should be is the caller's error, in AWS's shape, and the stack goes on.
func TestHostileRequestsAreRefused(t *testing.T) {
	s := start(t, local.Options{})
	statement := func(sql string) string {
		b, err := json.Marshal(sql)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`{"QueryString":%s,"ClientRequestToken":%q,"ResultConfiguration":{"OutputLocation":"s3://b/"}}`, b, strings.Repeat("t", 40))
	}
	calls := map[string]string{
		"sqs": "AmazonSQS.SendMessage", "glue": "AWSGlue.GetPartitions", "athena": "AmazonAthena.StartQueryExecution", "monitoring": "GraniteServiceVersion20100801.GetMetricData",
	}
	bodies := map[string]string{
		"lists": strings.Repeat("[", 1_000_000), "objects": strings.Repeat(`{"QueueUrl":`, 80_000), "cut off": `{"QueueUrl":"`, "a list": `[]`, "a number": `1e999999999`,
		"wrong types":  `{"QueueUrl":{},"MessageBody":[],"DatabaseName":7,"TableName":{},"QueryString":[],"StartTime":"x","MetricDataQueries":7}`,
		"huge numbers": `{"DelaySeconds":1e400,"MaxResults":1e400,"EndTime":1e400,"ExecutionParameters":1e400,"QueryString":1e400}`,
		"too long":     `{"x":"` + strings.Repeat("x", 20<<20) + `"}`,
	}
	refused := func(what string, r *http.Request) {
		t.Helper()
		status, answer, _ := do(t, r)
		var e struct {
			Type string `json:"__type"`
		}
		if err := json.Unmarshal([]byte(answer), &e); err != nil || status != http.StatusBadRequest || e.Type == "" {
			t.Errorf("%s: %d %.200s", what, status, answer)
		}
	}
	for service, target := range calls {
		for name, body := range bodies {
			refused(service+" "+name, signed(t, "POST", s.url+"/", service, body, time.Now(), http.Header{"X-Amz-Target": {target}}))
		}
	}
	for name, sql := range map[string]string{"too long": strings.Repeat("x", 262145), "none": " \n", "of no kind": "PRAGMA database_list", "a file": "COPY x TO 'y'", "another": "INSTALL httpfs"} {
		refused("a statement "+name, signed(t, "POST", s.url+"/", "athena", statement(sql), time.Now(), http.Header{"X-Amz-Target": {calls["athena"]}}))
	}
	filter := fmt.Sprintf(`{"DatabaseName":"db","TableName":"t","Expression":"%s"}`, strings.Repeat("(", 1_000_000))
	refused("a deep filter", signed(t, "POST", s.url+"/", "glue", filter, time.Now(), http.Header{"X-Amz-Target": {calls["glue"]}}))

	for name, r := range map[string]*http.Request{
		"XML":           signed(t, "PUT", s.url+"/b?notification", "s3", strings.Repeat("<a>", 300_000), time.Now(), nil),
		"parts of none": signed(t, "POST", s.url+"/b/k?uploadId=x", "s3", strings.Repeat("<Part>", 100_000), time.Now(), nil),
		"a deletion":    signed(t, "POST", s.url+"/b?delete", "s3", strings.Repeat("<Object>", 100_000), time.Now(), nil),
	} {
		if status, answer, _ := do(t, r); status < 400 || status >= 500 || !strings.Contains(answer, "<Code>") {
			t.Errorf("%s: %d %.200s", name, status, answer)
		}
	}
	if status, answer, _ := do(t, signed(t, "POST", s.url+"/", "sqs", "{}", time.Now(), http.Header{"X-Amz-Target": {"AmazonSQS.ListQueues"}})); status != http.StatusOK {
		t.Errorf("afterwards: %d %s", status, answer)
	}
}

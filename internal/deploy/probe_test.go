package deploy

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"athenarefresh/internal/config"
	"athenarefresh/internal/lambda"
)

// TestTheFunctionItselfPasses has the function's own handler answer, with the
// configuration as it is packaged: whatever only deployment reads isn't there.
func TestTheFunctionItselfPasses(t *testing.T) {
	c := settings(t, `{"athena_partition_refresh_config": {"buckets": {"b.logs": "data"}, "enabled": false, "trigger": "queue", "catalog": "glue",
		"schedule_expression": "rate(1 hour)", "memory": "512", "timeout": 90, "log_level": "debug", "enable_metrics": true,
		"queue_name": "<prefix>-q", "database_name": "d", "workgroup": "w", "results_bucket": "<prefix>.results", "statements_in_flight": 3}}`)
	global, section, err := c.Packaged()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "global.json"), string(global))
	write(t, filepath.Join(dir, "lambda.json"), string(section))
	inside, _, err := config.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := &lambda.Handler{Config: inside, Version: "v1"}
	answer, err := h.Invoke(t.Context(), []byte(ProbeEvent))
	if err != nil || !json.Valid(answer) {
		t.Fatalf("%s, %v", answer, err)
	}
	if program, err := probe(t.Context(), &memory{answer: string(answer)}, "f", "1", c); err != nil || program != "v1" {
		t.Errorf("%q, %v", program, err)
	}
}

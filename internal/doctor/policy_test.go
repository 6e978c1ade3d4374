package doctor

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestWhatAHintSaysToWriteIsEnough is that the policy of the hint lets S3 send,
// and still says what was there.
func TestWhatAHintSaysToWriteIsEnough(t *testing.T) {
	for _, before := range []string{
		``,
		`{"Version":"2012-10-17","Statement":{"Sid":"Mine","Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}}`,
		`{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"Mine","Effect":"Allow","Principal":{"AWS":"1"},"Action":"sqs:*","Resource":"*"},{"Sid":"S3Notifies","Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}]}`,
	} {
		q, c := goodQueue(), configuration(t)
		q.Policy = before
		if f := queuePolicy(q, c); f.Verdict == OK {
			t.Errorf("%s: %+v", before, f)
		}
		hint := queuePolicy(q, c).Hint
		var attributes struct{ Policy string }
		if err := json.Unmarshal([]byte(hint[strings.Index(hint, "'{")+1:len(hint)-1]), &attributes); err != nil {
			t.Fatalf("%s: %v", hint, err)
		}
		q.Policy = attributes.Policy
		if f := queuePolicy(q, c); f.Verdict != OK {
			t.Errorf("%s: %+v", q.Policy, f)
		}
		if strings.Contains(before, "Mine") && !strings.Contains(q.Policy, "Mine") {
			t.Errorf("somebody else's statement is gone: %s", q.Policy)
		}
	}
}

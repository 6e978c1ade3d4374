package doctor

import (
	"encoding/json"
	"strings"
	"testing"
)

var asked = request{
	service: "s3.amazonaws.com", action: "sqs:SendMessage", resource: "arn:aws:sqs:us-east-1:123456789012:q",
	source: "arn:aws:s3:::logs", account: "123456789012",
}

func TestAPolicyIsReadAsIAMReadsIt(t *testing.T) {
	const good = `"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:123456789012:q"`
	const both = `"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:logs"},"StringEquals":{"aws:SourceAccount":"123456789012"}}`
	for name, c := range map[string]struct {
		statements string
		want       answer
	}{
		"none":                        {``, no},
		"as it should be":             {`{` + good + `,` + both + `}`, yes},
		"a list of buckets":           {`{` + good + `,"Condition":{"ArnLike":{"aws:SourceArn":["arn:aws:s3:::a","arn:aws:s3:::logs"]},"StringEquals":{"AWS:SourceAccount":["123456789012"]}}}`, yes},
		"all lists":                   {`{"Effect":"Allow","Principal":{"Service":["sns.amazonaws.com","s3.amazonaws.com"]},"Action":["SQS:Send*"],"Resource":["*"],` + both + `}`, yes},
		"another bucket":              {`{` + good + `,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::log"},"StringEquals":{"aws:SourceAccount":"123456789012"}}}`, no},
		"another account":             {`{` + good + `,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs"},"StringEquals":{"aws:SourceAccount":"210987654321"}}}`, no},
		"any bucket of any account":   {`{` + good + `}`, loose},
		"any account":                 {`{` + good + `,"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::logs"}}}`, loose},
		"anybody":                     {`{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}`, loose},
		"anybody, as StreamAlert had": {`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs"}}}`, loose},
		"another service":             {`{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}`, no},
		"the account itself":          {`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sqs:*","Resource":"*"}`, no},
		"another action":              {`{"Effect":"Allow","Principal":"*","Action":"sqs:ReceiveMessage","Resource":"*"}`, no},
		"another queue":               {`{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"arn:aws:sqs:us-east-1:123456789012:q2"}`, no},
		"denied":                      {`{` + good + `,` + both + `},{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"}`, no},
		"denied without TLS":          {`{` + good + `,` + both + `},{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, yes},
		"denied to whom?":             {`{` + good + `,` + both + `},{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}`, unclear},
		"denied to all but":           {`{` + good + `,` + both + `},{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sqs:*","Resource":"*"}`, unclear},
		"allowed to whom?":            {`{` + good + `,"Condition":{"StringEquals":{"aws:SourceOrgID":"o-1"}}}`, unclear},
		"one is enough":               {`{` + good + `,"Condition":{"StringEquals":{"aws:SourceOrgID":"o-1"}}},{` + good + `,` + both + `}`, yes},
	} {
		p, err := parsePolicy(`{"Version":"2012-10-17","Statement":[` + c.statements + `]}`)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := p.lets(asked); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestAStatementMayStandAlone(t *testing.T) {
	p, err := parsePolicy(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`)
	if err != nil || p.lets(asked) != loose {
		t.Errorf("%v, %v", p.lets(asked), err)
	}
}

func TestAStarInAnARNStaysInItsPart(t *testing.T) {
	for pattern, want := range map[string]bool{
		"arn:aws:s3:*:*:logs": true, "arn:aws:s3:::l*": true, "arn:aws:s3:::log?": true, "*": true, "arn:*:s3:::logs": true,
		"arn:aws:*:logs": false, "arn:aws:s3:::log": false, "arn:aws:s3:::logs?": false,
	} {
		if arnLike(pattern, "arn:aws:s3:::logs") != want {
			t.Errorf("%s: %v", pattern, !want)
		}
	}
}

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

func FuzzPolicy(f *testing.F) {
	f.Add(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":["a*"],"Resource":"?","Condition":{"Bool":{"x":"true"}}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePolicy(text)
		if err == nil && text == "" && p.lets(asked) != no {
			t.Error("no policy lets")
		}
		p.lets(asked)
	})
}

package iam

import (
	"strings"
	"testing"
)

var asked = Request{
	Service: "s3.amazonaws.com", Action: "sqs:SendMessage", Resource: "arn:aws:sqs:us-east-1:123456789012:q",
	Keys: map[string]string{"aws:sourcearn": "arn:aws:s3:::logs", "aws:sourceaccount": "123456789012", "aws:securetransport": "true", "aws:sourcevpc": ""},
}

func TestAPolicyIsReadAsIAMReadsIt(t *testing.T) {
	const good = `"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:123456789012:q"`
	const both = `"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:logs"},"StringEquals":{"aws:SourceAccount":"123456789012"}}`
	for name, c := range map[string]struct {
		statements string
		want       Answer
	}{
		"none":                        {``, No},
		"as it should be":             {`{` + good + `,` + both + `}`, Yes},
		"a list of buckets":           {`{` + good + `,"Condition":{"ArnLike":{"aws:SourceArn":["arn:aws:s3:::a","arn:aws:s3:::logs"]},"StringEquals":{"AWS:SourceAccount":["123456789012"]}}}`, Yes},
		"all lists":                   {`{"Effect":"Allow","Principal":{"Service":["sns.amazonaws.com","s3.amazonaws.com"]},"Action":["SQS:Send*"],"Resource":["*"],` + both + `}`, Yes},
		"another bucket":              {`{` + good + `,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::log"},"StringEquals":{"aws:SourceAccount":"123456789012"}}}`, No},
		"another account":             {`{` + good + `,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs"},"StringEquals":{"aws:SourceAccount":"210987654321"}}}`, No},
		"any bucket of any account":   {`{` + good + `}`, Loose},
		"any account":                 {`{` + good + `,"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::logs"}}}`, Loose},
		"anybody":                     {`{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}`, Loose},
		"anybody, as StreamAlert had": {`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs"}}}`, Loose},
		"another service":             {`{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}`, No},
		"the account itself":          {`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sqs:*","Resource":"*"}`, No},
		"another action":              {`{"Effect":"Allow","Principal":"*","Action":"sqs:ReceiveMessage","Resource":"*"}`, No},
		"another queue":               {`{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"arn:aws:sqs:us-east-1:123456789012:q2"}`, No},
		"denied":                      {`{` + good + `,` + both + `},{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"}`, No},
		"denied without TLS":          {`{` + good + `,` + both + `},{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, Yes},
		"denied to whom?":             {`{` + good + `,` + both + `},{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}`, Unclear},
		"denied to all but":           {`{` + good + `,` + both + `},{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sqs:*","Resource":"*"}`, Unclear},
		"allowed to whom?":            {`{` + good + `,"Condition":{"StringEquals":{"aws:SourceOrgID":"o-1"}}}`, Unclear},
		"an absent key":               {`{` + good + `,"Condition":{"StringEquals":{"aws:SourceVpc":"v"}}}`, No},
		"an absent key, if it exists": {`{` + good + `,"Condition":{"StringEqualsIfExists":{"aws:SourceVpc":"v"}}}`, Loose},
		"an absent key, negated":      {`{` + good + `,"Condition":{"StringNotEquals":{"aws:SourceVpc":"v"}}}`, Loose},
		"a key that must be absent":   {`{` + good + `,"Condition":{"Null":{"aws:SourceVpc":"true"}}}`, Loose},
		"a key that must be there":    {`{` + good + `,"Condition":{"Null":{"aws:SourceVpc":"false"}}}`, No},
		"there, and must be absent":   {`{` + good + `,"Condition":{"Null":{"aws:SourceArn":"true"}}}`, No},
		"negated":                     {`{` + good + `,"Condition":{"ArnNotLike":{"aws:SourceArn":"arn:aws:s3:::logs"}}}`, No},
		"all but what is asked":       {`{"Effect":"Allow","Principal":"*","NotAction":"sqs:Send*","Resource":"*"}`, No},
		"all but something else":      {`{"Effect":"Allow","Principal":"*","NotAction":"sqs:Receive*","NotResource":"arn:aws:sqs:us-east-1:123456789012:q2"}`, Loose},
		"one is enough":               {`{` + good + `,"Condition":{"StringEquals":{"aws:SourceOrgID":"o-1"}}},{` + good + `,` + both + `}`, Yes},
	} {
		p, err := Parse(`{"Version":"2012-10-17","Statement":[` + c.statements + `]}`)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := p.Lets(asked); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestAStatementMayStandAlone(t *testing.T) {
	p, err := Parse(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`)
	if err != nil || p.Lets(asked) != Loose {
		t.Errorf("%v, %v", p.Lets(asked), err)
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

func FuzzPolicy(f *testing.F) {
	f.Add(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":["a*"],"Resource":"?","Condition":{"Bool":{"x":"true"}}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err == nil && text == "" && p.Lets(asked) != No {
			t.Error("no policy lets")
		}
		p.Lets(asked)
	})
}

func TestARolesOwnPolicyNamesNobody(t *testing.T) {
	own := Request{Action: "sqs:SendMessage", Resource: asked.Resource}
	for statements, want := range map[string]Answer{
		`{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`:                                                                                Yes,
		`{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}`:                                                                No,
		`{"Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Effect":"Deny","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:*:*:q"}`:    No,
		`{"Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Effect":"Deny","NotAction":"sqs:SendMessage","Resource":"arn:aws:sqs:*:*:q"}`: Yes,
		`{"Effect":"Allow","Action":"sqs:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"v"}}}`:                             Unclear,
	} {
		p, err := Parse(`{"Statement":[` + statements + `]}`)
		if err != nil || p.Lets(own) != want {
			t.Errorf("%s: %d, want %d (%v)", statements, p.Lets(own), want, err)
		}
	}
}

func TestAPolicyThatWouldNotBeJudgedAsIAMDoesIsRefused(t *testing.T) {
	keys := []string{"aws:sourcearn"}
	for statement, want := range map[string]string{
		`{"Effect":"Allow","Action":"sqs:*","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b"}}}`: "",
		`{"Effect":"allow","Action":"sqs:*","Resource":"*"}`:                                                            "Effect is \"allow\"",
		`{"Effect":"Allow","Actions":"sqs:*","Resource":"*"}`:                                                           "Actions",
		`{"Effect":"Allow","Resource":"*"}`:                                                                             "Action",
		`{"Sid":"Mine","Effect":"Allow","Action":"sqs:*"}`:                                                              "(Mine)",
		`{"Effect":"Allow","Action":"SendMessage","Resource":"*"}`:                                                      "SERVICE:NAME",
		`{"Effect":"Allow","Action":"sqs:*","Resource":"my-queue"}`:                                                     "no ARN",
		`{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:r:1:${aws:username}"}`:                              "variable",
		`{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}`:                                            "Principal",
		`{"Effect":"Allow","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:Moon":"1"}}}`:                      "aws:Moon",
		`{"Effect":"Allow","Action":"sqs:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceArn":"1"}}}`:            "IpAddress",
	} {
		_, err := Read([]byte(`{"Version":"2012-10-17","Statement":[`+statement+`]}`), keys)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", statement, err, want)
		}
	}
	for _, text := range []string{``, `[]`, `{}`, `{"Statement":[]}`, `{"Statement":[]} {}`, `{"Statment":[]}`} {
		if _, err := Read([]byte(text), keys); err == nil {
			t.Errorf("%s is a policy", text)
		}
	}
}

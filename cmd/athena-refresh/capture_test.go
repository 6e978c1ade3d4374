package main

import (
	"slices"
	"strings"
	"testing"
)

// TestACaptureIsRead: as it is documented, and as AWS's command line prints it.
func TestACaptureIsRead(t *testing.T) {
	const body = `{"Event":"s3:TestEvent"}`
	printed := func(bodies ...string) string {
		var list []string
		for i, b := range bodies {
			b = strings.ReplaceAll(b, `"`, `\"`)
			list = append(list, `        {
            "MessageId": "`+strings.Repeat("m", i+1)+`",
            "ReceiptHandle": "h",
            "MD5OfBody": "x",
            "Body": "`+b+`"
        }`)
		}
		return "{\n    \"Messages\": [\n" + strings.Join(list, ",\n") + "\n    ]\n}\n"
	}
	pretty := "{\n  \"Event\": \"s3:TestEvent\"\n}"
	for name, c := range map[string]struct {
		capture string
		want    []string
	}{
		"lines":                     {body + "\n\n" + body + "\n", []string{body, "", body}},
		"nothing":                   {"", nil},
		"receive-message":           {printed(body, "x"), []string{body, "x"}},
		"receive-message, repeated": {printed(body) + printed("", "y"), []string{body, "", "y"}},
		"the same, one a line":      {strings.ReplaceAll(printed(body), "\n", "") + "\n" + body, []string{body, body}},
		"one body, pretty":          {pretty + "\n", []string{pretty}},
		"two bodies, pretty":        {pretty + "\n" + pretty, []string{pretty, pretty}},
		"a first line that is cut":  {"{\"Records\":[\n" + body + "\n", []string{"{\"Records\":[", body}},
		"no messages at all":        {`{"Messages":[],"ReceiptHandle":1}`, []string{`{"Messages":[],"ReceiptHandle":1}`}},
		"a body without its handle": {`{"Messages":[{"Body":"x"}],"y":"\"ReceiptHandle\""}`, []string{`{"Messages":[{"Body":"x"}],"y":"\"ReceiptHandle\""}`}},
	} {
		b := &bodies{lines: newLines(strings.NewReader(c.capture))}
		var got []string
		for b.next() {
			got = append(got, b.text)
		}
		if err := b.lines.err(); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

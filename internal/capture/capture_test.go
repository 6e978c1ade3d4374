package capture

import (
	"errors"
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
		"lines":                       {body + "\n\n" + body + "\n", []string{body, "", body}},
		"nothing":                     {"", nil},
		"receive-message":             {printed(body, "x"), []string{body, "x"}},
		"receive-message, repeated":   {printed(body) + printed("", "y"), []string{body, "", "y"}},
		"the same, one a line":        {strings.ReplaceAll(printed(body), "\n", "") + "\n" + body, []string{body, body}},
		"one body, pretty":            {pretty + "\n", []string{pretty}},
		"two bodies, pretty":          {pretty + "\n" + pretty, []string{pretty, pretty}},
		"a first line that is cut":    {"{\"Records\":[\n" + body + "\n", []string{"{\"Records\":[", body}},
		"no messages at all":          {`{"Messages":[],"ReceiptHandle":1}`, []string{`{"Messages":[],"ReceiptHandle":1}`}},
		"an array of bodies":          {"[\n  {\n    \"Event\": \"s3:TestEvent\"\n  },\n  \"x\",\n  \"\"\n]\n", []string{"{\n    \"Event\": \"s3:TestEvent\"\n  }", "x", ""}},
		"an array in a line":          {"[" + body + "," + body + "]\n" + body, []string{body, body, body}},
		"an array, an element a line": {"[" + body + ",\n" + body + "]", []string{body, body}},
		"an array of no bodies":       {"[]\n[1]\n[\n1\n]", []string{"[]", "[1]", "[\n1\n]"}},
		"the messages alone":          {`[{"ReceiptHandle":"h","Body":"x"},{"ReceiptHandle":"h","Body":"y"}]`, []string{"x", "y"}},
		"a message a line":            {`{"ReceiptHandle":"h","Body":"x"}` + "\n" + `{"ReceiptHandle":"h","Body":"y"}`, []string{"x", "y"}},
		"a pretty one after others":   {body + "\n" + pretty + "\n" + body + "\n" + pretty, []string{body, pretty, body, pretty}},
		"two without a line between":  {pretty + pretty + "\n" + body, []string{pretty, pretty, body}},
		"a pretty one after a cut":    {"{\"Records\":[\n" + body + "\n" + pretty + "\n", []string{"{\"Records\":[", body, pretty}},
		"a bracket and other lines":   {"[ERROR] x\n{x\n\n" + body, []string{"[ERROR] x", "{x", "", body}},
		"a body without its handle":   {`{"Messages":[{"Body":"x"}],"y":"\"ReceiptHandle\""}`, []string{`{"Messages":[{"Body":"x"}],"y":"\"ReceiptHandle\""}`}},
	} {
		b := Read(strings.NewReader(c.capture))
		var got []string
		for b.Next() {
			got = append(got, b.Text)
		}
		if err := b.Err(); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

// TestACaptureInAnotherFormatIsRefused, and not settled line by line.
func TestACaptureInAnotherFormatIsRefused(t *testing.T) {
	for capture, want := range map[string]error{
		"Messages:\n- Attributes:\n    SenderId: x\n  Body: '{}'\n": errNotJSON,
		"MESSAGES\t{}\tx\n": errNotJSON,
		"Messages:\n{}\n":   nil,
		"Messages:":         nil,
	} {
		b := Read(strings.NewReader(capture))
		n := 0
		for b.Next() {
			n++
		}
		if err := b.Err(); !errors.Is(err, want) || (n == 0) != (want != nil) {
			t.Errorf("%q: %d messages, %v", capture, n, err)
		}
	}
}

// TestALineTooLongIsSaidWhereverItStands also where it is read ahead.
func TestALineTooLongIsSaidWhereverItStands(t *testing.T) {
	b := Read(strings.NewReader("{\n" + strings.Repeat("x", maxLine+1) + "\n{}\n"))
	n := 0
	for b.Next() {
		n++
	}
	if err := b.Err(); n != 1 || err == nil || !strings.Contains(err.Error(), "read line 2: it is longer") {
		t.Errorf("%d messages, %v", n, err)
	}
}

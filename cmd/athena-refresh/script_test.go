package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/aws/sqs"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Files:               scripts(t),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("CI", os.Getenv("CI"))
			env.Setenv("GOGC", os.Getenv("GOGC"))
			env.Setenv("MUTANT", os.Getenv("MUTANT")) // the break that is tried (.ci/mutants)
			env.Setenv("TMPDIR", env.WorkDir+"/.tmp")
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "ci" {
				return os.Getenv("CI") == "true", nil
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit":       scriptExit,
			"serve":      scriptServe,
			"put":        scriptPut,
			"del":        scriptDel,
			"send":       scriptSend,
			"receive":    scriptReceive,
			"create":     scriptCreate,
			"move":       scriptMove,
			"hide":       scriptHide,
			"notify":     scriptNotify,
			"silence":    scriptSilence,
			"set":        scriptSet,
			"follow":     scriptFollow,
			"park":       scriptPark,
			"cloudwatch": scriptCloudWatch,
		},
	})
}

// stacks is a line of a script that takes seconds: it serves a stack.
var stacks = regexp.MustCompile(`(?m)^serve |^(exec|exit 0) athena-refresh (demo|open)`)

// scripts are all of them, with -short those without a stack.
func scripts(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(all) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	if !testing.Short() {
		return all
	}
	return slices.DeleteFunc(all, func(name string) bool {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return stacks.Match(text)
	})
}

// scriptExit runs a command and checks its exit code: exit 3 athena-refresh once.
func scriptExit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND ARG…")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		code = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// scriptServe serves a stack for the rest of the script, and sets the
// environment for it: serve CONF DATA FLAG….
func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: serve CONF DATA FLAG…")
	}
	p, err := serve(ts.MkAbs(args[0]), ts.MkAbs(args[1]), args[2:]...)
	ts.Check(err)
	ts.Defer(func() { ts.Check(p.stop()) })
	for _, e := range environment(p.url) {
		if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
			ts.Setenv(name, value)
		}
	}
}

// scriptPut puts a file as an object: put BUCKET KEY FILE.
func scriptPut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: put BUCKET KEY FILE")
	}
	ts.Check(newClient(ts.Getenv("AWS_ENDPOINT_URL")).put(context.Background(), args[0], args[1], ts.ReadFile(args[2])))
}

// scriptDel deletes an object: del BUCKET KEY.
func scriptDel(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: del BUCKET KEY")
	}
	c := newClient(ts.Getenv("AWS_ENDPOINT_URL"))
	_, err := c.s3.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &args[0], Key: &args[1]})
	ts.Check(err)
}

// scriptSend sends a file as a message: send QUEUE FILE.
func scriptSend(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: send QUEUE FILE")
	}
	ts.Check(newClient(ts.Getenv("AWS_ENDPOINT_URL")).send(context.Background(), args[0], ts.ReadFile(args[1])))
}

// scriptReceive takes all messages out of a queue, and writes their attributes
// and bodies to a file: receive QUEUE FILE.
func scriptReceive(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: receive QUEUE FILE")
	}
	messages, err := newClient(ts.Getenv("AWS_ENDPOINT_URL")).receive(context.Background(), args[0])
	ts.Check(err)
	var text strings.Builder
	for _, m := range messages {
		for name, a := range m.MessageAttributes {
			fmt.Fprintf(&text, "%s: %s\n", name, *a.StringValue)
		}
		fmt.Fprintf(&text, "body: %s\n", *m.Body)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text.String()), 0o600))
}

// scriptCreate makes a queue with attributes that a file has: create QUEUE FILE.
func scriptCreate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: create QUEUE FILE")
	}
	var attributes map[string]string
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &attributes))
	ts.Check(newClient(ts.Getenv("AWS_ENDPOINT_URL")).create(context.Background(), args[0], attributes))
}

// scriptMove has SQS send back what a dead-letter queue holds, to where it came from
// or to another queue, and writes how that ended to a file: move QUEUE FILE [TO].
func scriptMove(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: move QUEUE FILE [TO]")
	}
	ended, err := newClient(ts.Getenv("AWS_ENDPOINT_URL")).move(context.Background(), args[0], args[2:]...)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(ended+"\n"), 0o600))
}

// scriptHide looks at a message of a queue, and keeps it for so many seconds: hide
// QUEUE SECONDS.
func scriptHide(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hide QUEUE SECONDS")
	}
	seconds, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(newClient(ts.Getenv("AWS_ENDPOINT_URL")).hide(context.Background(), args[0], seconds))
}

// scriptNotify has a bucket notify whom a file names, and nobody else: notify BUCKET
// FILE.
func scriptNotify(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: notify BUCKET FILE")
	}
	var whom s3types.NotificationConfiguration
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &whom))
	ts.Check(newClient(ts.Getenv("AWS_ENDPOINT_URL")).notify(context.Background(), args[0], &whom))
}

// scriptSilence has a bucket notify nobody: silence BUCKET.
func scriptSilence(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: silence BUCKET")
	}
	ts.Check(newClient(ts.Getenv("AWS_ENDPOINT_URL")).notify(context.Background(), args[0], &s3types.NotificationConfiguration{}))
}

// scriptSet sets an attribute of a queue: set QUEUE NAME VALUE.
func scriptSet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: set QUEUE NAME VALUE")
	}
	ts.Check(newClient(ts.Getenv("AWS_ENDPOINT_URL")).set(context.Background(), args[0], args[1], args[2]))
}

// scriptFollow does what hints say, those that are commands, just as they stand
// there: the hints of doctor --json, or those that a command wrote to stderr with
// the command between quotation marks. What would ask is told yes: follow FILE.
func scriptFollow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: follow FILE")
	}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		command := hinted(ts, line)
		if strings.Contains(command, " table create ") {
			command += " --yes"
		}
		var left *exec.ExitError
		if err := ts.Exec("sh", "-c", command); errors.As(err, &left) && left.ExitCode() == exitUndone {
			continue // there is more to do, which is the next hint's affair
		} else if err != nil {
			ts.Fatalf("the hint %q does not work as it stands: %v", command, err)
		}
	}
}

// hinted is the command that a line advises, "" if it advises none.
func hinted(ts *testscript.TestScript, line string) string {
	if text, ok := strings.CutPrefix(line, "hint: "); ok {
		_, rest, _ := strings.Cut(text, `"`)
		command, _, _ := strings.Cut(rest, `"`)
		return command
	}
	var f struct{ Hint string }
	if strings.HasPrefix(line, "{") {
		ts.Check(json.Unmarshal([]byte(line), &f))
	}
	if strings.HasPrefix(f.Hint, "aws ") || strings.HasPrefix(f.Hint, "athena-refresh ") {
		return f.Hint
	}
	return ""
}

// scriptPark parks a message as a refresh does that gave it up: park QUEUE FILE
// REASON.
func scriptPark(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: park QUEUE FILE REASON")
	}
	ctx := context.Background()
	queue, err := sqs.Open(ctx, awsOf(ts.Getenv("AWS_ENDPOINT_URL")), args[0])
	ts.Check(err)
	m := refresh.Message{ID: "given up", Body: ts.ReadFile(args[1]), Sent: time.Now().Add(-25 * time.Hour)}
	ts.Check(queue.Park(ctx, m, []refresh.Reason{refresh.Reason(args[2])}))
}

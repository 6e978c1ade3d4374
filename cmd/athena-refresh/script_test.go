package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("CI", os.Getenv("CI"))
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
			"exit":    scriptExit,
			"serve":   scriptServe,
			"put":     scriptPut,
			"del":     scriptDel,
			"send":    scriptSend,
			"receive": scriptReceive,
			"silence": scriptSilence,
			"set":     scriptSet,
			"follow":  scriptFollow,
		},
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
// environment for it: serve CONF DATA.
func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serve CONF DATA")
	}
	p, err := serve(ts.MkAbs(args[0]), ts.MkAbs(args[1]))
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

// scriptSilence has a bucket notify nobody: silence BUCKET.
func scriptSilence(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: silence BUCKET")
	}
	ts.Check(newClient(ts.Getenv("AWS_ENDPOINT_URL")).silence(context.Background(), args[0]))
}

// scriptSet sets an attribute of a queue: set QUEUE NAME VALUE.
func scriptSet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: set QUEUE NAME VALUE")
	}
	ts.Check(newClient(ts.Getenv("AWS_ENDPOINT_URL")).set(context.Background(), args[0], args[1], args[2]))
}

// scriptFollow does what the hints of doctor --json say, those that are commands
// of the AWS CLI, just as they stand there: follow FILE.
func scriptFollow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: follow FILE")
	}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var f struct{ Hint string }
		ts.Check(json.Unmarshal([]byte(line), &f))
		if strings.HasPrefix(f.Hint, "aws ") {
			ts.Check(ts.Exec("sh", "-c", f.Hint))
		}
	}
}

package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"strings"
	"testing"

	"athenarefresh/internal/aws/awstest"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(waiting{m}, map[string]func(){"athena-refresh": main})
}

// besides is how many tests run beside each other, unless -parallel says so: they
// wait for processes most of the time, whatever the machine's processors.
const besides = "12"

// lazily is how the program collects its garbage, where nobody looks at its memory: of
// a process that lives for a moment that is an eighth of its work.
const lazily = "400"

// asUsual has it collected as it is in use.
const asUsual = "GOGC=100"

// waiting are tests that mostly wait.
type waiting struct{ *testing.M }

func (w waiting) Run() int {
	if os.Getenv("GOGC") == "" {
		os.Setenv("GOGC", lazily)
	}
	flag.Parse()
	awstest.Forget(!*testDeploy) // terraform may have to get its provider
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", besides); err != nil {
			panic(err)
		}
	}
	return w.M.Run()
}

// invoke runs a command line in this process.
func invoke(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	return out.String(), errs.String(), code
}

// confDir writes a configuration.
func confDir(t *testing.T, prefix, lambda string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir+"/global.json", `{"account": {"prefix": "`+prefix+`", "region": "us-east-1", "aws_account_id": "123456789012"}}`)
	write(t, dir+"/lambda.json", lambda)
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

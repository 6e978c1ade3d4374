// Package athenarefresh_test holds the checks that are about the whole module.
package athenarefresh_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "athenarefresh/"

// pkg is what go list says of a package.
type pkg struct {
	ImportPath string
	Name, Doc  string   // Doc is the first sentence of its comment
	Imports    []string // its own, without those of tests
	Standard   bool
}

func packages(t *testing.T) []pkg {
	t.Helper()
	var list []pkg
	for d := json.NewDecoder(strings.NewReader(goList(t, "-json=ImportPath,Name,Doc,Imports,Standard", "./..."))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// goList is what go list prints.
func goList(t *testing.T, args ...string) string {
	t.Helper()
	var said strings.Builder
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, said.String())
	}
	return string(out)
}

func isStandard(path string) bool {
	return !strings.Contains(strings.Split(path, "/")[0], ".") && !ours(path)
}
func ours(path string) bool { return strings.HasPrefix(path, module) }
func under(path, dir string) bool {
	return path == module+dir || strings.HasPrefix(path, module+dir+"/")
}

// TestArrows checks which way imports point (docs/decisions.md, "Layout and arrows"): the
// pure core knows nothing, what is called pure is, refresh knows no AWS, adapters don't know each
// other, the embedded AWS knows nothing of ours.
func TestArrows(t *testing.T) {
	list, pure := packages(t), pure(t)
	if len(list) < 10 {
		t.Fatalf("go list found only %d packages", len(list))
	}
	for _, p := range list {
		for _, i := range p.Imports {
			if why := cmp.Or(forbidden(p.ImportPath, i), impure(pure, p.ImportPath, i)); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, i, why)
			}
		}
		if n := adapters(p.Imports); len(n) > 1 && !under(p.ImportPath, "cmd") {
			t.Errorf("%s imports %s: only cmd sees two adapters", p.ImportPath, strings.Join(n, " and "))
		}
	}
}

// adapters are the packages below internal/aws that others see: what adapters
// share among themselves is none, nor is what only tests import.
func adapters(imports []string) (found []string) {
	for _, i := range imports {
		if under(i, "internal/aws") && !shared(i) {
			found = append(found, i)
		}
	}
	return found
}

func shared(path string) bool {
	return under(path, "internal/aws/awserror") || under(path, "internal/aws/retries") || under(path, "internal/aws/s3client") || under(path, "internal/aws/awstest")
}

// harmless are the packages of the standard library that a pure one may import, and
// those below: they compute, whatever the machine. Callers hand in what is read.
var harmless = []string{
	"bufio", "bytes", "cmp", "embed", "encoding", "errors", "fmt", "hash", "io", "iter", "maps", "math/bits", "net/url",
	"path", "regexp", "slices", "strconv", "strings", "sync", "time", "unicode",
}

// impurities are what a package that is called pure imports besides: the words of
// packages that do things, and how doctor asks for its facts, which are handed to it.
var impurities = map[string][]string{
	"internal/metrics": {module + "internal/daemon", module + "internal/reconcile", module + "internal/refresh"},
	"internal/doctor": {module + "internal/config", module + "internal/parked", module + "internal/refresh",
		"context", "crypto/rand", "crypto/sha256", "golang.org/x/sync/errgroup", "math/rand/v2"},
}

// pure are the packages that the list in cmd/athena-refresh/doc.go calls so.
func pure(t *testing.T) (list []string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^//\t(internal/[a-z0-9/]+) .*\bpure$`).FindAllStringSubmatch(string(read(t, "cmd/athena-refresh/doc.go")), -1) {
		list = append(list, m[1])
	}
	if len(list) < 10 {
		t.Fatalf("cmd/athena-refresh/doc.go calls only %d packages pure", len(list))
	}
	return list
}

// impure says why a package that is called pure may not import another: that sees the
// machine or the network, or imports what does.
func impure(pure []string, from, to string) string {
	name, there := strings.TrimPrefix(from, module), strings.TrimPrefix(to, module)
	if !slices.Contains(pure, name) || slices.Contains(impurities[name], to) || ours(to) && slices.Contains(pure, there) {
		return ""
	}
	if i := slices.IndexFunc(harmless, func(h string) bool { return to == h || strings.HasPrefix(to, h+"/") }); i < 0 || to == "io/ioutil" || to == "io/fs" {
		return "cmd/athena-refresh/doc.go calls it pure: it computes, by packages that do no more"
	}
	return ""
}

func forbidden(from, to string) string {
	sdk := strings.HasPrefix(to, "github.com/aws/")
	switch {
	case under(from, "internal/event") || under(from, "internal/table"):
		if !isStandard(to) {
			return "the core is pure"
		}
	case under(from, "internal/source"):
		if !isStandard(to) && to != module+"internal/table" {
			return "what is known of logs is the core's"
		}
	case under(from, "internal/s3events") || under(from, "internal/iam") || under(from, "internal/faults"):
		if !isStandard(to) {
			return "what doctor shares with deploy, with the embedded AWS and with the status page is pure"
		}
	case under(from, "internal/refresh"):
		if !isStandard(to) && to != module+"internal/event" && to != module+"internal/table" {
			return "refresh knows event and table, and no AWS"
		}
	case under(from, "internal/daemon") || under(from, "internal/lambda") || under(from, "internal/reconcile") || under(from, "internal/parked") || under(from, "internal/monitor") || under(from, "internal/coverage") || from == module+"internal/doctor":
		if sdk && !strings.HasPrefix(to, "github.com/aws/aws-lambda-go") || adapters([]string{to}) != nil {
			return "drivers know refresh, not AWS"
		}
	case from == module+"internal/deploy":
		if sdk || strings.HasPrefix(to, "github.com/hashicorp/") || under(to, "internal/deploy") || under(to, "internal/aws") {
			return "deployment knows no SDK and no terraform: its adapters are below it"
		}
	case under(from, "internal/aws"):
		if adapters([]string{to}) != nil {
			return "an adapter knows no other"
		}
	case !under(from, "cmd") && from != module+"bench" && adapters([]string{to}) != nil:
		return "only cmd sees adapters"
	case under(from, "internal/local"):
		if ours(to) && !under(to, "internal/local") && !under(to, "internal/hiveql") && !under(to, "internal/iam") && !under(to, "internal/s3events") && !under(to, "internal/duck") {
			return "the embedded AWS knows nothing of ours but Hive's language, IAM's, how S3 reads a filter, and DuckDB's start"
		}
	}
	switch {
	case strings.HasPrefix(to, "github.com/duckdb/") && !under(from, "internal/local/athena") && !under(from, "internal/schema/infer") && !under(from, "internal/duck"):
		return "DuckDB stays in the embedded Athena, and where schemas are inferred of local files"
	case under(to, "internal/duck") && !under(from, "internal/local/athena") && !under(from, "internal/schema/infer"):
		return "and so does what starts it"
	case under(to, "internal/local") && !under(from, "internal/local") && !under(from, "cmd/athena-refresh"):
		return "only the command line starts the embedded AWS"
	case from == module+"internal/schema" && under(to, "internal/schema"):
		return "what a schema is needs no DuckDB"
	case sdk && under(from, "internal") && !speaksToAWS(from) && !strings.HasPrefix(to, "github.com/aws/aws-lambda-go"):
		return "what speaks to AWS is below internal/aws"
	}
	return ""
}

// speaksToAWS tells who may import the SDK: what lies below internal/aws, and the
// embedded AWS, for the encodings of its protocols.
func speaksToAWS(path string) bool {
	return under(path, "internal/aws") || under(path, "internal/local")
}

// unreachable is what the function may not reach, whoever imports it: it would
// be larger, start slower, or not build without cgo.
var unreachable = []string{
	"github.com/spf13/cobra",
	"github.com/duckdb",
	"github.com/prometheus",
	"html/template",
	module + "internal/local",
}

func TestTheFunctionReachesNothingLarge(t *testing.T) {
	deps := strings.Fields(goList(t, "-deps", "-tags", "lambda.norpc", "./cmd/lambda"))
	if !slices.Contains(deps, module+"internal/refresh") {
		t.Fatal("it does not even reach internal/refresh")
	}
	for _, d := range deps {
		for _, u := range unreachable {
			if d == u || strings.HasPrefix(d, u+"/") {
				t.Errorf("the function reaches %s", d)
			}
		}
	}
}

// TestForbiddenForbids keeps TestArrows from passing because it looks at nothing.
func TestForbiddenForbids(t *testing.T) {
	pure := pure(t)
	for _, c := range [][2]string{
		{"internal/table", "os"},
		{"internal/table", "os/exec"},
		{"internal/table", "net/http"},
		{"internal/event", "context"},
		{"internal/source", "io/ioutil"},
		{"internal/schedule", "os/exec"},
		{"internal/schedule", module + "internal/terminal"},
		{"internal/schema", "log/slog"},
		{"internal/hiveql", "golang.org/x/text/width"},
		{"internal/metrics", "net"},
		{"internal/doctor", module + "internal/monitor"},
		{"internal/event", "github.com/goccy/go-json"},
		{"internal/refresh", "github.com/aws/aws-sdk-go-v2/aws"},
		{"internal/source", module + "internal/hiveql"},
		{"internal/refresh", module + "internal/aws/sqs"},
		{"internal/daemon", module + "internal/aws/sqs"},
		{"internal/reconcile", module + "internal/aws/objects"},
		{"internal/monitor", module + "internal/aws/cloudwatch"},
		{"internal/doctor", "github.com/aws/aws-sdk-go-v2/service/sqs"},
		{"internal/s3events", "github.com/aws/aws-sdk-go-v2/service/s3"},
		{"internal/iam", module + "internal/config"},
		{"internal/deploy", "github.com/aws/aws-sdk-go-v2/aws"},
		{"internal/deploy", module + "internal/aws/account"},
		{"internal/local/s3", module + "internal/table"},
		{"internal/local/s3", "github.com/duckdb/duckdb-go/v2"},
		{"internal/schema/sample", "github.com/duckdb/duckdb-go/v2"},
		{"internal/schema", module + "internal/schema/infer"},
		{"internal/prompt", module + "internal/duck"},
		{"cmd/lambda", module + "internal/local"},
	} {
		if forbidden(module+c[0], c[1]) == "" && impure(pure, module+c[0], c[1]) == "" {
			t.Errorf("%s may import %s", c[0], c[1])
		}
	}
}

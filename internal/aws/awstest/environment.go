package awstest

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Forget takes away what this machine's owner set for the AWS of theirs, which the
// tests of a package are not about: every variable of the SDK's, the files that they
// name or that are in a home, and, but for whoever downloads something, the proxies. A
// package's TestMain calls it, and its tests set what they need.
func Forget(proxies bool) {
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "AWS_") || proxies && strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			os.Unsetenv(name)
		}
	}
	for _, name := range Files {
		os.Setenv(name, os.DevNull)
	}
}

// Files are the variables that name the SDK's files.
var Files = []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}

// Variable is something that the SDK takes from its environment, and what shows
// in the addresses that a program then asks a proxy for.
type Variable struct {
	Name        string
	Environment []string // NAME=value, and nothing else of AWS's but credentials
	Profile     string   // of the file that AWS_CONFIG_FILE names
	Host        string   // of SQS
	Attempts    int      // at asking for it
}

// Variables are the kinds that there are.
var Variables = []Variable{
	{"a region", []string{"AWS_REGION=eu-west-1"}, "", "sqs.eu-west-1.amazonaws.com", 3},
	{"FIPS", []string{"AWS_REGION=us-east-1", "AWS_USE_FIPS_ENDPOINT=true"}, "", "sqs-fips.us-east-1.amazonaws.com", 3},
	{"dual stack", []string{"AWS_REGION=us-east-1", "AWS_USE_DUALSTACK_ENDPOINT=true"}, "", "sqs.us-east-1.api.aws", 3},
	{"both, of a profile", []string{"AWS_PROFILE=p"}, "[profile p]\nregion = us-west-2\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\n", "sqs-fips.us-west-2.api.aws", 3},
	{"the region of the profile", []string{"AWS_PROFILE=p"}, "[profile p]\nregion = ap-south-1\n", "sqs.ap-south-1.amazonaws.com", 3},
	{"the European sovereign cloud", []string{"AWS_REGION=eusc-de-east-1"}, "", "sqs.eusc-de-east-1.amazonaws.eu", 3},
	{"an isolated partition", []string{"AWS_REGION=us-iso-east-1"}, "", "sqs.us-iso-east-1.c2s.ic.gov", 3},
	{"China", []string{"AWS_REGION=cn-north-1"}, "", "sqs.cn-north-1.amazonaws.com.cn", 3},
	{"more attempts", []string{"AWS_REGION=us-east-1", "AWS_MAX_ATTEMPTS=2", "AWS_RETRY_MODE=standard"}, "", "sqs.us-east-1.amazonaws.com", 2},
}

// In is the environment of a program: the variable's, a proxy of this process,
// which notes whom it is asked for, and what else every program needs.
func (v Variable) In(t *testing.T) (environment []string, asked func() []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(v.Profile), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var hosts []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // connects to nobody
		mu.Lock()
		defer mu.Unlock()
		hosts = append(hosts, strings.TrimSuffix(r.Host, ":443"))
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	asked = func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(hosts)
	}
	return append([]string{
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + file, "AWS_SHARED_CREDENTIALS_FILE=" + file, "HTTPS_PROXY=" + proxy.URL, "HOME=" + filepath.Dir(file),
	}, v.Environment...), asked
}

// TLS serves a service by a certificate that nobody knows, but who has the bundle.
func TLS(t *testing.T, service http.Handler) (url, bundle string) {
	t.Helper()
	s := httptest.NewTLSServer(service)
	t.Cleanup(s.Close)
	bundle = filepath.Join(t.TempDir(), "bundle.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(bundle, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return s.URL, bundle
}

package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"athenarefresh/internal/aws/awstest"
)

// TestTheEnvironmentIsObeyed: whatever the SDK takes from the environment or the
// profile, the program does too. No request gets further than the proxy.
func TestTheEnvironmentIsObeyed(t *testing.T) {
	t.Parallel()
	conf := confDir(t, "env", "{}")
	for _, v := range awstest.Variables {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			env, asked := v.In(t)
			cmd := exec.Command("athena-refresh", "once", "--conf", conf)
			cmd.Env = env
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Errorf("it succeeded: %s", out)
			}
			hosts := asked()
			if len(hosts) != v.Attempts || slices.ContainsFunc(hosts, func(h string) bool { return h != v.Host }) {
				t.Errorf("asked for %s, want %d times %s: %s", hosts, v.Attempts, v.Host, out)
			}
		})
	}
}

// TestAProxyIsNamed: where the way to the service is through one, it is what has to
// be looked at, and no endpoint.
func TestAProxyIsNamed(t *testing.T) {
	t.Parallel()
	conf := confDir(t, "proxy", "{}")
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer refuses.Close()
	for name, c := range map[string]struct{ proxy, endpoint, want string }{
		"it refuses":         {refuses.URL, "", refuses.URL + " (HTTPS_PROXY)"},
		"nobody is there":    {"http://me:secret@127.0.0.1:1", "", "http://me:xxxxx@127.0.0.1:1 (HTTPS_PROXY)"},
		"it is not the way":  {"http://127.0.0.1:1", "https://127.0.0.1:1", "is AWS_ENDPOINT_URL right"},
		"an endpoint behind": {"http://127.0.0.1:1", "https://aws.example", "http://127.0.0.1:1 (HTTPS_PROXY)"},
	} {
		for _, command := range []string{"once", "doctor"} {
			cmd := exec.Command("athena-refresh", command, "--conf", conf)
			cmd.Env = []string{"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=us-east-1", "AWS_MAX_ATTEMPTS=1", "HTTPS_PROXY=" + c.proxy,
				"MUTANT=" + os.Getenv("MUTANT")} // the break that is tried (.ci/mutants)
			if c.endpoint != "" {
				cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL="+c.endpoint)
			}
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) || strings.Contains(string(out), "secret") ||
				strings.Contains(string(out), "AWS_ENDPOINT_URL") != strings.Contains(c.want, "AWS_ENDPOINT_URL") {
				t.Errorf("%s, %s: want %q: %v, %s", command, name, c.want, err, out)
			}
		}
	}
}

// TestABundleOfCertificatesIsBelieved: a proxy that looks into what passes has one.
func TestABundleOfCertificatesIsBelieved(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "bundle", "{}")
	p := served(t, conf, t.TempDir())
	to, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	address, bundle := awstest.TLS(t, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // which is signed
	}})
	once := func(more ...string) (string, error) {
		cmd := exec.Command("athena-refresh", "once", "--conf", conf)
		cmd.Env = append([]string{"AWS_ENDPOINT_URL=" + address, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=us-east-1"}, more...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := once("AWS_CA_BUNDLE=" + bundle); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := once(); err == nil || !strings.Contains(out, "certificate") {
		t.Errorf("without the bundle: %s", out)
	}
}

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/aws/awstest"
)

// TestTheEnvironmentIsObeyed: whatever the SDK takes from the environment or the
// profile, the function does too. No request gets further than the proxy.
func TestTheEnvironmentIsObeyed(t *testing.T) {
	t.Parallel()
	root := writeConf(t, "env", nil)
	for _, v := range awstest.Variables {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			env, asked := v.In(t)
			f := runIn(t, bootstrap, append(env, "LAMBDA_TASK_ROOT="+root)...)
			if a := f.invoke(`{}`, time.Minute); !a.failed {
				t.Errorf("answered %s", a.body)
			}
			hosts := asked()
			if len(hosts) != v.Attempts || slices.ContainsFunc(hosts, func(h string) bool { return h != v.Host }) {
				t.Errorf("asked for %s, want %d times %s", hosts, v.Attempts, v.Host)
			}
		})
	}
}

// TestABundleOfCertificatesIsBelieved: a proxy that looks into what passes has one.
func TestABundleOfCertificatesIsBelieved(t *testing.T) {
	t.Parallel()
	s := newAccount(t).newSite("bundle", nil)
	pass := newProxy(t, s.url)
	url, bundle := awstest.TLS(t, pass.server.Config.Handler)
	s.send(landed("bundle.streamalerts", "alerts/2026/01/02/03/a"))
	f := start(t, s.root, url, "AWS_CA_BUNDLE="+bundle)
	var got summary
	if f.must(scheduled, time.Minute, &got); got.Done != 1 || got.Partitions != 1 {
		t.Errorf("%+v", got)
	}

	untold := start(t, s.root, url)
	if a := untold.invoke(scheduled, time.Minute); !a.failed || !strings.Contains(a.body, "certificate") {
		t.Errorf("without the bundle: %s", a.body)
	}
}

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// redriveRequests is how many a redrive makes that has two messages to look at,
// and some.
const redriveRequests = 14

// TestKillARedriveAtEveryRequest kills "parked redrive" with SIGKILL at each of
// its requests, before the request took effect and after it, before its answer
// was read. Afterwards a redrive that nobody kills brings back every message
// that is meant, byte for byte, and leaves every other one where it was.
func TestKillARedriveAtEveryRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs processes and waits for them")
	}
	t.Parallel()
	conf := confDir(t, "kill", fmt.Sprintf(killConf, "athena"))
	stack := served(t, conf, t.TempDir())
	proxy := &killer{target: stack.url, edit: hurry(t)}
	server := httptest.NewServer(proxy)
	defer server.Close()
	r := &redriving{t: t, client: newClient(stack.url), proxy: proxy, conf: conf, env: environment(server.URL), back: map[string]int{}}

	// What is left over makes each run longer: it has no last request.
	for at := 1; at <= redriveRequests; at++ {
		r.kill(at, false)
		r.kill(at, true)
	}
	if r.kills < redriveRequests {
		t.Errorf("%d kills only", r.kills)
	}
	until(t, "everything that is meant is back", 90*time.Second, func() bool {
		r.redrive(0, false)
		r.collect()
		return len(r.back) == r.landed
	})
	r.check()
	t.Logf("%d kills, %d messages, of which the queue got %d twice", r.kills, 2*r.landed, r.twice)
}

// hurry makes a second of the time for which a redrive hides what it looks at,
// and signs that again: a kill leaves it hidden for so long.
func hurry(t *testing.T) func(*http.Request, []byte) []byte {
	signer := v4.NewSigner()
	return func(r *http.Request, body []byte) []byte {
		quick := bytes.Replace(body, []byte(`"VisibilityTimeout":300`), []byte(`"VisibilityTimeout":1`), 1)
		if bytes.Equal(quick, body) {
			return body
		}
		sum := sha256.Sum256(quick)
		r.ContentLength = int64(len(quick))
		r.Header.Del("Authorization")
		r.Header.Set("Content-Length", fmt.Sprint(len(quick)))
		r.URL.Host, r.URL.Scheme = r.Host, "http"
		if err := signer.SignHTTP(t.Context(), aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, r, hex.EncodeToString(sum[:]), "sqs", "us-east-1", time.Now()); err != nil {
			t.Error(err)
		}
		return quick
	}
}

// redriving is the test under way.
type redriving struct {
	t      *testing.T
	client *client
	proxy  *killer
	conf   string
	env    []string

	kills  int
	landed int            // messages that are meant, and as many that are not
	back   map[string]int // bodies that came back, and how often
	twice  int
}

// These are bodies of messages that are parked for different reasons.
func meantBody(i int) string {
	return fmt.Sprintf(" {\"s3Bucket\":\"stranger\", \"s3ObjectKey\":[\"%d é\"]}\t\n", i)
}
func otherBody(i int) string { return fmt.Sprintf("nothing %d", i) }

// kill parks a message that is meant and one that isn't, and kills a redrive at
// a request.
func (r *redriving) kill(at int, after bool) {
	r.t.Helper()
	for _, body := range []string{meantBody(r.landed), otherBody(r.landed)} {
		if err := r.client.send(r.t.Context(), killQueue+"_dlq", body); err != nil {
			r.t.Fatal(err)
		}
	}
	r.landed++
	r.redrive(at, after)
	r.collect()
}

// redrive runs one, which is killed at a request; not at all if that is 0.
func (r *redriving) redrive(at int, after bool) {
	r.t.Helper()
	killed, err := r.proxy.run(r.env, at, after, "parked", "redrive", "--reason", "unknown_bucket", "--conf", r.conf)
	if err != nil {
		r.t.Fatal(err)
	}
	if killed {
		r.kills++
	}
}

// collect takes what came back out of the queue.
func (r *redriving) collect() {
	r.t.Helper()
	messages, err := r.client.receive(r.t.Context(), killQueue)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, m := range messages {
		if strings.Contains(*m.Body, "s3:TestEvent") {
			continue
		}
		if len(m.MessageAttributes) > 0 {
			r.t.Errorf("came back with attributes: %s", *m.Body)
		}
		if r.back[*m.Body]++; r.back[*m.Body] == 2 {
			r.twice++
		}
	}
}

// check finds what is meant in the queue, and all the rest still parked.
func (r *redriving) check() {
	r.t.Helper()
	dead, err := r.client.receive(r.t.Context(), killQueue+"_dlq")
	if err != nil {
		r.t.Fatal(err)
	}
	parked := map[string]bool{}
	for _, m := range dead {
		parked[*m.Body] = true
	}
	for i := range r.landed {
		if r.back[meantBody(i)] == 0 {
			r.t.Errorf("lost: %q", meantBody(i))
		}
		if r.back[otherBody(i)] > 0 || !parked[otherBody(i)] {
			r.t.Errorf("not where it was: %q", otherBody(i))
		}
	}
}

package local

import (
	"io"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/local/cloudwatch"
	"athenarefresh/internal/local/rights"
	"athenarefresh/internal/local/sigv4"
)

// minReply is how long every reply takes at least. The SDK for Go drops about
// one ReceiveMessage reply in a hundred that comes sooner.
const minReply = time.Millisecond

// gateway lets in what is local and signed, and leads it to its service: by
// X-Amz-Target; to CloudWatch by its protocol; to the Query protocol by its
// form; the rest is S3's, unless it was signed for another.
type gateway struct {
	verifier sigv4.Verifier
	services map[string]http.Handler // but S3, by the names of [rights.Call]
	buckets  http.Handler
	guard    *guard
	faults   *faults
}

// ServeHTTP implements http.Handler.
func (d *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	giveLeave(w, r)
	patient := &patientWriter{ResponseWriter: w, due: time.Now().Add(minReply)}
	defer patient.wait() // an answer without a body is written when we return
	defer answerPanic(patient, r)
	d.serve(patient, r)
}

// answerPanic answers for a service that panics, and says on stderr where: what
// one request makes of a dependency is no reason to cut its connection, which
// clients take for a network that is broken, and try again.
func answerPanic(w *patientWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler || w.started {
		panic(http.ErrAbortHandler) // half of an answer is worse than none
	}
	log.Printf("panic serving %s %q: %v\n%s", r.Method, r.URL.Path, p, debug.Stack())
	replyError(w, r, &sigv4.Error{Code: "InternalError", Message: "We encountered an internal error. Please try again.", Status: http.StatusInternalServerError})
}

// giveLeave answers a request that asks for leave to send no body. net/http
// says nothing to it, as it may; botocore, which asks with every put, then
// misreads the next reply on the connection and waits a minute for another.
func giveLeave(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 && strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
		w.WriteHeader(http.StatusContinue)
	}
}

func (d *gateway) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.Path == health && localHost(r.Host) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, healthy)
		return
	}
	who, err := d.admit(r)
	if err != nil {
		replyError(w, r, err)
		return
	}
	r = r.WithContext(d.guard.as(r.Context(), who))
	service, call := d.service(r)
	if err := d.guard.judge(r, call); err != nil {
		replyError(w, r, err)
		return
	}
	if err := d.faults.strike(r.Context(), call); err != nil {
		replyError(w, r, err)
		return
	}
	service.ServeHTTP(w, r)
}

// admit says whose a request is, or why it may not come in. Even one that is signed (the
// credentials are no secret) must not be a browser's on behalf of a web page:
// such requests say where they are from.
func (d *gateway) admit(r *http.Request) (accessKey string, err error) {
	if !localHost(r.Host) {
		return "", forbidden("the host " + r.Host + " is not this machine's own")
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if r.Header.Get("Origin") != "" || site != "" && site != "none" {
		return "", forbidden("a web page may not use the local stack")
	}
	return d.verifier.Verify(r)
}

func forbidden(message string) error {
	return &sigv4.Error{Code: "AccessDenied", Message: message, Status: http.StatusForbidden}
}

// localHost keeps out names that somebody else's DNS made point here.
func localHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	name = strings.ToLower(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || name == "127.0.0.1" || name == "::1"
}

// service finds the service that a request, which was let in, is for, and what
// the request asks of it.
func (d *gateway) service(r *http.Request) (http.Handler, rights.Call) {
	target := r.Header.Get("X-Amz-Target")
	if isForm(r) && target == "" {
		return queryProtocol{d.guard}, rights.CallOf(r, r.PostFormValue("Action"), "")
	}
	bucket := hostBucket(r.Host)
	call := rights.CallOf(r, "", bucket)
	prefix, _, _ := strings.Cut(target, ".")
	name := signedFor(r)
	switch s := d.services[call.Service]; {
	case s != nil:
		return s, call
	case target != "":
		return unserved(prefix), call
	case name != "" && name != "s3":
		return unserved(name), rights.Call{}
	case bucket != "":
		return pathStyle(bucket, d.buckets), call
	}
	return d.buckets, call
}

func isCBOR(r *http.Request) bool {
	return r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" && strings.HasPrefix(r.URL.Path, cloudwatch.Path)
}

// isForm says whether a request speaks the Query protocol.
func isForm(r *http.Request) bool {
	form := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	return r.Method == http.MethodPost && form && r.URL.RawQuery == ""
}

// signedFor is the service that a request, whose signature is good, was signed
// for; "" where the signature is not in the header:
//
//	AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …
func signedFor(r *http.Request) string {
	scope, _, _ := strings.Cut(r.Header.Get("Authorization"), ",")
	parts := strings.Split(scope, "/")
	if n := len(parts); n >= 5 {
		return parts[n-2]
	}
	return ""
}

// unserved answers for a service that isn't there, in JSON, as the services
// answer that are neither S3 nor spoken to in forms.
type unserved string

// ServeHTTP implements http.Handler.
func (name unserved) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	const code = "UnknownOperationException"
	w.Header().Set("X-Amzn-Errortype", code)
	refuser.Refuse(w, awsjson.Errorf(code, "the local stack has no service %s", string(name)))
}

// hostBucket is the bucket of a virtual-host-style request, "" if the style is
// another: b of b.localhost or b.s3.localhost.
func hostBucket(host string) string {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	bucket, ok := strings.CutSuffix(strings.ToLower(name), ".localhost")
	if !ok || bucket == "s3" {
		return ""
	}
	return strings.TrimSuffix(bucket, ".s3")
}

func pathStyle(bucket string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := *r.URL
		u.Path, u.RawPath = "/"+bucket+u.Path, ""
		r2 := r.WithContext(r.Context())
		r2.URL = &u
		h.ServeHTTP(w, r2)
	})
}

// patientWriter doesn't answer before due.
type patientWriter struct {
	http.ResponseWriter
	due     time.Time
	started bool
}

func (p *patientWriter) wait() {
	if !p.started {
		p.started = true
		time.Sleep(time.Until(p.due))
	}
}

// WriteHeader implements http.ResponseWriter.
func (p *patientWriter) WriteHeader(status int) {
	p.wait()
	p.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (p *patientWriter) Write(b []byte) (int, error) {
	p.wait()
	return p.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (p *patientWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }

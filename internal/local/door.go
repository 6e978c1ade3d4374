package local

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"athenarefresh/internal/local/cloudwatch"
	"athenarefresh/internal/local/sigv4"
)

// minReply is how long every reply takes at least. The SDK for Go drops about
// one ReceiveMessage reply in a hundred that comes sooner.
const minReply = time.Millisecond

// door lets in what is local and signed, and leads it to its service: by
// X-Amz-Target; to CloudWatch by its protocol; to the Query protocol by its
// form; the rest is S3's, unless it was signed for another.
type door struct {
	verifier sigv4.Verifier
	services map[string]http.Handler // by the target's prefix
	metrics  http.Handler            // CloudWatch's
	buckets  http.Handler
	account  string
}

// ServeHTTP implements http.Handler.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	giveLeave(w, r)
	patient := &patientWriter{ResponseWriter: w, due: time.Now().Add(minReply)}
	d.serve(patient, r)
	patient.wait() // an answer without a body is written when we return
}

// giveLeave answers a request that asks for leave to send no body. net/http
// says nothing to it, as it may; botocore, which asks with every put, then
// misreads the next reply on the connection and waits a minute for another.
func giveLeave(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 && strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
		w.WriteHeader(http.StatusContinue)
	}
}

func (d *door) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.Path == "/_local/health" && localHost(r.Host) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"status":"ok"}`)
		return
	}
	if err := d.admit(r); err != nil {
		refuse(w, r, err)
		return
	}
	d.service(r).ServeHTTP(w, r)
}

// admit says why a request may not come in. Even one that is signed (the
// credentials are no secret) must not be a browser's on behalf of a web page:
// such requests say where they are from.
func (d *door) admit(r *http.Request) error {
	if !localHost(r.Host) {
		return forbidden("the host " + r.Host + " is not this machine's own")
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if r.Header.Get("Origin") != "" || site != "" && site != "none" {
		return forbidden("a web page may not use the local stack")
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

// service finds the service that a request, which was let in, is for.
func (d *door) service(r *http.Request) http.Handler {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		prefix, _, _ := strings.Cut(target, ".")
		if s := d.services[prefix]; s != nil {
			return s
		}
		return unserved(prefix)
	}
	if r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" && strings.HasPrefix(r.URL.Path, cloudwatch.Path) {
		return d.metrics
	}
	if isForm(r) {
		return query{account: d.account}
	}
	if name := signedFor(r); name != "" && name != "s3" {
		return unserved(name)
	}
	if bucket := hostBucket(r.Host); bucket != "" {
		return pathStyle(bucket, d.buckets)
	}
	return d.buckets
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
	refuseJSON(w, &sigv4.Error{Code: code, Message: "the local stack has no service " + string(name), Status: http.StatusBadRequest})
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

// refuse answers in the protocol of the request: JSON where it has a target, the
// Query protocol's XML to a form, else S3's.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := &sigv4.Error{Code: "IncompleteBody", Message: err.Error(), Status: http.StatusBadRequest}
	errors.As(err, &e)
	if r.Header.Get("X-Amz-Target") != "" {
		refuseJSON(w, e)
		return
	}
	if isForm(r) {
		refuseForm(w, e)
		return
	}
	refuseXML(w, xml.Name{Local: "Error"}, failure{e.Code, e.Message}, e.Status)
}

// refuseJSON: the JSON services have other names for the same errors (AWS
// general reference, "Common errors").
func refuseJSON(w http.ResponseWriter, e *sigv4.Error) {
	code := e.Code
	switch code {
	case "SignatureDoesNotMatch", "RequestTimeTooSkewed":
		code = "InvalidSignatureException"
	case "InvalidAccessKeyId":
		code = "UnrecognizedClientException"
	case "AccessDenied":
		code = "AccessDeniedException"
	}
	body, err := json.Marshal(map[string]string{"__type": code, "message": e.Message})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(e.Status)
	w.Write(body)
}

// failure is an error in XML.
type failure struct{ Code, Message string }

// refuseForm has the error inside of an ErrorResponse, and its own name for a key
// that isn't known.
func refuseForm(w http.ResponseWriter, e *sigv4.Error) {
	f := failure{e.Code, e.Message}
	if f.Code == "InvalidAccessKeyId" {
		f.Code = "InvalidClientTokenId"
	}
	refuseXML(w, xml.Name{Local: "ErrorResponse"}, struct{ Error failure }{f}, e.Status)
}

func refuseXML(w http.ResponseWriter, name xml.Name, answer any, status int) {
	var body bytes.Buffer
	body.WriteString(xml.Header)
	if err := xml.NewEncoder(&body).EncodeElement(answer, xml.StartElement{Name: name}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	w.Write(body.Bytes())
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

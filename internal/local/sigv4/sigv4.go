// Package sigv4 checks AWS Signature Version 4 on the requests that a server
// receives: in the Authorization header or in the query (a presigned URL).
//
// The law: a request that [Verifier.Verify] accepted was made by somebody who
// knows the secret, within fifteen minutes of now (or the lifetime of a
// presigned URL), for this host, path, query and the signed headers; and its
// body, read to the end without an error, is the one that was signed, unless
// the signer left it out (UNSIGNED-PAYLOAD, which a client may choose).
//
// All services of the local stack are behind the same Verifier. Sources: the
// AWS general reference, "Signature Version 4 signing process", and the S3 API
// reference, "Authenticating requests".
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"

	// MaxSkew is how far a request's time may be from ours.
	MaxSkew = 15 * time.Minute
	// maxExpires is the longest life of a presigned URL.
	maxExpires = 7 * 24 * time.Hour
)

// Error says why a request is refused, in the words of S3.
type Error struct {
	Code    string // "SignatureDoesNotMatch"
	Message string
	Status  int
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func denied(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Status: http.StatusForbidden}
}

func malformed(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

// Verifier knows the credentials that are accepted: all have the same secret.
type Verifier struct {
	AccessKeys []string
	Secret     string
	Now        func() time.Time
}

// authorization is what a request says about its own signature.
type authorization struct {
	accessKey     string
	scope         string // "20260102/us-east-1/s3/aws4_request"
	signedHeaders []string
	signature     string
	time          time.Time
	expires       time.Duration // of a presigned URL, else 0
	presigned     bool
}

// Verify checks r's signature, and returns whose access key it was made with.
// When the error is nil, r.Body yields the payload
// itself (the aws-chunked coding, if there was one, is taken off, and the
// headers say so), and fails with an [*Error] where it is not what was signed.
// A body of at most [EagerBody] bytes was checked already.
func (v *Verifier) Verify(r *http.Request) (accessKey string, err error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", malformed("InvalidURI", "parse the query: %v", err)
	}
	if query.Has("AWSAccessKeyId") && r.Header.Get("Authorization") == "" {
		return query.Get("AWSAccessKeyId"), v.verifyVersion2(r, query)
	}
	a, err := parse(r, query)
	if err != nil {
		return "", err
	}
	if !slices.Contains(v.AccessKeys, a.accessKey) {
		return "", denied("InvalidAccessKeyId", "the access key id you provided does not exist in our records")
	}
	if err := v.checkTime(a); err != nil {
		return "", err
	}
	payload, err := payloadHash(r, a)
	if err != nil {
		return "", err
	}
	canonical, err := canonicalRequest(r, query, a, payload)
	if err != nil {
		return "", err
	}
	key := a.signingKey(v.Secret)
	want := hex.EncodeToString(sum(key, a.stringToSign(algorithm, hexHash(canonical))))
	if !hmac.Equal([]byte(want), []byte(a.signature)) {
		return "", denied("SignatureDoesNotMatch", "the request signature we calculated does not match the signature you provided")
	}
	return a.accessKey, checkBody(r, payload, &chain{auth: a, key: key, previous: a.signature})
}

func parse(r *http.Request, query url.Values) (*authorization, error) {
	switch {
	case r.Header.Get("Authorization") != "":
		return parseHeader(r.Header)
	case query.Get("X-Amz-Algorithm") != "":
		return parseQuery(query)
	}
	return nil, denied("AccessDenied", "the request has no AWS signature (version 4)")
}

func parseHeader(header http.Header) (*authorization, error) {
	rest, ok := strings.CutPrefix(header.Get("Authorization"), algorithm)
	if !ok {
		return nil, malformed("AuthorizationHeaderMalformed", "the authorization is not %s", algorithm)
	}
	fields := map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	a := &authorization{signature: fields["Signature"]}
	if err := a.fill(fields["Credential"], fields["SignedHeaders"]); err != nil {
		return nil, err
	}
	var err error
	a.time, err = requestTime(header)
	return a, err
}

func requestTime(h http.Header) (time.Time, error) {
	if s := h.Get("X-Amz-Date"); s != "" {
		t, err := time.Parse(timeFormat, s)
		if err != nil {
			return t, denied("AccessDenied", "x-amz-date: %v", err)
		}
		return t, nil
	}
	t, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return t, denied("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
	}
	return t, nil
}

func parseQuery(query url.Values) (*authorization, error) {
	if got := query.Get("X-Amz-Algorithm"); got != algorithm {
		return nil, malformed("AuthorizationQueryParametersError", "X-Amz-Algorithm is not %s", algorithm)
	}
	a := &authorization{signature: query.Get("X-Amz-Signature"), presigned: true}
	if err := a.fill(query.Get("X-Amz-Credential"), query.Get("X-Amz-SignedHeaders")); err != nil {
		return nil, err
	}
	var err error
	if a.time, err = time.Parse(timeFormat, query.Get("X-Amz-Date")); err != nil {
		return nil, malformed("AuthorizationQueryParametersError", "X-Amz-Date: %v", err)
	}
	seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil || seconds < 1 || seconds > int(maxExpires/time.Second) {
		return nil, malformed("AuthorizationQueryParametersError", "X-Amz-Expires must be 1 to 604800 seconds")
	}
	a.expires = time.Duration(seconds) * time.Second
	return a, nil
}

// fill takes in the parts that header and query have alike.
func (a *authorization) fill(credential, signedHeaders string) error {
	parts := strings.Split(credential, "/")
	n := len(parts)
	if n < 5 || parts[n-1] != "aws4_request" {
		return malformed("AuthorizationHeaderMalformed", "the credential is not KEY/DATE/REGION/SERVICE/aws4_request")
	}
	a.accessKey = strings.Join(parts[:n-4], "/")
	a.scope = strings.Join(parts[n-4:], "/")
	a.signedHeaders = strings.Split(strings.ToLower(signedHeaders), ";")
	return nil
}

func (v *Verifier) checkTime(a *authorization) error {
	if !strings.HasPrefix(a.scope, a.time.Format("20060102")+"/") {
		return denied("SignatureDoesNotMatch", "the date in the credential is not the date of the request")
	}
	age := v.Now().Sub(a.time)
	switch {
	case a.presigned && age > a.expires:
		return denied("AccessDenied", "request has expired")
	case age < -MaxSkew, !a.presigned && age > MaxSkew:
		return denied("RequestTimeTooSkewed", "the difference between the request time and the current time is too large")
	}
	return nil
}

func (a *authorization) signingKey(secret string) []byte {
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(a.scope, "/") {
		key = sum(key, part)
	}
	return key
}

func (a *authorization) stringToSign(kind string, parts ...string) string {
	head := kind + "\n" + a.time.UTC().Format(timeFormat) + "\n" + a.scope + "\n"
	return head + strings.Join(parts, "\n")
}

func sum(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}

func hexHash(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

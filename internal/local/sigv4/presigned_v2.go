package sigv4

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// verifyVersion2 checks a URL that was presigned with version 2, which boto3
// and version 1 of the AWS CLI still do by default. Only reading an object is
// let in that way, path-style and without x-amz- headers: what
// generate_presigned_url("get_object") and "aws s3 presign" make. Source: S3
// developer guide, "Signing and authenticating REST requests".
func (v *Verifier) verifyVersion2(r *http.Request, query url.Values) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || hasAmz(r, query) {
		return malformed("InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256 (in boto3, signature_version=\"s3v4\").")
	}
	if !slices.Contains(v.AccessKeys, query.Get("AWSAccessKeyId")) {
		return denied("InvalidAccessKeyId", "the access key id you provided does not exist in our records")
	}
	expires, err := strconv.ParseInt(query.Get("Expires"), 10, 64)
	left := time.Unix(expires, 0).Sub(v.Now())
	if err != nil || left < 0 || left > maxExpires+MaxSkew {
		return denied("AccessDenied", "request has expired, or would in more than 7 days")
	}
	text := r.Method + "\n\n\n" + query.Get("Expires") + "\n" + r.URL.EscapedPath() + subresources(query)
	h := hmac.New(sha1.New, []byte(v.Secret))
	h.Write([]byte(text))
	want := base64.StdEncoding.EncodeToString(h.Sum(nil))
	if !hmac.Equal([]byte(want), []byte(query.Get("Signature"))) {
		return denied("SignatureDoesNotMatch", "the request signature we calculated does not match the signature you provided")
	}
	return nil
}

// hasAmz says whether there is an x-amz- header, or one that was moved into
// the query.
func hasAmz(r *http.Request, query url.Values) bool {
	for _, names := range []map[string][]string{r.Header, query} {
		for name := range names {
			if strings.HasPrefix(strings.ToLower(name), "x-amz-") {
				return true
			}
		}
	}
	return false
}

// subresources are the signed part of the query. The rest of it must be the
// signature's own, or it could be changed by anyone.
func subresources(query url.Values) string {
	var signed []string
	for name, values := range query {
		if slices.Contains([]string{"AWSAccessKeyId", "Expires", "Signature"}, name) {
			continue
		}
		s := name
		if values[0] != "" {
			s += "=" + values[0]
		}
		signed = append(signed, s)
	}
	if len(signed) == 0 {
		return ""
	}
	slices.Sort(signed)
	return "?" + strings.Join(signed, "&")
}

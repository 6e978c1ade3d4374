package sigv4

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// canonicalRequest is the text whose hash was signed:
//
//	METHOD \n path \n query \n name:value \n … \n \n names \n payload
//
// The path is encoded once, as S3 has it; the other services encode it twice,
// but their path is always "/" or plain.
func canonicalRequest(r *http.Request, query url.Values, a *authorization, payload string) (string, error) {
	headers, err := canonicalHeaders(r, a)
	if err != nil {
		return "", err
	}
	return strings.Join([]string{
		r.Method, encodePath(cmp.Or(r.URL.Path, "/")), canonicalQuery(query), headers,
		strings.Join(a.signedHeaders, ";"), payload,
	}, "\n"), nil
}

// canonicalHeaders are the signed headers, "name:value\n" each. The host and
// every x-amz- header must be among them: otherwise a stranger could add, say,
// a copy source to a presigned put.
func canonicalHeaders(r *http.Request, a *authorization) (string, error) {
	if !slices.Contains(a.signedHeaders, "host") {
		return "", denied("AccessDenied", "the host is not signed")
	}
	for name := range r.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-amz-") && !slices.Contains(a.signedHeaders, lower) {
			return "", denied("AccessDenied", "the header %s is not signed", lower)
		}
	}
	var b strings.Builder
	for _, name := range a.signedHeaders {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	return b.String(), nil
}

// headerValue undoes what net/http does to some headers.
func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	case "transfer-encoding":
		return strings.Join(r.TransferEncoding, ",")
	}
	values := make([]string, 0, 1)
	for _, v := range r.Header.Values(name) {
		values = append(values, strings.Join(strings.Fields(v), " "))
	}
	return strings.Join(values, ",")
}

// canonicalQuery has parameters by name, and those of one name by value.
func canonicalQuery(query url.Values) string {
	signed := url.Values{}
	for name, values := range query {
		if name != "X-Amz-Signature" {
			signed[name] = slices.Sorted(slices.Values(values))
		}
	}
	return strings.ReplaceAll(signed.Encode(), "+", "%20")
}

// encodePath escapes every byte but A-Z a-z 0-9 - . _ ~ and /.
func encodePath(path string) string {
	return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(path))
}

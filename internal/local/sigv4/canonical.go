package sigv4

import (
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
	path := r.URL.Path
	if path == "" {
		path = "/"
	}
	return strings.Join([]string{
		r.Method, encode(path, true), canonicalQuery(query), headers,
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

func canonicalQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		if name == "X-Amz-Signature" {
			continue
		}
		for _, v := range values {
			pairs = append(pairs, encode(name, false)+"="+encode(v, false))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// encode escapes every byte but A-Z a-z 0-9 - . _ ~, and / where slashes says so.
func encode(s string, slashes bool) string {
	const hexDigits = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+16)
	for i := range len(s) {
		c := s[i]
		if unreserved(c) || c == '/' && slashes {
			b = append(b, c)
			continue
		}
		b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
	}
	return string(b)
}

func unreserved(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

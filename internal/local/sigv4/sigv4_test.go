package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// The examples of the S3 API reference, "Signature Calculations for the
// Authorization Header" (transferring a payload in one and in many chunks).
const (
	exampleKey    = "AKIAIOSFODNN7EXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	exampleScope  = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
)

func exampleVerifier() *Verifier {
	return &Verifier{AccessKeys: []string{exampleKey}, Secret: exampleSecret, Now: func() time.Time {
		return time.Date(2013, 5, 24, 0, 1, 0, 0, time.UTC)
	}}
}

func example(method, url, authorization string, body io.Reader, header map[string]string) *http.Request {
	r := httptest.NewRequest(method, url, body)
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("Authorization", exampleScope+authorization)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return r
}

func TestExamplesOfTheS3Reference(t *testing.T) {
	const host = "http://examplebucket.s3.amazonaws.com"
	empty := hexHash("")
	for name, r := range map[string]*http.Request{
		"get object": example("GET", host+"/test.txt", "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
			nil, map[string]string{"Range": "bytes=0-9", "X-Amz-Content-Sha256": empty}),
		"put object": example("PUT", host+"/test$file.text", "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
			strings.NewReader("Welcome to Amazon S3."), map[string]string{"Date": "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY", "X-Amz-Content-Sha256": hexHash("Welcome to Amazon S3.")}),
		"get lifecycle": example("GET", host+"/?lifecycle", "SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
			nil, map[string]string{"X-Amz-Content-Sha256": empty}),
		"list objects": example("GET", host+"/?max-keys=2&prefix=J", "SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
			nil, map[string]string{"X-Amz-Content-Sha256": empty}),
	} {
		if _, err := exampleVerifier().Verify(r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	presigned := httptest.NewRequest("GET", host+"/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404", nil)
	if _, err := exampleVerifier().Verify(presigned); err != nil {
		t.Errorf("presigned: %v", err)
	}
}

// The example of the S3 developer guide for version 2, "Query String Request
// Authentication Alternative"; it has the bucket in the host, so the path here
// is that of the signed resource.
func TestVersion2Example(t *testing.T) {
	const url = "http://s3.amazonaws.com/johnsmith/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620"
	for name, c := range map[string]struct {
		method, url string
		at          int64
		want        string
	}{
		"as signed": {"GET", url, 1175139000, ""},
		"too late":  {"GET", url, 1175139621, "AccessDenied"},
		"too early": {"GET", url, 1175139620 - 8*86400, "AccessDenied"},
		"put":       {"PUT", url, 1175139000, "InvalidRequest"},
		"head":      {"HEAD", url, 1175139000, "SignatureDoesNotMatch"},
		"other key": {"GET", strings.Replace(url, "puppy", "kitty", 1), 1175139000, "SignatureDoesNotMatch"},
		"a list":    {"GET", url + "&list-type=2", 1175139000, "SignatureDoesNotMatch"},
	} {
		v := &Verifier{AccessKeys: []string{exampleKey}, Secret: exampleSecret, Now: func() time.Time { return time.Unix(c.at, 0) }}
		_, err := v.Verify(httptest.NewRequest(c.method, c.url, nil))
		var e *Error
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &e) || e.Code != c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// exampleChunks is the reference's body in three chunks, of 66,560 bytes "a".
func exampleChunks() []byte {
	var b bytes.Buffer
	for _, c := range []struct {
		size      int
		signature string
	}{
		{65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"},
		{1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"},
		{0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"},
	} {
		fmt.Fprintf(&b, "%x;chunk-signature=%s\r\n%s\r\n", c.size, c.signature, strings.Repeat("a", c.size))
	}
	return b.Bytes()
}

func chunkedRequest(body []byte) *http.Request {
	r := example("PUT", "http://s3.amazonaws.com/examplebucket/chunkObject.txt",
		"SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
		bytes.NewReader(body), map[string]string{
			"X-Amz-Content-Sha256": streamingPayload, "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
			"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": "66560",
		})
	r.ContentLength = 66824 // as signed
	return r
}

func TestSignedChunksOfTheS3Reference(t *testing.T) {
	r := chunkedRequest(exampleChunks())
	if _, err := exampleVerifier().Verify(r); err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || string(body) != strings.Repeat("a", 66560) {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if r.ContentLength != 66560 || r.Header.Get("Content-Length") != "66560" || r.Header.Get("X-Amz-Content-Sha256") != unsignedPayload {
		t.Errorf("the request still looks chunked: %v", r.Header)
	}
}

func TestDamagedChunksAreRefused(t *testing.T) {
	whole := exampleChunks()
	for name, body := range map[string][]byte{
		"other byte":       bytes.Replace(whole, []byte("aaaa"), []byte("aaba"), 1),
		"cut":              whole[:len(whole)/2],
		"last chunk lost":  whole[:bytes.LastIndex(whole, []byte("0;chunk"))],
		"middle lost":      append(bytes.Clone(whole[:65536+2+len("10000;chunk-signature=")+64+2]), whole[bytes.LastIndex(whole, []byte("0;chunk")):]...),
		"not chunked":      bytes.Repeat([]byte("a"), 66560),
		"negative size":    append([]byte("-1"), whole...),
		"signature of 0":   bytes.Replace(whole, []byte("b6c6ea"), []byte("b6c6eb"), 1),
		"signature of one": bytes.Replace(whole, []byte("ad80c7"), []byte("ad80c8"), 1),
	} {
		_, err := exampleVerifier().Verify(chunkedRequest(body))
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// trailing is a body in one unsigned chunk with a checksum behind it.
func trailing(payload, checksum string) string {
	chunk := ""
	if payload != "" {
		chunk = fmt.Sprintf("%x\r\n%s\r\n", len(payload), payload)
	}
	return chunk + "0\r\nx-amz-checksum-crc32:" + checksum + "\r\n\r\n"
}

func crc(payload string) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(payload))))
}

// sign signs a request whose payload line is given.
func sign(t *testing.T, r *http.Request, payload string) {
	t.Helper()
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("X-Amz-Content-Sha256", payload)
	names := []string{"host"}
	for _, name := range []string{"x-amz-content-sha256", "x-amz-date", "x-amz-decoded-content-length", "x-amz-trailer"} {
		if r.Header.Get(name) != "" {
			names = append(names, name)
		}
	}
	a := &authorization{}
	if err := a.fill(exampleKey+"/20130524/us-east-1/s3/aws4_request", strings.Join(names, ";")); err != nil {
		t.Fatal(err)
	}
	a.time = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	canonical, err := canonicalRequest(r, r.URL.Query(), a, payload)
	if err != nil {
		t.Fatal(err)
	}
	signature := hex.EncodeToString(sum(a.signingKey(exampleSecret), a.stringToSign(algorithm, hexHash(canonical))))
	r.Header.Set("Authorization", exampleScope+"SignedHeaders="+strings.Join(names, ";")+",Signature="+signature)
}

func TestTrailingChecksum(t *testing.T) {
	for _, payload := range []string{"", "payload"} {
		for _, right := range []bool{true, false} {
			checksum := crc(payload)
			if !right {
				checksum = crc(payload + "x")
			}
			r := httptest.NewRequest("PUT", "http://localhost/b/k", strings.NewReader(trailing(payload, checksum)))
			r.Header.Set("X-Amz-Decoded-Content-Length", fmt.Sprint(len(payload)))
			r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32")
			sign(t, r, streamingUnsigned)
			_, err := exampleVerifier().Verify(r)
			if right != (err == nil) {
				t.Errorf("%q, right checksum %v: %v", payload, right, err)
			}
			if body, readErr := io.ReadAll(r.Body); err == nil && (readErr != nil || string(body) != payload) {
				t.Errorf("body %q, %v", body, readErr)
			}
		}
	}
}

// TestLongBodyIsCheckedByItsLastByte: whoever stops at the length it was told
// must have seen the error.
func TestLongBodyIsCheckedByItsLastByte(t *testing.T) {
	payload := strings.Repeat("0123456789", EagerBody/10+1)
	hash := sha256.Sum256([]byte(payload))
	for name, c := range map[string]struct {
		body string
		bad  bool
	}{"as signed": {payload, false}, "other": {payload[:len(payload)-1] + "x", true}} {
		r := httptest.NewRequest("PUT", "http://localhost/b/k", strings.NewReader(c.body))
		sign(t, r, hex.EncodeToString(hash[:]))
		if _, err := exampleVerifier().Verify(r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err := io.Copy(io.Discard, io.LimitReader(r.Body, int64(len(payload))))
		if c.bad != (err != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChunksComeInAnyPieces(t *testing.T) {
	r := chunkedRequest(nil)
	r.Body = io.NopCloser(iotest.OneByteReader(bytes.NewReader(exampleChunks())))
	if _, err := exampleVerifier().Verify(r); err != nil {
		t.Error(err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(exampleScope+"SignedHeaders=host,Signature=00", "X-Amz-Date=1", streamingPayload, exampleChunks())
	f.Add("", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=1", streamingUnsigned, []byte("5\r\nhello\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, authorization, query, payload string, body []byte) {
		r := httptest.NewRequest("PUT", "http://localhost/b/k", bytes.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Authorization", authorization)
		r.Header.Set("X-Amz-Content-Sha256", payload)
		r.Header.Set("X-Amz-Date", "20130524T000000Z")
		if _, err := exampleVerifier().Verify(r); err == nil {
			t.Error("accepted without knowing the secret")
		}
	})
}

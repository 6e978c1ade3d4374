package local_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// signed is a request as an SDK sends it, at a time.
func signed(t *testing.T, method, url, service, body string, at time.Time, header http.Header) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	if service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	credentials := aws.Credentials{AccessKeyID: local.AccessKey, SecretAccessKey: local.SecretKey}
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, hash, service, "us-east-1", at); err != nil {
		t.Fatal(err)
	}
	return r
}

func do(t *testing.T, r *http.Request) (status int, body string, header http.Header) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

func TestOnlyWhatIsLocalAndSignedComesIn(t *testing.T) {
	s := start(t, local.Options{})
	now := time.Now()
	list := func() *http.Request { return signed(t, "GET", s.url+"/", "s3", "", now, nil) }
	target := http.Header{"X-Amz-Target": {"AmazonSQS.ListQueues"}, "Content-Type": {"application/x-amz-json-1.0"}}
	queues := func() *http.Request { return signed(t, "POST", s.url+"/", "sqs", "{}", now, target) }
	with := func(r *http.Request, change func(*http.Request)) *http.Request { change(r); return r }
	body := func(text string) func(*http.Request) {
		return func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		}
	}
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		says   string
	}{
		"signed S3":              {list(), 200, "ListAllMyBucketsResult"},
		"signed SQS":             {queues(), 200, "{}"},
		"S3 without signature":   {with(list(), func(r *http.Request) { r.Header.Del("Authorization") }), 403, "AccessDenied"},
		"SQS without signature":  {with(queues(), func(r *http.Request) { r.Header.Del("Authorization") }), 403, "AccessDenied"},
		"foreign host":           {with(list(), func(r *http.Request) { r.Host = "attacker.example:4566" }), 403, "attacker.example"},
		"foreign host, health":   {with(list(), func(r *http.Request) { r.Host, r.URL.Path = "attacker.example", "/_local/health" }), 403, "attacker.example"},
		"other host than signed": {with(list(), func(r *http.Request) { r.Host = "localhost" }), 403, "SignatureDoesNotMatch"},
		"web page":               {with(list(), func(r *http.Request) { r.Header.Set("Origin", "http://localhost") }), 403, "web page"},
		"picture in a web page":  {with(list(), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }), 403, "web page"},
		"preflight":              {with(list(), func(r *http.Request) { r.Method = "OPTIONS"; r.Header.Del("Authorization") }), 403, "AccessDenied"},
		"other path":             {with(list(), func(r *http.Request) { r.URL.Path = "/other" }), 403, "SignatureDoesNotMatch"},
		"added header":           {with(list(), func(r *http.Request) { r.Header.Set("X-Amz-Copy-Source", "a/b") }), 403, "x-amz-copy-source"},
		"other key id":           {with(list(), replaceHeader("Authorization", "Credential=test/", "Credential=tset/")), 403, "InvalidAccessKeyId"},
		"other body, S3":         {with(signed(t, "PUT", s.url+"/bucket", "s3", "body", now, nil), body("ydob")), 400, "XAmzContentSHA256Mismatch"},
		"other body, SQS":        {with(queues(), body("{ }")), 403, "InvalidSignatureException"},
		"16 minutes ago":         {signed(t, "GET", s.url+"/", "s3", "", now.Add(-16*time.Minute), nil), 403, "RequestTimeTooSkewed"},
		"in 16 minutes":          {signed(t, "GET", s.url+"/", "s3", "", now.Add(16*time.Minute), nil), 403, "RequestTimeTooSkewed"},
		"14 minutes ago":         {signed(t, "GET", s.url+"/", "s3", "", now.Add(-14*time.Minute), nil), 200, ""},
		"nonsense":               {with(list(), func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 nonsense") }), 400, "Malformed"},
		"older SQS protocol":     {signed(t, "POST", s.url+"/", "sqs", "Action=ListQueues", now, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}), 400, "JSON protocol"},
		"STS":                    {signed(t, "POST", s.url+"/", "sts", "Action=GetCallerIdentity", now, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}), 200, "123456789012"},
		"STS, other key id":      {with(signed(t, "POST", s.url+"/", "sts", "Action=GetCallerIdentity", now, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}), replaceHeader("Authorization", "Credential=test/", "Credential=tset/")), 403, "<ErrorResponse><Error><Code>InvalidClientTokenId</Code>"},
		"unknown service":        {signed(t, "POST", s.url+"/", "dynamodb", "{}", now, http.Header{"X-Amz-Target": {"DynamoDB.ListTables"}}), 400, "UnknownOperationException"},
		"unknown REST service":   {signed(t, "GET", s.url+"/2015-03-31/functions", "lambda", "", now, nil), 400, "no service lambda"},
		"unknown operation":      {signed(t, "POST", s.url+"/", "sqs", "{}", now, http.Header{"X-Amz-Target": {"AmazonSQS.Nonsense"}}), 400, "UnknownOperationException"},
	} {
		status, answer, header := do(t, c.r)
		if status != c.status || !strings.Contains(answer, c.says) {
			t.Errorf("%s: %d %s", name, status, answer)
		}
		for h := range header {
			if strings.HasPrefix(h, "Access-Control-") {
				t.Errorf("%s: the answer has %s", name, h)
			}
		}
	}
	wrong := connect(s.url, "wrong")
	if _, err := wrong.s3.ListBuckets(t.Context(), nil); code(err) != "SignatureDoesNotMatch" {
		t.Errorf("another secret: %v", err)
	}
	if _, err := wrong.sqs.ListQueues(t.Context(), nil); code(err) != "InvalidSignatureException" {
		t.Errorf("another secret: %v", err)
	}
}

func replaceHeader(name, old, new string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, strings.Replace(r.Header.Get(name), old, new, 1)) }
}

func TestHealthNeedsNoSignature(t *testing.T) {
	s := start(t, local.Options{})
	resp, err := http.Get(s.url + "/_local/health")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != `{"status":"ok"}` {
		t.Errorf("%s, %v", b, err)
	}
}

func TestPresignedURLs(t *testing.T) {
	c := &clock{}
	s := start(t, local.Options{Now: c.now})
	if _, err := s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("presigned")}); err != nil {
		t.Fatal(err)
	}
	key := "a b+c/ü.txt"
	presign := s3.NewPresignClient(s.s3, s3.WithPresignExpires(5*time.Minute))
	put, err := presign.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("presigned"), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	get, err := presign.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("presigned"), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	send := func(method, url, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequest(method, url, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		status, answer, _ := do(t, r)
		return status, answer
	}
	if status, answer := send("PUT", put.URL, "content"); status != 200 {
		t.Fatalf("put: %d %s", status, answer)
	}
	if status, answer := send("GET", get.URL, ""); status != 200 || answer != "content" {
		t.Errorf("get: %d %s", status, answer)
	}
	if status, answer := send("PUT", get.URL, "x"); status != 403 {
		t.Errorf("a put with a get's URL: %d %s", status, answer)
	}
	if status, answer := send("GET", strings.Replace(get.URL, "X-Amz-Expires=300", "X-Amz-Expires=3000", 1), ""); status != 403 {
		t.Errorf("a longer life: %d %s", status, answer)
	}
	c.advance(6 * time.Minute)
	if status, answer := send("GET", get.URL, ""); status != 403 || !strings.Contains(answer, "expired") {
		t.Errorf("after its life: %d %s", status, answer)
	}
}

func TestVirtualHostStyle(t *testing.T) {
	s := start(t, local.Options{})
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	dialer := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
	}}}
	defer dialer.CloseIdleConnections()
	client := s3.New(s.s3.Options(), func(o *s3.Options) {
		o.BaseEndpoint, o.UsePathStyle, o.HTTPClient = aws.String("http://localhost:"+port), false, dialer
	})
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("virtual")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("virtual"), Key: aws.String("a/b c"), Body: strings.NewReader("x")})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.get(t, "virtual", "a/b c"); got != "x" {
		t.Errorf("holds %q", got)
	}
}

func TestOneProcessPerDirectory(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it waits")
	}
	s := start(t, local.Options{})
	if _, err := local.Open(local.Options{Data: s.dir}); !errors.Is(err, local.ErrInUse) || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("opened twice: %v", err)
	}
}

func TestListensOnTheLoopbackOnly(t *testing.T) {
	stack, err := local.Open(local.Options{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := stack.Serve(t.Context(), ln); err == nil || !strings.Contains(err.Error(), "this machine only") {
		t.Errorf("served the world: %v", err)
	}
	if _, err := ln.Accept(); err == nil {
		t.Error("still listening")
	}
}

// TestNoReplyIsDropped receives from an empty queue as fast as it can: replies
// that come too soon are lost on the SDK, which then waits for its timeout.
func TestNoReplyIsDropped(t *testing.T) {
	s := start(t, local.Options{})
	queue := s.createQueue(t, "q", nil)
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	for range rounds {
		_, err := s.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue}, func(o *sqs.Options) { o.RetryMaxAttempts = 1 })
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Package awstest stands in for AWS in the tests of adapters.
package awstest

import (
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Reply is what every call is answered with, without a network. It is changed
// between calls only.
type Reply struct {
	Code int
	Text string
}

// Do implements aws.HTTPClient.
func (a *Reply) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.Code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.Text)), ContentLength: int64(len(a.Text)), Request: r}, nil
}

// Config has a client of the SDK get a's answers, and ask once.
func (a *Reply) Config() aws.Config {
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://localhost"), RetryMaxAttempts: 1, HTTPClient: a,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

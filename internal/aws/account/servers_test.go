package account

import (
	"context"
	"net"
	"testing"

	"athenarefresh/internal/deploy/mototest"
	"athenarefresh/internal/local"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

func clientOf(url string) aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &url,
		Credentials:  credentials.NewStaticCredentialsProvider(local.AccessKey, local.SecretKey, ""),
	}
}

// embedded serves the embedded AWS.
func embedded(t *testing.T) aws.Config {
	t.Helper()
	stack, err := local.Open(local.Options{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- stack.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return clientOf("http://" + ln.Addr().String())
}

func moto(t *testing.T) aws.Config {
	t.Helper()
	return clientOf(mototest.Start(t))
}

package glue_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	localglue "athenarefresh/internal/local/glue"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.etcd.io/bbolt"
)

// serve starts a service for a client's configuration.
func serve(t *testing.T, h http.Handler) aws.Config {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: &server.URL,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

func localGlue(t *testing.T) aws.Config {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "glue.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c, err := localglue.New(db, "123456789012")
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, c.Service())
}

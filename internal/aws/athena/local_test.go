package athena_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"athenarefresh/internal/aws/athena"
	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/catalogtest"
	"athenarefresh/internal/catalogtest/onglue"
	localathena "athenarefresh/internal/local/athena"
	localglue "athenarefresh/internal/local/glue"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.etcd.io/bbolt"
)

// nowhere takes results and holds no objects.
type nowhere struct{}

func (nowhere) List(context.Context, string, string) ([]localathena.Object, error) { return nil, nil }
func (nowhere) Put(context.Context, string, string, []byte) error                  { return nil }

// local starts Glue and Athena on one catalog.
func local(t *testing.T) aws.Config {
	t.Helper()
	dir := t.TempDir()
	db, err := bbolt.Open(filepath.Join(dir, "local.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	tables, err := localglue.New(db, "123456789012")
	if err != nil {
		t.Fatal(err)
	}
	engine, err := localathena.New(localathena.Options{Catalog: tables, Objects: nowhere{}, DataDir: dir, DB: db})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	ofGlue, ofAthena := tables.Service(), engine.Service()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AWSGlue.") {
			ofGlue.ServeHTTP(w, r)
		} else {
			ofAthena.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: &server.URL,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

func TestCatalogOnTheLocalAthena(t *testing.T) {
	catalogtest.Run(t, func(t *testing.T) catalogtest.Fixture {
		cfg := local(t)
		behind, err := onglue.Create(t.Context(), cfg, "logs_db")
		if err != nil {
			t.Fatal(err)
		}
		w := athena.New(cfg, athena.Options{Database: "logs_db", ResultsBucket: "results"})
		t.Cleanup(func() { w.Close() })
		return catalogtest.Fixture{
			Catalog: refresh.Catalog{Reader: glue.NewReader(cfg, "logs_db"), Writer: w},
			Behind:  behind,
		}
	})
}

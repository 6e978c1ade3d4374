package glue

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// FuzzRequest asks every operation with any body: the answer is never that the
// service is broken.
func FuzzRequest(f *testing.F) {
	for _, body := range []string{
		``, `null`, `[]`, `{"DatabaseName":"db","TableName":"t"}`, `{"Name":"db"}`, `{"DatabaseName":"db","Name":"t"}`,
		`{"DatabaseInput":{"Name":"x"}}`, `{"DatabaseName":"db","TableInput":{"Name":"y","PartitionKeys":[{"Name":"dt"}]}}`,
		`{"DatabaseName":"db","TableName":"t","PartitionValues":["a","b"]}`, `{"DatabaseName":"db","TableName":"t","PartitionInput":{"Values":[]}}`,
		`{"DatabaseName":"db","TableName":"t","PartitionInputList":[{"Values":["1"]},{"Values":["1"]},{}]}`,
		`{"DatabaseName":"db","TableName":"t","PartitionsToGet":[{"Values":["1"]},{"Values":null}]}`,
		`{"DatabaseName":"db","TableName":"t","Expression":"dt > '","NextToken":"!","MaxResults":0,"Segment":{"SegmentNumber":-1,"TotalSegments":0}}`,
		`{"DatabaseName":"db","TableName":"t","Entries":[{"PartitionValueList":["1"],"PartitionInput":null}]}`,
	} {
		f.Add(body)
	}
	db, err := bbolt.Open(filepath.Join(f.TempDir(), "db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	c, err := New(db, "123456789012")
	if err != nil {
		f.Fatal(err)
	}
	service := c.Service()
	ask := func(t testing.TB, name, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "AWSGlue."+name)
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s %q: %d %s", name, body, w.Code, w.Body)
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		ask(t, "CreateDatabase", `{"DatabaseInput":{"Name":"db"}}`) // another body may have deleted it
		ask(t, "CreateTable", `{"DatabaseName":"db","TableInput":{"Name":"t","PartitionKeys":[{"Name":"dt","Type":"string"}]}}`)
		for name := range service.Operations {
			ask(t, name, body)
		}
	})
}

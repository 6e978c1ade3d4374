package glue_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"athenarefresh/internal/aws/glue"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// many makes a table with n partitions n=00000, n=00001, … on a local Glue.
func many(t *testing.T, n int) (*glue.Reader, refresh.Table, *sdk.Client) {
	t.Helper()
	cfg := localGlue(t)
	client := sdk.NewFromConfig(cfg)
	if _, err := client.CreateDatabase(t.Context(), &sdk.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("db")}}); err != nil {
		t.Fatal(err)
	}
	descriptor := types.StorageDescriptor{Location: aws.String("s3://b/t/"), Columns: []types.Column{{Name: aws.String("a"), Type: aws.String("string")}},
		SerdeInfo: &types.SerDeInfo{SerializationLibrary: aws.String("serde")}}
	if _, err := client.CreateTable(t.Context(), &sdk.CreateTableInput{DatabaseName: aws.String("db"), TableInput: &types.TableInput{
		Name: aws.String("t"), PartitionKeys: []types.Column{{Name: aws.String("n"), Type: aws.String("string")}}, StorageDescriptor: &descriptor,
		TableType: aws.String("EXTERNAL_TABLE"), Parameters: map[string]string{"EXTERNAL": "TRUE"},
	}}); err != nil {
		t.Fatal(err)
	}
	var parts []types.PartitionInput
	for i := range n {
		d := descriptor
		d.Location = aws.String(fmt.Sprintf("s3://b/t/%05d/", i))
		parts = append(parts, types.PartitionInput{Values: []string{fmt.Sprintf("%05d", i)}, StorageDescriptor: &d})
	}
	for chunk := range slices.Chunk(parts, 100) {
		if _, err := client.BatchCreatePartition(t.Context(), &sdk.BatchCreatePartitionInput{DatabaseName: aws.String("db"), TableName: aws.String("t"), PartitionInputList: chunk}); err != nil {
			t.Fatal(err)
		}
	}
	r := glue.NewReader(cfg, "db")
	tab, err := r.Table(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	return r, tab, client
}

func TestAStreamHasEveryPartitionOnce(t *testing.T) {
	r, tab, _ := many(t, 5600) // more than a page of each segment
	var found []string
	for p, err := range r.All(t.Context(), tab, "") {
		if err != nil {
			t.Fatal(err)
		}
		if p.Location != "s3://b/t/"+p.Values[0]+"/" {
			t.Fatalf("%+v", p)
		}
		found = append(found, p.Values[0])
	}
	slices.Sort(found)
	if len(slices.Compact(found)) != 5600 {
		t.Errorf("%d partitions", len(found))
	}
	n := 0
	for p, err := range r.All(t.Context(), tab, "n < '00010'") {
		if err != nil || p.Values[0] >= "00010" {
			t.Fatal(p, err)
		}
		n++
	}
	if n != 10 {
		t.Errorf("%d partitions meet the expression", n)
	}
}

// TestAServiceWithoutSegmentsCountsEachPartitionOnce: some emulators answer with
// the whole table whichever part they are asked for.
func TestAServiceWithoutSegmentsCountsEachPartitionOnce(t *testing.T) {
	for _, n := range []int{0, 1, 24, 2500} { // no page, part of one, several
		_, tab, client := many(t, n)
		whole := *client.Options().BaseEndpoint
		cfg := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var in map[string]json.RawMessage
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				t.Error(err)
			}
			delete(in, "Segment")
			body, err := json.Marshal(in)
			if err != nil {
				t.Error(err)
			}
			out, err := http.NewRequestWithContext(r.Context(), r.Method, whole, bytes.NewReader(body))
			if err != nil {
				t.Error(err)
			}
			out.Header = r.Header.Clone()
			answer, err := http.DefaultClient.Do(out)
			if err != nil {
				return // whoever asked is gone
			}
			defer answer.Body.Close()
			w.WriteHeader(answer.StatusCode)
			io.Copy(w, answer.Body)
		}))
		var found []string
		for p, err := range glue.NewReader(cfg, "db").All(t.Context(), tab, "") {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, p.Values[0])
		}
		slices.Sort(found)
		if len(found) != n || len(slices.Compact(found)) != n {
			t.Errorf("%d partitions came, there are %d", len(found), n)
		}
	}
}

func TestAStreamThatIsLeftLeavesNothingRunning(t *testing.T) {
	r, tab, _ := many(t, 50)
	for range r.All(t.Context(), tab, "") {
		break
	}
	before := runtime.NumGoroutine()
	for range 60 {
		for range r.All(t.Context(), tab, "") {
			break
		}
	}
	if after := runtime.NumGoroutine(); after > before+40 { // connections have theirs
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

func TestAStreamThatFailsSaysSoAtItsEnd(t *testing.T) {
	r, tab, client := many(t, 10)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := last(r, ctx, tab); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := client.DeleteTable(t.Context(), &sdk.DeleteTableInput{DatabaseName: aws.String("db"), Name: aws.String("t")}); err != nil {
		t.Fatal(err)
	}
	if err := last(r, t.Context(), tab); !errors.Is(err, refresh.ErrTableMissing) {
		t.Errorf("%v", err)
	}
}

func last(r *glue.Reader, ctx context.Context, tab refresh.Table) (last error) {
	for _, err := range r.All(ctx, tab, "") {
		last = err
	}
	return last
}

func TestACountKnowsTheFirstAndTheLast(t *testing.T) {
	for _, n := range []int{0, 1, 1200} {
		reader, table, _ := many(t, n)
		var counted atomic.Int64
		first, last, err := reader.Count(t.Context(), table, &counted)
		if err != nil || counted.Load() != int64(n) {
			t.Errorf("%d are %d, %v", n, counted.Load(), err)
		}
		if n > 0 && (first[0] != "00000" || last[0] != fmt.Sprintf("%05d", n-1)) || n == 0 && (first != nil || last != nil) {
			t.Errorf("%d are from %q to %q", n, first, last)
		}
	}
}

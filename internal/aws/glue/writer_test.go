package glue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestAPartitionIsMadeLikeItsTable(t *testing.T) {
	var made request
	r, w := open(t, script{"GetTable": says(aTable()), "BatchCreatePartition": func(n int, in request) (any, error) {
		made = in
		return object{}, nil
	}})
	table, err := r.Table(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	w.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if err := w.Add(t.Context(), table, parts(1)); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^\S+ level=DEBUG msg=addition table=t partitions=1 took=[1-9]\S* error=""\n$`).Match(log.Bytes()) {
		t.Errorf("logged %s", &log)
	}
	want := aTable()["Table"].(object)["StorageDescriptor"].(object)
	want["Location"] = "s3://b/0/"
	got := made.PartitionInputList[0].StorageDescriptor
	for member, v := range want {
		if fmt.Sprint(got[member]) != fmt.Sprint(v) && member != "Columns" {
			t.Errorf("%s: %v, want %v", member, got[member], v)
		}
	}
	if c, ok := got["Columns"].([]any); !ok || len(c) != 1 {
		t.Errorf("columns: %v", got["Columns"])
	}
}

func TestATablesDescriptorIsReadOnce(t *testing.T) {
	reads := 0
	r, w := open(t, script{
		"GetTable":             func(n int, in request) (any, error) { reads++; return aTable(), nil },
		"BatchCreatePartition": says(object{}),
	})
	table, err := r.Table(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := w.Add(t.Context(), table, parts(1)); err != nil {
			t.Fatal(err)
		}
	}
	if reads != 1 {
		t.Errorf("GetTable was called %d times", reads)
	}
	clear(r.descriptors) // as after many other tables
	if err := w.Add(t.Context(), table, parts(1)); err != nil || reads != 2 {
		t.Errorf("Add with a forgotten descriptor: %v after %d reads", err, reads)
	}
	clear(r.descriptors)
	table.ID.Location = "s3://elsewhere/"
	if err := w.Add(t.Context(), table, parts(1)); err == nil {
		t.Error("Add made a partition like another table")
	}
}

func TestATableWithoutADescriptorTakesNoPartition(t *testing.T) {
	r, w := open(t, script{"GetTable": says(object{"Table": object{"Name": "t", "DatabaseName": "db"}})})
	table, err := r.Table(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(t.Context(), table, parts(1)); err == nil || class(err) != nil {
		t.Errorf("Add: %v", err)
	}
}

// What a whole call may be refused with (docs/aws-facts.md 6), for two partitions: what
// one of them may have caused is tried with each; what may pass is repeated,
// three attempts in all; anything else is asked once.
func TestErrorsOfWholeCalls(t *testing.T) {
	for code, c := range map[string]struct {
		want  error
		calls int
	}{
		"InvalidInputException":                {nil, 3},
		"ValidationException":                  {nil, 3},
		"AlreadyExistsException":               {nil, 3},
		"EntityNotFoundException":              {refresh.ErrTableMissing, 1},
		"AccessDeniedException":                {refresh.ErrAccessDenied, 1},
		"ThrottlingException":                  {refresh.ErrThrottled, 1},
		"ResourceNumberLimitExceededException": {nil, 1},
		"GlueEncryptionException":              {nil, 1},
		"FederationSourceException":            {nil, 1},
		"Unheard":                              {nil, 1},
		"InternalServiceException":             {nil, 3},
		"OperationTimeoutException":            {nil, 3},
		"ConcurrentModificationException":      {nil, 3},
		"ResourceNotReadyException":            {nil, 3},
		"FederationSourceRetryableException":   {nil, 3},
	} {
		t.Run(code, func(t *testing.T) {
			calls := 0
			r, w := open(t, script{"BatchCreatePartition": func(int, request) (any, error) {
				calls++
				status := 400
				if code == "InternalServiceException" {
					status = 500
				}
				return nil, &awsjson.Error{Code: code, Message: "its words", Status: status}
			}})
			r.remember("t", described{aKnownTable.ID, types.StorageDescriptor{}})
			err := w.Add(t.Context(), aKnownTable, parts(2))
			if code == "AlreadyExistsException" {
				if err != nil || calls != c.calls {
					t.Errorf("Add: %v after %d calls", err, calls)
				}
				return
			}
			if err == nil || class(err) != c.want || calls != c.calls || !strings.Contains(err.Error(), "its words") {
				t.Errorf("Add: %v after %d calls, want %v after %d", err, calls, c.want, c.calls)
			}
		})
	}
}

func TestErrorsOfSinglePartitions(t *testing.T) {
	item := func(code string) object {
		return object{"PartitionValues": []string{"0"}, "ErrorDetail": object{"ErrorCode": code, "ErrorMessage": "m"}}
	}
	for _, c := range []struct {
		errors []object
		want   error
		fails  bool
	}{
		{[]object{item("AlreadyExistsException")}, nil, false},
		{[]object{item("AlreadyExistsException"), item("InternalServiceException")}, nil, true},
		{[]object{item("AccessDeniedException")}, refresh.ErrAccessDenied, true},
		{[]object{item("ThrottlingException")}, refresh.ErrThrottled, true},
		{[]object{item("EntityNotFoundException")}, refresh.ErrTableMissing, true},
		{[]object{item("ConcurrentModificationException")}, nil, true},
		{[]object{item("OperationTimeoutException")}, nil, true},
		{[]object{item("GlueEncryptionException")}, nil, true},
		{[]object{item("InvalidInputException")}, nil, true},
		{[]object{item("ResourceNumberLimitExceededException")}, nil, true},
		{[]object{{"PartitionValues": []string{"0"}}}, nil, true},
		{[]object{{}}, nil, true},
		{nil, nil, false},
	} {
		r, w := open(t, script{"BatchCreatePartition": says(object{"Errors": c.errors})})
		r.remember("t", described{aKnownTable.ID, types.StorageDescriptor{}})
		if err := w.Add(t.Context(), aKnownTable, parts(2)); class(err) != c.want || (err != nil) != c.fails {
			t.Errorf("%v: Add: %v", c.errors, err)
		}
	}
}

func TestOnePartitionThatIsRefusedDoesNotKeepTheOthersOut(t *testing.T) {
	for code, fatal := range map[string]bool{"InvalidInputException": true, "AlreadyExistsException": false} {
		added := map[string]bool{}
		r, w := open(t, script{"BatchCreatePartition": func(_ int, in request) (any, error) {
			for _, p := range in.PartitionInputList {
				if p.Values[0] == "37" {
					return nil, awsjson.Errorf(code, "no")
				}
			}
			for _, p := range in.PartitionInputList {
				added[p.Values[0]] = true
			}
			return object{}, nil
		}})
		r.remember("t", described{aKnownTable.ID, types.StorageDescriptor{}})
		err := w.Add(t.Context(), aKnownTable, parts(100))
		if (err != nil) != fatal || len(added) != 99 {
			t.Errorf("%s: Add: %v, %d added", code, err, len(added))
		}
	}
}

// A request that was sent may be carried out, so Add must not return before
// its answer.
func TestTheEndOfCtxDoesNotInterruptACall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	answered := false
	r, w := open(t, script{"BatchCreatePartition": func(int, request) (any, error) {
		cancel()
		answered = true
		return object{}, nil
	}})
	r.remember("t", described{aKnownTable.ID, types.StorageDescriptor{}})
	if err := w.Add(ctx, aKnownTable, parts(1)); err != nil || !answered {
		t.Errorf("Add: %v", err)
	}
	answered = false
	if err := w.Add(ctx, aKnownTable, parts(1)); !errors.Is(err, context.Canceled) || answered {
		t.Errorf("Add after the end of ctx: %v", err)
	}
}

func TestALostReplyAddsWhatItAdded(t *testing.T) {
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if n++; n == 1 {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(rw, `{"Errors":[{"PartitionValues":["0"],"ErrorDetail":{"ErrorCode":"AlreadyExistsException"}}]}`)
	}))
	defer server.Close()
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	r := NewReader(cfg, "db")
	r.remember("t", described{aKnownTable.ID, types.StorageDescriptor{}})
	w := NewWriter(cfg, r, slog.New(slog.DiscardHandler))
	w.retryer = hasty{w.retryer}
	if err := w.Add(t.Context(), aKnownTable, parts(1)); err != nil || n != 2 {
		t.Errorf("Add: %v after %d requests", err, n)
	}
}

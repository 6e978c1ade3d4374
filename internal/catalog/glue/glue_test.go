package glue

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/local/awsjson"
	"athenarefresh/internal/refresh"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// script answers calls of Glue's operations as a test wants it.
type script map[string]func(n int, in request) (any, error)

// request is what the tests look at of any request.
type request struct {
	CatalogId          string
	DatabaseName       string
	TableName          string
	Name               string
	NextToken          string
	AttributesToGet    []string
	PartitionsToGet    []struct{ Values []string }
	PartitionValues    []string
	PartitionInputList []struct {
		Values            []string
		StorageDescriptor map[string]any
	}
	SkipArchive bool
	TableInput  object
	Segment     struct{ SegmentNumber, TotalSegments int }
	Entries     []struct {
		PartitionValueList []string
		PartitionInput     object
	}
}

func open(t *testing.T, s script) (*Reader, *Writer) {
	t.Helper()
	cfg := s.serve(t)
	r := NewReader(cfg, "db")
	w := NewWriter(cfg, r, Options{})
	w.retryer = hasty{w.retryer}
	return r, w
}

// serve answers calls as the script has it.
func (s script) serve(t *testing.T) aws.Config {
	t.Helper()
	service := &awsjson.Service{Version: "1.1", MaxBody: 1 << 24, Operations: map[string]awsjson.Operation{}}
	var mu sync.Mutex
	calls := map[string]int{}
	for name, answer := range s {
		service.Operations[name] = awsjson.Op(func(_ context.Context, in request) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			n := calls[name]
			calls[name]++
			return answer(n, in)
		})
	}
	return aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String("http://localhost"),
		HTTPClient:   inProcess{service},
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer:      func() aws.Retryer { return hasty{retry.NewStandard()} },
	}
}

// inProcess hands requests to a handler, without a network, so that a test's
// clock can stand still.
type inProcess struct{ http.Handler }

func (p inProcess) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result(), nil
}

// hasty repeats what another Retryer would, without its waits.
type hasty struct{ aws.Retryer }

func (hasty) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

func says(answer any) func(int, request) (any, error) {
	return func(int, request) (any, error) { return answer, nil }
}

func fails(code, message string) func(int, request) (any, error) {
	return func(int, request) (any, error) { return nil, awsjson.Errorf(code, "%s", message) }
}

type object = map[string]any

func aTable() object {
	return object{"Table": object{
		"Name": "t", "DatabaseName": "db", "CatalogId": "111122223333", "CreateTime": 1700000000,
		"PartitionKeys": []object{{"Name": "DT", "Type": "STRING"}},
		"StorageDescriptor": object{
			"Location": "s3://b/t/", "InputFormat": "in", "OutputFormat": "out",
			"Columns":    []object{{"Name": "line", "Type": "string"}},
			"Parameters": object{"p": "q"},
			"SerdeInfo":  object{"SerializationLibrary": "serde", "Parameters": object{"case": "insensitive"}},
		},
	}}
}

func stored(values ...string) object {
	return object{"Values": values, "StorageDescriptor": object{"Location": "s3://b/" + values[0] + "/"}}
}

func class(err error) error {
	for _, s := range []error{refresh.ErrDatabaseMissing, refresh.ErrTableMissing, refresh.ErrAccessDenied, refresh.ErrThrottled} {
		if errors.Is(err, s) {
			return s
		}
	}
	return nil
}

var aKnownTable = refresh.Table{
	ID:   refresh.TableID{Database: "db", Name: "t"},
	Keys: []refresh.Key{{Name: "dt", Type: "string"}},
}

func TestWhatIsNotFound(t *testing.T) {
	for _, c := range []struct {
		message       string
		table, lookup error
	}{
		{"Database db not found.", refresh.ErrDatabaseMissing, refresh.ErrDatabaseMissing},
		{"Table t not found.", refresh.ErrTableMissing, refresh.ErrTableMissing},
		{"Table database not found.", refresh.ErrTableMissing, refresh.ErrTableMissing},
		{"Entity Not Found", refresh.ErrTableMissing, refresh.ErrTableMissing},
		{"", refresh.ErrTableMissing, refresh.ErrTableMissing},
	} {
		gone := fails("EntityNotFoundException", c.message)
		r, w := open(t, script{"GetTable": gone, "GetTables": gone, "GetDatabase": gone, "BatchGetPartition": gone})
		if _, err := r.Table(t.Context(), "t"); class(err) != c.table {
			t.Errorf("%q: Table: %v", c.message, err)
		}
		if _, err := r.Partitions(t.Context(), aKnownTable, [][]string{{"a"}}); class(err) != c.lookup {
			t.Errorf("%q: Partitions: %v", c.message, err)
		}
		if c.message == "Table t not found." || c.message == "Table database not found." {
			continue // nothing that is asked for a database says that
		}
		if _, err := r.Tables(t.Context()); class(err) != refresh.ErrDatabaseMissing {
			t.Errorf("%q: Tables: %v", c.message, err)
		}
		if err := w.Check(t.Context()); class(err) != refresh.ErrDatabaseMissing {
			t.Errorf("%q: Check: %v", c.message, err)
		}
	}
}

func TestDeniedAndThrottled(t *testing.T) {
	for code, want := range map[string]error{
		"AccessDeniedException":   refresh.ErrAccessDenied,
		"ThrottlingException":     refresh.ErrThrottled,
		"GlueEncryptionException": nil,
	} {
		no, adds := fails(code, "no"), 0
		r, w := open(t, script{"GetDatabase": no, "BatchGetPartition": no, "BatchCreatePartition": func(n int, in request) (any, error) {
			adds++
			return no(n, in)
		}})
		if err := w.Check(t.Context()); err == nil || class(err) != want {
			t.Errorf("%s: Check: %v", code, err)
		}
		if _, err := r.Partitions(t.Context(), aKnownTable, [][]string{{"a"}}); err == nil || class(err) != want {
			t.Errorf("%s: Partitions: %v", code, err)
		}
		r.remember("t", described{aKnownTable.ID, types.StorageDescriptor{}})
		if err := w.Add(t.Context(), aKnownTable, parts(2)); err == nil || class(err) != want || adds != 1 {
			t.Errorf("%s: Add: %v", code, err)
		}
	}
}

func parts(n int) []refresh.Partition {
	all := make([]refresh.Partition, n)
	for i := range all {
		all[i] = refresh.Partition{Values: []string{fmt.Sprint(i)}, Location: fmt.Sprintf("s3://b/%d/", i)}
	}
	return all
}

func TestTablesAsksForNamesOnlyAndForAllPages(t *testing.T) {
	r, _ := open(t, script{"GetTables": func(n int, in request) (any, error) {
		if !slices.Equal(in.AttributesToGet, []string{"NAME"}) || in.NextToken != []string{"", "p1", "p2"}[n] {
			t.Errorf("call %d asks for %+v", n, in)
		}
		return []object{
			{"TableList": []object{{"Name": "A"}}, "NextToken": "p1"},
			{"NextToken": "p2"},
			{"TableList": []object{{"Name": "b"}}},
		}[n], nil
	}})
	if names, err := r.Tables(t.Context()); err != nil || !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("Tables: %q, %v", names, err)
	}
}

func TestTableFollowsALink(t *testing.T) {
	for owner, catalog := range map[string]string{"111122223333": "", "999988887777": "999988887777"} {
		target := aTable()
		target["Table"].(object)["CatalogId"] = owner
		r, _ := open(t, script{"GetTable": func(n int, in request) (any, error) {
			if n == 0 {
				return object{"Table": object{"Name": "link", "DatabaseName": "db", "CatalogId": "111122223333",
					"TargetTable": object{"CatalogId": owner, "DatabaseName": "far", "Name": "t"}}}, nil
			}
			if in.CatalogId != owner || in.DatabaseName != "far" || in.Name != "t" {
				t.Errorf("the link is followed to %+v", in)
			}
			return target, nil
		}})
		got, err := r.Table(t.Context(), "link")
		if err != nil || got.ID.Catalog != catalog || got.ID.Name != "t" || got.ID.Location != "s3://b/t/" || len(got.Keys) != 1 || got.Keys[0] != (refresh.Key{Name: "dt", Type: "string"}) {
			t.Errorf("owner %s: Table: %+v, %v", owner, got, err)
		}
	}
}

// The database may be a link itself, to another account's: Glue follows it, and
// the table says where it really is. Its partitions are asked for, and made,
// through the link.
func TestADatabaseThatIsALinkIsAskedByItsOwnName(t *testing.T) {
	target := aTable()
	target["Table"].(object)["DatabaseName"], target["Table"].(object)["CatalogId"] = "far", "999988887777"
	here := func(what string, answer any) func(int, request) (any, error) {
		return func(_ int, in request) (any, error) {
			if in.CatalogId != "" || in.DatabaseName != "db" || in.TableName+in.Name != "t" {
				t.Errorf("%s: asked for %+v", what, in)
			}
			return answer, nil
		}
	}
	r, w := open(t, script{
		"GetTable":             here("GetTable", target),
		"BatchGetPartition":    here("BatchGetPartition", object{}),
		"BatchCreatePartition": here("BatchCreatePartition", object{}),
	})
	table, err := r.Table(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Partitions(t.Context(), table, [][]string{{"a"}}); err != nil {
		t.Error(err)
	}
	clear(r.descriptors) // so that the table is read again
	if err := w.Add(t.Context(), table, parts(1)); err != nil {
		t.Error(err)
	}
}

func TestALinkIntoAnotherRegionIsAnError(t *testing.T) {
	for region, fine := range map[string]bool{"": true, "eu-west-1": true, "us-east-1": false} {
		r, _ := open(t, script{"GetTable": func(n int, _ request) (any, error) {
			if n == 1 {
				return aTable(), nil
			}
			return object{"Table": object{"Name": "l", "TargetTable": object{"DatabaseName": "db", "Name": "t", "Region": region}}}, nil
		}})
		if _, err := r.Table(t.Context(), "l"); (err == nil) != fine || class(err) != nil {
			t.Errorf("Region %q: Table: %v", region, err)
		}
	}
}

func TestALinkToALinkIsAnError(t *testing.T) {
	r, _ := open(t, script{"GetTable": says(object{"Table": object{"Name": "l", "TargetTable": object{"DatabaseName": "db", "Name": "l"}}})})
	if _, err := r.Table(t.Context(), "l"); err == nil || class(err) != nil {
		t.Errorf("Table: %v", err)
	}
}

func TestAnAnswerWithoutATableIsAnError(t *testing.T) {
	r, _ := open(t, script{"GetTable": says(object{})})
	if _, err := r.Table(t.Context(), "t"); err == nil || class(err) != nil {
		t.Errorf("Table: %v", err)
	}
}

func TestMembersThatATableMayLack(t *testing.T) {
	r, _ := open(t, script{"GetTable": says(object{"Table": object{"Name": "t"}})})
	got, err := r.Table(t.Context(), "t")
	if err != nil || got.Kind != refresh.Hive || len(got.Keys) != 0 {
		t.Errorf("Table: %+v, %v", got, err)
	}
}

func TestUnprocessedKeysAreAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := open(t, script{"BatchGetPartition": func(n int, in request) (any, error) {
			if want := [][]string{{"a", "b", "c"}, {"b", "c"}, {"c"}}[n]; len(in.PartitionsToGet) != len(want) {
				t.Errorf("call %d asks for %v, want %v", n, in.PartitionsToGet, want)
			}
			return []object{
				{"Partitions": []object{stored("a")}, "UnprocessedKeys": []object{{"Values": []string{"b"}}, {"Values": []string{"c"}}}},
				{"UnprocessedKeys": []object{{"Values": []string{"c"}}}},
				{"Partitions": []object{stored("c")}},
			}[n], nil
		}})
		found, err := r.Partitions(t.Context(), aKnownTable, [][]string{{"a"}, {"b"}, {"c"}})
		if err != nil || len(found) != 2 || found[0].Location != "s3://b/a/" || found[1].Location != "s3://b/c/" {
			t.Errorf("Partitions: %v, %v", found, err)
		}
	})
}

// Whether a partition that doesn't exist counts as unprocessed is not written
// anywhere. If it does, new partitions must still be found to be missing.
func TestKeysThatStayUnprocessedAreAskedForOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := func(n int, in request) (any, error) { return object{"UnprocessedKeys": in.PartitionsToGet}, nil }
		for _, c := range []struct {
			b     func(int, request) (any, error)
			found int
			want  error
			fails bool
		}{
			{fails("EntityNotFoundException", "Cannot find partition."), 1, nil, false},
			{fails("EntityNotFoundException", "Table t not found."), 0, refresh.ErrTableMissing, true},
			{fails("InternalServiceException", "x"), 0, nil, true},
			{says(object{}), 0, nil, true},
		} {
			r, _ := open(t, script{"BatchGetPartition": all, "GetPartition": func(n int, in request) (any, error) {
				if in.PartitionValues[0] == "b" {
					return c.b(n, in)
				}
				return object{"Partition": stored(in.PartitionValues...)}, nil
			}})
			found, err := r.Partitions(t.Context(), aKnownTable, [][]string{{"a"}, {"b"}})
			if len(found) != c.found || class(err) != c.want || (err != nil) != c.fails {
				t.Errorf("Partitions: %v, %v", found, err)
			}
		}
	})
}

func TestMoreThanAThousandAreNotLookedUp(t *testing.T) {
	r, _ := open(t, script{})
	if _, err := r.Partitions(t.Context(), aKnownTable, make([][]string, 1001)); err == nil {
		t.Error("Partitions took 1,001 values")
	}
}

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
	var seen []Submission
	w.o.Observe = func(s Submission) { seen = append(seen, s) }
	if err := w.Add(t.Context(), table, parts(1)); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 1 || seen[0].Table != "t" || seen[0].Partitions != 1 || seen[0].Took <= 0 || seen[0].Err != nil {
		t.Errorf("observed %+v", seen)
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

func TestDescriptorsAreBounded(t *testing.T) {
	r, _ := open(t, script{})
	for i := range 3 * maxDescriptors {
		r.remember(fmt.Sprint(i), described{})
	}
	if n := len(r.descriptors); n != maxDescriptors {
		t.Errorf("%d descriptors are kept", n)
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

// What a whole call may be refused with (AWS.md 6), for two partitions: what
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

// A reading is repeated for the same reasons.
func TestWhatMayPassIsReadAgain(t *testing.T) {
	for _, code := range []string{"OperationTimeoutException", "ConcurrentModificationException", "ResourceNotReadyException", "FederationSourceRetryableException"} {
		t.Run(code, func(t *testing.T) {
			second := func(answer any) func(int, request) (any, error) {
				return func(n int, _ request) (any, error) {
					if n == 0 {
						return nil, awsjson.Errorf(code, "not now")
					}
					return answer, nil
				}
			}
			r, w := open(t, script{"GetTable": second(aTable()), "GetDatabase": second(object{"Database": object{"Name": "db"}})})
			if _, err := r.Table(t.Context(), "t"); err != nil {
				t.Error(err)
			}
			if err := w.Check(t.Context()); err != nil {
				t.Error(err)
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
	w := NewWriter(cfg, r, Options{})
	w.retryer = hasty{w.retryer}
	if err := w.Add(t.Context(), aKnownTable, parts(1)); err != nil || n != 2 {
		t.Errorf("Add: %v after %d requests", err, n)
	}
}

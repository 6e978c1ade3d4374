package athena

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"athenarefresh/internal/aws/retries"
	"athenarefresh/internal/refresh"

	"github.com/aws/smithy-go"
)

// errHalve stands in these tests for errors that are to be halved, errPlain
// for those that are neither halved nor any of the sentinels.
var (
	errHalve = errors.New("halve")
	errPlain = errors.New("plain")
)

// class finds out what err is to those who handle it.
func class(err error) error {
	for _, sentinel := range []error{refresh.ErrTableMissing, refresh.ErrDatabaseMissing, refresh.ErrAccessDenied, refresh.ErrThrottled} {
		if errors.Is(err, sentinel) {
			return sentinel
		}
	}
	switch {
	case err == nil:
		return nil
	case halved(err):
		return errHalve
	}
	return errPlain
}

// halved asks bisect itself whether err makes it split.
func halved(err error) bool {
	calls := 0
	retries.Halve(neverEnds{}, make([]int, 2), func([]int) error {
		calls++
		return err
	})
	return calls > 1
}

func failed(reason string, errorType int) status {
	return status{state: "FAILED", reason: reason, errorType: errorType}
}

func TestWhatAFailureMeans(t *testing.T) {
	for _, c := range []struct {
		s    status
		want error
	}{
		{status{state: "SUCCEEDED", errorType: noErrorType}, nil},
		{status{state: "CANCELLED", errorType: noErrorType}, errPlain},
		{status{state: "CANCELLED", reason: "Access Denied", errorType: noErrorType}, errPlain},
		{failed("", noErrorType), errHalve},
		{failed("something that nobody has seen", noErrorType), errHalve},
		{failed("FAILED: ParseException line 1:8 mismatched input", 1006), errHalve},
		{failed("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. AlreadyExistsException(message:Partition already exists.)", 1003), nil},
		{failed("com.amazonaws.services.glue.model.AlreadyExistsException: Partition already exists", noErrorType), nil},
		{failed("FAILED: SemanticException [Error 10001]: Table not found alerts", 1003), refresh.ErrTableMissing},
		{failed("FAILED: SemanticException table alerts does not exist", 1003), refresh.ErrTableMissing},
		{failed("EntityNotFoundException (Service: AWSGlue; Status Code: 400)", 1003), refresh.ErrTableMissing},
		{failed("Table alerts not found in database logs", 1300), refresh.ErrTableMissing},
		{failed("FAILED: SemanticException [Error 10072]: Database does not exist: logs", 1003), refresh.ErrDatabaseMissing},
		{failed("Database logs not found.", 1300), refresh.ErrDatabaseMissing},
		{failed("SCHEMA_NOT_FOUND: line 1:8: Schema 'logs' does not exist", noErrorType), refresh.ErrDatabaseMissing},
		{failed("SemanticException table is not partitioned but partition spec exists: {dt=x}", 1003), errPlain},
		{failed("FAILED: Execution Error … java.lang.NullPointerException Name is null", 1003), errPlain},
		{failed("Access Denied (Service: Amazon S3; Status Code: 403)", 1003), refresh.ErrAccessDenied},
		{failed("User: arn:aws:sts::1:x is not authorized to perform: glue:GetTable", 1003), refresh.ErrAccessDenied},
		{failed("Insufficient Lake Formation permission(s) on alerts", 1003), refresh.ErrAccessDenied},
		{failed("GlueEncryptionException", 1003), errPlain},
		{failed("", 1500), refresh.ErrAccessDenied},
		{failed("whatever", 1501), refresh.ErrAccessDenied},
		{failed("Rate exceeded (Service: AWSGlue; Error Code: ThrottlingException)", 1003), refresh.ErrThrottled},
		{failed("Please reduce your request rate. (Service: Amazon S3; Error Code: SlowDown)", 1003), refresh.ErrThrottled},
		{failed("", 1401), refresh.ErrThrottled},
		{failed("", 1406), refresh.ErrThrottled},
		{failed("", 1602), refresh.ErrThrottled},
		{failed("", 1402), errPlain},
		{failed("ConcurrentModificationException: Update table failed due to concurrent modifications.", 1003), errPlain},
		{failed("Table being modified concurrently", 1003), errPlain},
		{failed("", 100), errPlain},
		{failed("", 204), errPlain},
		{failed("", 9999), errPlain},
		{failed("", 401), errPlain},
		{failed("", 206), errHalve},
		{failed("", 1301), refresh.ErrTableMissing},
		{failed("The specified bucket does not exist", 1306), errHalve},
		{failed("timed out", 210), errHalve},
		{status{state: "FAILED", errorType: 1007, retryable: true}, errPlain},
		{status{state: "FAILED", errorType: 1007, system: true}, errPlain},
		{status{state: "FAILED", errorType: 1007}, errHalve},
		{status{state: "FAILED", errorType: 1404, retryable: true}, refresh.ErrThrottled},
		{failed("Unable to verify/create output bucket x", noErrorType), errPlain},
	} {
		err := c.s.err(nil)
		if got := class(err); got != c.want {
			t.Errorf("%+v is %v (%v), want %v", c.s, got, err, c.want)
		}
		if err != nil && c.s.reason != "" && !strings.Contains(err.Error(), c.s.reason) {
			t.Errorf("%+v: %v doesn't say why", c.s, err)
		}
	}
}

// Each wording that was seen (docs/aws-facts.md 5.6) by itself: as the reason of a
// statement that failed, with the number that says little and without one, and
// as that of a statement that was refused at once.
func TestEveryWordingIsRecognised(t *testing.T) {
	for wording, want := range map[string]error{
		"AlreadyExistsException":      errHalve,
		"Partition already exists":    errHalve,
		"Partitions already exist":    errHalve,
		"EntityNotFoundException":     refresh.ErrTableMissing,
		"Table not found":             refresh.ErrTableMissing,
		"Table not found logs.alerts": refresh.ErrTableMissing,
		"SemanticException table is not partitioned but partition spec exists": errPlain,
		"Rate exceeded":                                       refresh.ErrThrottled,
		"ThrottlingException":                                 refresh.ErrThrottled,
		"Please reduce your request rate":                     refresh.ErrThrottled,
		"ConcurrentModificationException":                     errPlain,
		"Update table failed due to concurrent modifications": errPlain,
		"Table being modified concurrently":                   errPlain,
		"NullPointerException Name is null":                   errPlain,
		"Access Denied":                                       refresh.ErrAccessDenied,
		"GlueEncryptionException":                             errPlain,
	} {
		parts := []refresh.Partition{{Values: []string{"1"}, Location: "s3://b/1/"}, {Values: []string{"2"}, Location: "s3://b/2/"}}
		for how, err := range map[string]error{
			"failed, 1003":      failed("FAILED: Execution Error, return code 1. "+wording, 1003).err(parts),
			"failed, no number": failed(wording+" (Request ID: 0)", noErrorType).err(parts),
			"refused":           refusal(&smithy.GenericAPIError{Code: "InvalidRequestException", Message: wording}, parts),
		} {
			if got := class(err); got != want {
				t.Errorf("%s, %s: is %v, want %v", wording, how, got, want)
			}
		}
		if alone := failed(wording, 1003).err(parts[:1]); (alone == nil) != (want == errHalve) {
			t.Errorf("%s, of one partition: %v", wording, alone)
		}
	}
}

// TestAthenasOwnFailuresAreByRange: a partition is to blame for none of them.
func TestAthenasOwnFailuresAreByRange(t *testing.T) {
	for errorType, want := range map[int]error{
		99: errHalve, 100: errPlain, 101: errHalve, 199: errHalve, 200: errPlain, 232: errPlain, 233: errHalve,
		237: errHalve, 238: errPlain, 239: errPlain, 240: errHalve, 299: errHalve, 300: errPlain, 303: errPlain, 304: errHalve,
		399: errHalve, 400: errPlain, 402: errPlain, 403: errHalve, 9998: errHalve, 9999: errPlain, 1: errHalve,
	} {
		err := failed("", errorType).err(nil)
		if got := class(err); got != want {
			t.Errorf("%d is %v, want %v", errorType, got, want)
		}
		if !strings.Contains(err.Error(), fmt.Sprintf("error type %d)", errorType)) {
			t.Errorf("%v doesn't say its type", err)
		}
	}
}

// What a stranger named a file must not be taken for what the service says.
func TestAPartitionsNameDoesNotSpeakForTheService(t *testing.T) {
	for _, name := range []string{"Table not found", "AlreadyExistsException", "it's Access Denied", `Rate exceeded\`, "SlowDown"} {
		quoted, err := literal(name)
		if err != nil {
			t.Fatal(err)
		}
		parts := []refresh.Partition{{Values: []string{"x", name}, Location: "s3://b/x/"}}
		for _, reason := range []string{"cannot make sense of " + name + " here", "cannot make sense of " + quoted} {
			if got := class(failed(reason, 1003).err(parts)); got != errHalve {
				t.Errorf("%s: is %v", reason, got)
			}
		}
	}
}

// A number one off may be of another kind: each range by its first and its last,
// and by what is next to it.
func TestTheEdgesOfTheErrorTypes(t *testing.T) {
	for want, errorTypes := range map[error][]int{
		errPlain:                {100, 200, 205, 207, 209, 211, 232, 238, 239, 300, 303, 400, 402, 1402, 9999},
		errHalve:                {noErrorType, 0, 99, 101, 199, 206, 210, 233, 237, 240, 299, 304, 399, 403, 1109, 1111, 1299, 1302, 1306, 1399, 1407, 1499, 1502, 1601, 1603, 9998, 10000},
		refresh.ErrThrottled:    {1400, 1401, 1403, 1404, 1405, 1406, 1602},
		refresh.ErrAccessDenied: {1500, 1501},
		refresh.ErrTableMissing: {1110, 1300, 1301},
	} {
		for _, n := range errorTypes {
			if err := failed("", n).err(nil); class(err) != want {
				t.Errorf("type %d is %v, want %v", n, err, want)
			}
		}
	}
}

// Of the folders of a location any may be named, in any of the ways that a
// service has to write it.
func TestALocationDoesNotSpeakForTheService(t *testing.T) {
	for _, name := range []string{"throttling", "access denied", "throttl", "Rate exceeded é", "Table x not found", "status code: 403", "throttling é"} {
		parts := []refresh.Partition{{Values: []string{"1"}, Location: "s3://bucket/logs/" + name + "/2018/03/01/"}}
		for _, where := range []string{
			"s3://bucket/logs/" + name + "/2018/03/01", "s3://bucket/logs/" + name, "logs/" + name + "/2018/03/01/_$folder$", name,
			url.PathEscape("logs/" + name + "/2018/03/01"), url.PathEscape(name), url.QueryEscape(name), strings.ReplaceAll(url.QueryEscape(name), "+", "%20"),
		} {
			reason := "cannot make sense of " + where + " here"
			if got := class(failed(reason, 1003).err(parts)); got != errHalve {
				t.Errorf("%q: is %v", reason, got)
			}
			if got := class(refusal(&smithy.GenericAPIError{Code: "InvalidRequestException", Message: reason}, parts)); got != errHalve {
				t.Errorf("refused, %q: is %v", reason, got)
			}
		}
	}
}

// What the service says in its own words stays, whatever somebody's folders and
// values are called.
func TestAPartitionsNameHidesNoWordOfTheServices(t *testing.T) {
	parts := []refresh.Partition{{Values: []string{"database", "Table"}, Location: "s3://table/does/not/exist/found/database/Database/"}}
	for reason, want := range map[string]error{
		"Database does not exist: logs":                              refresh.ErrDatabaseMissing,
		"FAILED: SemanticException [Error 10001]: Table not found t": refresh.ErrTableMissing,
		"User: x is not authorized to perform: glue:CreatePartition": refresh.ErrAccessDenied,
		"Access Denied for s3://table/does/not/exist":                refresh.ErrAccessDenied,
	} {
		if got := class(failed(reason, 1003).err(parts)); got != want {
			t.Errorf("%q: is %v, want %v", reason, got, want)
		}
	}
}

// S3 refuses to make one partition's folder, and the others are good; it refuses
// what a question of ours needs, or the statement's result, and nothing is.
func TestS3RefusesAFolder(t *testing.T) {
	parts := numbered(2)
	for _, reason := range []string{
		"FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. MetaException(message:Got exception: com.amazonaws.services.s3.model.AmazonS3Exception Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: X))",
		"Forbidden (Service: Amazon S3; Status Code: 403; Error Code: 403 Forbidden)",
	} {
		for _, errorType := range []int{noErrorType, 1003, 1501} {
			err := failed(reason, errorType).err(parts)
			if class(err) != errHalve || !errors.Is(err, refresh.ErrFolderDenied) {
				t.Errorf("%s (%d): %v", reason, errorType, err)
			}
			if err := failed(reason, errorType).err(nil); !errors.Is(err, refresh.ErrAccessDenied) || halved(err) {
				t.Errorf("of no partition, %s (%d): %v", reason, errorType, err)
			}
		}
	}
	for _, reason := range []string{
		"Access denied when writing output to url: s3://results/x.txt . Please ensure you are allowed to access the S3 bucket.",
		"Access Denied (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException)",
		"Access Denied: s3://b/0",
	} {
		if err := failed(reason, 1003).err(parts); !errors.Is(err, refresh.ErrAccessDenied) || halved(err) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// FuzzFailure: whatever Athena says, only SUCCEEDED and "it exists" are
// success, nothing panics, and the reason is kept for people.
func FuzzFailure(f *testing.F) {
	f.Add("FAILED", "Table not found", 1003, true, false, "value", "s3://b/t/")
	f.Add("FAILED", "", -1, false, false, "", "")
	f.Add("CANCELLED", "Access Denied", 9999, false, true, "Access Denied", "s3://b/")
	f.Add("", "already exists", 0, false, true, "'", `\`)
	f.Fuzz(func(t *testing.T, state, reason string, errorType int, retryable, system bool, value, location string) {
		s := status{state: state, reason: reason, errorType: errorType, retryable: retryable, system: system}
		err := s.err([]refresh.Partition{{Values: []string{value}, Location: location}})
		exists := state == "FAILED" || state == "" || !s.final()
		exists = exists && strings.Contains(strings.ToLower(reason), "exist")
		if err == nil && state != "SUCCEEDED" && !exists {
			t.Errorf("%+v is success", s)
		}
		if err != nil && !strings.Contains(err.Error(), reason) {
			t.Errorf("%v has lost the reason %q", err, reason)
		}
	})
}

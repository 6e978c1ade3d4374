package athena

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"athenarefresh/internal/aws/awserror"
	"athenarefresh/internal/aws/retries"
	"athenarefresh/internal/refresh"
)

// status is the state of a statement as Athena reports it.
type status struct {
	state     string // QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED
	reason    string // "" if Athena gave none: StateChangeReason may be absent
	errorType int    // AthenaError's, [noErrorType] if absent
	system    bool   // AthenaError's category says that it is Athena's own failure
	retryable bool   // AthenaError says that the same may succeed later
}

// noErrorType stands for an absent AthenaError; its types are 0 to 9999.
const noErrorType = -1

func (s status) final() bool {
	return s.state == "SUCCEEDED" || s.state == "FAILED" || s.state == "CANCELLED"
}

// err says what a final state means for the parts that the statement names:
// nil, an error that wraps one of refresh's sentinels, an error that a part
// may have caused (retries.Splittable), or one that concerns them all.
//
// What the statement said of the parts is taken out of the reason before it is
// read: keys are written by strangers, and one named "Table not found" must
// not speak for the service.
func (s status) err(parts []refresh.Partition) error {
	if s.state == "SUCCEEDED" {
		return nil
	}
	err := fmt.Errorf("statement %s: %s", strings.ToLower(s.state), cmp.Or(s.reason, "no reason given"))
	if s.errorType != noErrorType {
		err = fmt.Errorf("%w (Athena error type %d)", err, s.errorType)
	}
	if s.state == "CANCELLED" {
		return err
	}
	v := s.verdict(redact(s.reason, parts))
	switch {
	case v == errExists && len(parts) <= 1:
		return nil // of several, the others may not have been added
	case v == refresh.ErrFolderDenied && len(parts) == 0:
		v = refresh.ErrAccessDenied
	}
	return wrap(v, err)
}

// refusal says what an error of StartQueryExecution means: some statements are
// refused at once for what another time makes them fail.
func refusal(err error, parts []refresh.Partition) error {
	if awserror.Code(err) != "InvalidRequestException" {
		return awserror.Classify(err)
	}
	return wrap(textVerdict(redact(awserror.Message(err), parts)), err)
}

// What a failure is about, where it is none of refresh's sentinels.
var (
	errPart   = errors.New("a partition")          // nobody knows: perhaps one of them
	errWhole  = errors.New("the table or service") // or the account
	errExists = errors.New("a partition is there") // by now, which is what was wanted
)

// wrap puts what a failure is about in front of it.
func wrap(verdict, err error) error {
	switch verdict {
	case errPart, errExists:
		return retries.Splittable(err)
	case errWhole:
		return err
	case refresh.ErrFolderDenied:
		return retries.Splittable(fmt.Errorf("%w: %w", verdict, err))
	}
	return fmt.Errorf("%w: %w", verdict, err)
}

// verdict prefers a number that says one thing to the text, and the text to a
// number that says many ("DDL task failed").
func (s status) verdict(reason string) error {
	if v := typeVerdict(s.errorType); v == refresh.ErrAccessDenied && folderDenied(strings.ToLower(reason)) {
		return refresh.ErrFolderDenied
	} else if v != errPart {
		return v
	}
	if v := textVerdict(reason); v != errPart {
		return v
	}
	switch {
	case s.errorType == 1110, s.errorType == 1300, s.errorType == 1301:
		return refresh.ErrTableMissing
	case timedOut(s.errorType):
		return errPart // half of it may be done in time
	case s.retryable, s.system, internal(s.errorType):
		return errWhole
	}
	return errPart // 1109 and 1306 too: a partition's path or bucket doesn't exist
}

// typeVerdict reads the types of Athena's error reference that leave no doubt.
func typeVerdict(t int) error {
	switch {
	case t == 1402: // too many versions of the table in Glue
		return errWhole
	case 1400 <= t && t <= 1406: // 1401 by Glue, 1403 by S3, 1404 to 1406 by Athena
		return refresh.ErrThrottled
	case t == 1602: // the capacity reservation is used up
		return refresh.ErrThrottled
	case t == 1500, t == 1501:
		return refresh.ErrAccessDenied
	}
	return errPart
}

func timedOut(t int) bool { return t == 206 || t == 210 }

// internal are Athena's own failures, the metastore's (204) among them, and
// those to write the statement's result (238, 239, 401, 402).
func internal(t int) bool {
	return t == 100 || 200 <= t && t <= 232 || 238 <= t && t <= 239 || 300 <= t && t <= 303 ||
		400 <= t && t <= 402 || t == 9999
}

// "Table not found x", "Table x not found", "Database does not exist: x", …
var (
	databaseMissing = regexp.MustCompile(`\b(database|schema):? (\S+ )?(is |was )?(not found|does not exist)`)
	tableMissing    = regexp.MustCompile(`\btable:? (\S+ )?(is |was )?(not found|does not exist)`)
)

// folderDenied says whether S3 refused something other than to write the
// statement's result. Athena makes the folder of every partition that it adds:
// where there is none any more and it may not write, that is one partition's
// failure, not the table's.
func folderDenied(reason string) bool {
	return strings.Contains(reason, "s3") && !strings.Contains(reason, "output") &&
		(strings.Contains(reason, "status code: 403") || strings.Contains(reason, "access denied") || strings.Contains(reason, "accessdenied"))
}

// textVerdict reads a reason's words, as Hive, Glue and S3 were seen to put
// them (AWS gives no list).
func textVerdict(reason string) error {
	reason = strings.ToLower(reason)
	has := func(any ...string) bool {
		return slices.ContainsFunc(any, func(words string) bool { return strings.Contains(reason, words) })
	}
	switch {
	case has("alreadyexistsexception", "partition already exists", "partitions already exist"):
		return errExists
	case has("rate exceeded", "throttl", "reduce your request rate", "slowdown", "toomanyrequests"):
		return refresh.ErrThrottled
	case has("concurrentmodification", "concurrent modification", "modified concurrently"):
		return errWhole
	case folderDenied(reason):
		return refresh.ErrFolderDenied
	case has("access denied", "accessdenied", "not authorized", "status code: 403", "insufficient permission", "insufficient lake formation"):
		return refresh.ErrAccessDenied
	case has("glueencryptionexception", "output location", "output bucket", "workgroup", "work group"):
		return errWhole
	case databaseMissing.MatchString(reason), has("schema_not_found", "database_not_found"):
		return refresh.ErrDatabaseMissing
	case has("table is not partitioned", "name is null"): // "name is null": Glue's table has no TableType
		return errWhole
	case tableMissing.MatchString(reason), has("table_not_found", "entitynotfoundexception", "nosuchobjectexception"):
		return refresh.ErrTableMissing
	}
	return errPart
}

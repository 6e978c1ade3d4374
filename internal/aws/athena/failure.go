package athena

import (
	"fmt"
	"regexp"
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
	err := fmt.Errorf("statement %s: %s", strings.ToLower(s.state), orUnknown(s.reason))
	if s.errorType != noErrorType {
		err = fmt.Errorf("%w (Athena error type %d)", err, s.errorType)
	}
	if s.state == "CANCELLED" {
		return err
	}
	v := s.verdict(redact(s.reason, parts))
	if v == verdictFolder && len(parts) == 0 {
		v = verdictDenied
	}
	if v == verdictExists && len(parts) <= 1 {
		return nil // of several, the others may not have been added
	}
	return v.wrap(err)
}

// refusal says what an error of StartQueryExecution means: some statements are
// refused at once for what another time makes them fail.
func refusal(err error, parts []refresh.Partition) error {
	if awserror.Code(err) != "InvalidRequestException" {
		return awserror.Classify(err)
	}
	return textVerdict(redact(awserror.Message(err), parts)).wrap(err)
}

func orUnknown(reason string) string {
	if reason == "" {
		return "no reason given"
	}
	return reason
}

// verdict is what a failure is about.
type verdict int

const (
	verdictPart      verdict = iota // nobody knows: perhaps one of the partitions
	verdictWhole                    // the table, the account or the service
	verdictExists                   // a partition came into being meanwhile: what was wanted
	verdictTable                    // the table does not exist
	verdictDatabase                 // the database does not exist
	verdictDenied                   // not allowed
	verdictFolder                   // not allowed by S3: perhaps the folder of one of the partitions
	verdictThrottled                // later
)

func (v verdict) wrap(err error) error {
	switch v {
	case verdictPart, verdictExists:
		return retries.Splittable(err)
	case verdictFolder:
		return retries.Splittable(fmt.Errorf("%w: %w", refresh.ErrFolderDenied, err))
	case verdictTable:
		return fmt.Errorf("%w: %w", refresh.ErrTableMissing, err)
	case verdictDatabase:
		return fmt.Errorf("%w: %w", refresh.ErrDatabaseMissing, err)
	case verdictDenied:
		return fmt.Errorf("%w: %w", refresh.ErrAccessDenied, err)
	case verdictThrottled:
		return fmt.Errorf("%w: %w", refresh.ErrThrottled, err)
	}
	return err
}

// verdict prefers a number that says one thing to the text, and the text to a
// number that says many ("DDL task failed").
func (s status) verdict(reason string) verdict {
	if v := typeVerdict(s.errorType); v == verdictDenied && folderDenied(strings.ToLower(reason)) {
		return verdictFolder
	} else if v != verdictPart {
		return v
	}
	if v := textVerdict(reason); v != verdictPart {
		return v
	}
	switch {
	case s.errorType == 1110, s.errorType == 1300, s.errorType == 1301:
		return verdictTable
	case timedOut(s.errorType):
		return verdictPart // half of it may be done in time
	case s.retryable, s.system, internal(s.errorType):
		return verdictWhole
	}
	return verdictPart // 1109 and 1306 too: a partition's path or bucket doesn't exist
}

// typeVerdict reads the types of Athena's error reference that leave no doubt.
func typeVerdict(t int) verdict {
	switch {
	case t == 1402: // too many versions of the table in Glue
		return verdictWhole
	case 1400 <= t && t <= 1406: // 1401 by Glue, 1403 by S3, 1404 to 1406 by Athena
		return verdictThrottled
	case t == 1602: // the capacity reservation is used up
		return verdictThrottled
	case t == 1500, t == 1501:
		return verdictDenied
	}
	return verdictPart
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
func textVerdict(reason string) verdict {
	reason = strings.ToLower(reason)
	has := func(any ...string) bool {
		for _, words := range any {
			if strings.Contains(reason, words) {
				return true
			}
		}
		return false
	}
	switch {
	case has("alreadyexistsexception", "partition already exists", "partitions already exist"):
		return verdictExists
	case has("rate exceeded", "throttl", "reduce your request rate", "slowdown", "toomanyrequests"):
		return verdictThrottled
	case has("concurrentmodification", "concurrent modification", "modified concurrently"):
		return verdictWhole
	case folderDenied(reason):
		return verdictFolder
	case has("access denied", "accessdenied", "not authorized", "status code: 403", "insufficient permission", "insufficient lake formation"):
		return verdictDenied
	case has("glueencryptionexception", "output location", "output bucket", "workgroup", "work group"):
		return verdictWhole
	case databaseMissing.MatchString(reason), has("schema_not_found", "database_not_found"):
		return verdictDatabase
	case has("table is not partitioned", "name is null"): // "name is null": Glue's table has no TableType
		return verdictWhole
	case tableMissing.MatchString(reason), has("table_not_found", "entitynotfoundexception", "nosuchobjectexception"):
		return verdictTable
	}
	return verdictPart
}

package demo

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// maxFile is the largest file that is read, uncompressed. CloudTrail's own have
// 50 MB at most.
const maxFile = 256 << 20

// trail is a CloudTrail file.
type trail struct {
	path   string // in its folder, with slashes
	zipped []byte
	events []event
}

// event is a record of a file: one API call.
type event struct {
	line   []byte // the record on one line
	fields fields
	time   time.Time // zero if it has none, or none that a calendar has
}

// fields are what is read of an event; what has another type is left empty.
type fields struct {
	EventTime          text `json:"eventTime"`
	EventName          text `json:"eventName"`
	EventSource        text `json:"eventSource"`
	EventID            text `json:"eventID"`
	AWSRegion          text `json:"awsRegion"`
	RecipientAccountID text `json:"recipientAccountId"`
	ErrorCode          text `json:"errorCode"`
	ErrorMessage       text `json:"errorMessage"`
	ReadOnly           any  `json:"readOnly"`
	UserIdentity       struct {
		Type      text `json:"type"`
		ARN       text `json:"arn"`
		InvokedBy text `json:"invokedBy"`
	} `json:"userIdentity"`
	ResponseElements struct {
		ConsoleLogin text `json:"ConsoleLogin"`
	} `json:"responseElements"`
}

// text is a JSON string; any other value is "".
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = text(s)
	}
	return nil
}

// candidate says whether a file's name is one that is looked into.
func candidate(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".json.gz")
}

// readTrail reads a file. Its error is why it is no CloudTrail file.
func readTrail(files fs.FS, name string) (*trail, error) {
	raw, err := readFile(files, name)
	if err != nil {
		return nil, err
	}
	t := &trail{path: name}
	plain, err := unzip(raw)
	if err != nil {
		return nil, err
	}
	if t.events, err = parse(plain); err != nil {
		return nil, err
	}
	if t.zipped = raw; !isZipped(raw) {
		t.zipped, err = zip(plain)
	}
	return t, err
}

func readFile(files fs.FS, name string) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return limited(f)
}

func limited(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = errors.New("larger than 256 MiB")
	}
	return b, err
}

func isZipped(b []byte) bool { return bytes.HasPrefix(b, []byte{0x1f, 0x8b}) }

func unzip(b []byte) ([]byte, error) {
	if !isZipped(b) {
		return b, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return limited(z)
}

func zip(b []byte) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	err := z.Close()
	return out.Bytes(), err
}

// parse reads a document {"Records": [{…}, …]}.
func parse(document []byte) ([]event, error) {
	switch {
	case !utf8.Valid(document):
		return nil, errors.New("not UTF-8")
	case bytes.HasPrefix(document, []byte("\ufeff")):
		return nil, errors.New("begins with a byte order mark, which no engine takes for JSON")
	case halfCharacter(document):
		return nil, errors.New("holds half a character (a lone surrogate), which no engine reads")
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(document, &top); err != nil {
		return nil, errors.New("not a JSON object")
	}
	var records []json.RawMessage
	if list, ok := top["Records"]; !ok || list[0] != '[' || json.Unmarshal(list, &records) != nil {
		return nil, errors.New(`no list "Records"`)
	}
	events := make([]event, len(records))
	for i, r := range records {
		e, err := parseEvent(r)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", i+1, err)
		}
		events[i] = e
	}
	return events, nil
}

// halfCharacter finds a \uD800 to \uDFFF that isn't one of a pair. It is good
// JSON that stands for no text.
func halfCharacter(document []byte) bool {
	for rest := document; ; {
		i := bytes.IndexByte(rest, '\\')
		if i < 0 || i+1 == len(rest) {
			return false
		}
		rest = rest[i:]
		first, ok := escaped(rest)
		if !ok {
			rest = rest[2:] // another escape
			continue
		}
		rest = rest[6:]
		if !utf16.IsSurrogate(first) {
			continue
		}
		second, ok := escaped(rest)
		if !ok || utf16.DecodeRune(first, second) == utf8.RuneError {
			return true
		}
		rest = rest[6:]
	}
}

// escaped reads a \uXXXX at the beginning of text.
func escaped(text []byte) (rune, bool) {
	if len(text) < 6 || text[1] != 'u' || text[0] != '\\' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil
}

func parseEvent(record json.RawMessage) (event, error) {
	var line bytes.Buffer
	if err := json.Compact(&line, record); err != nil {
		return event{}, err
	}
	if line.Bytes()[0] != '{' {
		return event{}, errors.New("not an object")
	}
	e := event{line: line.Bytes()}
	// A member of another type than CloudTrail's is left empty; that the
	// record is an object is known already.
	var wrong *json.UnmarshalTypeError
	if err := json.Unmarshal(record, &e.fields); err != nil && !errors.As(err, &wrong) {
		return event{}, err
	}
	if strings.HasPrefix(string(e.fields.EventSource), "aws:") {
		return event{}, errors.New("a notification of S3, not an event of CloudTrail")
	}
	if at, err := time.Parse(time.RFC3339, string(e.fields.EventTime)); err == nil && at.UTC().Year() >= 1 && at.UTC().Year() <= 9999 {
		e.time = at.UTC()
	}
	return e, nil
}

// place is where CloudTrail puts a file.
type place struct {
	account, region string
	day             time.Time
}

var (
	ownName   = regexp.MustCompile(`^(\d{12})_CloudTrail_([a-z]{2}[a-z0-9-]{2,30})_(\d{8}T\d{4})Z_[A-Za-z0-9]+\.json(\.gz)?$`)
	ownFolder = regexp.MustCompile(`(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?(\d{12})/CloudTrail/([a-z]{2}[a-z0-9-]{2,30})/(\d{4}/\d{2}/\d{2})/[^/]+$`)
	accountID = regexp.MustCompile(`^\d{12}$`)
	regionID  = regexp.MustCompile(`^[a-z]{2}[a-z0-9-]{2,30}$`)
)

// place finds out where CloudTrail puts the file: by its name, by its folders,
// or by its events, of which each of the three may be another's.
func (t *trail) place() (place, bool) {
	if m := ownName.FindStringSubmatch(path.Base(t.path)); m != nil {
		if day, err := time.Parse("20060102T1504", m[3]); err == nil && day.Year() > 0 {
			return place{m[1], m[2], day}, true
		}
	}
	if m := ownFolder.FindStringSubmatch(t.path); m != nil {
		if day, err := time.Parse("2006/01/02", m[3]); err == nil && day.Year() > 0 {
			return place{m[1], m[2], day}, true
		}
	}
	return t.placeByEvents()
}

func (t *trail) placeByEvents() (p place, found bool) {
	for i := range t.events {
		e := &t.events[i]
		if p.account == "" && accountID.MatchString(string(e.fields.RecipientAccountID)) {
			p.account = string(e.fields.RecipientAccountID)
		}
		if p.region == "" && regionID.MatchString(string(e.fields.AWSRegion)) {
			p.region = string(e.fields.AWSRegion)
		}
		if p.day.IsZero() {
			p.day = e.time
		}
	}
	return p, len(t.events) > 0
}

package demo

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"
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

// event is what is read of a record: one API call. What is no text is none of these.
type event struct {
	Time    any `json:"eventTime"`
	Source  any `json:"eventSource"`
	Region  any `json:"awsRegion"`
	Account any `json:"recipientAccountId"`
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// readTrail reads a file. Its error is why it is no CloudTrail file.
func readTrail(files fs.FS, name string) (*trail, error) {
	if lower := strings.ToLower(name); !strings.HasSuffix(lower, ".json") && !strings.HasSuffix(lower, ".json.gz") {
		return nil, errors.New("not a .json or .json.gz")
	}
	if info, err := fs.Stat(files, name); err == nil && !info.Mode().IsRegular() { // a named pipe would wait for its writer
		return nil, errors.New("not a regular file")
	}
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := limited(f)
	if err != nil {
		return nil, err
	}
	t, plain := &trail{path: name, zipped: raw}, raw
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		plain, err = unzip(raw)
	} else {
		t.zipped, err = zip(raw)
	}
	if err != nil {
		return nil, err
	}
	t.events, err = parse(plain)
	return t, err
}

func limited(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = errors.New("larger than 256 MiB")
	}
	return b, err
}

func unzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return limited(z)
}

func zip(b []byte) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(b)
	err = errors.Join(err, z.Close())
	return out.Bytes(), err
}

// parse reads a document {"Records": [{…}, …]}.
func parse(document []byte) ([]event, error) {
	if !utf8.Valid(document) || bytes.HasPrefix(document, []byte("\ufeff")) {
		return nil, errors.New("not UTF-8 without a byte order mark, which is all that an engine takes for JSON")
	}
	var top struct {
		Records []event `json:"Records"`
	}
	if err := json.Unmarshal(document, &top); err != nil || top.Records == nil {
		return nil, errors.New(`no JSON object with a list "Records" of objects`)
	}
	for _, e := range top.Records {
		if strings.HasPrefix(text(e.Source), "aws:") {
			return nil, errors.New("a notification of S3, not events of CloudTrail")
		}
	}
	return top.Records, nil
}

// place is where CloudTrail puts a file.
type place struct {
	account, region string
	time            time.Time
}

var (
	ownName   = regexp.MustCompile(`^(\d{12})_CloudTrail_([a-z]{2}[a-z0-9-]{2,30})_(\d{8}T\d{4})Z_[A-Za-z0-9]+\.json(\.gz)?$`)
	accountID = regexp.MustCompile(`^\d{12}$`)
	regionID  = regexp.MustCompile(`^[a-z]{2}[a-z0-9-]{2,30}$`)
)

// place finds out where CloudTrail puts the file, by its name, or else by its events,
// of which each of the three may be another's. What none of them says is made up.
func (t *trail) place(now time.Time) (place, error) {
	if m := ownName.FindStringSubmatch(path.Base(t.path)); m != nil {
		if at, err := time.Parse("20060102T1504", m[3]); err == nil && at.Year() > 0 {
			return place{m[1], m[2], at}, nil
		}
	}
	if len(t.events) == 0 {
		return place{}, errors.New("holds no events, and its name doesn't say whose it is")
	}
	var p place
	for _, e := range t.events {
		if account := text(e.Account); p.account == "" && accountID.MatchString(account) {
			p.account = account
		}
		if region := text(e.Region); p.region == "" && regionID.MatchString(region) {
			p.region = region
		}
		if at, err := time.Parse(time.RFC3339, text(e.Time)); p.time.IsZero() && err == nil && at.UTC().Year() >= 1 && at.UTC().Year() <= 9999 {
			p.time = at.UTC()
		}
	}
	if p.time.IsZero() {
		p.time = now.UTC()
	}
	return place{cmp.Or(p.account, "000000000000"), cmp.Or(p.region, "us-east-1"), p.time}, nil
}

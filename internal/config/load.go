package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"athenarefresh/internal/terminal"
)

// Load reads global.json and lambda.json in dir. Its error is [Errors], with
// all that is wrong; the warnings are there with an error too.
func Load(dir string) (*Config, []Warning, error) {
	global, lambda := openBoth(dir)
	return read(global, lambda)
}

func openBoth(dir string) (global, lambda *file) {
	return open(filepath.Join(dir, "global.json")), open(filepath.Join(dir, "lambda.json"))
}

// file is a file that is being read, and what was found out about it.
type file struct {
	name     string
	data     []byte
	sum      [sha256.Size]byte // of data, or of why there is none
	changed  time.Time
	problems []Problem
	warnings []Warning
}

func open(name string) *file {
	f := &file{name: name}
	var err error
	if f.data, f.changed, err = readRegular(name); err != nil {
		f.problems = []Problem{unreadable(name, err)}
		f.sum = sha256.Sum256([]byte("\x00" + f.problems[0].Message)) // no JSON begins so
		return f
	}
	f.sum = sha256.Sum256(f.data)
	return f
}

// errNotRegular is of what has no end, or none before somebody writes it.
var errNotRegular = errors.New("is a device, a pipe or a socket, not a file")

// mostFile is the largest file that is read: a site of thousands of buckets has
// less.
const mostFile = 64 << 20

func readRegular(name string) (data []byte, changed time.Time, err error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
	case info.IsDir():
		err = syscall.EISDIR
	case !info.Mode().IsRegular():
		err = errNotRegular
	case info.Size() > mostFile:
		err = fmt.Errorf("is larger than %d MiB", mostFile>>20)
	default:
		data, err = os.ReadFile(name)
		return data, info.ModTime(), err
	}
	return nil, time.Time{}, err
}

func unreadable(name string, err error) Problem {
	p := Problem{File: name, Message: err.Error()}
	var failed *fs.PathError
	if errors.As(err, &failed) {
		p.Message = failed.Err.Error()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		p.Hint = "--conf names the folder with global.json and lambda.json"
	case errors.Is(err, syscall.EISDIR) || errors.Is(err, errNotRegular):
		p.Hint = "it must be a file"
	case errors.Is(err, fs.ErrPermission):
		p.Hint = "make it readable for this user"
	}
	return p
}

// read makes a configuration of both files' text.
func read(global, lambda *file) (*Config, []Warning, error) {
	var a account
	if root, ok := global.tree(); ok {
		a = global.account(root)
	}
	c := defaults(a.standIn())
	c.Region, c.Account, c.Assumed = a.region, a.id, a.assumed
	if root, ok := lambda.tree(); ok {
		lambda.sections(root, c)
		global.database(a, c)
	}
	c.DeadLetterQueue = c.Queue + deadLetters
	warnings := append(global.warnings, lambda.warnings...)
	if problems := append(global.sorted(), lambda.sorted()...); len(problems) > 0 {
		return nil, warnings, Errors(problems)
	}
	return c, warnings, nil
}

// tree reads the file's JSON; false if there is none to be had.
func (f *file) tree() (root value, ok bool) {
	if len(f.problems) > 0 { // it could not be opened
		return value{}, false
	}
	root, at, err := readTree(f.data)
	if err != nil {
		f.problem(at, "", err)
	}
	return root, err == nil
}

// problem notes what is wrong with the setting key at an offset of the file.
func (f *file) problem(at int, key string, err error) {
	p := Problem{File: f.name, Key: key}
	p.Line, p.Column = position(f.data, at)
	p.Message, p.Hint = words(err)
	f.problems = append(f.problems, p)
}

func (f *file) warning(at int, key, message, hint string) {
	w := Warning{File: f.name, Key: key, Message: message, Hint: hint}
	w.Line, w.Column = position(f.data, at)
	f.warnings = append(f.warnings, w)
}

func position(data []byte, at int) (line, column int) {
	before := string(data[:at])
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}

func (f *file) sorted() []Problem {
	slices.SortStableFunc(f.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return f.problems
}

// account is what global.json says. A setting that is wrong is "".
type account struct {
	prefix, region, id string
	assumed            string
	prefixAt           int // where the prefix stands
}

// standIn is the prefix, or one that stands for it where it is wrong, so that
// the rest can be checked nevertheless.
func (a account) standIn() string { return cmp.Or(a.prefix, "prefix") }

func (f *file) account(root value) account {
	var a account
	f.object(root, "", true, []field{{"account", func(v value) error {
		a.prefixAt = v.at
		if prefix, ok := v.member("prefix"); ok {
			a.prefixAt = prefix.at
		}
		f.object(v, "account", true, []field{
			{"prefix", text(&a.prefix, checkPrefix)},
			{"region", text(&a.region, checkRegion)},
			{"aws_account_id", text(&a.id, checkAccount)},
		})
		for _, name := range []string{"prefix", "region", "aws_account_id"} {
			if v.lacks(name) {
				f.problem(v.at, under("account", name), hint(v.like(name, 2), "is missing"))
			}
		}
		return nil
	}}, {"assumed", func(v value) error {
		f.object(v, "assumed", true, []field{{"bucket", text(&a.assumed, CheckBucket)}})
		return nil
	}}})
	if root.lacks("account") {
		f.problem(root.at, "account", hint(`"account": {"prefix": "example", "region": "us-east-1", "aws_account_id": "123456789012"}`, "is missing"))
	}
	return a
}

// lacks says whether an object has no member of that name.
func (v value) lacks(name string) bool {
	_, ok := v.member(name)
	return !ok && v.isObject()
}

// like says what is there under a name much like one that is missing: it is the
// likeliest reason.
func (v value) like(name string, edits int) (hint string) {
	for _, m := range v.members() {
		if terminal.Edits(m.name, name) <= edits {
			hint = `there is "` + m.name + `"`
		}
	}
	return hint
}

// database refuses a prefix that makes no database's name, unless one is set.
func (f *file) database(a account, c *Config) {
	if a.prefix == "" || c.Database != a.prefix+"_streamalert" {
		return
	}
	if err := checkDatabase(c.Database); err != nil {
		f.problem(a.prefixAt, "account.prefix", hint("set database_name in lambda.json", "the database would be %s", err))
	}
}

// sections reads lambda.json into c.
func (f *file) sections(root value, c *Config) {
	c.Sections = map[string]json.RawMessage{}
	for _, m := range root.members() {
		c.Sections[m.name] = f.data[m.value.at:m.value.end]
	}
	f.object(root, "", true, []field{{sectionName, func(v value) error {
		f.settings(v, c)
		return nil
	}}})
	if root.lacks(sectionName) {
		f.warning(root.at, sectionName, "is missing: every setting has its default", root.like(sectionName, 4))
		c.Buckets = withAlerts(nil, c.Prefix)
	}
}

// Package sample brings some of the files of a folder, in S3 or on this
// machine, into a folder of its own, uncompressed: to look at what is in them.
// However many and large they are, it takes few ([Limits]).
package sample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Limits bound a sample.
type Limits struct {
	Files int   // at most
	Bytes int64 // of all together, uncompressed
	Each  int64 // of one; a longer one is cut at the end of a line
}

// Usual is enough to know a schema by, and few requests.
var Usual = Limits{Files: 16, Bytes: 64 << 20, Each: 16 << 20}

// Sample is what was taken. Its owner removes Dir.
type Sample struct {
	Dir   string
	Files []File
	Seen  int      // how many files there were to choose from
	Notes []string // for people: what was left out or cut, and what engines will stumble over
}

// Named is a text about the sample's files, with the names that they come from. What
// is shown instead of a file is called as it is, behind "_".
func (s *Sample) Named(text string) string {
	text = strings.ReplaceAll(text, s.Dir+"/_", s.Dir+"/")
	for _, f := range s.Files {
		text = strings.ReplaceAll(text, f.Path, f.Name)
	}
	return text
}

// LeftOut is what was left out, to stand behind another text; "" if nothing was.
func (s *Sample) LeftOut() string {
	if len(s.Notes) == 0 {
		return ""
	}
	return ": " + strings.Join(s.Notes, "; ")
}

// File is a file of a sample.
type File struct {
	Path string // on this machine, in the sample's folder
	Name string // where it comes from
	Text string // what is in it
}

// Candidate is a file that may be taken.
type Candidate struct {
	Name string
	Open func(context.Context) (io.ReadCloser, error)
}

// Take takes some of the candidates, from all over the list. Others take the place
// of those that are empty.
func Take(ctx context.Context, all []Candidate, limits Limits) (s *Sample, err error) {
	s = &Sample{Seen: len(all)}
	if s.Dir, err = os.MkdirTemp("", "athena-refresh-sample-"); err != nil {
		return nil, fmt.Errorf("make a folder for the sample: %w", err)
	}
	left, tried := limits.Bytes, 0
	for _, c := range spread(all, limits.Files) {
		if tried == limits.Files || left <= 0 {
			break
		}
		before := len(s.Files) + len(s.Notes)
		n, err := s.add(ctx, c, min(left, limits.Each), left)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("take a sample of %s: %w", c.Name, err), os.RemoveAll(s.Dir))
		}
		left -= n
		if len(s.Files)+len(s.Notes) > before {
			tried++
		}
	}
	return s, nil
}

// spread has n of them first, chosen evenly, the last among them: the newest files
// are often last. The others follow, so many that mostOpened are tried.
func spread(all []Candidate, n int) []Candidate {
	if len(all) <= n {
		return all
	}
	var chosen, others []Candidate
	for i, c := range all {
		if (i+1)*n/len(all) > i*n/len(all) {
			chosen = append(chosen, c)
		} else if len(others) < mostOpened-n {
			others = append(others, c)
		}
	}
	return append(chosen, others...)
}

// mostOpened bounds how many candidates are opened, whatever is in them.
const mostOpened = 64

func (s *Sample) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// add copies a file and returns how many bytes it has. One that is broken, or
// too large, is left out with a note.
func (s *Sample) add(ctx context.Context, c Candidate, most, left int64) (int64, error) {
	in, err := c.Open(ctx)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist): // of another person, or gone meanwhile
		s.note("%s was left out: it can't be read", c.Name)
		return 0, nil
	case err != nil:
		return 0, err
	}
	defer in.Close()
	content, err := s.read(c.Name, in, most, left)
	switch {
	case errors.Is(err, errTooLarge), errors.Is(err, errPacked), errors.Is(err, errUTF16), broken(err):
		s.note("%s was left out: %v", c.Name, err)
		return 0, nil
	case err != nil:
		return 0, err
	case len(bytes.TrimSpace(content)) == 0:
		return 0, nil
	}
	path := filepath.Join(s.Dir, fmt.Sprintf("%04d", len(s.Files)))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return 0, err
	}
	s.Files = append(s.Files, File{path, c.Name, string(content)})
	return int64(len(content)), nil
}

var (
	errTooLarge = errors.New("it is too large for a sample")
	errPacked   = errors.New("it can't be looked into here")
	errUTF16    = errors.New("it is UTF-16, and Athena reads text in UTF-8")
)

// read reads at most most bytes of lines, or left bytes of Parquet, which has
// to be whole.
func (s *Sample) read(name string, in io.Reader, most, left int64) ([]byte, error) {
	body, err := s.unpacked(name, in)
	if err != nil {
		return nil, err
	}
	if err := s.unmarked(name, body); err != nil {
		return nil, err
	}
	head, err := body.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	whole := string(head) == "PAR1"
	if whole {
		most = left
	}
	content, err := io.ReadAll(io.LimitReader(body, most+1))
	if err != nil || int64(len(content)) <= most {
		return content, err
	}
	end := bytes.LastIndexByte(content[:most], '\n') + 1
	if whole || end == 0 {
		return nil, errTooLarge
	}
	return content[:end], nil
}

// readable says whether engines read a file of this name below a table's
// location: none of its elements begins with _ or .
func readable(name string) bool {
	for e := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(e, "_") || strings.HasPrefix(e, ".") {
			return false
		}
	}
	return name != "" && !strings.HasSuffix(name, "/") && !strings.HasSuffix(name, "_$folder$")
}

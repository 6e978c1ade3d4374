package sample

import (
	"bufio"
	"compress/bzip2"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// packing is a way to compress a file. Engines tell it by the end of the file's
// name, whatever is in it.
type packing struct {
	name   string
	suffix string
	magic  string // what such a file begins with; "": it can't be told
	open   func(io.Reader) (io.Reader, error)
}

// packings are those that Athena reads; what has no open can't be looked into here.
// (Athena user guide, "Use compression in Athena".)
var packings = []packing{
	{"gzip", ".gz", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"bzip2", ".bz2", "BZh", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
	{"zstd", ".zst", "\x28\xb5\x2f\xfd", unzstd},
	{"snappy", ".snappy", "", nil},
	{"lz4", ".lz4", "", nil},
	{"deflate", ".deflate", "", nil},
}

// unzstd has one goroutine, the caller's: nobody closes it.
func unzstd(r io.Reader) (io.Reader, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
}

// unpacked reads a file through what it is compressed by. What the name says of
// that has to be so: engines go by the name (docs/engines.md, "Reading (Trino,
// near Athena engine 3)").
func (s *Sample) unpacked(name string, in io.Reader) (*bufio.Reader, error) {
	body := bufio.NewReader(in)
	head, err := body.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var is, named *packing
	for i, p := range packings {
		if p.magic != "" && strings.HasPrefix(string(head), p.magic) {
			is = &packings[i]
		}
		if strings.HasSuffix(name, p.suffix) {
			named = &packings[i]
		}
	}
	switch {
	case is == nil && named != nil && named.open == nil:
		return nil, fmt.Errorf("%w: it is %s by its name, which Athena reads", errPacked, named.name)
	case is != nil && is != named:
		s.note("%s is compressed, but its name does not end in %s: Athena will not read it", name, is.suffix)
	case is == nil && named != nil:
		s.note("%s is not compressed, though its name ends in %s: Athena will fail on it", name, named.suffix)
	}
	if is == nil {
		return body, nil
	}
	z, err := is.open(body)
	if err != nil {
		return nil, err
	}
	return bufio.NewReader(z), nil
}

// unmarked skips a byte order mark at the beginning of a text, as engines do of
// UTF-8. (Trino, TextLineReader; Hadoop, LineRecordReader.)
func (s *Sample) unmarked(name string, body *bufio.Reader) error {
	head, err := body.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch mark := string(head); {
	case mark == "\ufeff":
		s.note("%s begins with a byte order mark: Athena skips it, it is no part of the first name", name)
		_, err := body.Discard(len(mark))
		return err
	case strings.HasPrefix(mark, "\xff\xfe"), strings.HasPrefix(mark, "\xfe\xff"):
		return errUTF16
	}
	return nil
}

// broken says whether err is of what was compressed, or of a file that ends
// too early.
func broken(err error) bool {
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(flate.CorruptInputError)) ||
		errors.As(err, new(bzip2.StructuralError)) || errors.Is(err, zstd.ErrMagicMismatch) || errors.Is(err, zstd.ErrCRCMismatch) || errors.Is(err, zstd.ErrDecoderSizeExceeded)
}

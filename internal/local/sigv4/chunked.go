package sigv4

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// chain links the signatures of a body's chunks: each covers the one before,
// the first the request's own.
type chain struct {
	auth     *authorization
	key      []byte
	previous string
}

// check compares the next signature, over what the parts say.
func (c *chain) check(kind, got string, parts ...string) error {
	parts = append([]string{c.previous}, parts...)
	want := hex.EncodeToString(sum(c.key, c.auth.stringToSign(kind, parts...)))
	if !hmac.Equal([]byte(want), []byte(got)) {
		return denied("SignatureDoesNotMatch", "the signature of a chunk of the body does not match")
	}
	c.previous = want
	return nil
}

// chunkReader takes off the aws-chunked coding:
//
//	HEX[;chunk-signature=SIG] CRLF data CRLF … 0[;chunk-signature=SIG] CRLF
//	[name:value CRLF …] CRLF
//
// With the last byte of the payload it has read all of that and checked it.
type chunkReader struct {
	r     *bufio.Reader
	chain *chain // nil: chunks are not signed
	left  int64  // payload bytes to come, in all
	chunk int64  // and in this chunk

	signature string // of this chunk
	hash      hash.Hash

	checksum string // trailer that the client announced, "" for none
	sum      hash.Hash
}

func newChunkReader(r *http.Request, length int64, c *chain) (io.Reader, error) {
	cr := &chunkReader{r: bufio.NewReader(r.Body), chain: c, left: length, hash: sha256.New()}
	cr.checksum = strings.ToLower(strings.TrimSpace(r.Header.Get("X-Amz-Trailer")))
	if cr.checksum != "" {
		checksum, ok := checksums[cr.checksum]
		if !ok {
			return nil, malformed("InvalidRequest", "the trailer %q is not supported", cr.checksum)
		}
		cr.sum = checksum()
	}
	if length == 0 {
		return bytes.NewReader(nil), cr.finish()
	}
	return cr, nil
}

// checksums are those that a trailer may have.
var checksums = map[string]func() hash.Hash{
	"x-amz-checksum-crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"x-amz-checksum-crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"x-amz-checksum-crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
	"x-amz-checksum-sha1":      sha1.New,
	"x-amz-checksum-sha256":    sha256.New,
}

func (c *chunkReader) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	if c.chunk == 0 {
		if err := c.begin(); err != nil {
			return 0, err
		}
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.chunk)])
	c.take(p[:n])
	switch {
	case err != nil && c.left > 0:
		return n, malformed("IncompleteBody", "read the body: %v", err)
	case c.chunk == 0:
		err = c.end()
	}
	if err == nil && c.left == 0 {
		err = c.finish()
	}
	return n, err
}

func (c *chunkReader) take(p []byte) {
	c.left -= int64(len(p))
	c.chunk -= int64(len(p))
	c.hash.Write(p)
	if c.sum != nil {
		c.sum.Write(p)
	}
}

// begin reads the line in front of a chunk. The one that is empty is the last, and
// comes when all of the payload has.
func (c *chunkReader) begin() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	digits, extension, _ := strings.Cut(line, ";")
	size, err := strconv.ParseInt(digits, 16, 64)
	switch {
	case err != nil || size < 0:
		return malformed("InvalidRequest", "the body is not in the aws-chunked coding")
	case c.left == 0 && size > 0:
		return malformed("IncompleteBody", "the body is longer than x-amz-decoded-content-length")
	case c.left > 0 && (size == 0 || size > c.left):
		return malformed("IncompleteBody", "the body is not x-amz-decoded-content-length bytes long")
	}
	c.chunk, c.signature = size, strings.TrimPrefix(extension, "chunk-signature=")
	c.hash.Reset()
	return nil
}

func (c *chunkReader) line() (string, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return "", malformed("IncompleteBody", "read a chunk of the body: %v", err)
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// end is the line end behind a chunk's data.
func (c *chunkReader) end() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	if line != "" {
		return malformed("InvalidRequest", "a chunk of the body is longer than it says")
	}
	return c.checkChunk()
}

func (c *chunkReader) checkChunk() error {
	if c.chain == nil {
		return nil
	}
	return c.chain.check(algorithm+"-PAYLOAD", c.signature, hexHash(""), hex.EncodeToString(c.hash.Sum(nil)))
}

// finish reads the empty chunk and the trailer.
func (c *chunkReader) finish() error {
	if err := c.begin(); err != nil {
		return err
	}
	if err := c.checkChunk(); err != nil || c.checksum == "" {
		return err
	}
	return c.checkTrailer()
}

func (c *chunkReader) checkTrailer() error {
	trailer, err := textproto.NewReader(c.r).ReadMIMEHeader()
	if err != nil {
		return malformed("IncompleteBody", "read a chunk of the body: %v", err)
	}
	got := trailer.Get(c.checksum)
	if c.chain != nil {
		signed := hexHash(c.checksum + ":" + got + "\n")
		if err := c.chain.check(algorithm+"-TRAILER", trailer.Get("x-amz-trailer-signature"), signed); err != nil {
			return err
		}
	}
	if got != base64.StdEncoding.EncodeToString(c.sum.Sum(nil)) {
		return malformed("BadDigest", "the body does not have the %s that came with it", c.checksum)
	}
	return nil
}

package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// EagerBody is how many bytes of a body are read and checked before anything
// is done with the request. A longer one is checked while it is read.
const EagerBody = 8 << 20

// What x-amz-content-sha256 may be instead of a hash.
const (
	unsignedPayload         = "UNSIGNED-PAYLOAD"
	streamingPayload        = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	streamingPayloadTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	streamingUnsigned       = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// payloadHash is the last line of the canonical request. Services other than
// S3 don't send it, so the body is read for it.
func payloadHash(r *http.Request, a *authorization) (string, error) {
	if given := r.Header.Get("X-Amz-Content-Sha256"); given != "" {
		return given, nil
	}
	if a.presigned {
		return unsignedPayload, nil
	}
	body, err := readAll(r.Body)
	if err != nil {
		return "", err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return hexHash(string(body)), nil
}

func readAll(body io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(body, EagerBody+1))
	if err != nil {
		return nil, malformed("RequestTimeout", "read the body: %v", err)
	}
	if len(b) > EagerBody {
		return nil, malformed("EntityTooLarge", "a body of more than %d bytes needs the header x-amz-content-sha256", EagerBody)
	}
	return b, nil
}

// checkBody replaces r.Body by the payload, checked as the signer asked.
func checkBody(r *http.Request, payload string, c *chain) error {
	length, err := payloadLength(r, payload)
	if err != nil {
		return err
	}
	body, err := payloadReader(r, payload, length, c)
	if err != nil {
		return err
	}
	if length >= 0 && length <= EagerBody {
		b, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	replaceBody(r, body, length)
	return nil
}

// payloadLength is how long the payload is, -1 if nobody said.
func payloadLength(r *http.Request, payload string) (int64, error) {
	if !strings.HasPrefix(payload, "STREAMING-") {
		return r.ContentLength, nil
	}
	n, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil || n < 0 {
		return 0, malformed("InvalidRequest", "the header x-amz-decoded-content-length is missing or no number")
	}
	return n, nil
}

func payloadReader(r *http.Request, payload string, length int64, c *chain) (io.Reader, error) {
	switch payload {
	case unsignedPayload:
		return r.Body, nil
	case streamingPayload, streamingPayloadTrailer:
		return newChunkReader(r, length, c)
	case streamingUnsigned:
		return newChunkReader(r, length, nil)
	}
	want, err := hex.DecodeString(payload)
	if err != nil || len(want) != sha256.Size {
		return nil, malformed("InvalidRequest", "x-amz-content-sha256 %q is not supported", payload)
	}
	return &hashedReader{r: r.Body, left: length, hash: sha256.New(), want: want}, nil
}

// replaceBody makes the request look as if the payload had come by itself.
// What follows must neither take a coding off again nor expect a trailer.
func replaceBody(r *http.Request, body io.Reader, length int64) {
	r.Body = struct {
		io.Reader
		io.Closer
	}{body, r.Body}
	r.ContentLength = length
	if length >= 0 {
		r.Header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	r.Header.Set("X-Amz-Content-Sha256", unsignedPayload)
	r.Header.Del("X-Amz-Decoded-Content-Length")
	r.Header.Del("X-Amz-Trailer")
}

// hashedReader compares the hash with the last byte, not with the end of file:
// a reader that knows the length never asks for that.
type hashedReader struct {
	r    io.Reader
	left int64 // bytes to come; negative if nobody knows
	hash hash.Hash
	want []byte
}

func (h *hashedReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.hash.Write(p[:n])
	h.left -= int64(n)
	if (err == io.EOF || h.left == 0) && !bytes.Equal(h.hash.Sum(nil), h.want) {
		return n, malformed("XAmzContentSHA256Mismatch", "the body is not the one that x-amz-content-sha256 speaks of")
	}
	return n, err
}

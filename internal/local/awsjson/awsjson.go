// Package awsjson speaks the AWS JSON protocols (1.0 and 1.1): POST /, the
// operation in X-Amz-Target, a JSON object each way, errors as
// {"__type":"Code","message":"…"} with status 400 or 500.
package awsjson

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Error is a service's own error: what the client's SDK turns into an
// exception of the name Code.
type Error struct {
	Code    string // "QueueDoesNotExist"
	Message string
	Status  int // 400 if 0
	// QueryCode is the older spelling that SQS sends along in the header
	// x-amzn-query-error ("AWS.SimpleQueueService.NonExistentQueue"); "" for none.
	QueryCode string
	// Members are further members of the error's body, by name.
	Members map[string]any
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an Error with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// NewID is a random UUID, as services name messages and executions.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Operation answers one call: in is the request's body, the answer is encoded
// as JSON. An error that isn't an *Error becomes InternalFailure, status 500.
type Operation func(ctx context.Context, in []byte) (any, error)

// Op makes an Operation of a function with a typed request.
func Op[In, Out any](f func(context.Context, In) (Out, error)) Operation {
	return func(ctx context.Context, body []byte) (any, error) {
		var in In
		if len(body) > 0 {
			if err := json.Unmarshal(body, &in); err != nil {
				return nil, Errorf("SerializationException", "%v", err)
			}
		}
		return f(ctx, in)
	}
}

// Service serves the operations of one AWS service.
type Service struct {
	Version    string // "1.0" (SQS) or "1.1" (Glue, Athena)
	Operations map[string]Operation
	MaxBody    int64 // bytes of a request
}

// ServeHTTP answers one call. The signature is the front door's affair.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	w.Header().Set("X-Amzn-Requestid", rand.Text())
	out, err := s.call(w, r, name)
	if err != nil {
		s.writeError(w, err)
		return
	}
	s.write(w, http.StatusOK, out)
}

func (s *Service) call(w http.ResponseWriter, r *http.Request, name string) (any, error) {
	op := s.Operations[name]
	if op == nil {
		return nil, Errorf("UnknownOperationException", "the local stack does not implement %s", name)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.MaxBody))
	if err != nil {
		return nil, Errorf("SerializationException", "read the request: %v", err)
	}
	return op(r.Context(), body)
}

func (s *Service) writeError(w http.ResponseWriter, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Code: "InternalFailure", Message: err.Error(), Status: http.StatusInternalServerError}
	}
	if e.QueryCode != "" {
		w.Header().Set("X-Amzn-Query-Error", e.QueryCode+";Sender")
	}
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	body := map[string]any{"__type": e.Code, "message": e.Message}
	for k, v := range e.Members {
		body[k] = v
	}
	s.write(w, status, body)
}

func (s *Service) write(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"__type":"InternalFailure","message":"encode the answer"}`)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-"+s.Version)
	w.WriteHeader(status)
	w.Write(b)
}

// Package awsjson speaks the AWS JSON protocols (1.0 and 1.1): POST /, the
// operation in X-Amz-Target, a JSON object each way, errors as
// {"__type":"Code","message":"…"} with status 400 or 500.
package awsjson

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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
	out, err := s.Call(w, r, name, func(body []byte) ([]byte, error) { return body, nil })
	if err != nil {
		s.Refuse(w, err)
		return
	}
	s.write(w, http.StatusOK, out)
}

// Call has an operation answer a request, whose body asJSON turns into JSON.
func (s *Service) Call(w http.ResponseWriter, r *http.Request, name string, asJSON func([]byte) ([]byte, error)) (any, error) {
	op := s.Operations[name]
	if op == nil {
		return nil, Errorf("UnknownOperationException", "the local stack does not implement %s", name)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.MaxBody))
	if err == nil {
		body, err = asJSON(body)
	}
	if err != nil {
		return nil, Errorf("SerializationException", "read the request: %v", err)
	}
	return op(r.Context(), body)
}

// Refuse answers with an error.
func (s *Service) Refuse(w http.ResponseWriter, err error) {
	e, status := Explain(w, err)
	body := map[string]any{"__type": e.Code, "message": e.Message}
	maps.Copy(body, e.Members)
	s.write(w, status, body)
}

// Explain is what a client is told of an error, whatever the protocol. It sets the
// header that some look at.
func Explain(w http.ResponseWriter, err error) (e *Error, status int) {
	if !errors.As(err, &e) {
		e = &Error{Code: "InternalFailure", Message: err.Error(), Status: http.StatusInternalServerError}
	}
	if e.QueryCode != "" {
		w.Header().Set("X-Amzn-Query-Error", e.QueryCode+";Sender")
	}
	return e, cmp.Or(e.Status, http.StatusBadRequest)
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

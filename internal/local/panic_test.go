package local

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// TestWhatADependencyPanicsIsAnAnswer: in the shape of each protocol, unless half
// of an answer is written already.
func TestWhatADependencyPanicsIsAnAnswer(t *testing.T) {
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	ask := func(target string, early bool) (status int, body string, cut any) {
		r := httptest.NewRequest("POST", "http://127.0.0.1/b/k", nil)
		if target != "" {
			r.Header.Set("X-Amz-Target", target)
		}
		w := httptest.NewRecorder()
		defer func() { cut = recover() }()
		func() {
			patient := &patientWriter{ResponseWriter: w}
			defer answerPanic(patient, r)
			if early {
				patient.WriteHeader(http.StatusOK)
			}
			panic("index out of range")
		}()
		return w.Code, w.Body.String(), nil
	}
	for target, want := range map[string]string{"": "<Code>InternalError</Code>", "AWSGlue.GetTable": `"__type":"InternalFailure"`} {
		if status, body, _ := ask(target, false); status != http.StatusInternalServerError || !strings.Contains(body, want) || strings.Contains(body, "index") {
			t.Errorf("%q: %d %s", target, status, body)
		}
	}
	if _, _, cut := ask("", true); cut != http.ErrAbortHandler {
		t.Errorf("half of an answer: %v", cut)
	}
}

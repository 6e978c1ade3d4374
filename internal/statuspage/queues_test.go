package statuspage_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"athenarefresh/internal/daemon"
	"athenarefresh/internal/refresh"
	"athenarefresh/internal/statuspage"
)

// TestFiguresAreOfOneMoment: what waits, is parked, was received and deleted is as it
// was when the queues were last asked; a queue that doesn't answer leaves them so.
func TestFiguresAreOfOneMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parked, received := 3, 10
		var fails error
		asked := 0
		h := statuspage.Handler(statuspage.Source{
			Health: func() daemon.Health {
				return daemon.Health{Done: daemon.Summary{Received: received, Deleted: received, Depth: &daemon.Depth{Waiting: 99}}}
			},
			Tally: func() refresh.Tally { return refresh.Tally{} },
			Queues: &statuspage.Queues{Ask: func(context.Context) (statuspage.Depths, error) {
				asked++
				n := parked
				return statuspage.Depths{Waiting: received / 2, Parked: &n}, fails
			}},
		})
		look := func(path string) string {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost"+path, nil))
			return w.Body.String()
		}
		view := func() (v statuspage.View) {
			if err := json.Unmarshal([]byte(look("/status.json")), &v); err != nil {
				t.Fatal(err)
			}
			return v
		}
		if v := view(); *v.Waiting != 5 || *v.InDeadLetters != 3 || v.Received != 10 || v.Deleted != 10 {
			t.Errorf("%+v", v)
		}
		parked, received = 0, 20
		if v := view(); *v.Waiting != 5 || v.Received != 10 || asked != 1 {
			t.Errorf("within the second: %+v, asked %d times", v, asked)
		}
		time.Sleep(time.Second)
		seen := view()
		if *seen.Waiting != 10 || *seen.InDeadLetters != 0 || seen.Received != 20 {
			t.Errorf("later: %+v", seen)
		}
		received, fails = 30, errors.New("no answer")
		time.Sleep(time.Hour)
		if v := view(); *v.Waiting != 10 || v.Received != 20 || !v.Looked.Equal(seen.Looked) {
			t.Errorf("without an answer: %+v", v)
		}
		if page := look("/"); !strings.Contains(page, "<dd>20</dd>") {
			t.Errorf("the page doesn't have it:\n%s", page)
		}
	})
}

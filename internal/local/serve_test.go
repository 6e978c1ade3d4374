package local_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"athenarefresh/internal/local"
)

// TestWhoAsksNothingDelaysNoEnd: clients dial more than they use, and net/http waits
// for such a connection for more than five seconds, as if a request were on its way.
func TestWhoAsksNothingDelaysNoEnd(t *testing.T) {
	s := start(t, local.Options{})
	address := strings.TrimPrefix(s.url, "http://")
	for _, begins := range []string{"", "GET / HTTP/1.1\r\nHost: local"} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, begins); err != nil {
			t.Fatal(err)
		}
	}
	if !local.Answers(t.Context(), s.url) { // on a later connection: those before it are known
		t.Fatal("it isn't served")
	}
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s to end", took)
	}
}

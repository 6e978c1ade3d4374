package statuspage_test

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"athenarefresh/internal/refresh"
	"athenarefresh/internal/statuspage"
)

// BenchmarkPage is the page of a daemon with 1,000 tables, each with 720 hours.
func BenchmarkPage(b *testing.B) {
	s := source()
	for i := range 1000 {
		for h := range 720 {
			at := begun.Add(-time.Duration(h) * time.Hour)
			s.Coverage.Note(refresh.Noted{At: at, Landed: at.Add(-time.Second), Outcome: "partition", Added: true, Bucket: "data", Key: key(fmt.Sprintf("table_%03d", i), at), Records: 1})
		}
	}
	h := statuspage.Handler(s)
	for _, span := range []string{"24h", "7d", "30d"} {
		b.Run(span, func(b *testing.B) {
			size := 0
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/?span="+span, nil))
				size = w.Body.Len()
			}
			b.ReportMetric(float64(size), "bytes")
		})
	}
}

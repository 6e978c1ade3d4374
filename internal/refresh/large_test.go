//go:build !race

// The race detector slows the program and not the clock, so the collector keeps
// another pace: how much memory is taken says nothing there. Nor does it say much
// on a machine that is busy: what counts is what was still in use when the
// collector looked.

package refresh

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestTenHostileBodiesTakeTheRoomOfTwo: what one receive hands out is settled all
// at once, and none of these keys stands for a partition.
func TestTenHostileBodiesTakeTheRoomOfTwo(t *testing.T) {
	r := New(Options{Router: dataRouter(t), Catalog: Catalog{Reader: noTables{}, Writer: noTables{}}, DeadLetters: Nowhere{}})
	defer r.Close(t.Context())
	keys := strings.Repeat(`"a",`, 260_000)
	body := `{"s3Bucket":"data","s3ObjectKey":[` + keys[:len(keys)-1] + `]}`

	defer debug.SetGCPercent(debug.SetGCPercent(50))
	runtime.GC()
	heap := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(heap)
	begun, most := heap[0].Value.Uint64(), uint64(0)
	var all sync.WaitGroup
	done := make(chan struct{})
	for range 10 {
		all.Go(func() {
			if s := r.Settle(t.Context(), Message{Body: body}); s.Outcome != Parked || s.Records != 260_000 || len(s.Reasons) != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
	go func() { all.Wait(); close(done) }()
	for tick := time.NewTicker(time.Millisecond); ; {
		select {
		case <-tick.C:
			metrics.Read(heap)
			most = max(most, heap[0].Value.Uint64()-min(begun, heap[0].Value.Uint64()))
			continue
		case <-done:
			tick.Stop()
		}
		break
	}
	t.Logf("%d MB at most", most/1e6)
	if most > 100e6 {
		t.Errorf("the heap had %d MB", most/1e6)
	}
	if got := r.Tally().Reasons["no_layout_match"] + r.Tally().Reasons["no_table_element"]; got != 2_600_000 {
		t.Errorf("%v", r.Tally().Reasons)
	}
}

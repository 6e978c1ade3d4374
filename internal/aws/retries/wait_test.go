package retries

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestEachWaitIsTwiceTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for attempt, most := range []time.Duration{0, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond} {
			for range 50 {
				begun := time.Now()
				if err := Wait(t.Context(), attempt); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took > most || took < most/2 {
					t.Fatalf("attempt %d came after %s, want %s less up to a half", attempt, took, most)
				}
			}
		}
	})
}

func TestNobodyWaitsForWhatIsOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Wait(ctx, 20); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

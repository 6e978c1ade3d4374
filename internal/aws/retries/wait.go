// Package retries repeats calls for what a service left undone of them. Calls that
// failed as a whole are the SDK's to repeat.
package retries

import (
	"context"
	"math/rand/v2"
	"time"
)

// Wait waits before an attempt, of which the first is 0 and does not wait:
// 100 ms doubling, jittered. It returns ctx's error if that ends first.
func Wait(ctx context.Context, attempt int) error {
	if attempt == 0 {
		return nil
	}
	most := 100 * time.Millisecond << attempt
	timer := time.NewTimer(most/2 + rand.N(most/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

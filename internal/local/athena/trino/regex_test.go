package trino

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dlclark/regexp2"
)

func TestAMatchIsGivenItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		m, err := Within(func() (*regexp2.Match, error) {
			if calls++; calls == 1 {
				return nil, errors.New("match timeout after 5s") // at once
			}
			return &regexp2.Match{}, nil
		})
		if m == nil || err != nil || calls != 2 {
			t.Errorf("%v, %v after %d calls", m, err, calls)
		}
		calls = 0
		if _, err := Within(func() (*regexp2.Match, error) {
			calls++
			time.Sleep(Patience)
			return nil, errors.New("match timeout after 5s")
		}); err == nil || calls != 1 {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}

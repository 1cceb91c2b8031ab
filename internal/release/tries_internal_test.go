package release

import (
	"testing"
	"time"
)

// Waits double up to a bound, and those of a revert stay short.
func TestWaitsAreBounded(t *testing.T) {
	for _, c := range []struct {
		took   time.Duration
		failed int
		urgent bool
		want   time.Duration
	}{
		{10 * time.Millisecond, 1, false, 2 * shortest},
		{time.Second, 1, false, 2 * time.Second},
		{time.Second, 3, false, 8 * time.Second},
		{time.Second, 3, true, 4 * time.Second},
		{time.Second, 200, false, longest},
		{100 * time.Millisecond, 200, false, 3200 * time.Millisecond},
		{100 * time.Millisecond, 200, true, 400 * time.Millisecond},
		{time.Hour, 200, true, longest},
	} {
		tries := tries{failed: c.failed, urgent: c.urgent}
		if got := tries.bound(c.took); got != c.want {
			t.Errorf("after %d attempts of %v, urgent %v: up to %v, want %v", c.failed, c.took, c.urgent, got, c.want)
		}
	}
}

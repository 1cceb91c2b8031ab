package release

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/modelops/modelops/gitops"
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

// When the time is over, the error tells of what was tried, and not of a deadline; of a push that may have arrived it says
// nothing that is not certain.
func TestTheEndOfTheTimeTellsOfTheAttempts(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	over := fmt.Errorf("fetch: %w", ctx.Err())
	lost := &gitops.TransportError{Op: "push to", Err: over}
	for name, c := range map[string]struct {
		tries tries
		err   error
		want  string
	}{
		"the first":       {tries{branch: "main"}, over, "fetch: context deadline exceeded"},
		"after two":       {tries{branch: "main", failed: 2, last: errors.New("somebody was quicker")}, over, "push to main: given up after 2 attempts: somebody was quicker\nnothing was pushed"},
		"after a lost":    {tries{branch: "main", failed: 2, last: lost, blind: true, open: []*Result{{}}}, over, "whether an attempt arrived is not certain"},
		"within the push": {tries{branch: "main", failed: 2, last: errors.New("somebody was quicker")}, lost, lost.Error()},
	} {
		if got := c.tries.wait(ctx, c.err); got == nil || !strings.Contains(got.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, got, c.want)
		}
	}
}

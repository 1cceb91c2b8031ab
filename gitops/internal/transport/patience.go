package transport

import (
	"context"
	"errors"
	"time"

	"github.com/modelops/modelops/gitops/giterr"
)

// A server that limits how often it is asked, or that is overloaded, may name the time at which to come back. What only
// reads comes back this often, where the wait is no longer than this.
const (
	maxReturns = 3
	maxReturn  = time.Minute
)

// patiently reads, and reads again when a server asks to come back and the context leaves the time for it.
func patiently(ctx context.Context, read func() error) error {
	for n := 0; ; n++ {
		err := read()
		var busy *giterr.TransportError
		if !errors.As(err, &busy) || busy.After == 0 || n == maxReturns || !waited(ctx, time.Duration(busy.After)*time.Second) {
			return err
		}
	}
}

// waited lets time go by; false where there is not that much.
func waited(ctx context.Context, pause time.Duration) bool {
	if deadline, ok := ctx.Deadline(); pause > maxReturn || ok && time.Until(deadline) < pause {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

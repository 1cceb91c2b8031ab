package release

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/modelops/modelops/gitops"
)

// How often trying again is thought to help, unless the context ends first. Losing to other writers costs little and
// each loss means that somebody else got through, so it may happen often; a lock that stays belongs to a process that
// was killed, and a server that does not answer five times in a row is down.
const (
	maxLost   = 200
	maxLocked = 5
	maxBroken = 5
)

// Waits between two attempts, full jitter: anything between zero and a bound that doubles with every loss. What matters
// is how long an attempt takes: losers that come back sooner only make each other lose again. So the bound starts with
// twice the time of one attempt and ends where some thirty writers, each with its own, get through one after the other.
// A revert takes away what harms somebody now: its bound stays low, so that it gets in between those who can wait.
const (
	shortest        = 50 * time.Millisecond
	longest         = 30 * time.Second
	doublings       = 5
	urgentDoublings = 2
)

// tries is what became of the attempts to push one change.
type tries struct {
	branch string
	urgent bool
	began  time.Time // the attempt under way
	failed int       // attempts so far
	locked int       // in a row that met a lock
	broken int       // in a row that met trouble of the server or the way to it
	open   []*Result // pushes that may arrive yet
	blind  bool      // the branch could not be read since the last of them
	last   error     // how the last attempt ended that was tried again
}

// note keeps a push whose outcome is not certain.
func (t *tries) note(res *Result, err error) {
	t.blind = false
	var trouble *gitops.TransportError
	if errors.As(err, &trouble) {
		t.open = append(t.open, res)
	}
}

// wait returns when it is time for the next attempt, and an error where there should be none.
func (t *tries) wait(ctx context.Context, err error) error {
	if t.last != nil && isEnd(ctx, err) {
		return t.giveUp(t.last) // says more than that the time is over
	}
	again, after := gitops.Retryable(err)
	if !again || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	t.last = err
	t.count(err)
	pause := after + rand.N(t.bound(time.Since(t.began)))
	if t.failed >= maxLost || t.locked >= maxLocked || t.broken >= maxBroken || !fits(ctx, pause) {
		return t.giveUp(err)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		t.began = time.Now()
		return nil
	case <-ctx.Done():
		return t.giveUp(err)
	}
}

// isEnd says whether an attempt ended because its time was over, and not in a push, of which the error says what became.
func isEnd(ctx context.Context, err error) bool {
	return errors.Is(ctx.Err(), context.DeadlineExceeded) && errors.Is(err, context.DeadlineExceeded) && !gitops.InPush(err)
}

// bound is the longest wait after an attempt that took so long.
func (t *tries) bound(took time.Duration) time.Duration {
	most := doublings
	if t.urgent {
		most = urgentDoublings
	}
	return min(max(took, shortest)<<min(t.failed, most), longest)
}

func (t *tries) count(err error) {
	t.failed++
	var trouble *gitops.TransportError
	var stale *gitops.StaleError
	switch {
	case errors.As(err, &trouble):
		t.broken, t.locked = t.broken+1, 0
	case errors.As(err, &stale):
		t.broken, t.locked = 0, 0
	default:
		t.broken, t.locked = 0, t.locked+1
	}
}

// fits says whether a wait ends before the context does: a server may ask for more time than the command has.
func fits(ctx context.Context, pause time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > pause
}

func (t *tries) giveUp(last error) error {
	return &BusyError{Branch: t.branch, Attempts: t.failed, Last: last, Unsure: t.blind && len(t.open) > 0}
}

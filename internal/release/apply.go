package release

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/modelops/modelops/gitops"
)

// MaxAttempts is how often a push is tried before other writers are said to have won, unless the context ends first.
const MaxAttempts = 30

// Waits between two attempts: full jitter between zero and a bound that doubles from the first to the last.
const (
	firstWait = 20 * time.Millisecond
	lastWait  = 2 * time.Second
)

// Result is what was committed.
type Result struct {
	// Plan as it was applied; on a tip that moved, the one that was made again.
	Plan *Plan
	// Tip is the branch after the command: our commit, or the tip where nothing had to change.
	Tip *gitops.Snapshot
	// Changed says whether a commit was made.
	Changed bool
	// Attempts counts the pushes.
	Attempts int
}

// Push moves the branch from one snapshot to the next, or says why not.
type Push func(ctx context.Context, base, next *gitops.Snapshot) error

// Apply commits a plan and pushes it as a compare-and-swap. When the swap loses, the plan is made again on the new tip;
// if it is no longer the plan that was shown, it is refused with a ContendedError. It decides nothing itself.
func (d *Desk) Apply(ctx context.Context, shown *Plan, again Planner, id gitops.Identity, push Push) (*Result, error) {
	plan := shown
	for attempt := 1; ; attempt++ {
		if !plan.Changed() {
			return &Result{Plan: plan, Tip: plan.Base, Attempts: attempt - 1}, nil
		}
		next, err := d.Repo.Commit(ctx, plan.Base, plan.Change, id)
		if err != nil {
			return nil, err
		}
		err = push(ctx, plan.Base, next)
		if err == nil {
			return &Result{Plan: plan, Tip: next, Changed: true, Attempts: attempt}, nil
		}
		if !retryable(err) {
			return nil, err
		}
		if attempt == MaxAttempts {
			return nil, &BusyError{Branch: d.Repo.Branch(), Attempts: attempt, Last: err}
		}
		if err := pause(ctx, attempt, err, d.Repo.Branch()); err != nil {
			return nil, err
		}
		if plan, err = d.replan(ctx, shown, again); err != nil {
			return nil, err
		}
	}
}

func retryable(err error) bool {
	var stale *gitops.StaleError
	var locked *gitops.LockedError
	var rejected *gitops.RejectedError
	return errors.As(err, &stale) || errors.As(err, &locked) ||
		errors.As(err, &rejected) && rejected.Class == gitops.RejectLocked
}

func pause(ctx context.Context, attempt int, last error, branch string) error {
	bound := min(firstWait<<min(attempt-1, 10), lastWait)
	timer := time.NewTimer(rand.N(bound))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return &BusyError{Branch: branch, Attempts: attempt, Last: last}
	}
}

// replan makes the plan again on the new tip, and refuses it where it is another one by now.
func (d *Desk) replan(ctx context.Context, shown *Plan, again Planner) (*Plan, error) {
	tip, err := d.Repo.Tip(ctx)
	if err != nil {
		return nil, err
	}
	plan, err := again(ctx, tip)
	if err != nil {
		var held *HeldError
		var refused *RefusedError
		if errors.As(err, &held) || errors.As(err, &refused) {
			return nil, d.contended(ctx, tip, shown.Items[0], err)
		}
		return nil, err
	}
	if len(plan.Items) != len(shown.Items) {
		return nil, &ContendedError{Action: shown.Action, Target: shown.Items[0].Target, Was: entryName(shown.Items[0].From), Is: "another set of models"}
	}
	if was, ok := plan.same(shown); !ok {
		return nil, d.contended(ctx, tip, was, nil)
	}
	return plan, nil
}

// contended names who changed the overlay meanwhile.
func (d *Desk) contended(ctx context.Context, tip *gitops.Snapshot, was Item, cause error) error {
	e := &ContendedError{Action: was.Action, Target: was.Target, Was: entryName(was.From), Cause: cause}
	r := NewReader(ctx, tip)
	if s, err := r.State(was.Target); err == nil && s != nil {
		e.Is = entryName(s.Spec.Current)
		if s.Spec.Current != nil {
			e.By = s.Spec.Current.By
		}
	}
	e.Commit = d.broughtIn(ctx, tip, was.Target)
	return e
}

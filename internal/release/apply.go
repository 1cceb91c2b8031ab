package release

import (
	"context"
	"errors"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render/spec"
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

// Apply commits a plan and pushes it as a compare-and-swap. When the swap loses, or the server or the way to it is in
// trouble that passes, it waits and the plan is made again on the new tip; if it is no longer the plan that was shown, it
// is refused with a ContendedError. It ends with a BusyError when trying again has not helped, and with ctx. It decides
// nothing itself.
func (d *Desk) Apply(ctx context.Context, shown *Plan, again Planner, id gitops.Identity, push Push) (*Result, error) {
	plan := shown
	tries := tries{branch: d.Repo.Branch(), urgent: shown.Action == spec.ActionRevert, began: time.Now()}
	for attempt := 1; ; attempt++ {
		if !plan.Changed() {
			return &Result{Plan: plan, Tip: plan.Base, Attempts: attempt - 1}, nil
		}
		next, err := d.Repo.Commit(ctx, plan.Base, plan.Change, id)
		if err != nil {
			return nil, err
		}
		res := &Result{Plan: plan, Tip: next, Changed: true, Attempts: attempt}
		if err = push(ctx, plan.Base, next); err == nil {
			return res, nil
		}
		tries.note(res, err)
		tip, err := d.nextTip(ctx, &tries, err)
		if err != nil {
			return nil, err
		}
		if res, err := d.landed(ctx, tip, tries.open); res != nil || err != nil {
			return res, err
		}
		same, err := d.untouched(ctx, plan, tip)
		switch {
		case err != nil:
			return nil, err
		case same:
			moved := *plan
			moved.Base, plan = tip, &moved
		default:
			if plan, err = d.replan(ctx, tip, shown, again); err != nil {
				return nil, err
			}
		}
	}
}

// nextTip waits after a failed push and reads the branch again, for as long as that can help.
func (d *Desk) nextTip(ctx context.Context, tries *tries, err error) (*gitops.Snapshot, error) {
	for {
		if err := tries.wait(ctx, err); err != nil {
			return nil, err
		}
		var tip *gitops.Snapshot
		if tip, err = d.Repo.TipToPush(ctx); err == nil {
			return tip, nil
		}
		tries.blind = true
	}
}

// landed looks for an earlier push of ours below the tip. A gateway may give up on a request that the server then
// carries out all the same, and making that change again would be a second one.
func (d *Desk) landed(ctx context.Context, tip *gitops.Snapshot, open []*Result) (*Result, error) {
	for _, res := range open {
		arrived, err := d.Repo.IsAncestor(ctx, res.Tip.Commit(), tip.Commit())
		if err != nil {
			return nil, err
		}
		if arrived {
			return res, nil
		}
	}
	return nil, nil
}

// untouched says whether a plan is still the one that would be made on the new tip, since everything that it was made of
// is the same there: the platform, its standards, and all of the teams and models that it is about. Commits of other
// overlays are the usual reason for a lost push, and need no rendering again.
func (d *Desk) untouched(ctx context.Context, plan *Plan, tip *gitops.Snapshot) (bool, error) {
	read := []func(*gitops.Snapshot) (gitops.Hash, error){
		func(s *gitops.Snapshot) (gitops.Hash, error) { return s.Blob(PlatformFile) },
		func(s *gitops.Snapshot) (gitops.Hash, error) { return s.Tree("standards") },
	}
	for _, i := range plan.Items {
		read = append(read, func(s *gitops.Snapshot) (gitops.Hash, error) { return s.Tree("tenants/" + i.Target.Team) })
		if i.Target.Model != "" {
			read = append(read, func(s *gitops.Snapshot) (gitops.Hash, error) { return s.Tree(i.Target.ModelDir()) })
		}
	}
	for _, id := range read {
		was, err := id(plan.Base)
		if err != nil {
			return false, err
		}
		if is, err := id(tip); err != nil || is != was {
			return false, err
		}
	}
	// The record names commits of the history that it was made on.
	return d.Repo.IsAncestor(ctx, plan.Base.Commit(), tip.Commit())
}

// replan makes the plan again on the new tip, and refuses it where it is another one by now.
func (d *Desk) replan(ctx context.Context, tip *gitops.Snapshot, shown *Plan, again Planner) (*Plan, error) {
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

package release

import (
	"context"
	"fmt"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render/spec"
)

// Retire asks to take a model out of one environment. It takes two commits: first a release without replicas, whose
// absence is proven, then the removal of the folder. A folder that is removed while its workload runs would leave the
// workload behind: the ApplicationSet never deletes.
type Retire struct {
	Model  string
	Env    string
	Reason string
}

func (req Retire) target() (spec.Target, error) {
	ts, err := targetsOf([]string{req.Model}, req.Env)
	if err != nil {
		return spec.Target{}, err
	}
	return ts[0], nil
}

// PlanRetire decides the first step: the current release without its workload.
func (d *Desk) PlanRetire(ctx context.Context, snap *gitops.Snapshot, req Retire) (*Plan, error) {
	return d.planRetire(ctx, snap, req, spec.ActionRetire, d.retire)
}

// PlanRemove decides the second step: the folder goes, the record stays with its holds.
func (d *Desk) PlanRemove(ctx context.Context, snap *gitops.Snapshot, req Retire) (*Plan, error) {
	return d.planRetire(ctx, snap, req, spec.ActionRemove, d.remove)
}

type retireStep func(r *Reader, item *Item, now overlayNow, req Retire) error

func (d *Desk) planRetire(ctx context.Context, snap *gitops.Snapshot, req Retire, action string, step retireStep) (*Plan, error) {
	if req.Reason == "" {
		return nil, &UsageError{Message: "taking a model out of an environment needs --reason: it is recorded"}
	}
	t, err := req.target()
	if err != nil {
		return nil, err
	}
	r, err := readerFor(ctx, snap, req.Model)
	if err != nil {
		return nil, err
	}
	if _, err := r.EnvIndex(t.Env); err != nil {
		return nil, err
	}
	p, err := d.each(r, action, []spec.Target{t}, func(t spec.Target) (Item, error) {
		item := Item{Target: t, Action: action}
		now, err := r.now(t)
		if err != nil {
			return item, err
		}
		item.From, item.Edited = now.state.Spec.Current, now.edited()
		return item, step(r, &item, now, req)
	})
	if err != nil {
		return nil, err
	}
	p.Change.Message, err = d.message(r, p, req.Reason)
	return p, err
}

func (d *Desk) retire(r *Reader, item *Item, now overlayNow, req Retire) error {
	rel, err := r.Release(item.Target)
	switch {
	case item.From == nil:
		item.Unchanged = "nothing runs there"
		return nil
	case err != nil:
		return err
	case rel == nil:
		return fmt.Errorf("retire %s: %s is missing", item.Target, item.Target.ReleaseFile())
	case rel.Spec.Retired && !item.Edited:
		item.To, item.Unchanged = item.From, "it is retired already"
		return nil
	}
	std, err := r.Standard(rel.Spec.Standard.Name)
	if err != nil {
		return err
	}
	gone := *rel
	gone.Spec.Retired = true
	gone.Spec.Standard.Digest = std.Digest()
	gone.Spec.ID = spec.ReleaseID(gone.Spec)
	src := source{release: &gone, standard: std, patches: under(now.files, "patches/")}
	return d.write(r, item, now, src, &gone, Promote{Reason: req.Reason})
}

func (d *Desk) remove(r *Reader, item *Item, now overlayNow, req Retire) error {
	t := item.Target
	if now.tree.IsZero() {
		item.Unchanged = "the folder is gone already"
		return nil
	}
	rel, err := r.Release(t)
	if err != nil {
		return err
	}
	if rel == nil || !rel.Spec.Retired {
		return &RefusedError{Action: "remove", Target: t, Why: "the model still runs there: its release is not retired"}
	}
	d.leave(now.state, now, spec.Leave{Action: spec.ActionRetire, By: d.By, At: d.Now, Reason: req.Reason})
	item.scope = append(item.scope, t.Dir())
	item.trees = map[string]gitops.Hash{t.Dir(): {}}
	return d.record(item, now.state)
}

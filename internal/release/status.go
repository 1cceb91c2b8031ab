package release

import (
	"context"
	"errors"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render/spec"
)

// Status is what Git says of one overlay.
type Status struct {
	Target spec.Target
	// Current release; nil where nothing was promoted yet or the model was removed.
	Current *spec.Entry
	// Pending says that a promote without --version would change the overlay, and why.
	Pending string
	// Edited says that the folder was changed by hand.
	Edited bool
	// Holds of this environment that are in force.
	Holds []spec.Hold
	// HeldRunning is the hold that the running release falls under, if any.
	HeldRunning *spec.Hold
	// Expiring are the holds that end within a week.
	Expiring []spec.Hold
	// Problem says what could not be read.
	Problem string
}

// ExpiresSoon is how long before its end a hold is pointed out.
const ExpiresSoon = 7 * 24 * time.Hour

// Status reads targets from a snapshot. A target that cannot be read is a status with a problem, not an error.
func (d *Desk) Status(ctx context.Context, snap *gitops.Snapshot, targets []spec.Target) ([]Status, error) {
	r := NewReader(ctx, snap)
	if _, err := r.Platform(); err != nil {
		return nil, err
	}
	out := make([]Status, 0, len(targets))
	for _, t := range targets {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out = append(out, d.status(r, t))
	}
	return out, nil
}

func (d *Desk) status(r *Reader, t spec.Target) Status {
	st := Status{Target: t}
	s, err := r.stateOrNew(t)
	if err != nil {
		st.Problem = firstLine(err.Error())
		return st
	}
	st.Current = s.Spec.Current
	for _, h := range s.Spec.Holds {
		if !h.Expired(d.Now) {
			st.Holds = append(st.Holds, h)
			if h.Until != nil && h.Until.Sub(d.Now) < ExpiresSoon {
				st.Expiring = append(st.Expiring, h)
			}
		}
	}
	tree, err := r.snap.Tree(t.Dir())
	switch {
	case err != nil:
		st.Problem = firstLine(err.Error())
	case s.Spec.Current == nil && !tree.IsZero():
		st.Problem = "the folder is there, but the state does not record it"
	case s.Spec.Current != nil:
		st.Edited = tree.String() != s.Spec.Current.Tree
		st.HeldRunning, _, _ = d.holdOn(r, t, *s.Spec.Current)
		st.Pending = d.pending(r, t, st.Edited)
	}
	return st
}

// pending says whether taking model.yaml, patches/ and the platform's part as they stand would make another release.
func (d *Desk) pending(r *Reader, t spec.Target, edited bool) string {
	rel, err := r.Release(t)
	if err != nil || rel == nil || rel.Spec.Retired {
		return ""
	}
	model, patches, _, err := r.modelFolder(t, nil)
	var usage *UsageError
	switch {
	case errors.As(err, &usage):
		return ""
	case err != nil:
		return "model.yaml cannot be read: " + firstLine(err.Error())
	}
	name, err := r.standardName(model, rel, "")
	if err != nil {
		return ""
	}
	std, err := r.Standard(name)
	if err != nil {
		return firstLine(err.Error())
	}
	next := rel.Spec
	next.Standard = spec.StandardRef{Name: name, Digest: std.Digest()}
	if err := r.snapshotSpecs(&next, model, patches); err != nil || next.ID == rel.Spec.ID {
		return ""
	}
	return whatDiffers(rel.Spec, next)
}

func whatDiffers(was, next spec.ReleaseSpec) string {
	same := func(change func(*spec.ReleaseSpec)) bool {
		n := next
		change(&n)
		return spec.ReleaseID(n) == was.ID
	}
	switch {
	case same(func(n *spec.ReleaseSpec) { n.Model = was.Model }):
		return "model.yaml changed"
	case same(func(n *spec.ReleaseSpec) { n.Patches = was.Patches }):
		return "patches changed"
	case same(func(n *spec.ReleaseSpec) { n.Platform = was.Platform }):
		return "modelops.yaml changed"
	case same(func(n *spec.ReleaseSpec) { n.Standard = was.Standard }):
		return "the standard changed"
	}
	return "several specs changed"
}

package release

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render"
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

// Status reads targets from a snapshot. A target that cannot be read is a status with a problem, not an error. Targets
// of one model are best next to each other: its documents are read once then.
func (d *Desk) Status(ctx context.Context, snap *gitops.Snapshot, targets []spec.Target) ([]Status, error) {
	if _, err := NewReader(ctx, snap).Platform(); err != nil {
		return nil, err
	}
	out := make([]Status, len(targets))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(targets)+share-1)/share) {
		wg.Go(func() {
			r := NewReader(ctx, snap)
			r.present = true
			for {
				to := int(next.Add(share))
				from := to - share
				if from >= len(targets) {
					return
				}
				to = min(to, len(targets))
				d.statusOf(ctx, r, targets[from:to], out[from:to])
			}
		})
	}
	wg.Wait()
	return out, ctx.Err()
}

// share is how many targets a core takes at a time, and the least for which another core is worth a reader of its own.
const share = 64

func (d *Desk) statusOf(ctx context.Context, r *Reader, targets []spec.Target, out []Status) {
	for i, t := range targets {
		if ctx.Err() != nil {
			return
		}
		if i == 0 || t.ModelName() != targets[i-1].ModelName() {
			r.forget()
		}
		out[i] = d.status(r, t)
	}
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
		st.Pending = d.pendingOf(r, t, st)
	}
	return st
}

// pendingOf is pending for an overlay with a release. Environments of one model mostly run the same release, and what is
// pending depends on nothing else of theirs: so it is found once for all folders that are as they were recorded.
func (d *Desk) pendingOf(r *Reader, t spec.Target, st Status) string {
	if st.Edited {
		return d.pending(r, t)
	}
	why, known := r.pending[st.Current.ID]
	if !known {
		why = d.pending(r, t)
		r.pending[st.Current.ID] = why
	}
	return why
}

// pending says whether taking model.yaml, patches/ and the platform's part as they stand would make another release.
func (d *Desk) pending(r *Reader, t spec.Target) string {
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
	platform, err := r.Platform()
	if err != nil {
		return ""
	}
	std, err := r.Standard(render.StandardName(platform, model, rel, ""))
	if err != nil {
		return firstLine(err.Error())
	}
	next, differs := render.Pending(rel, platform, model, std, patches)
	if !differs {
		return ""
	}
	return whatDiffers(rel.Spec, next.Spec)
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

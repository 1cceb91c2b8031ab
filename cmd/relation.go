package cmd

import (
	"context"
	"errors"
	"regexp"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/argocd"
	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/view"
)

var fullCommit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// relation places a revision that Argo CD names relative to the commit that is followed.
func (f *follower) relation(ctx context.Context, revision string) (argocd.Relation, error) {
	if !fullCommit.MatchString(revision) {
		return argocd.RelationUnknown, nil
	}
	if revision == f.at.Commit().String() {
		return argocd.RelationSame, nil
	}
	rev := plumbing.NewHash(revision)
	other, err := f.snapshot(ctx, rev)
	var missing *gitops.MissingError
	if errors.As(err, &missing) {
		return argocd.RelationUnknown, nil
	}
	if err != nil {
		return argocd.RelationUnknown, err
	}
	contains, err := f.st.repo.IsAncestor(ctx, f.at.Commit(), rev)
	if err != nil {
		return argocd.RelationUnknown, err
	}
	if !contains {
		return argocd.RelationOlder, nil
	}
	ours, err := f.at.Tree(f.target.Dir())
	if err != nil {
		return argocd.RelationUnknown, err
	}
	theirs, err := other.Tree(f.target.Dir())
	switch {
	case err != nil:
		return argocd.RelationUnknown, err
	case ours == theirs:
		return argocd.RelationDescendant, nil
	}
	return argocd.RelationSuperseded, nil
}

// snapshot reads a commit, after a fetch of the branch where it is not here yet.
func (f *follower) snapshot(ctx context.Context, rev gitops.Hash) (*gitops.Snapshot, error) {
	snap, err := f.st.repo.At(ctx, rev)
	var missing *gitops.MissingError
	if !errors.As(err, &missing) {
		return snap, err
	}
	if _, err := f.st.repo.Tip(ctx); err != nil {
		return nil, err
	}
	return f.st.repo.At(ctx, rev)
}

// outcome is the view of what was found for a target.
func (f *follower) outcome(o argocd.Outcome, err error) view.Outcome {
	v := view.Outcome{
		Target: f.target.String(), Application: o.App.Name, Project: o.App.Project, Status: f.status(o, err), Reason: o.Verdict.Reason,
		Revision: o.Verdict.Revision, Synced: o.Synced, Followed: o.Followed, Preempted: o.Preempted, Seconds: o.Elapsed.Seconds(),
	}
	if err != nil && v.Reason == "" {
		v.Reason = err.Error()
	}
	var failed *argocd.FailedError
	if errors.As(err, &failed) {
		v.Cause = &view.Cause{Kind: string(failed.Cause.Kind), Message: failed.Cause.Message}
		if failed.Cause.Object.Kind != "" {
			v.Cause.Object = failed.Cause.Object.String()
		}
	}
	for _, n := range o.Notes {
		v.Notes = append(v.Notes, n.Kind+": "+n.Text)
	}
	explain(&v, o.Diagnosis)
	return v
}

func (f *follower) status(o argocd.Outcome, err error) string {
	var (
		failed     *argocd.FailedError
		superseded *argocd.SupersededError
		timeout    *argocd.TimeoutError
	)
	switch {
	case errors.As(err, &failed):
		return "failed"
	case errors.As(err, &superseded):
		return "superseded"
	case errors.As(err, &timeout):
		return "timed-out"
	case err != nil:
		return "unknown"
	case o.Verdict.Status == argocd.Done:
		return "proven"
	}
	return "syncing"
}

func explain(v *view.Outcome, d *argocd.Diagnosis) {
	if d == nil {
		return
	}
	for _, p := range d.Pods {
		v.Pods = append(v.Pods, view.Pod(p.Name, p.Phase, p.Ready, containers(p)))
	}
	for _, e := range d.Events {
		v.Events = append(v.Events, view.ClusterEvent(e.Object.String(), e.Reason, e.Message, e.Count))
	}
	v.LogsOf, v.Logs, v.Denied = d.LogsOf, d.Logs, d.Denied
}

func containers(p argocd.Pod) []view.Container {
	var out []view.Container
	for _, c := range p.Containers {
		out = append(out, view.Container{Name: c.Name, State: c.State, Reason: c.Reason, Message: c.Message, Restarts: c.Restarts, LastExit: c.LastExit, LastReason: c.LastReason})
	}
	return out
}

package release

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/check"
	"github.com/modelops/modelops/render/spec"
)

// farLookBack is how many commits are looked through where there is no clone.
const farLookBack = 2000

// link finds the tree of an earlier release. The record is believed only where a commit in the history of the tip
// holds that tree at this path and the tree's release names this target. Where the history was rewritten, the ways
// back are tried in the order that the design gives.
func (d *Desk) link(ctx context.Context, r *Reader, item *Item, e spec.Entry) (goal, error) {
	g, err := d.recorded(ctx, r, item.Target, e)
	var broken *LinkError
	if g.byTree {
		item.Notes = append(item.Notes, fmt.Sprintf("taken by its tree: without a clone it was not looked up whether commit %.10s holds it at %s", e.Commit, item.Target.Dir()))
	}
	if !errors.As(err, &broken) || broken.Forged {
		return g, err
	}
	item.Notes = append(item.Notes, fmt.Sprintf("the recorded commit of %s cannot be used (%s)", e.Version, broken.Why))
	for _, way := range []struct {
		what string
		find func(context.Context, *Reader, spec.Target, spec.Entry) (goal, bool, error)
	}{
		{"taken from the commit before the current release came in", d.beforeCurrent},
		{"found in the history", d.searched},
		{"rendered again from its release", d.renderedAgain},
	} {
		g, ok, err := way.find(ctx, r, item.Target, e)
		if err != nil {
			return goal{}, err
		}
		if ok {
			item.Notes = append(item.Notes, e.Version+" was "+way.what)
			return g, nil
		}
	}
	return goal{}, broken
}

// recorded follows the state's own link.
func (d *Desk) recorded(ctx context.Context, r *Reader, t spec.Target, e spec.Entry) (goal, error) {
	tree, commit := plumbing.NewHash(e.Tree), plumbing.NewHash(e.Commit)
	broken := func(forged bool, format string, args ...any) (goal, error) {
		return goal{}, &LinkError{Target: t, Entry: e, Forged: forged, Why: fmt.Sprintf(format, args...)}
	}
	if e.Commit == "" {
		return broken(false, "no commit is recorded")
	}
	snap, looked, err := d.Repo.Earlier(ctx, commit, t.Dir(), tree)
	var missing *gitops.MissingError
	switch {
	case errors.As(err, &missing) && d.Repo.Shallow():
		return broken(false, "commit %.10s lies behind the end of this shallow clone (git fetch --unshallow)", e.Commit)
	case errors.As(err, &missing):
		return broken(false, "commit %.10s is not in this repository", e.Commit)
	}
	if err != nil {
		return goal{}, err
	}
	reached, err := d.Repo.IsAncestor(ctx, commit, r.snap.Commit())
	if err != nil {
		return goal{}, err
	}
	if !reached {
		return broken(false, "commit %.10s is not in the history of the branch", e.Commit)
	}
	found, err := snap.Tree(t.Dir())
	switch {
	case err != nil:
		return broken(false, "%v", err)
	case found != tree:
		return broken(true, "commit %.10s holds tree %.10s at %s: the record does not tell the truth", e.Commit, found, t.Dir())
	}
	g, err := d.trusted(ctx, snap, t, e)
	g.byTree = !looked
	return g, err
}

// trusted checks that the folder in a snapshot is a release of this target, and the one that the entry names.
func (d *Desk) trusted(ctx context.Context, snap *gitops.Snapshot, t spec.Target, e spec.Entry) (goal, error) {
	tree, err := snap.Tree(t.Dir())
	if err != nil {
		return goal{}, err
	}
	rel, err := NewReader(ctx, snap).Release(t)
	switch {
	case e.Edited:
		// A folder that was changed by hand is put back as it was left; its release may not be readable.
	case err != nil:
		return goal{}, &LinkError{Target: t, Entry: e, Forged: true, Why: err.Error()}
	case rel == nil || rel.Spec.ID != e.ID:
		return goal{}, &LinkError{Target: t, Entry: e, Forged: true, Why: "its release is another one than the record names"}
	}
	return goal{entry: e, tree: tree, snap: snap}, nil
}

// beforeCurrent takes the folder as it was before the current release came in, where it is the one that is looked for.
func (d *Desk) beforeCurrent(ctx context.Context, r *Reader, t spec.Target, e spec.Entry) (goal, bool, error) {
	step, ok, err := d.cameIn(ctx, r, t)
	if err != nil || !ok || step.Parent == nil {
		return goal{}, false, err
	}
	return d.holds(ctx, step.Parent, t, e)
}

// holds says whether a snapshot's folder is the release that is looked for.
func (d *Desk) holds(ctx context.Context, snap *gitops.Snapshot, t spec.Target, e spec.Entry) (goal, bool, error) {
	tree, err := snap.Tree(t.Dir())
	if err != nil || tree.String() != e.Tree {
		return goal{}, false, err
	}
	g, err := d.trusted(ctx, snap, t, e)
	return g, err == nil, err
}

// searched looks for the tree in the first-parent history.
func (d *Desk) searched(ctx context.Context, r *Reader, t spec.Target, e spec.Entry) (goal, bool, error) {
	for step, err := range gitops.History(ctx, r.snap.Near(farLookBack), t.Dir()) {
		var shallow *gitops.ShallowError
		if errors.As(err, &shallow) {
			break
		}
		if err != nil {
			return goal{}, false, err
		}
		if g, ok, err := d.holds(ctx, step.Snapshot, t, e); err != nil || ok {
			return g, ok, err
		}
	}
	return goal{}, false, nil
}

// renderedAgain makes the folder from the same release where another environment still has it.
func (d *Desk) renderedAgain(_ context.Context, r *Reader, t spec.Target, e spec.Entry) (goal, bool, error) {
	p, err := r.Platform()
	if err != nil {
		return goal{}, false, err
	}
	for _, env := range p.Spec.Environments {
		other := spec.Target{Team: t.Team, Model: t.Model, Env: env.Name}
		rel, err := r.Release(other)
		if err != nil || rel == nil || rel.Spec.ID != e.ID {
			continue
		}
		folder, err := r.Folder(other.Dir())
		if err != nil {
			return goal{}, false, err
		}
		copied := *rel
		copied.Metadata = t.Names()
		files, err := renderAgain(r, t, &copied, folder)
		if err != nil {
			continue
		}
		tree, err := gitops.HashTree(files)
		return goal{entry: e, tree: tree, rendered: files}, err == nil, err
	}
	return goal{}, false, nil
}

// folderAt takes the folder of a commit that the user names.
func (d *Desk) folderAt(ctx context.Context, r *Reader, t spec.Target, rev string) (goal, error) {
	snap, err := d.Repo.Local(ctx, rev)
	if err != nil {
		return goal{}, err
	}
	reached, err := d.Repo.IsAncestor(ctx, snap.Commit(), r.snap.Commit())
	if err != nil {
		return goal{}, err
	}
	if !reached {
		return goal{}, &RefusedError{Action: "revert", Target: t, Why: fmt.Sprintf("commit %.10s is not in the history of the branch", snap.Commit())}
	}
	at := NewReader(ctx, snap)
	rel, err := at.Release(t)
	switch {
	case err != nil:
		return goal{}, err
	case rel == nil:
		return goal{}, &RefusedError{Action: "revert", Target: t, Why: fmt.Sprintf("commit %.10s has no folder %s", snap.Commit(), t.Dir())}
	}
	e := entryOf(rel)
	tree, err := snap.Tree(t.Dir())
	if err != nil {
		return goal{}, err
	}
	if s, err := at.State(t); err == nil && s != nil && s.Spec.Current != nil {
		e.Edited = s.Spec.Current.Tree != tree.String()
	}
	return goal{entry: e, tree: tree, snap: snap}, nil
}

// cameIn finds the commit that brought the current release in: the newest first-parent commit before which the record
// named another one.
func (d *Desk) cameIn(ctx context.Context, r *Reader, t spec.Target) (gitops.Step, bool, error) {
	current, err := r.State(t)
	if err != nil || current == nil || current.Spec.Current == nil {
		return gitops.Step{}, false, err
	}
	for step, err := range gitops.History(ctx, r.snap.Near(farLookBack), t.StateFile()) {
		var shallow *gitops.ShallowError
		if errors.As(err, &shallow) {
			return gitops.Step{}, false, nil
		}
		if err != nil {
			return gitops.Step{}, false, err
		}
		if step.Parent == nil {
			return step, true, nil
		}
		before, err := NewReader(ctx, step.Parent).State(t)
		if err != nil || before == nil || !sameEntry(before.Spec.Current, current.Spec.Current) {
			return step, true, nil
		}
	}
	return gitops.Step{}, false, nil
}

func sameEntry(a, b *spec.Entry) bool {
	return a != nil && b != nil && a.ID == b.ID && a.Tree == b.Tree && a.At.Equal(b.At) && a.Action == b.Action
}

// preview builds what was and what will be, and refuses a tree that reaches beyond its tenant.
func (d *Desk) preview(r *Reader, item *Item, now overlayNow, to goal) error {
	after := to.rendered
	if after == nil {
		var err error
		if after, err = readFolder(to.snap, item.Target.Dir()); err != nil {
			return err
		}
	}
	old, built, failed, err := buildBoth(now.files, after)
	if err != nil {
		return fmt.Errorf("build %s as of tree %.10s: %w", item.Target.Dir(), to.tree, err)
	}
	if failed != nil {
		item.Notes = append(item.Notes, "what is there now does not build: "+firstLine(failed.Error()))
	}
	item.Diff = build.Diff(old, built)
	rel, err := releaseIn(item.Target, after)
	if err != nil || to.entry.Edited {
		item.Notes = append(item.Notes, "the folder that is put back had been changed by hand")
		return nil
	}
	return d.mayReturn(r, item, rel, old, built)
}

func releaseIn(t spec.Target, files render.Files) (*spec.Release, error) {
	return spec.DecodeRelease(t.ReleaseFile(), files["release.yaml"])
}

// mayReturn checks what is put back as a promote is checked, but for rules that the platform tightened since: going back
// to what ran yesterday must not fail because of them, so they are notes.
func (d *Desk) mayReturn(r *Reader, item *Item, rel *spec.Release, old, built build.Objects) error {
	platform, err := r.Platform()
	if err != nil {
		return err
	}
	findings := check.Overlay(check.Input{Target: item.Target, Release: rel, Before: old, After: built, Standard: built,
		AllowArgoAnnotations: platform.Spec.Policy.AllowArgoCDAnnotations, Registries: platform.Spec.Registries})
	for _, f := range findings {
		item.Notes = append(item.Notes, fmt.Sprintf("%s: %s: %s", f.Rule, f.Object, f.Message))
	}
	return nil
}

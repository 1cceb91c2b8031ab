package release

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render/spec"
)

var stateFile = regexp.MustCompile(`^models/([^/]+)/([^/]+)/state/([^/]+)\.yaml$`)

// cameInWith lists the overlays whose current release came in with a commit. Those that it changed and that have
// another release by now are left alone, and named.
func (d *Desk) cameInWith(ctx context.Context, r *Reader, req Revert) ([]spec.Target, []Item, error) {
	snap, changes, err := d.commitChanges(ctx, r, req.Commit)
	if err != nil {
		return nil, nil, err
	}
	at := NewReader(ctx, snap)
	var targets []spec.Target
	var later []Item
	for _, c := range changes {
		m := stateFile.FindStringSubmatch(c.Path)
		if m == nil || req.Env != "" && m[3] != req.Env {
			continue
		}
		t := spec.Target{Team: m[1], Model: m[2], Env: m[3]}
		then, err := at.State(t)
		if err != nil || then == nil || then.Spec.Current == nil {
			continue
		}
		now, err := r.State(t)
		if err != nil {
			return nil, nil, err
		}
		if now != nil && sameEntry(now.Spec.Current, then.Spec.Current) {
			targets = append(targets, t)
			continue
		}
		item := Item{Target: t, Action: spec.ActionRevert, Unchanged: fmt.Sprintf("%s, which the commit brought in, is no longer current", then.Spec.Current.Version)}
		if now != nil {
			item.From, item.To = now.Spec.Current, now.Spec.Current
		}
		later = append(later, item)
	}
	if len(targets)+len(later) == 0 {
		return nil, nil, &UsageError{Message: fmt.Sprintf("revert --commit %s: the commit brought no release in", req.Commit),
			Next: []string{"git show --stat " + req.Commit, "modelops history TEAM/MODEL --env ENV lists the commits that did"}}
	}
	return targets, later, nil
}

func (d *Desk) commitChanges(ctx context.Context, r *Reader, rev string) (*gitops.Snapshot, []gitops.PathChange, error) {
	snap, err := d.Repo.Local(ctx, rev)
	if err != nil {
		return nil, nil, err
	}
	reached, err := d.Repo.IsAncestor(ctx, snap.Commit(), r.snap.Commit())
	if err != nil {
		return nil, nil, err
	}
	if !reached {
		return nil, nil, &UsageError{Message: fmt.Sprintf("revert --commit %s: the commit is not in the history of the branch", rev)}
	}
	parents := snap.Info().Parents
	if len(parents) == 0 {
		return nil, nil, &UsageError{Message: fmt.Sprintf("revert --commit %s: it is the first commit, there is nothing before it", rev)}
	}
	parent, err := d.Repo.At(ctx, parents[0])
	if err != nil {
		return nil, nil, err
	}
	changes, err := parent.Diff(ctx, snap, "models")
	return snap, changes, err
}

// maxLookBack bounds how far the commit that brought a release in is looked for, only to name it in the message.
const maxLookBack = 200

// revertedCommits names the commits that a revert takes back, in git revert's own words, where they are near.
func (d *Desk) revertedCommits(ctx context.Context, p *Plan) string {
	var lines []string
	seen := map[gitops.Hash]bool{}
	for _, i := range p.Items {
		if i.Unchanged != "" {
			continue
		}
		if h := d.broughtIn(ctx, p.Base, i.Target); !h.IsZero() && !seen[h] {
			seen[h] = true
			lines = append(lines, fmt.Sprintf("This reverts commit %s.", h))
		}
	}
	return strings.Join(lines, "\n")
}

// broughtIn is the newest first-parent commit that changed the overlay's folder, where it is within reach.
func (d *Desk) broughtIn(ctx context.Context, snap *gitops.Snapshot, t spec.Target) gitops.Hash {
	if d.Repo.Direct() {
		return d.saidBy(ctx, snap, t)
	}
	tree, err := snap.Tree(t.Dir())
	if err != nil {
		return gitops.Hash{}
	}
	last, n := snap.Commit(), 0
	for s, err := range d.Repo.FirstParents(ctx, snap.Commit()) {
		if err != nil || n > maxLookBack {
			return gitops.Hash{}
		}
		n++
		if here, err := s.Tree(t.Dir()); err != nil || here != tree {
			return last
		}
		last = s.Commit()
	}
	return last
}

// saidBy takes a commit's own word for what it did, among the commits that came with the tip: without a clone it would
// take several round trips to look, and the answer only goes into a message.
func (d *Desk) saidBy(ctx context.Context, snap *gitops.Snapshot, t spec.Target) gitops.Hash {
	n := 0
	for s, err := range d.Repo.FirstParents(ctx, snap.Commit()) {
		if n++; err != nil {
			break
		}
		c := s.Info()
		action := trailer(c, "Modelops-Action")
		about := slices.ContainsFunc(c.Trailers, func(l gitops.Trailer) bool { return l.Key == "Modelops-Target" && l.Value == t.String() })
		if about && (action == spec.ActionPromote || action == spec.ActionRevert) {
			return c.Hash
		}
		if n == gitops.TipCommits {
			break
		}
	}
	return gitops.Hash{}
}

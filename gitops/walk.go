package gitops

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/internal/odb"
)

// IsAncestor says whether a is of itself or one of its ancestors, as far as the clone's history goes. It walks newest
// first and stops where commits have a lower generation than a. Where there is no commit-graph that knows it, it stops
// where they are older, with a month's allowance for clocks that were wrong. Error: *MissingError when of is not here or
// history has a hole that is no shallow boundary.
func (r *Repo) IsAncestor(ctx context.Context, a, of Hash) (bool, error) {
	if a == of {
		return true, nil
	}
	if r.far != nil {
		return r.far.reaches(ctx, a, of)
	}
	w := odb.NewLineage(ctx, r.objs, r.edge(ctx))
	target, err := w.Commit(a)
	var missing *MissingError
	if errors.As(err, &missing) {
		return false, nil // what is not here is reachable from nothing that is
	}
	if err != nil {
		return false, err
	}
	return w.Reaches(of, target)
}

// edge lists the commits at which history ends though they have parents. A temporary clone of ours is completed instead.
func (r *Repo) edge(ctx context.Context) map[Hash]bool {
	if r.temp != "" && len(r.shallow()) > 0 {
		r.complete(ctx)
	}
	return r.shallow()
}

// shallow lists the commits at which a shallow clone, or a remote on this machine that is one, ends.
func (r *Repo) shallow() map[Hash]bool {
	at := r.clone
	if f, ok := r.remote.(*fileRemote); ok && at == nil {
		at = f.at
	}
	if at == nil {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(at.Common, "shallow"))
	if err != nil {
		return nil
	}
	out := map[Hash]bool{}
	for line := range strings.Lines(string(data)) {
		out[plumbing.NewHash(strings.TrimSpace(line))] = true
	}
	return out
}

// FirstParents walks from a commit along first parents, newest first. In a shallow clone the last pair has a nil
// snapshot and a *ShallowError.
func (r *Repo) FirstParents(ctx context.Context, from Hash) iter.Seq2[*Snapshot, error] {
	return func(yield func(*Snapshot, error) bool) {
		s, err := r.At(ctx, from)
		if err != nil {
			yield(nil, err)
			return
		}
		for l, err := range firstParents(ctx, s, nil) {
			var at *Snapshot
			if err == nil {
				at, err = s.sibling(l)
			}
			if !yield(at, err) || err != nil {
				return
			}
		}
	}
}

// firstParents yields a commit and its first parents, newest first; paths are what the walk will look at in each. In a
// shallow clone, and on a remote where the walk is bounded, the last pair carries a *ShallowError.
func firstParents(ctx context.Context, s *Snapshot, paths []string) iter.Seq2[odb.Link, error] {
	edge := s.edge(ctx)
	if aheadOf(s.objs) == nil {
		return odb.NewLineage(ctx, s.objs, edge).FirstParents(s.Commit())
	}
	return func(yield func(odb.Link, error) bool) {
		ahead, err := newScout(ctx, s, paths)
		at, objs := s.Commit(), s.objs
		for left := s.reach; err == nil; {
			var l odb.Link
			if l, err = odb.ReadLink(ctx, objs, at); err != nil || !yield(l, nil) || len(l.Parents) == 0 {
				break
			}
			if left--; edge[at] || left == 0 {
				err = &ShallowError{At: at, Bounded: left == 0}
				break
			}
			at = l.Parents[0]
			objs, err = ahead.parent(ctx, objs, at)
		}
		if err != nil {
			yield(odb.Link{}, err)
		}
	}
}

// History walks the first-parent commits, newest first, in which the tree or blob at one of the paths changed. It
// compares ids only, skips what the filters of a commit-graph rule out, and reads hardly further than it is asked. In a
// shallow clone the last pair carries a *ShallowError.
func History(ctx context.Context, s *Snapshot, paths ...string) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		at, filters := newWatch(ctx, paths), odb.NewBloomPaths(paths)
		var child odb.Link
		var after []odb.Entry // what lies at the paths in child
		for parent, err := range firstParents(ctx, s, paths) {
			if err == nil && after != nil && filters.Unchanged(child) {
				child = parent
				continue
			}
			if err == nil {
				err = at.look(parent.Objs, parent.Tree)
			}
			if err != nil {
				yield(Step{}, err)
				return
			}
			if after != nil && !slices.Equal(at.now, after) && !yieldStep(yield, s, child, parent, named(paths, after, at.now)) {
				return
			}
			child, after = parent, slices.Clone(at.now)
		}
		// Nothing is older than child: whatever it holds came in with it.
		if which := named(paths, after, make([]odb.Entry, len(after))); len(which) > 0 {
			yieldStep(yield, s, child, odb.Link{}, which)
		}
	}
}

// named are the paths at which two looks differ.
func named(paths []string, a, b []odb.Entry) []string {
	var out []string
	for i := range a {
		if a[i] != b[i] {
			out = append(out, paths[i])
		}
	}
	return out
}

func yieldStep(yield func(Step, error) bool, s *Snapshot, commit, parent odb.Link, changed []string) bool {
	var st Step
	var err error
	if st.Snapshot, err = s.sibling(commit); err == nil && !parent.Hash.IsZero() {
		st.Parent, err = s.sibling(parent)
	}
	if err != nil {
		yield(Step{}, err)
		return false
	}
	st.Commit, st.Changed = st.Snapshot.Info(), changed
	return yield(st, nil)
}

// sibling is another commit of the same repository.
func (s *Snapshot) sibling(l odb.Link) (*Snapshot, error) {
	if l.Hash == s.Commit() {
		return s, nil
	}
	next, err := readSnapshot(s.ctx, l.Objs, l.Hash)
	if err == nil {
		next.edge = s.edge
	}
	return next, err
}

package gitops

import (
	"container/heap"
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// clockSkew is how far a parent's date may lie after its child's before a walk loses it.
const clockSkew = 30 * 24 * time.Hour

// IsAncestor says whether a is of itself or one of its ancestors, as far as the clone's history goes. It walks newest
// first and stops where commits are older than a, with a month's allowance for clocks that were wrong. Error:
// *MissingError when of is not here or history has a hole that is no shallow boundary.
func (r *Repo) IsAncestor(ctx context.Context, a, of Hash) (bool, error) {
	if a == of {
		return true, nil
	}
	if r.far != nil {
		return r.far.reaches(ctx, a, of)
	}
	target, err := r.At(ctx, a)
	var missing *MissingError
	if errors.As(err, &missing) {
		return false, nil // what is not here is reachable from nothing that is
	}
	if err != nil {
		return false, err
	}
	return r.reaches(ctx, of, a, target.Info().Committer.When.Add(-clockSkew))
}

func (r *Repo) reaches(ctx context.Context, from, target Hash, oldest time.Time) (bool, error) {
	edge := r.edge(ctx)
	seen := map[Hash]bool{from: true}
	queue := &byDate{}
	if err := r.enqueue(ctx, queue, from); err != nil {
		return false, err
	}
	for queue.Len() > 0 {
		c := heap.Pop(queue).(Commit) //nolint:errcheck,forcetypeassert // byDate holds nothing else
		if c.Hash == target {
			return true, nil
		}
		if c.Committer.When.Before(oldest) || edge[c.Hash] {
			continue
		}
		for _, p := range c.Parents {
			if seen[p] {
				continue
			}
			seen[p] = true
			if err := r.enqueue(ctx, queue, p); err != nil {
				return false, err
			}
		}
	}
	return false, nil
}

func (r *Repo) enqueue(ctx context.Context, q *byDate, h Hash) error {
	data, err := readObject(ctx, r.objs, h, plumbing.CommitObject)
	if err != nil {
		return err
	}
	c, err := parseCommit(h, data)
	if err != nil {
		return err
	}
	heap.Push(q, c.info)
	return nil
}

// byDate is a heap of commits, newest first.
type byDate []Commit

func (q byDate) Len() int           { return len(q) }
func (q byDate) Less(i, j int) bool { return q[i].Committer.When.After(q[j].Committer.When) }
func (q byDate) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *byDate) Push(x any)        { *q = append(*q, x.(Commit)) } //nolint:forcetypeassert // see reaches
func (q *byDate) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
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
	data, err := os.ReadFile(filepath.Join(at.common, "shallow"))
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
		firstParents(ctx, s, nil)(yield)
	}
}

// firstParents walks; paths are what it will look at in each commit.
func firstParents(ctx context.Context, s *Snapshot, paths []string) iter.Seq2[*Snapshot, error] {
	return func(yield func(*Snapshot, error) bool) {
		edge, left := s.edge(ctx), s.reach
		ahead, err := newScout(ctx, s, paths)
		if err != nil {
			yield(nil, err)
			return
		}
		for yield(s, nil) {
			parents := s.commit.info.Parents
			if len(parents) == 0 {
				return
			}
			if left--; edge[s.Commit()] || left == 0 {
				yield(nil, &ShallowError{At: s.Commit(), Bounded: left == 0})
				return
			}
			next, err := ahead.parent(ctx, s, parents[0])
			if err != nil {
				yield(nil, err)
				return
			}
			next.edge = s.edge
			s = next
		}
	}
}

// History walks the first-parent commits, newest first, in which the tree or blob at one of the paths changed. It
// compares ids only, remembers those of folders seen before, and reads no further than it is asked. In a shallow clone
// the last pair carries a *ShallowError.
func History(ctx context.Context, s *Snapshot, paths ...string) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		m := memo{ctx: ctx, seen: map[memoKey]entry{}}
		var child *Snapshot
		var after []Hash
		for at, err := range firstParents(ctx, s, paths) {
			var ids []Hash
			if err == nil {
				m.objs = at.objs
				ids, err = m.ids(at, paths)
			}
			if err != nil {
				yield(Step{}, err)
				return
			}
			if child != nil && !slices.Equal(ids, after) && !yield(step(child, at, paths, changed(after, ids)), nil) {
				return
			}
			child, after = at, ids
		}
		// Nothing is older than child: whatever it holds came in with it.
		if none := make([]Hash, len(paths)); child != nil && !slices.Equal(after, none) {
			yield(step(child, nil, paths, changed(after, none)), nil)
		}
	}
}

func step(at, parent *Snapshot, paths []string, which []bool) Step {
	st := Step{Commit: at.Info(), Snapshot: at, Parent: parent}
	for i, yes := range which {
		if yes {
			st.Changed = append(st.Changed, paths[i])
		}
	}
	return st
}

func changed(a, b []Hash) []bool {
	out := make([]bool, len(a))
	for i := range a {
		out[i] = a[i] != b[i]
	}
	return out
}

// memo remembers what lies at the rest of a path below a tree: most commits leave most trees as they were.
type memo struct {
	ctx  context.Context
	objs objects
	seen map[memoKey]entry
}

type memoKey struct {
	tree Hash
	rest string
}

func (m *memo) ids(s *Snapshot, paths []string) ([]Hash, error) {
	out := make([]Hash, len(paths))
	for i, p := range paths {
		e, err := m.find(entry{mode: modeDir, hash: s.commit.tree}, p)
		if err != nil {
			return nil, at(p, err)
		}
		out[i] = e.hash
	}
	return out, nil
}

func (m *memo) find(in entry, rest string) (entry, error) {
	if rest == "" || rest == "." {
		return in, nil
	}
	if !in.isDir() {
		return entry{}, nil
	}
	key := memoKey{in.hash, rest}
	if e, ok := m.seen[key]; ok {
		return e, nil
	}
	entries, err := readTree(m.ctx, m.objs, in.hash)
	if err != nil {
		return entry{}, err
	}
	name, rest, _ := strings.Cut(rest, "/")
	e, ok := find(entries, name)
	if ok {
		e, err = m.find(e, rest)
	}
	if err == nil {
		m.seen[key] = e
	}
	return e, err
}

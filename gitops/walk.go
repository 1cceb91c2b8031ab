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

// lineage goes from commit to commit: by their objects at first, and where the way is long by the commit-graph, whose
// opening costs more than a few objects.
type lineage struct {
	ctx    context.Context
	objs   objects
	edge   map[Hash]bool // the commits at which a shallow clone ends
	read   int
	graphs *commitGraphs
}

// fewCommits are read as objects before the commit-graph is opened.
const fewCommits = 64

func (w *lineage) commit(h Hash) (link, error) {
	if l, ok := w.graph().find(h); ok {
		l.objs = w.objs
		return l, nil
	}
	return w.object(h)
}

func (w *lineage) object(h Hash) (link, error) {
	w.read++
	return w.objectIn(w.objs, h)
}

func (w *lineage) objectIn(objs objects, h Hash) (link, error) {
	data, err := readObject(w.ctx, objs, h, plumbing.CommitObject)
	if err != nil {
		return link{}, err
	}
	l, err := parseLink(h, data)
	l.objs = objs
	return l, err
}

func (w *lineage) graph() *commitGraphs {
	if w.graphs == nil && w.read >= fewCommits {
		w.graphs = graphsOf(w.objs)
	}
	return w.graphs
}

// parents lists the parents of a commit, none where a shallow clone ends.
func (w *lineage) parents(l link) ([]Hash, error) {
	if w.edge[l.hash] {
		return nil, nil
	}
	if l.graph == nil {
		return l.parents, nil
	}
	if list, ok := l.graph.parents(l); ok {
		return list, nil
	}
	l, err := w.object(l.hash)
	return l.parents, err
}

// firstParent returns false at a root commit, and a *ShallowError where a shallow clone ends.
func (w *lineage) firstParent(l link) (link, bool, error) {
	if l.graph != nil && l.first == graphNone {
		return link{}, false, nil
	}
	if l.graph != nil {
		// Generations fall on the way to the root; where they do not, the file is wrong and could lead in a circle.
		if p, ok := l.graph.commit(l.first); ok && p.level < l.level {
			p.objs = w.objs
			return p, true, nil
		}
	}
	list, err := w.parents(l)
	switch {
	case err != nil:
		return link{}, false, err
	case len(list) > 0:
		p, err := w.commit(list[0])
		return p, err == nil, err
	case w.edge[l.hash] && len(l.parents) > 0:
		return link{}, false, &ShallowError{At: l.hash}
	}
	return link{}, false, nil
}

func (w *lineage) firstParents(from Hash) iter.Seq2[link, error] {
	return func(yield func(link, error) bool) {
		l, err := w.commit(from)
		for ok := err == nil; ok; {
			if !yield(l, nil) {
				return
			}
			if l, ok, err = w.firstParent(l); ok && l.graph == nil && w.read > fewCommits {
				commitsAhead(w, l)(yield)
				return
			}
		}
		if err != nil {
			yield(link{}, err)
		}
	}
}

// aheadBy is how many commits are read before they are asked for.
const aheadBy = 256

// commitsAhead goes on from a commit where there is no commit-graph, and reads commits on another core than the one on
// which the trees that they name are read.
func commitsAhead(w *lineage, l link) iter.Seq2[link, error] {
	type pair struct {
		link link
		err  error
	}
	return func(yield func(link, error) bool) {
		ahead, stop := make(chan pair, aheadBy), make(chan struct{})
		go func() {
			defer close(ahead)
			var err error
			for ok := true; ok || err != nil; l, ok, err = w.firstParent(l) {
				select {
				case ahead <- pair{l, err}:
				case <-stop:
					return
				}
				if err != nil {
					return
				}
			}
		}()
		defer func() {
			close(stop)
			for range ahead { //nolint:revive // once it is closed nothing is read any more, and the repository may be closed
			}
		}()
		for p := range ahead {
			if !yield(p.link, p.err) {
				return
			}
		}
	}
}

// graphsOf finds the commit-graphs of a source of objects; one without any has an empty list.
func graphsOf(o objects) *commitGraphs {
	switch o := o.(type) {
	case *overlay:
		return graphsOf(o.below)
	case interface{ graph() *commitGraphs }:
		return o.graph()
	}
	return &commitGraphs{}
}

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
	w := &lineage{ctx: ctx, objs: r.objs, edge: r.edge(ctx)}
	target, err := w.commit(a)
	var missing *MissingError
	if errors.As(err, &missing) {
		return false, nil // what is not here is reachable from nothing that is
	}
	if err != nil {
		return false, err
	}
	return w.reaches(of, target)
}

func (w *lineage) reaches(from Hash, target link) (bool, error) {
	seen := map[Hash]bool{from: true}
	first, err := w.commit(from)
	if err != nil {
		return false, err
	}
	queue := &byDate{first}
	for queue.Len() > 0 {
		c := heap.Pop(queue).(link) //nolint:errcheck,forcetypeassert // byDate holds nothing else
		if c.hash == target.hash {
			return true, nil
		}
		if known, ok := w.graph().find(target.hash); ok && target.graph == nil {
			target = known
		}
		if c.before(target) {
			continue
		}
		parents, err := w.parents(c)
		if err != nil {
			return false, err
		}
		for _, p := range parents {
			if seen[p] {
				continue
			}
			seen[p] = true
			next, err := w.commit(p)
			if err != nil {
				return false, err
			}
			heap.Push(queue, next)
		}
	}
	return false, nil
}

// before says that a commit cannot have the target among its ancestors: those have lower generations than itself.
func (l link) before(target link) bool {
	if known := func(n uint32) bool { return n > 0 && n < graphLevels }; known(l.level) && known(target.level) {
		return l.level <= target.level
	}
	return l.when < target.when-int64(clockSkew/time.Second)
}

// byDate is a heap of commits, newest first.
type byDate []link

func (q byDate) Len() int           { return len(q) }
func (q byDate) Less(i, j int) bool { return q[i].when > q[j].when }
func (q byDate) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *byDate) Push(x any)        { *q = append(*q, x.(link)) } //nolint:forcetypeassert // see reaches
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
func firstParents(ctx context.Context, s *Snapshot, paths []string) iter.Seq2[link, error] {
	w := &lineage{ctx: ctx, objs: s.objs, edge: s.edge(ctx)}
	if aheadOf(s.objs) == nil {
		return w.firstParents(s.Commit())
	}
	return func(yield func(link, error) bool) {
		ahead, err := newScout(ctx, s, paths)
		l := link{hash: s.Commit(), objs: s.objs}
		for left := s.reach; err == nil; {
			if l, err = w.objectIn(l.objs, l.hash); err != nil || !yield(l, nil) || len(l.parents) == 0 {
				break
			}
			if left--; w.edge[l.hash] || left == 0 {
				err = &ShallowError{At: l.hash, Bounded: left == 0}
				break
			}
			l.hash = l.parents[0]
			l.objs, err = ahead.parent(ctx, l.objs, l.hash)
		}
		if err != nil {
			yield(link{}, err)
		}
	}
}

// History walks the first-parent commits, newest first, in which the tree or blob at one of the paths changed. It
// compares ids only, skips what the filters of a commit-graph rule out, and reads hardly further than it is asked. In a
// shallow clone the last pair carries a *ShallowError.
func History(ctx context.Context, s *Snapshot, paths ...string) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		at, filters := newWatch(ctx, paths), newBloomPaths(paths)
		var child link
		var after []entry // what lies at the paths in child
		for parent, err := range firstParents(ctx, s, paths) {
			if err == nil && after != nil && filters.unchanged(child) {
				child = parent
				continue
			}
			if err == nil {
				err = at.look(parent.objs, parent.tree)
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
		if which := named(paths, after, make([]entry, len(after))); len(which) > 0 {
			yieldStep(yield, s, child, link{}, which)
		}
	}
}

// named are the paths at which two looks differ.
func named(paths []string, a, b []entry) []string {
	var out []string
	for i := range a {
		if a[i] != b[i] {
			out = append(out, paths[i])
		}
	}
	return out
}

func yieldStep(yield func(Step, error) bool, s *Snapshot, commit, parent link, changed []string) bool {
	var st Step
	var err error
	if st.Snapshot, err = s.sibling(commit); err == nil && !parent.hash.IsZero() {
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
func (s *Snapshot) sibling(l link) (*Snapshot, error) {
	if l.hash == s.Commit() {
		return s, nil
	}
	next, err := readSnapshot(s.ctx, l.objs, l.hash)
	if err == nil {
		next.edge = s.edge
	}
	return next, err
}

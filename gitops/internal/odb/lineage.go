package odb

import (
	"container/heap"
	"context"
	"iter"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/giterr"
)

// clockSkew is how far a parent's date may lie after its child's before a walk loses it.
const clockSkew = 30 * 24 * time.Hour

// Lineage goes from commit to commit: by their objects at first, and where the way is long by the commit-graph, whose
// opening costs more than a few objects.
type Lineage struct {
	ctx    context.Context
	objs   Source
	edge   map[Hash]bool // the commits at which a shallow clone ends
	read   int
	graphs *commitGraphs
}

// NewLineage walks in a source of objects. The edge are the commits at which a shallow clone ends, nil for none.
func NewLineage(ctx context.Context, objs Source, edge map[Hash]bool) *Lineage {
	return &Lineage{ctx: ctx, objs: objs, edge: edge}
}

// fewCommits are read as objects before the commit-graph is opened.
const fewCommits = 64

// Commit returns a commit by its id. Error: *giterr.MissingError.
func (w *Lineage) Commit(h Hash) (Link, error) {
	if l, ok := w.graph().find(h); ok {
		l.Objs = w.objs
		return l, nil
	}
	return w.object(h)
}

func (w *Lineage) object(h Hash) (Link, error) {
	w.read++
	return ReadLink(w.ctx, w.objs, h)
}

// ReadLink reads a commit from its object. Error: *MissingError.
func ReadLink(ctx context.Context, objs Source, h Hash) (Link, error) {
	data, err := Read(ctx, objs, h, plumbing.CommitObject)
	if err != nil {
		return Link{}, err
	}
	l, err := parseLink(h, data)
	l.Objs = objs
	return l, err
}

func (w *Lineage) graph() *commitGraphs {
	if w.graphs == nil && w.read >= fewCommits {
		w.graphs = graphsOf(w.objs)
	}
	return w.graphs
}

// parents lists the parents of a commit, none where a shallow clone ends.
func (w *Lineage) parents(l Link) ([]Hash, error) {
	if w.edge[l.Hash] {
		return nil, nil
	}
	if l.graph == nil {
		return l.Parents, nil
	}
	if list, ok := l.graph.parents(l); ok {
		return list, nil
	}
	l, err := w.object(l.Hash)
	return l.Parents, err
}

// firstParent returns false at a root commit, and a *giterr.ShallowError where a shallow clone ends.
func (w *Lineage) firstParent(l Link) (Link, bool, error) {
	if l.graph != nil && l.first == graphNone {
		return Link{}, false, nil
	}
	if l.graph != nil {
		// Generations fall on the way to the root; where they do not, the file is wrong and could lead in a circle.
		if p, ok := l.graph.commit(l.first); ok && p.level < l.level {
			p.Objs = w.objs
			return p, true, nil
		}
	}
	list, err := w.parents(l)
	switch {
	case err != nil:
		return Link{}, false, err
	case len(list) > 0:
		p, err := w.Commit(list[0])
		return p, err == nil, err
	case w.edge[l.Hash] && len(l.Parents) > 0:
		return Link{}, false, &giterr.ShallowError{At: l.Hash}
	}
	return Link{}, false, nil
}

// FirstParents yields a commit and its first parents, newest first. Where a shallow clone ends, the last pair carries a
// *giterr.ShallowError.
func (w *Lineage) FirstParents(from Hash) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		l, err := w.Commit(from)
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
			yield(Link{}, err)
		}
	}
}

// aheadBy is how many commits are read before they are asked for.
const aheadBy = 256

// commitsAhead goes on from a commit where there is no commit-graph, and reads commits on another core than the one on
// which the trees that they name are read.
func commitsAhead(w *Lineage, l Link) iter.Seq2[Link, error] {
	type pair struct {
		link Link
		err  error
	}
	return func(yield func(Link, error) bool) {
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
func graphsOf(o Source) *commitGraphs {
	switch o := o.(type) {
	case *Overlay:
		return graphsOf(o.Below)
	case interface{ graph() *commitGraphs }:
		return o.graph()
	}
	return &commitGraphs{}
}

// Reaches says whether the target is among the ancestors of a commit, itself included. It walks newest first and stops
// where commits have a lower generation than the target, or where no generations are known, are older by more than
// clocks may be wrong.
func (w *Lineage) Reaches(from Hash, target Link) (bool, error) {
	seen := map[Hash]bool{from: true}
	first, err := w.Commit(from)
	if err != nil {
		return false, err
	}
	queue := &byDate{first}
	for queue.Len() > 0 {
		c := heap.Pop(queue).(Link) //nolint:errcheck,forcetypeassert // byDate holds nothing else
		if c.Hash == target.Hash {
			return true, nil
		}
		if known, ok := w.graph().find(target.Hash); ok && target.graph == nil {
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
			next, err := w.Commit(p)
			if err != nil {
				return false, err
			}
			heap.Push(queue, next)
		}
	}
	return false, nil
}

// before says that a commit cannot have the target among its ancestors: those have lower generations than itself.
func (l Link) before(target Link) bool {
	if known := func(n uint32) bool { return n > 0 && n < graphLevels }; known(l.level) && known(target.level) {
		return l.level <= target.level
	}
	return l.when < target.when-int64(clockSkew/time.Second)
}

// byDate is a heap of commits, newest first.
type byDate []Link

func (q byDate) Len() int           { return len(q) }
func (q byDate) Less(i, j int) bool { return q[i].when > q[j].when }
func (q byDate) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *byDate) Push(x any)        { *q = append(*q, x.(Link)) } //nolint:forcetypeassert // see reaches
func (q *byDate) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// Descends says whether the way from one commit to an elder one lies wholly in memory. False says nothing: what is not
// in memory is not looked at.
func (o *Overlay) Descends(younger, elder Hash) bool {
	seen := map[Hash]bool{younger: true}
	for queue := []Hash{younger}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == elder {
			return true
		}
		commit, ok := o.Get(queue[0])
		if !ok || commit.Kind != plumbing.CommitObject {
			continue
		}
		l, err := parseLink(queue[0], commit.Data)
		if err != nil {
			continue
		}
		for _, p := range l.Parents {
			if !seen[p] {
				seen[p] = true
				queue = append(queue, p)
			}
		}
	}
	return false
}

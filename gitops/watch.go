package gitops

import (
	"context"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/internal/odb"
)

// watch finds what lies at some paths in one tree after another. Most commits leave most folders as they were, so it
// remembers what it saw last in each and reads only those that differ, each once however many paths go through it.
type watch struct {
	ctx  context.Context
	objs odb.Source
	root *watched
	now  []odb.Entry // by path; the zero entry where nothing is
}

// watched is one step of the paths.
type watched struct {
	name  string
	path  string
	ends  []int // the paths that end here
	below []*watched
	seen  odb.Entry
}

func newWatch(ctx context.Context, paths []string) *watch {
	w := &watch{ctx: ctx, root: &watched{path: "."}, now: make([]odb.Entry, len(paths))}
	for i, p := range paths {
		n := w.root
		for name := range odb.PathNames(p) {
			n = n.child(name)
		}
		n.ends = append(n.ends, i)
	}
	return w
}

func (n *watched) child(name string) *watched {
	for _, c := range n.below {
		if c.name == name {
			return c
		}
	}
	c := &watched{name: name, path: name}
	if n.path != "." {
		c.path = n.path + "/" + name
	}
	n.below = append(n.below, c)
	return c
}

// look moves on to another tree, and now tells what lies there.
func (w *watch) look(objs odb.Source, tree Hash) error {
	w.objs = objs
	return w.set(w.root, odb.Entry{Mode: odb.ModeDir, Hash: tree})
}

func (w *watch) set(n *watched, e odb.Entry) error {
	if e.Hash == n.seen.Hash && e.Mode == n.seen.Mode {
		return nil
	}
	n.seen = e
	for _, i := range n.ends {
		w.now[i] = e
	}
	if len(n.below) == 0 {
		return nil
	}
	var data []byte
	if e.IsDir() {
		var err error
		if data, err = odb.Read(w.ctx, w.objs, e.Hash, plumbing.TreeObject); err != nil {
			return at(n.path, err)
		}
	}
	for _, c := range n.below {
		found, _, err := odb.ScanTree(e.Hash, data, c.name)
		if err == nil {
			err = w.set(c, found)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

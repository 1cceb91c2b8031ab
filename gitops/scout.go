package gitops

import (
	"context"

	"github.com/modelops/modelops/gitops/internal/odb"
)

// scout reads ahead of a walk through the history of a remote without a clone: many commits at a time, and the folders
// on the paths that the walk looks at with them. Each reach has objects of its own, which go when the walk has passed.
type scout struct {
	far   *far
	paths []string
	depth int
}

const (
	firstReach = 64   // commits
	lastReach  = 2048 // commits; what comes with them stays within some ten megabytes
)

// newScout starts with the commits that came with the tip.
func newScout(ctx context.Context, s *Snapshot, paths []string) (*scout, error) {
	sc := &scout{far: aheadOf(s.objs), paths: paths, depth: firstReach}
	return sc, sc.folders(ctx, s.Commit())
}

// parent returns where the next commit of a walk is: among the objects of its child, or of a new reach.
func (sc *scout) parent(ctx context.Context, child odb.Source, h Hash) (odb.Source, error) {
	if _, ok := sc.far.here(h); ok {
		return child, nil
	}
	sc.far = newFar(sc.far.remote)
	if err := sc.far.history(ctx, h, sc.depth); err != nil {
		return nil, err
	}
	sc.depth = min(2*sc.depth, lastReach)
	return odb.NewOverlay(sc.far), sc.folders(ctx, h)
}

// folders reads what lies on the paths in all commits of this reach.
func (sc *scout) folders(ctx context.Context, h Hash) error {
	if len(sc.paths) == 0 {
		return nil
	}
	roots := map[Hash][]string{}
	for {
		o, ok := sc.far.here(h)
		if !ok {
			return sc.far.load(ctx, roots)
		}
		c, err := parseCommit(h, o.Data)
		if err != nil {
			return err
		}
		roots[c.tree] = sc.paths
		if len(c.info.Parents) == 0 {
			return sc.far.load(ctx, roots)
		}
		h = c.info.Parents[0]
	}
}

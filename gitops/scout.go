package gitops

import "context"

// scout reads ahead of a walk through the history of a remote without a clone: many commits at a time, and the folders
// on the paths that the walk looks at with them. Each reach has objects of its own, which go when the walk has passed.
type scout struct {
	far   *far // nil on a clone: nothing is read ahead there
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
	if sc.far == nil {
		return sc, nil
	}
	return sc, sc.folders(ctx, s.Commit())
}

// parent reads the next commit of a walk.
func (sc *scout) parent(ctx context.Context, child *Snapshot, h Hash) (*Snapshot, error) {
	if sc.far == nil {
		return readSnapshot(ctx, child.objs, h)
	}
	if _, ok := sc.far.here(h); ok {
		return readSnapshot(ctx, child.objs, h)
	}
	sc.far = &far{remote: sc.far.remote, have: newOverlay(nothing{}), whole: map[Hash]bool{}}
	if err := sc.far.history(ctx, h, sc.depth); err != nil {
		return nil, err
	}
	sc.depth = min(2*sc.depth, lastReach)
	if err := sc.folders(ctx, h); err != nil {
		return nil, err
	}
	return readSnapshot(ctx, newOverlay(sc.far), h)
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
		c, err := parseCommit(h, o.data)
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

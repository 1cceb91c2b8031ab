package gitops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/modelops/modelops/gitops/internal/odb"
)

// Diff lists the files under a path ("." is everything) that differ between s and other, sorted by path. It compares
// ids and only descends into folders whose ids differ. A nil other is a commit with nothing in it.
func (s *Snapshot) Diff(ctx context.Context, other *Snapshot, under string) ([]PathChange, error) {
	if !fs.ValidPath(under) {
		return nil, fmt.Errorf("compare %q: not a clean relative path", under)
	}
	before, err := entryAt(ctx, s, under)
	if err != nil {
		return nil, err
	}
	after, err := entryAt(ctx, other, under)
	if err != nil {
		return nil, err
	}
	d := differ{ctx: ctx, a: objectsOf(s), b: objectsOf(other)}
	return d.compare(under, before, after)
}

func objectsOf(s *Snapshot) odb.Source {
	if s == nil {
		return nil
	}
	return s.objs
}

// entryAt returns the zero entry when there is nothing at the path.
func entryAt(ctx context.Context, s *Snapshot, name string) (odb.Entry, error) {
	if s == nil {
		return odb.Entry{}, nil
	}
	e, _, err := odb.Lookup(ctx, s.objs, s.commit.tree, name)
	return e, at(name, err)
}

type differ struct {
	ctx  context.Context
	a, b odb.Source
	out  []PathChange
}

// pair is what lies at one path on both sides; a zero entry is absence.
type pair struct {
	name string
	a, b odb.Entry
}

// compare descends a level of folders at a time, so that a remote without a clone is asked once for each.
func (d *differ) compare(name string, a, b odb.Entry) ([]PathChange, error) {
	level := []pair{{name, a, b}}
	for len(level) > 0 {
		level = slices.DeleteFunc(level, d.settled)
		if err := errors.Join(readAhead(d.ctx, d.a, level, func(p pair) odb.Entry { return p.a }),
			readAhead(d.ctx, d.b, level, func(p pair) odb.Entry { return p.b })); err != nil {
			return nil, err
		}
		var next []pair
		for _, p := range level {
			below, err := d.below(p)
			if err != nil {
				return nil, err
			}
			next = append(next, below...)
		}
		level = next
	}
	slices.SortFunc(d.out, func(x, y PathChange) int { return strings.Compare(x.Path, y.Path) })
	return d.out, d.ctx.Err()
}

// settled notes files that differ, and is true where nothing is left to descend into.
func (d *differ) settled(p pair) bool {
	switch {
	case p.a.Hash == p.b.Hash && p.a.Mode == p.b.Mode:
		return true
	case !p.a.IsDir() && !p.b.IsDir():
		d.out = append(d.out, PathChange{p.name, p.a.Hash, p.b.Hash, p.a.Mode, p.b.Mode})
		return true
	}
	// One side may be a file where the other is a folder.
	if !p.a.IsDir() && p.a.Mode != 0 {
		d.out = append(d.out, PathChange{Path: p.name, Before: p.a.Hash, OldMode: p.a.Mode})
	}
	if !p.b.IsDir() && p.b.Mode != 0 {
		d.out = append(d.out, PathChange{Path: p.name, After: p.b.Hash, NewMode: p.b.Mode})
	}
	return false
}

func readAhead(ctx context.Context, o odb.Source, level []pair, side func(pair) odb.Entry) error {
	f := aheadOf(o)
	if f == nil {
		return nil
	}
	var trees []Hash
	for _, p := range level {
		if e := side(p); e.IsDir() && !e.Hash.IsZero() && !fresh(o, e.Hash) {
			trees = append(trees, e.Hash)
		}
	}
	return f.bring(ctx, trees, nil)
}

// fresh says whether an object was made here, so that no remote has it yet.
func fresh(o odb.Source, h Hash) bool {
	top, ok := o.(*odb.Overlay)
	if !ok {
		return false
	}
	_, ok = top.Get(h)
	return ok
}

func (d *differ) below(p pair) ([]pair, error) {
	before, err := d.children(d.a, p.name, p.a)
	if err != nil {
		return nil, err
	}
	after, err := d.children(d.b, p.name, p.b)
	if err != nil {
		return nil, err
	}
	var out []pair
	for child := range union(before, after) {
		out = append(out, pair{path.Join(p.name, child), before[child], after[child]})
	}
	return out, nil
}

func (d *differ) children(o odb.Source, name string, e odb.Entry) (map[string]odb.Entry, error) {
	if !e.IsDir() {
		return nil, nil
	}
	entries, err := odb.ReadTree(d.ctx, o, e.Hash)
	if err != nil {
		return nil, at(name, err)
	}
	out := make(map[string]odb.Entry, len(entries))
	for _, e := range entries {
		out[e.Name] = e
	}
	return out, nil
}

func union(a, b map[string]odb.Entry) map[string]bool {
	out := make(map[string]bool, len(a))
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

func sortByName(list []fs.DirEntry) {
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
}

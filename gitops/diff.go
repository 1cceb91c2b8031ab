package gitops

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
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
	err = d.compare(under, before, after)
	slices.SortFunc(d.out, func(x, y PathChange) int { return strings.Compare(x.Path, y.Path) })
	return d.out, err
}

func objectsOf(s *Snapshot) objects {
	if s == nil {
		return nil
	}
	return s.objs
}

// entryAt returns the zero entry when there is nothing at the path.
func entryAt(ctx context.Context, s *Snapshot, name string) (entry, error) {
	if s == nil {
		return entry{}, nil
	}
	e, _, err := lookup(ctx, s.objs, s.commit.tree, name)
	return e, at(name, err)
}

type differ struct {
	ctx  context.Context
	a, b objects
	out  []PathChange
}

func (d *differ) compare(name string, a, b entry) error {
	if a.hash == b.hash && a.mode == b.mode {
		return nil
	}
	if !a.isDir() && !b.isDir() {
		d.out = append(d.out, PathChange{name, a.hash, b.hash, a.mode, b.mode})
		return nil
	}
	if err := d.leaf(name, a, b); err != nil {
		return err
	}
	return d.folders(name, a, b)
}

// leaf reports the side that is a file where the other is a folder.
func (d *differ) leaf(name string, a, b entry) error {
	if !a.isDir() && a.mode != 0 {
		d.out = append(d.out, PathChange{Path: name, Before: a.hash, OldMode: a.mode})
	}
	if !b.isDir() && b.mode != 0 {
		d.out = append(d.out, PathChange{Path: name, After: b.hash, NewMode: b.mode})
	}
	return d.ctx.Err()
}

func (d *differ) folders(name string, a, b entry) error {
	before, err := d.children(d.a, name, a)
	if err != nil {
		return err
	}
	after, err := d.children(d.b, name, b)
	if err != nil {
		return err
	}
	for child := range union(before, after) {
		if err := d.compare(path.Join(name, child), before[child], after[child]); err != nil {
			return err
		}
	}
	return nil
}

func (d *differ) children(o objects, name string, e entry) (map[string]entry, error) {
	if !e.isDir() {
		return nil, nil
	}
	entries, err := readTree(d.ctx, o, e.hash)
	if err != nil {
		return nil, at(name, err)
	}
	out := make(map[string]entry, len(entries))
	for _, e := range entries {
		out[e.name] = e
	}
	return out, nil
}

func union(a, b map[string]entry) map[string]bool {
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

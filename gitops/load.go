package gitops

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/modelops/modelops/gitops/internal/odb"
)

// aheadOf returns the remote that a source of objects reads from without a clone, nil when it has none.
func aheadOf(o odb.Source) *far {
	top, ok := o.(*odb.Overlay)
	if !ok {
		return nil
	}
	f, _ := top.Below.(*far)
	return f
}

// Load brings the files and folders that some patterns name, in one or two round trips for each level of folders. It
// spares a remote that is used without a clone a round trip for each file; on a clone it does nothing. The parts of a
// pattern are names or globs as path.Match has them; "**" as the last part is everything below. What is not there is no
// error: whoever reads it then will say so.
func (s *Snapshot) Load(ctx context.Context, patterns ...string) error {
	f := aheadOf(s.objs)
	if f == nil {
		return nil
	}
	return f.load(ctx, map[Hash][]string{s.commit.tree: patterns})
}

// load descends from root trees by the patterns that each is to be searched with.
func (f *far) load(ctx context.Context, level map[Hash][]string) error {
	for len(level) > 0 {
		if err := f.bring(ctx, slices.Collect(maps.Keys(level)), nil); err != nil {
			return err
		}
		next := map[Hash][]string{}
		var files, deep []Hash
		for h, patterns := range level {
			entries, err := odb.ReadTree(ctx, f, h)
			if err != nil {
				return err
			}
			for _, e := range entries {
				match(e, patterns, next, &files, &deep)
			}
		}
		if err := f.below(ctx, files, deep, next); err != nil {
			return err
		}
		level = next
	}
	return nil
}

// match sorts an entry by what the patterns want of it. Attributes files on the way come along unasked: a commit of what
// lies below them is checked against them.
func match(e odb.Entry, patterns []string, next map[Hash][]string, files, deep *[]Hash) {
	if e.Name == attributesFile && e.IsFile() {
		*files = append(*files, e.Hash)
	}
	for _, p := range patterns {
		name, rest, more := strings.Cut(p, "/")
		if ok, err := path.Match(name, e.Name); err != nil || !ok && name != "**" {
			continue
		}
		switch {
		case e.IsFile() && !more:
			*files = append(*files, e.Hash)
		case e.IsDir() && (name == "**" || rest == "**"):
			*deep = append(*deep, e.Hash)
		case e.IsDir() && more && !slices.Contains(next[e.Hash], rest):
			next[e.Hash] = append(next[e.Hash], rest)
		}
	}
}

// below lets files ride along with whatever is fetched at this level anyway.
func (f *far) below(ctx context.Context, files, deep []Hash, next map[Hash][]string) error {
	if len(deep) > 0 {
		return f.bring(ctx, nil, append(deep, files...))
	}
	return f.bring(ctx, slices.AppendSeq(files, maps.Keys(next)), nil)
}

package gitops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/internal/git"
	"github.com/modelops/modelops/gitops/internal/odb"
)

// UnmergedError says that the index holds a merge that is not finished.
type UnmergedError struct{ Paths []string }

func (e *UnmergedError) Error() string {
	return "read the index: a merge is not finished in " + strings.Join(e.Paths, ", ")
}

// Hints are what ends it.
func (e *UnmergedError) Hints() []string {
	return []string{"git status shows it; git add what is resolved"}
}

// emptyTree is the id of a tree without entries, which git knows without having it.
var emptyTree = plumbing.NewHash("4b825dc642cb6eb9a060e54bf8d69288fbee4904")

// Head returns the commit that HEAD names in the work tree; nil before the first one.
func (r *Repo) Head(ctx context.Context) (*Snapshot, error) {
	h, err := r.clone.Resolve("HEAD")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r.At(ctx, h)
}

// Staged returns what the next commit would hold, as a snapshot without a commit's id, and the commit that HEAD names; nil
// before the first one. git reads the index, which has many forms, and GIT_INDEX_FILE counts, which git sets for its
// hooks. Nothing is written. Errors: *UnmergedError, and git's own.
func (r *Repo) Staged(ctx context.Context) (head, index *Snapshot, err error) {
	if head, err = r.Head(ctx); err != nil {
		return nil, nil, err
	}
	base := emptyTree
	if head != nil {
		base = head.Commit()
	}
	changes, err := r.indexChanges(ctx, base)
	if err != nil {
		return nil, nil, err
	}
	var tree Hash
	if head != nil {
		tree = head.commit.tree
	}
	b := builder{ctx: ctx, objs: r.objs}
	if tree, err = b.replaced(tree, changes); err != nil {
		return nil, nil, err
	}
	if tree.IsZero() {
		tree = b.objs.Put(plumbing.TreeObject, nil)
	}
	return head, &Snapshot{ctx: ctx, objs: r.objs, commit: &commitObject{tree: tree}, met: &foldersMet{}}, nil
}

// indexChanges asks git how the index differs from a commit or tree.
func (r *Repo) indexChanges(ctx context.Context, base Hash) ([]PathChange, error) {
	if r.git.Path == "" {
		return nil, &NotRepoError{Path: r.where(), Reason: "the index is read by git, and there is no git program here"}
	}
	g := r.git
	if index, ok := g.Env("GIT_INDEX_FILE"); ok && index != "" && r.ownIndex(index) {
		g.Extra = append(slices.Clone(g.Extra), "GIT_INDEX_FILE="+index)
	}
	out, err := g.Run(ctx, "diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--ita-invisible-in-index", base.String())
	if err != nil {
		return nil, fmt.Errorf("read the index: %w", err)
	}
	return parseRaw(string(out))
}

// ownIndex says whether an index lies in this clone: the variable may be left over from a hook of another one.
func (r *Repo) ownIndex(index string) bool {
	if !filepath.IsAbs(index) {
		index = filepath.Join(r.git.Dir, index)
	}
	rel, err := filepath.Rel(r.clone.Dir, index)
	return err == nil && filepath.IsLocal(rel)
}

// parseRaw reads git's raw format: ":OLDMODE NEWMODE OLDID NEWID STATUS", then the path, each ended by NUL.
func parseRaw(out string) ([]PathChange, error) {
	var changes []PathChange
	var unmerged []string
	words := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	for i := 0; i+1 < len(words); i += 2 {
		f := strings.Fields(strings.TrimPrefix(words[i], ":"))
		if len(f) != 5 {
			return nil, fmt.Errorf("read the index: git printed %q", Sanitize(words[i]))
		}
		if f[4] == "U" {
			unmerged = append(unmerged, Sanitize(words[i+1]))
			continue
		}
		was, err := strconv.ParseUint(f[0], 8, 32)
		is, err2 := strconv.ParseUint(f[1], 8, 32)
		if err := errors.Join(err, err2); err != nil {
			return nil, fmt.Errorf("read the index: %w", err)
		}
		changes = append(changes, PathChange{Path: words[i+1], Before: plumbing.NewHash(f[2]), After: plumbing.NewHash(f[3]), OldMode: uint32(was), NewMode: uint32(is)})
	}
	if len(unmerged) > 0 {
		return nil, &UnmergedError{unmerged}
	}
	return changes, nil
}

// replaced makes the tree that some entries of git's own lead to. Unlike edits, they are taken as they are.
func (b *builder) replaced(base Hash, changes []PathChange) (Hash, error) {
	list, err := odb.ReadTree(b.ctx, b.objs, base)
	if err != nil {
		return Hash{}, err
	}
	below := map[string][]PathChange{}
	for _, c := range changes {
		name, rest, deeper := strings.Cut(c.Path, "/")
		if deeper {
			c.Path = rest
			below[name] = append(below[name], c)
			continue
		}
		list = slices.DeleteFunc(list, func(e odb.Entry) bool { return e.Name == name && !e.IsDir() })
		if c.NewMode != 0 {
			list = append(list, odb.Entry{Mode: c.NewMode, Name: name, Hash: c.After})
		}
	}
	for name, changes := range below {
		old, _ := odb.Find(slices.DeleteFunc(slices.Clone(list), func(e odb.Entry) bool { return !e.IsDir() }), name)
		h, err := b.replaced(old.Hash, changes)
		if err != nil {
			return Hash{}, at(name, err)
		}
		list = slices.DeleteFunc(list, func(e odb.Entry) bool { return e.Name == name && e.IsDir() })
		if !h.IsZero() {
			list = append(list, odb.Entry{Mode: odb.ModeDir, Name: name, Hash: h})
		}
	}
	if len(list) == 0 {
		return Hash{}, nil
	}
	return b.keep(plumbing.TreeObject, odb.EncodeTree(list), base), nil
}

// MergeBase returns the newest commit that two have in common; nil where the clone knows of none, as one that was cloned
// without its history. It needs git.
func (r *Repo) MergeBase(ctx context.Context, a, b Hash) (*Snapshot, error) {
	if a == b {
		return r.At(ctx, a)
	}
	if r.git.Path == "" {
		return nil, nil
	}
	out, err := r.git.Run(ctx, "merge-base", a.String(), b.String())
	var ended *git.Error
	switch {
	case errors.As(err, &ended) && ended.Exit == 1:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return r.At(ctx, plumbing.NewHash(strings.TrimSpace(string(out))))
}

package gitops

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/internal/odb"
)

// HashTree returns the tree id of a folder that holds exactly these plain files, by path relative to it, without writing
// anything. No files give the id of the empty tree.
func HashTree(files map[string][]byte) (Hash, error) {
	root := &edit{}
	for name, data := range files {
		if err := root.add(name, &edit{file: data, write: true}); err != nil {
			return Hash{}, err
		}
	}
	b := builder{ctx: context.Background(), objs: odb.NewOverlay(odb.Nothing{})}
	return b.root(Hash{}, root)
}

// edit is what happens to one path: kids happen below it, after what happens to itself.
type edit struct {
	kids   map[string]*edit
	write  bool // put file here
	file   []byte
	remove bool // take away the file that is here
	folder bool // put tree here, or nothing when it is zero
	tree   Hash
}

// add places an edit at a path below e.
func (e *edit) add(name string, what *edit) error {
	if !fs.ValidPath(name) || name == "." {
		return &ScopeError{name, "not a clean relative path"}
	}
	for part := range strings.SplitSeq(name, "/") {
		if reason := badName(part); reason != "" {
			return &ScopeError{name, reason}
		}
		if e.kids == nil {
			e.kids = map[string]*edit{}
		}
		kid := e.kids[part]
		if kid == nil {
			kid = &edit{}
			e.kids[part] = kid
		}
		e = kid
	}
	e.write, e.file, e.remove = what.write, what.file, what.remove
	if what.folder {
		e.folder, e.tree = true, what.tree
	}
	return nil
}

// badName refuses names that git refuses to check out, or that mean another path on some file system.
func badName(name string) string {
	lower := strings.ToLower(strings.TrimRight(strings.Map(seen, name), " ."))
	switch {
	case lower == ".git" || lower == "git~1" || strings.HasPrefix(lower, ".git:"):
		return "git reserves the name " + fmt.Sprintf("%q", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == '\uFFFD' }):
		return "the name has control characters, backslashes or invalid UTF-8"
	}
	return ""
}

// seen drops what HFS+ does not see in a name (git's core.protectHFS).
func seen(r rune) rune {
	switch {
	case r >= '\u200c' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u206a' && r <= '\u206f', r == '\ufeff':
		return -1
	}
	return r
}

// edits turns a change into one tree of edits. Trees come first, so that Files may add to a folder put back.
func (c Change) edits() (*edit, error) {
	root := &edit{}
	for name, h := range c.Trees {
		if err := root.add(name, &edit{folder: true, tree: h}); err != nil {
			return nil, err
		}
	}
	for name, data := range c.Files {
		if err := root.add(name, &edit{write: data != nil, file: data, remove: data == nil}); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// builder makes new trees by copying only those on the edited paths.
type builder struct {
	ctx  context.Context
	objs *odb.Overlay
}

// root applies edits to a whole tree.
func (b *builder) root(base Hash, e *edit) (Hash, error) {
	h, err := b.tree(".", odb.Entry{Mode: odb.ModeDir, Hash: base}, e)
	if err == nil && h.IsZero() {
		h = b.objs.Put(plumbing.TreeObject, nil)
	}
	return h, err
}

// tree applies the edits below a folder and returns its new id, zero when nothing is left in it.
func (b *builder) tree(dir string, base odb.Entry, e *edit) (Hash, error) {
	old, err := odb.ReadTree(b.ctx, b.objs, base.Hash)
	if err != nil {
		return Hash{}, at(dir, err)
	}
	list := slices.Clone(old)
	for _, name := range slices.Sorted(maps.Keys(e.kids)) {
		cur, there := odb.Find(list, name)
		next, err := b.entry(path.Join(dir, name), cur, e.kids[name])
		if err != nil {
			return Hash{}, err
		}
		if there {
			list = slices.DeleteFunc(list, func(x odb.Entry) bool { return x.Name == name })
		}
		if next.Mode != 0 {
			next.Name = name
			list = append(list, next)
		}
	}
	if err := caseClash(dir, old, list); err != nil || len(list) == 0 {
		return Hash{}, err
	}
	return b.keep(plumbing.TreeObject, odb.EncodeTree(list), base.Hash), nil
}

// entry applies the edits of one path to what is there. A zero entry is absence.
func (b *builder) entry(name string, cur odb.Entry, e *edit) (odb.Entry, error) {
	if e.folder {
		cur = folderEntry(e.tree)
	}
	if e.remove && cur.IsDir() && len(e.kids) == 0 {
		return odb.Entry{}, &ScopeError{name, "it is a folder, not a file"}
	}
	if e.remove && !cur.IsDir() {
		cur = odb.Entry{}
	}
	if e.write {
		return b.file(name, cur, e)
	}
	if len(e.kids) == 0 {
		return cur, nil
	}
	if cur.Mode != 0 && !cur.IsDir() {
		return odb.Entry{}, &ScopeError{name, "nothing can be written below it: it is " + cur.Kind()}
	}
	h, err := b.tree(name, cur, e)
	return folderEntry(h), err
}

func folderEntry(h Hash) odb.Entry {
	if h.IsZero() {
		return odb.Entry{}
	}
	return odb.Entry{Mode: odb.ModeDir, Hash: h}
}

func (b *builder) file(name string, cur odb.Entry, e *edit) (odb.Entry, error) {
	if len(e.kids) > 0 {
		return odb.Entry{}, &ScopeError{name, "it cannot be a file and a folder"}
	}
	if cur.Mode != 0 && !cur.IsFile() {
		return odb.Entry{}, &ScopeError{name, "a file cannot be written here: it is " + cur.Kind()}
	}
	return odb.Entry{Mode: odb.ModeFile, Hash: b.keep(plumbing.BlobObject, e.file, cur.Hash)}, nil
}

// keep stores an object unless it is the one that was there, so that a push carries new objects only.
func (b *builder) keep(kind plumbing.ObjectType, data []byte, old Hash) Hash {
	if h := plumbing.ComputeHash(kind, data); h == old {
		return h
	}
	return b.objs.Replace(kind, data, old)
}

// caseClash refuses a new name that some file systems cannot hold beside a sibling.
func caseClash(dir string, old, list []odb.Entry) error {
	for _, e := range list {
		if _, had := odb.Find(old, e.Name); had {
			continue
		}
		for _, other := range list {
			if other.Name != e.Name && strings.EqualFold(other.Name, e.Name) {
				return &ScopeError{path.Join(dir, e.Name), fmt.Sprintf("differs from %q by case only", other.Name)}
			}
		}
	}
	return nil
}

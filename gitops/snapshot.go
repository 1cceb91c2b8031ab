package gitops

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"io"
	"io/fs"
	"path"
	"sync/atomic"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/gitops/internal/odb"
)

// Snapshot is one commit, read-only. It implements fs.FS, fs.ReadFileFS, fs.ReadDirFS and fs.StatFS over the commit's
// tree. Symbolic links and submodules are listed, but opening one is an error: what they point at is not part of the
// commit's tree. A Snapshot may be used by several goroutines.
type Snapshot struct {
	ctx    context.Context // of the call that made it: fs.FS has no other way to stop a slow read
	objs   odb.Source
	commit *commitObject
	met    *foldersMet
	reach  int                                 // commits that a walk from here may look at on a remote without a clone, 0 for all
	edge   func(context.Context) map[Hash]bool // the commits at which a shallow clone ends
}

var (
	_ fs.ReadFileFS = (*Snapshot)(nil)
	_ fs.ReadDirFS  = (*Snapshot)(nil)
	_ fs.StatFS     = (*Snapshot)(nil)
)

// readSnapshot reads a commit from a source of objects.
func readSnapshot(ctx context.Context, o odb.Source, h Hash) (*Snapshot, error) {
	data, err := odb.Read(ctx, o, h, plumbing.CommitObject)
	if err != nil {
		return nil, err
	}
	c, err := parseCommit(h, data)
	if err != nil {
		return nil, err
	}
	return &Snapshot{ctx: ctx, objs: o, commit: c, met: &foldersMet{}}, nil
}

// Commit returns the id of the commit.
func (s *Snapshot) Commit() Hash { return s.commit.info.Hash }

// Near returns the snapshot for walks that end after a number of commits where there is no clone, since each step costs
// the remote and the network something there.
func (s *Snapshot) Near(commits int) *Snapshot {
	if aheadOf(s.objs) == nil {
		return s
	}
	near := *s
	near.reach = commits
	return &near
}

// Info returns what the commit says of itself.
func (s *Snapshot) Info() Commit { return s.commit.info }

// Tree returns the tree id of a folder ("." is the root), the zero Hash when there is no such folder. Its error is only
// about objects that cannot be read.
func (s *Snapshot) Tree(name string) (Hash, error) { return s.id(name, odb.Entry.IsDir) }

// Blob returns the blob id of a regular file, the zero Hash when there is no such file. Its error is only about objects
// that cannot be read.
func (s *Snapshot) Blob(name string) (Hash, error) { return s.id(name, odb.Entry.IsFile) }

func (s *Snapshot) id(name string, want func(odb.Entry) bool) (Hash, error) {
	if !fs.ValidPath(name) {
		return Hash{}, nil
	}
	e, ok, err := s.lookup(name)
	if err != nil || !ok || !want(e) {
		return Hash{}, err
	}
	return e.Hash, nil
}

func (s *Snapshot) lookup(name string) (odb.Entry, bool, error) {
	root, rest := s.commit.tree, name
	if above := path.Dir(path.Dir(name)); above != "." && above != "/" {
		e, ok, err := s.folder(above)
		if err != nil || !ok {
			return odb.Entry{}, false, at(name, err)
		}
		root, rest = e.Hash, name[len(above)+1:]
	}
	e, ok, err := odb.Lookup(s.ctx, s.objs, root, rest)
	return e, ok, at(name, err)
}

// foldersMet remembers where some folders of a commit are: many files are looked up below the same ones.
type foldersMet [64]atomic.Pointer[folder]

type folder struct {
	path  string
	entry odb.Entry
}

// folder finds a folder, false where there is none.
func (s *Snapshot) folder(name string) (odb.Entry, bool, error) {
	h := fnv.New32a()
	h.Write([]byte(name)) //nolint:errcheck // a hash takes everything
	slot := &s.met[h.Sum32()%uint32(len(s.met))]
	if f := slot.Load(); f != nil && f.path == name {
		return f.entry, true, nil
	}
	root, rest := s.commit.tree, name
	if above := path.Dir(name); above != "." {
		e, ok, err := s.folder(above)
		if err != nil || !ok {
			return odb.Entry{}, false, err
		}
		root, rest = e.Hash, path.Base(name)
	}
	e, ok, err := odb.Lookup(s.ctx, s.objs, root, rest)
	if err != nil || !ok || !e.IsDir() {
		return odb.Entry{}, false, err
	}
	slot.Store(&folder{name, e})
	return e, true, nil
}

// at adds the path to an error about a missing object, which alone would not tell the user much.
func at(name string, err error) error {
	var missing *MissingError
	if errors.As(err, &missing) && missing.Path == "" {
		return &MissingError{Hash: missing.Hash, Path: name}
	}
	return err
}

// stat finds an entry or returns a *fs.PathError that wraps fs.ErrNotExist.
func (s *Snapshot) stat(op, name string) (odb.Entry, error) {
	if !fs.ValidPath(name) {
		return odb.Entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	e, ok, err := s.lookup(name)
	if err == nil && !ok {
		err = fs.ErrNotExist
	}
	if err != nil {
		return odb.Entry{}, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return e, nil
}

// ReadFile returns the content of a regular file.
func (s *Snapshot) ReadFile(name string) ([]byte, error) {
	e, err := s.stat("read", name)
	if err != nil {
		return nil, err
	}
	if !e.IsFile() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is " + e.Kind())}
	}
	data, err := odb.Read(s.ctx, s.objs, e.Hash, plumbing.BlobObject)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: at(name, err)}
	}
	return bytes.Clone(data), nil
}

// ReadDir lists a folder, sorted by name. Sizes are read only when asked for.
func (s *Snapshot) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := s.stat("readdir", name)
	if err != nil {
		return nil, err
	}
	if !e.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("it is " + e.Kind())}
	}
	entries, err := odb.ReadTree(s.ctx, s.objs, e.Hash)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: at(name, err)}
	}
	return s.dirEntries(entries), nil
}

// Stat describes a file or folder. Its time is the committer's.
func (s *Snapshot) Stat(name string) (fs.FileInfo, error) {
	e, err := s.stat("stat", name)
	if err != nil {
		return nil, err
	}
	return s.info(e, path.Base(name))
}

// Open opens a regular file or a folder.
func (s *Snapshot) Open(name string) (fs.File, error) {
	e, err := s.stat("open", name)
	if err != nil {
		return nil, err
	}
	info := fileInfo{entry: e, when: s.commit.info.Committer.When}
	info.entry.Name = path.Base(name)
	if e.IsDir() {
		list, err := s.ReadDir(name)
		return &openDir{info: info, rest: list}, err
	}
	data, err := s.ReadFile(name)
	if err != nil {
		return nil, err
	}
	info.size = int64(len(data))
	return &openFile{info: info, Reader: bytes.NewReader(data)}, nil
}

func (s *Snapshot) info(e odb.Entry, name string) (fs.FileInfo, error) {
	e.Name = name
	info := fileInfo{entry: e, when: s.commit.info.Committer.When}
	if e.IsFile() {
		data, err := odb.Read(s.ctx, s.objs, e.Hash, plumbing.BlobObject)
		if err != nil {
			return nil, &fs.PathError{Op: "stat", Path: name, Err: at(name, err)}
		}
		info.size = int64(len(data))
	}
	return info, nil
}

// fileInfo implements fs.FileInfo.
type fileInfo struct {
	entry odb.Entry
	size  int64
	when  time.Time
}

func (i fileInfo) Name() string       { return i.entry.Name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return i.entry.FileMode() }
func (i fileInfo) ModTime() time.Time { return i.when }
func (i fileInfo) IsDir() bool        { return i.entry.IsDir() }
func (i fileInfo) Sys() any           { return nil }

// dirEntry implements fs.DirEntry.
type dirEntry struct {
	snap  *Snapshot
	entry odb.Entry
}

func (d dirEntry) Name() string               { return d.entry.Name }
func (d dirEntry) IsDir() bool                { return d.entry.IsDir() }
func (d dirEntry) Type() fs.FileMode          { return d.entry.FileMode().Type() }
func (d dirEntry) Info() (fs.FileInfo, error) { return d.snap.info(d.entry, d.entry.Name) }

type openFile struct {
	info fileInfo
	*bytes.Reader
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type openDir struct {
	info fileInfo
	rest []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.Name(), Err: errors.New("it is a folder")}
}

// ReadDir implements fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		out := d.rest
		d.rest = nil
		return out, nil
	}
	if len(d.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.rest))
	out := d.rest[:n:n]
	d.rest = d.rest[n:]
	return out, nil
}

// dirEntries sorts by plain name, as fs.ReadDir promises; a tree's own order sorts folders with a slash behind.
func (s *Snapshot) dirEntries(entries []odb.Entry) []fs.DirEntry {
	out := make([]fs.DirEntry, len(entries))
	for i, e := range entries {
		out[i] = dirEntry{s, e}
	}
	sortByName(out)
	return out
}

package workspace

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Over is a file system with some files put over it, by path; nil takes a file away. It answers what a tree is read by:
// files, folders and their entries.
func Over(base fs.FS, files map[string][]byte) fs.FS { return over{base, files} }

type over struct {
	base  fs.FS
	files map[string][]byte
}

func (o over) Open(name string) (fs.File, error) {
	if data, ok := o.files[name]; ok {
		if data == nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return &memFile{info: memInfo{path.Base(name), int64(len(data)), 0o644}, r: bytes.NewReader(data)}, nil
	}
	if o.added(name) == nil {
		return o.base.Open(name)
	}
	return &memFile{info: memInfo{path.Base(name), 0, fs.ModeDir | 0o755}, r: bytes.NewReader(nil)}, nil
}

// added are the entries that the files on top bring into a folder.
func (o over) added(dir string) []fs.DirEntry {
	var out []fs.DirEntry
	seen := map[string]bool{}
	for p, data := range o.files {
		rest, ok := strings.CutPrefix(p, dir+"/")
		if dir == "." {
			rest, ok = p, true
		}
		if !ok || data == nil {
			continue
		}
		name, _, isDir := strings.Cut(rest, "/")
		if seen[name] {
			continue
		}
		seen[name] = true
		info := memInfo{name, int64(len(data)), 0o644}
		if isDir {
			info = memInfo{name, 0, fs.ModeDir | 0o755}
		}
		out = append(out, fs.FileInfoToDirEntry(info))
	}
	return out
}

// ReadDir merges the entries of both layers.
func (o over) ReadDir(dir string) ([]fs.DirEntry, error) {
	below, err := fs.ReadDir(o.base, dir)
	out := o.added(dir)
	if err != nil && (len(out) == 0 || !errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	for _, e := range below {
		data, covered := o.files[path.Join(dir, e.Name())]
		known := slices.ContainsFunc(out, func(a fs.DirEntry) bool { return a.Name() == e.Name() })
		if !known && (!covered || data != nil) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

type memInfo struct {
	name string
	size int64
	mode fs.FileMode
}

func (i memInfo) Name() string       { return i.name }
func (i memInfo) Size() int64        { return i.size }
func (i memInfo) Mode() fs.FileMode  { return i.mode }
func (i memInfo) ModTime() time.Time { return time.Time{} }
func (i memInfo) IsDir() bool        { return i.mode.IsDir() }
func (i memInfo) Sys() any           { return nil }

type memFile struct {
	info memInfo
	r    io.Reader
}

func (f *memFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *memFile) Read(p []byte) (int, error) { return f.r.Read(p) }
func (f *memFile) Close() error               { return nil }

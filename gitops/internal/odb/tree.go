package odb

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Modes of tree entries, as Git writes them.
const (
	ModeDir        = 0o40000
	ModeFile       = 0o100644
	modeExecutable = 0o100755
	modeSymlink    = 0o120000
	modeSubmodule  = 0o160000
)

// Entry is one line of a tree.
type Entry struct {
	Mode uint32
	Name string
	Hash Hash
}

// IsDir is true for a folder.
func (e Entry) IsDir() bool { return e.Mode == ModeDir }

// IsFile is true for every mode that Git reads as a regular file, the group-writable one of old repositories included.
func (e Entry) IsFile() bool { return e.Mode&0o170000 == 0o100000 }

// FileMode is the mode in the terms of io/fs.
func (e Entry) FileMode() fs.FileMode {
	switch {
	case e.IsDir():
		return fs.ModeDir | 0o755
	case e.Mode == modeSymlink:
		return fs.ModeSymlink | 0o777
	case e.IsFile() && e.Mode&0o100 != 0:
		return 0o755
	case e.IsFile():
		return 0o644
	}
	return fs.ModeIrregular
}

// Kind says in words what the entry is.
func (e Entry) Kind() string {
	switch {
	case e.IsDir():
		return "a folder"
	case e.Mode == modeSymlink:
		return "a symbolic link"
	case e.Mode == modeSubmodule:
		return "a submodule"
	case e.IsFile() && e.Mode&0o100 != 0:
		return "an executable file"
	case e.IsFile():
		return "a file"
	}
	return fmt.Sprintf("an entry of unknown mode %o", e.Mode)
}

// parseTree reads the content of a tree object.
func parseTree(h Hash, data []byte) ([]Entry, error) {
	var out []Entry
	for len(data) > 0 {
		e, name, rest, err := cutEntry(h, data)
		if err != nil {
			return nil, err
		}
		e.Name = string(name)
		out = append(out, e)
		data = rest
	}
	return out, nil
}

// cutEntry reads the first entry of what is left of a tree. Its name is left to the caller, who may not need it.
func cutEntry(h Hash, data []byte) (e Entry, name, rest []byte, err error) {
	sp := bytes.IndexByte(data[:min(len(data), 8)], ' ')
	if sp < 1 {
		return e, nil, nil, fmt.Errorf("read tree %s: malformed entry", h)
	}
	for _, c := range data[:sp] {
		if c < '0' || c > '7' {
			return e, nil, nil, fmt.Errorf("read tree %s: malformed mode", h)
		}
		e.Mode = e.Mode<<3 | uint32(c-'0')
	}
	data = data[sp+1:]
	nul := bytes.IndexByte(data, 0)
	if nul < 1 || len(data) < nul+1+hashSize {
		return e, nil, nil, fmt.Errorf("read tree %s: malformed entry", h)
	}
	copy(e.Hash[:], data[nul+1:])
	return e, data[:nul], data[nul+1+hashSize:], nil
}

// ScanTree looks one name up without making anything of the others.
func ScanTree(h Hash, data []byte, wanted string) (Entry, bool, error) {
	for len(data) > 0 {
		e, name, rest, err := cutEntry(h, data)
		if err != nil {
			return Entry{}, false, err
		}
		if string(name) == wanted {
			e.Name = wanted
			return e, true, nil
		}
		data = rest
	}
	return Entry{}, false, nil
}

// EncodeTree writes entries in Git's order, in which a folder sorts as if its name ended in a slash.
func EncodeTree(entries []Entry) []byte {
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.sortKey(), b.sortKey()) })
	var b bytes.Buffer
	for _, e := range entries {
		fmt.Fprintf(&b, "%o %s\x00", e.Mode, e.Name)
		b.Write(e.Hash[:])
	}
	return b.Bytes()
}

func (e Entry) sortKey() string {
	if e.IsDir() {
		return e.Name + "/"
	}
	return e.Name
}

// ReadTree reads and parses one tree. The zero Hash is the empty tree. Error: *giterr.MissingError.
func ReadTree(ctx context.Context, o Source, h Hash) ([]Entry, error) {
	if h.IsZero() {
		return nil, nil
	}
	data, err := Read(ctx, o, h, plumbing.TreeObject)
	if err != nil {
		return nil, err
	}
	return parseTree(h, data)
}

// Find looks a name up among entries.
func Find(entries []Entry, name string) (Entry, bool) {
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.Name == name })
	if i < 0 {
		return Entry{}, false
	}
	return entries[i], true
}

// Lookup descends from a root tree to a path; "." is the root itself. The result is false when nothing is there.
// Error: *giterr.MissingError.
func Lookup(ctx context.Context, o Source, root Hash, path string) (Entry, bool, error) {
	at := Entry{Mode: ModeDir, Name: ".", Hash: root}
	for name := range PathNames(path) {
		if !at.IsDir() {
			return Entry{}, false, nil
		}
		var data []byte
		var err error
		if !at.Hash.IsZero() {
			if data, err = Read(ctx, o, at.Hash, plumbing.TreeObject); err != nil {
				return Entry{}, false, err
			}
		}
		found, ok, err := ScanTree(at.Hash, data, name)
		if err != nil || !ok {
			return Entry{}, false, err
		}
		at = found
	}
	return at, true, nil
}

// PathNames are the steps of a path; "." has none.
func PathNames(path string) iter.Seq[string] {
	if path == "" || path == "." {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(path, "/")
}

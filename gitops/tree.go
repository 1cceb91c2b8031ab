package gitops

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
	modeDir        = 0o40000
	modeFile       = 0o100644
	modeExecutable = 0o100755
	modeSymlink    = 0o120000
	modeSubmodule  = 0o160000
)

// entry is one line of a tree.
type entry struct {
	mode uint32
	name string
	hash Hash
}

func (e entry) isDir() bool { return e.mode == modeDir }

// isFile is true for every mode that Git reads as a regular file, the group-writable one of old repositories included.
func (e entry) isFile() bool { return e.mode&0o170000 == 0o100000 }

func (e entry) fileMode() fs.FileMode {
	switch {
	case e.isDir():
		return fs.ModeDir | 0o755
	case e.mode == modeSymlink:
		return fs.ModeSymlink | 0o777
	case e.isFile() && e.mode&0o100 != 0:
		return 0o755
	case e.isFile():
		return 0o644
	}
	return fs.ModeIrregular
}

func (e entry) kind() string {
	switch {
	case e.isDir():
		return "a folder"
	case e.mode == modeSymlink:
		return "a symbolic link"
	case e.mode == modeSubmodule:
		return "a submodule"
	case e.isFile() && e.mode&0o100 != 0:
		return "an executable file"
	case e.isFile():
		return "a file"
	}
	return fmt.Sprintf("an entry of unknown mode %o", e.mode)
}

// parseTree reads the content of a tree object.
func parseTree(h Hash, data []byte) ([]entry, error) {
	var out []entry
	for len(data) > 0 {
		e, name, rest, err := cutEntry(h, data)
		if err != nil {
			return nil, err
		}
		e.name = string(name)
		out = append(out, e)
		data = rest
	}
	return out, nil
}

// cutEntry reads the first entry of what is left of a tree. Its name is left to the caller, who may not need it.
func cutEntry(h Hash, data []byte) (e entry, name, rest []byte, err error) {
	sp := bytes.IndexByte(data[:min(len(data), 8)], ' ')
	if sp < 1 {
		return e, nil, nil, fmt.Errorf("read tree %s: malformed entry", h)
	}
	for _, c := range data[:sp] {
		if c < '0' || c > '7' {
			return e, nil, nil, fmt.Errorf("read tree %s: malformed mode", h)
		}
		e.mode = e.mode<<3 | uint32(c-'0')
	}
	data = data[sp+1:]
	nul := bytes.IndexByte(data, 0)
	if nul < 1 || len(data) < nul+1+hashSize {
		return e, nil, nil, fmt.Errorf("read tree %s: malformed entry", h)
	}
	copy(e.hash[:], data[nul+1:])
	return e, data[:nul], data[nul+1+hashSize:], nil
}

// scanTree looks one name up without making anything of the others.
func scanTree(h Hash, data []byte, wanted string) (entry, bool, error) {
	for len(data) > 0 {
		e, name, rest, err := cutEntry(h, data)
		if err != nil {
			return entry{}, false, err
		}
		if string(name) == wanted {
			e.name = wanted
			return e, true, nil
		}
		data = rest
	}
	return entry{}, false, nil
}

// encodeTree writes entries in Git's order, in which a folder sorts as if its name ended in a slash.
func encodeTree(entries []entry) []byte {
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.sortKey(), b.sortKey()) })
	var b bytes.Buffer
	for _, e := range entries {
		fmt.Fprintf(&b, "%o %s\x00", e.mode, e.name)
		b.Write(e.hash[:])
	}
	return b.Bytes()
}

func (e entry) sortKey() string {
	if e.isDir() {
		return e.name + "/"
	}
	return e.name
}

// readTree reads and parses one tree. The zero Hash is the empty tree.
func readTree(ctx context.Context, o objects, h Hash) ([]entry, error) {
	if h.IsZero() {
		return nil, nil
	}
	data, err := readObject(ctx, o, h, plumbing.TreeObject)
	if err != nil {
		return nil, err
	}
	return parseTree(h, data)
}

// find looks a name up among entries.
func find(entries []entry, name string) (entry, bool) {
	i := slices.IndexFunc(entries, func(e entry) bool { return e.name == name })
	if i < 0 {
		return entry{}, false
	}
	return entries[i], true
}

// lookup descends from a root tree to a path; "." is the root itself. The result is false when nothing is there.
func lookup(ctx context.Context, o objects, root Hash, path string) (entry, bool, error) {
	at := entry{mode: modeDir, name: ".", hash: root}
	for name := range pathNames(path) {
		if !at.isDir() {
			return entry{}, false, nil
		}
		var data []byte
		var err error
		if !at.hash.IsZero() {
			if data, err = readObject(ctx, o, at.hash, plumbing.TreeObject); err != nil {
				return entry{}, false, err
			}
		}
		found, ok, err := scanTree(at.hash, data, name)
		if err != nil || !ok {
			return entry{}, false, err
		}
		at = found
	}
	return at, true, nil
}

// pathNames are the steps of a path; "." has none.
func pathNames(path string) iter.Seq[string] {
	if path == "" || path == "." {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(path, "/")
}

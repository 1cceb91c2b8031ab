package clone

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Hash is the SHA-1 id of an object. Its zero value stands for "no such object".
type Hash = plumbing.Hash

const headsPrefix = "refs/heads/"

// Ref is a ref's value: an id, or another ref's name. The other is zero.
type Ref struct {
	Hash   Hash
	Target string
}

// refPath says where a loose ref lies: HEAD and a few others belong to one work tree.
func (c *Folder) refPath(name string) string {
	if !strings.HasPrefix(name, "refs/") || strings.HasPrefix(name, "refs/worktree/") || strings.HasPrefix(name, "refs/bisect/") {
		return filepath.Join(c.Dir, filepath.FromSlash(name))
	}
	return filepath.Join(c.Common, filepath.FromSlash(name))
}

// readRef reads a ref without following it; fs.ErrNotExist when there is none. A ref may move from a loose file into
// packed-refs between two looks, hence the second one.
func (c *Folder) readRef(name string) (Ref, error) {
	for range 2 {
		r, err := c.LooseRef(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
		h, err := c.packedRef(name)
		if err != nil || !h.IsZero() {
			return Ref{Hash: h}, err
		}
	}
	return Ref{}, fs.ErrNotExist
}

// LooseRef reads a ref that lies in a file of its own, without following it; fs.ErrNotExist when there is none.
func (c *Folder) LooseRef(name string) (Ref, error) {
	file := c.refPath(name)
	data, err := os.ReadFile(file)
	if err != nil {
		if info, serr := os.Stat(file); serr == nil && info.IsDir() || errors.Is(err, errNotDir) {
			return Ref{}, fs.ErrNotExist
		}
		return Ref{}, err
	}
	text := strings.TrimSpace(string(data))
	if target, ok := strings.CutPrefix(text, "ref:"); ok {
		return Ref{Target: strings.TrimSpace(target)}, nil
	}
	if !plumbing.IsHash(text) {
		return Ref{}, fmt.Errorf("read %s: the ref is broken (%d bytes that are no object id)", name, len(data))
	}
	return Ref{Hash: plumbing.NewHash(text)}, nil
}

func (c *Folder) packedRef(name string) (Hash, error) {
	var out Hash
	err := c.packedRefs(func(n string, h Hash) bool {
		if n == name {
			out = h
		}
		return n != name
	})
	return out, err
}

// packedRefs calls f for each packed ref until it returns false.
func (c *Folder) packedRefs(f func(string, Hash) bool) error {
	file, err := os.Open(filepath.Join(c.Common, "packed-refs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // reading only
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		hex, name, ok := strings.Cut(lines.Text(), " ")
		if ok && plumbing.IsHash(hex) && !f(name, plumbing.NewHash(hex)) {
			return nil
		}
	}
	return lines.Err()
}

// Resolve follows a ref to its id; fs.ErrNotExist when there is none.
func (c *Folder) Resolve(name string) (Hash, error) {
	for range 5 { // as git
		r, err := c.readRef(name)
		if err != nil || r.Target == "" {
			return r.Hash, err
		}
		name = r.Target
	}
	return Hash{}, fmt.Errorf("read %s: symbolic refs go in a circle", name)
}

// HeadBranch is the branch that HEAD is on, "" when it is detached.
func (c *Folder) HeadBranch() (string, error) {
	r, err := c.LooseRef("HEAD")
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(r.Target, headsPrefix), nil
}

// CheckedOut says in which work tree a branch is checked out, "" when in none.
func (c *Folder) CheckedOut(branch string, mainBare bool) string {
	if b, err := c.HeadBranch(); err == nil && b == branch && c.Work != "" {
		return c.Work
	}
	if b, err := (&Folder{Dir: c.Common, Common: c.Common}).HeadBranch(); err == nil && b == branch && !mainBare {
		return filepath.Dir(c.Common)
	}
	dirs, _ := filepath.Glob(filepath.Join(c.Common, "worktrees", "*")) // the pattern is well-formed
	for _, d := range dirs {
		b, err := (&Folder{Dir: d, Common: c.Common}).HeadBranch()
		if err == nil && b == branch {
			if w, err := os.ReadFile(filepath.Join(d, "gitdir")); err == nil {
				return filepath.Dir(strings.TrimSpace(string(w)))
			}
		}
	}
	return ""
}

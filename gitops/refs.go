package gitops

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing"
)

const headsPrefix = "refs/heads/"

// ref is a ref's value: an id, or another ref's name.
type ref struct {
	hash   Hash
	target string
}

// refPath says where a loose ref lies: HEAD and a few others belong to one work tree.
func (c *clone) refPath(name string) string {
	if !strings.HasPrefix(name, "refs/") || strings.HasPrefix(name, "refs/worktree/") || strings.HasPrefix(name, "refs/bisect/") {
		return filepath.Join(c.dir, filepath.FromSlash(name))
	}
	return filepath.Join(c.common, filepath.FromSlash(name))
}

// readRef reads a ref without following it; fs.ErrNotExist when there is none. A ref may move from a loose file into
// packed-refs between two looks, hence the second one.
func (c *clone) readRef(name string) (ref, error) {
	for range 2 {
		r, err := c.looseRef(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
		h, err := c.packedRef(name)
		if err != nil || !h.IsZero() {
			return ref{hash: h}, err
		}
	}
	return ref{}, fs.ErrNotExist
}

func (c *clone) looseRef(name string) (ref, error) {
	file := c.refPath(name)
	data, err := os.ReadFile(file)
	if err != nil {
		if info, serr := os.Stat(file); serr == nil && info.IsDir() || errors.Is(err, errNotDir) {
			return ref{}, fs.ErrNotExist
		}
		return ref{}, err
	}
	text := strings.TrimSpace(string(data))
	if target, ok := strings.CutPrefix(text, "ref:"); ok {
		return ref{target: strings.TrimSpace(target)}, nil
	}
	if !plumbing.IsHash(text) {
		return ref{}, fmt.Errorf("read %s: the ref is broken (%d bytes that are no object id)", name, len(data))
	}
	return ref{hash: plumbing.NewHash(text)}, nil
}

func (c *clone) packedRef(name string) (Hash, error) {
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
func (c *clone) packedRefs(f func(string, Hash) bool) error {
	file, err := os.Open(filepath.Join(c.common, "packed-refs"))
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

// resolve follows a ref to its id.
func (c *clone) resolve(name string) (Hash, error) {
	for range 5 { // as git
		r, err := c.readRef(name)
		if err != nil || r.target == "" {
			return r.hash, err
		}
		name = r.target
	}
	return Hash{}, fmt.Errorf("read %s: symbolic refs go in a circle", name)
}

// headBranch is the branch that HEAD is on, "" when it is detached.
func (c *clone) headBranch() (string, error) {
	r, err := c.looseRef("HEAD")
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(r.target, headsPrefix), nil
}

// checkedOut says in which work tree a branch is checked out, "" when in none.
func (c *clone) checkedOut(branch string, mainBare bool) string {
	if b, err := c.headBranch(); err == nil && b == branch && c.work != "" {
		return c.work
	}
	if b, err := (&clone{dir: c.common, common: c.common}).headBranch(); err == nil && b == branch && !mainBare {
		return filepath.Dir(c.common)
	}
	dirs, _ := filepath.Glob(filepath.Join(c.common, "worktrees", "*")) // the pattern is well-formed
	for _, d := range dirs {
		b, err := (&clone{dir: d, common: c.common}).headBranch()
		if err == nil && b == branch {
			if w, err := os.ReadFile(filepath.Join(d, "gitdir")); err == nil {
				return filepath.Dir(strings.TrimSpace(string(w)))
			}
		}
	}
	return ""
}

var refParts = regexp.MustCompile(`(^|/)(\.|$)|\.\.|\.lock(/|$)|@\{|[ ~^:?*\[\\]|//|^/|\.$|^@$|^-`)

// checkBranch applies git's rules for branch names.
func checkBranch(name string) error {
	bad := name == "" || name == "HEAD" || refParts.MatchString(name) || strings.ContainsFunc(name, unicode.IsControl)
	if bad {
		return &NoBranchError{Where: "refs", Branch: Sanitize(name)}
	}
	return nil
}

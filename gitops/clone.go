package gitops

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/modelops/modelops/gitops/internal/git"
)

// clone is where a repository lies on disk.
type clone struct {
	dir    string // this work tree's own Git folder: HEAD, index
	common string // what all work trees share: objects, refs, config
	work   string // root of the work tree, "" in a bare repository
	pinned bool   // found through GIT_DIR, so that programs need to be told as well
	apart  bool   // core.worktree puts the work tree where no program finds the repository from
}

// discover finds the repository that a path lies in, as git does: the folder itself or one above it.
func discover(path string, g git.Program) (*clone, error) {
	if dir, ok := g.Env("GIT_DIR"); ok && dir != "" && (path == "" || path == ".") {
		return fromGitDir(dir, g)
	}
	if path == "" {
		path = "."
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &NotRepoError{Path: path, Reason: err.Error()}
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return nil, &NotRepoError{Path: path, Reason: "no such folder"}
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	for at := abs; ; at = filepath.Dir(at) {
		c, err := cloneAt(at)
		if c != nil || err != nil {
			return c, err
		}
		if at == filepath.Dir(at) {
			return nil, &NotRepoError{Path: path, Reason: "not a Git repository, and no folder above it is one"}
		}
	}
}

// fromGitDir follows GIT_DIR and GIT_WORK_TREE, which git sets for its hooks.
func fromGitDir(dir string, g git.Program) (*clone, error) {
	abs, err := filepath.Abs(dir)
	if err != nil || !isGitDir(abs) {
		return nil, &NotRepoError{Path: dir, Reason: "GIT_DIR does not name a Git repository"}
	}
	c, err := newClone(abs, "")
	if err != nil {
		return nil, err
	}
	c.pinned = true
	work, ok := g.Env("GIT_WORK_TREE")
	switch {
	case ok && work != "":
		c.work, err = filepath.Abs(work)
	case filepath.Base(abs) == ".git" && !localBare(c):
		c.work = filepath.Dir(abs)
	}
	return c, err
}

// cloneAt returns nil without an error when the folder is no repository's root.
func cloneAt(at string) (*clone, error) {
	dot := filepath.Join(at, ".git")
	info, err := os.Stat(dot)
	switch {
	case err == nil && info.IsDir() && isGitDir(dot):
		return withWorkTree(dot, at)
	case err == nil && info.Mode().IsRegular():
		dir, err := readGitFile(dot)
		if err != nil {
			return nil, err
		}
		return newClone(dir, at)
	case isGitDir(at) && filepath.Base(at) == ".git":
		return withWorkTree(at, filepath.Dir(at))
	case isGitDir(at):
		return newClone(at, "")
	}
	return nil, nil
}

func withWorkTree(dir, work string) (*clone, error) {
	c, err := newClone(dir, work)
	if err == nil && localBare(c) {
		c.work = ""
	}
	return c, err
}

// readGitFile follows the .git file of a linked work tree or submodule.
func readGitFile(name string) (string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return "", &NotRepoError{Path: name, Reason: "cannot be read"}
	}
	dir, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "gitdir: ")
	if !ok {
		return "", &NotRepoError{Path: name, Reason: "the .git file names no Git folder"}
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(filepath.Dir(name), dir)
	}
	if !isGitDir(dir) {
		return "", &NotRepoError{Path: name, Reason: fmt.Sprintf("the .git file names %s, which is no Git folder (moved or removed?)", dir)}
	}
	return dir, nil
}

func newClone(dir, work string) (*clone, error) {
	c := &clone{dir: filepath.Clean(dir), common: filepath.Clean(dir), work: work}
	data, err := os.ReadFile(filepath.Join(dir, "commondir"))
	if err == nil {
		c.common = strings.TrimSpace(string(data))
		if !filepath.IsAbs(c.common) {
			c.common = filepath.Join(dir, c.common)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, &NotRepoError{Path: dir, Reason: err.Error()}
	}
	if c.dir == c.common {
		c.configuredWorkTree()
	}
	return c, c.checkFormat()
}

// configuredWorkTree follows core.worktree, which submodules have, and git init --separate-git-dir can.
func (c *clone) configuredWorkTree() {
	w := c.localConfig().Value("core.worktree")
	if w == "" {
		return
	}
	if !filepath.IsAbs(w) {
		w = filepath.Join(c.dir, w)
	}
	if w = filepath.Clean(w); w != c.work {
		c.work, c.apart = w, true
	}
}

// isGitDir applies git's own test.
func isGitDir(dir string) bool {
	if _, err := os.Lstat(filepath.Join(dir, "HEAD")); err != nil {
		return false
	}
	if _, err := os.Stat(filepath.Join(dir, "commondir")); err == nil {
		return true
	}
	return isDir(filepath.Join(dir, "objects")) && isDir(filepath.Join(dir, "refs"))
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// localConfig is what the repository's own file says.
func (c *clone) localConfig() git.Config { return git.LocalConfig(c.common) }

// place is where the clone's configuration lies.
func (c *clone) place() *git.Place {
	return &git.Place{Dir: c.dir, Common: c.common, HeadBranch: c.headBranch}
}

func localBare(c *clone) bool { return c.localConfig().Bool("core.bare") }

// checkFormat refuses what this package would misread. Extensions that change nothing of what it reads are let through.
func (c *clone) checkFormat() error {
	cfg := c.localConfig()
	if v := cfg.Value("core.repositoryformatversion"); v != "" && v != "0" && v != "1" {
		return &NotRepoError{Path: c.common, Reason: "its repository format version " + v + " is not known"}
	}
	if cfg.Value("core.repositoryformatversion") != "1" {
		return nil
	}
	for _, s := range cfg {
		name, ok := strings.CutPrefix(s.Key, "extensions.")
		if !ok {
			continue
		}
		if reason := badExtension(name, s.Value); reason != "" {
			return &NotRepoError{Path: c.common, Reason: reason}
		}
	}
	return nil
}

func badExtension(name, value string) string {
	switch name {
	case "worktreeconfig", "relativeworktrees", "preciousobjects", "partialclone", "noop":
		return ""
	case "objectformat", "compatobjectformat":
		if value == "sha1" {
			return ""
		}
		return "it stores objects as " + value + ", which is not supported: use a SHA-1 repository (git init --object-format=sha1)"
	case "refstorage":
		if value == "files" {
			return ""
		}
		return "it stores refs as " + value + ", which is not supported: convert it with git refs migrate --ref-format=files"
	}
	return "it uses the unknown extension " + Sanitize(name)
}

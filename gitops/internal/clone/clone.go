package clone

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/modelops/modelops/gitops/giterr"
	"github.com/modelops/modelops/gitops/internal/git"
)

// Folder is where a repository lies on disk.
type Folder struct {
	Dir    string // this work tree's own Git folder: HEAD, index
	Common string // what all work trees share: objects, refs, config
	Work   string // root of the work tree, "" in a bare repository
	Pinned bool   // found through GIT_DIR, so that programs need to be told as well
	Apart  bool   // core.worktree puts the work tree where no program finds the repository from
}

// Discover finds the repository that a path lies in, as git does: the folder itself or one above it.
// Error: *giterr.NotRepoError.
func Discover(path string, g git.Program) (*Folder, error) {
	if dir, ok := g.Env("GIT_DIR"); ok && dir != "" && (path == "" || path == ".") {
		return fromGitDir(dir, g)
	}
	if path == "" {
		path = "."
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &giterr.NotRepoError{Path: path, Reason: err.Error()}
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return nil, &giterr.NotRepoError{Path: path, Reason: "no such folder"}
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
			return nil, &giterr.NotRepoError{Path: path, Reason: "not a Git repository, and no folder above it is one"}
		}
	}
}

// fromGitDir follows GIT_DIR and GIT_WORK_TREE, which git sets for its hooks.
func fromGitDir(dir string, g git.Program) (*Folder, error) {
	abs, err := filepath.Abs(dir)
	if err != nil || !isGitDir(abs) {
		return nil, &giterr.NotRepoError{Path: dir, Reason: "GIT_DIR does not name a Git repository"}
	}
	c, err := newClone(abs, "")
	if err != nil {
		return nil, err
	}
	c.Pinned = true
	work, ok := g.Env("GIT_WORK_TREE")
	switch {
	case ok && work != "":
		c.Work, err = filepath.Abs(work)
	case filepath.Base(abs) == ".git" && !c.Bare():
		c.Work = filepath.Dir(abs)
	}
	return c, err
}

// cloneAt returns nil without an error when the folder is no repository's root.
func cloneAt(at string) (*Folder, error) {
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

func withWorkTree(dir, work string) (*Folder, error) {
	c, err := newClone(dir, work)
	if err == nil && c.Bare() {
		c.Work = ""
	}
	return c, err
}

// readGitFile follows the .git file of a linked work tree or submodule.
func readGitFile(name string) (string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return "", &giterr.NotRepoError{Path: name, Reason: "cannot be read"}
	}
	dir, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "gitdir: ")
	if !ok {
		return "", &giterr.NotRepoError{Path: name, Reason: "the .git file names no Git folder"}
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(filepath.Dir(name), dir)
	}
	if !isGitDir(dir) {
		return "", &giterr.NotRepoError{Path: name, Reason: fmt.Sprintf("the .git file names %s, which is no Git folder (moved or removed?)", dir)}
	}
	return dir, nil
}

func newClone(dir, work string) (*Folder, error) {
	c := &Folder{Dir: filepath.Clean(dir), Common: filepath.Clean(dir), Work: work}
	data, err := os.ReadFile(filepath.Join(dir, "commondir"))
	if err == nil {
		c.Common = strings.TrimSpace(string(data))
		if !filepath.IsAbs(c.Common) {
			c.Common = filepath.Join(dir, c.Common)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, &giterr.NotRepoError{Path: dir, Reason: err.Error()}
	}
	if c.Dir == c.Common {
		c.configuredWorkTree()
	}
	return c, c.checkFormat()
}

// configuredWorkTree follows core.worktree, which submodules have, and git init --separate-git-dir can.
func (c *Folder) configuredWorkTree() {
	w := c.Config().Value("core.worktree")
	if w == "" {
		return
	}
	if !filepath.IsAbs(w) {
		w = filepath.Join(c.Dir, w)
	}
	if w = filepath.Clean(w); w != c.Work {
		c.Work, c.Apart = w, true
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

// Config is what the repository's own file says.
func (c *Folder) Config() git.Config { return git.LocalConfig(c.Common) }

// Place is where the clone's configuration lies.
func (c *Folder) Place() *git.Place {
	return &git.Place{Dir: c.Dir, Common: c.Common, HeadBranch: c.HeadBranch}
}

// Bare says that the repository calls itself bare.
func (c *Folder) Bare() bool { return c.Config().Bool("core.bare") }

// checkFormat refuses what this package would misread. Extensions that change nothing of what it reads are let through.
func (c *Folder) checkFormat() error {
	cfg := c.Config()
	if v := cfg.Value("core.repositoryformatversion"); v != "" && v != "0" && v != "1" {
		return &giterr.NotRepoError{Path: c.Common, Reason: "its repository format version " + v + " is not known"}
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
			return &giterr.NotRepoError{Path: c.Common, Reason: reason}
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
	return "it uses the unknown extension " + giterr.Sanitize(name)
}

// Exactly opens a repository at a path without looking above it, trying the names that git tries; nil
// where none is there.
func Exactly(path string) (*Folder, error) {
	for _, p := range [...]string{path + "/.git", path, path + ".git"} {
		if p = filepath.Clean(p); isGitDir(p) {
			return newClone(p, "")
		}
	}
	return nil, nil
}

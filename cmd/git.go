package cmd

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/modelops/modelops/gitops"
)

// userGit runs the user's own git for what init and doctor ask of it.
type userGit struct {
	path, dir string
	environ   []string
}

func (s *session) gitIn(dir string) userGit {
	return userGit{path: s.env.git(), dir: dir, environ: s.env.Environ}
}

func (g userGit) output(ctx context.Context, args ...string) (string, bool) {
	if g.path == "" {
		return "", false
	}
	c := exec.CommandContext(ctx, g.path, args...)
	c.Dir, c.Env = g.dir, append(g.environ[:len(g.environ):len(g.environ)], "LC_ALL=C", "GIT_TERMINAL_PROMPT=0")
	out, err := c.Output()
	return strings.TrimSpace(string(out)), err == nil
}

// originURL is the remote's URL without credentials; "" where there is none.
func (g userGit) originURL(ctx context.Context) string {
	url, ok := g.output(ctx, "remote", "get-url", "origin")
	switch {
	case !ok:
		return ""
	case filepath.IsAbs(url):
		return "file://" + filepath.ToSlash(url)
	case strings.HasPrefix(url, "."):
		return ""
	}
	return gitops.Redact(url)
}

// currentBranch is the branch that HEAD is on, born or not.
func (g userGit) currentBranch(ctx context.Context, otherwise string) string {
	if b, ok := g.output(ctx, "symbolic-ref", "--short", "-q", "HEAD"); ok && b != "" {
		return b
	}
	return otherwise
}

// ensureRepository makes the folder a repository if it lies in none, and says what it could not do.
func (g userGit) ensureRepository(ctx context.Context, branch string) []string {
	if g.inRepository() {
		return nil
	}
	if _, ok := g.output(ctx, "init", "-q", "-b", branch); !ok {
		return []string{"the folder is no Git repository, and git could not make it one: git init -b " + branch}
	}
	return nil
}

func (g userGit) inRepository() bool {
	for at := g.dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return true
		}
		if at == filepath.Dir(at) {
			return false
		}
	}
}

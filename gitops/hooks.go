package gitops

import (
	"cmp"
	"os"
	"path/filepath"
)

// clientHooks are those that git commit and git push would run, and that do not run here: a commit that is made beside
// the work tree has no index to show them, and a push that is remade on a new tip no one commit.
var clientHooks = [...]string{"pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "pre-push"}

// Hooks returns the folder of the clone's hooks, and which of them git would run for a commit and a push while we do
// not. Hooks of the server always run.
func (r *Repo) Hooks() (dir string, names []string) {
	if r.clone == nil {
		return "", nil
	}
	dir = filepath.Join(r.clone.Common, "hooks")
	if v := r.cfg.Value("core.hookspath"); v != "" {
		if dir = r.home(v); !filepath.IsAbs(dir) { // as git: from where hooks run
			dir = filepath.Join(cmp.Or(r.clone.Work, r.clone.Dir), dir)
		}
	}
	for _, n := range clientHooks {
		if info, err := os.Stat(filepath.Join(dir, n)); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			names = append(names, n)
		}
	}
	return dir, names
}

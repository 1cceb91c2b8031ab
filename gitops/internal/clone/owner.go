package clone

import (
	"context"
	"strings"

	"github.com/modelops/modelops/gitops/giterr"
	"github.com/modelops/modelops/gitops/internal/git"
)

// CheckOwner refuses a clone that belongs to somebody else, unless safe.directory trusts it: its configuration names
// programs that would run as the user. Git applies the same rule, but to its configuration silently, and then neither
// the remote nor the identity would be the right one. A repository that GIT_DIR names is trusted, as by git.
// Error: *giterr.NotRepoError.
func (c *Folder) CheckOwner(ctx context.Context, g git.Program) error {
	if c.Pinned || !foreign(c.Dir) && !foreign(c.Common) && (c.Work == "" || !foreign(c.Work)) {
		return nil
	}
	at := c.Dir
	if c.Work != "" {
		at = c.Work
	}
	if g.Path != "" {
		g.Dir = at
		if _, err := g.Run(ctx, "rev-parse", "--git-dir"); err == nil {
			return nil
		}
	} else if declaredSafe(g, at) {
		return nil
	}
	return &giterr.NotRepoError{Path: c.Common, Reason: "it belongs to another user, and git does not trust it: git config --global --add safe.directory '" + at + "'"}
}

// declaredSafe reads safe.directory where there is no git to ask, from the levels above the clone's own.
func declaredSafe(g git.Program, at string) bool {
	cfg, err := git.ReadConfig(g, nil)
	if err != nil {
		return false
	}
	safe := false
	for _, v := range cfg.All("safe.directory") {
		under, all := strings.CutSuffix(v, "/*")
		switch {
		case v == "":
			safe = false
		case v == "*" || v == at || all && strings.HasPrefix(at, under+"/"):
			safe = true
		}
	}
	return safe
}

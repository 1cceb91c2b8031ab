package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/generate"
	"github.com/modelops/modelops/internal/scaffold"
)

func (d *doctor) git() {
	path := d.s.env.git()
	if path == "" {
		d.say("git", "warning", "git is not on PATH: commits and HTTPS pushes with a token work, credentials helpers, ssh, signing and moving your work tree do not", "install git")
		return
	}
	version, ok := d.s.gitIn("").output(d.c.Context, "version")
	if !ok {
		d.say("git", "missing", path+" does not run", "install git anew")
		return
	}
	d.ok("git", "%s", version)
}

func (d *doctor) repository() {
	repo, err := d.s.openRepo(d.c, d.c.String("branch"))
	var unreachable *gitops.TransportError
	switch {
	case errors.As(err, &unreachable):
		d.missing("repository", err, "check the network and the remote's URL: git remote -v")
	case err != nil:
		d.missing("repository", err, "")
	default:
		d.repo = repo
		where := "a bare repository"
		if repo.WorkTree() != "" {
			where = "the work tree " + repo.WorkTree()
		}
		d.ok("repository", "%s, branch %s", where, repo.Branch())
	}
}

func (d *doctor) identity() {
	if d.repo == nil {
		d.say("identity", "skipped", "there is no repository to read it from", "")
		return
	}
	id, err := d.repo.Identity(d.c.Context)
	var none *gitops.IdentityError
	switch {
	case errors.As(err, &none):
		d.missing("identity", err, strings.Join(none.Hints(), "; "))
	case err != nil:
		d.missing("identity", err, "")
	default:
		d.ok("identity", "%s <%s>", id.Author.Name, id.Author.Email)
	}
}

func (d *doctor) remote() {
	switch {
	case d.repo == nil:
		d.say("remote", "skipped", "there is no repository", "")
		return
	case d.repo.Remote() == "":
		d.say("remote", "warning", "no remote is configured, so the local branch is the truth", "git remote add origin URL")
	}
	ctx, cancel := d.limited()
	defer cancel()
	tip, err := d.repo.Tip(ctx)
	var empty *gitops.EmptyRepoError
	switch {
	case errors.As(err, &empty):
		d.say("remote", "missing", "nothing is committed yet", "git add --all && git commit -m \"start the deployment repository\" && git push -u origin "+d.repo.Branch())
	case err != nil:
		d.missing("remote", err, "")
	case d.repo.Remote() != "":
		d.ok("remote", "%s, %s at %s", d.repo.Remote(), d.repo.Branch(), tip.Commit().String()[:10])
		d.push(ctx)
	}
}

func (d *doctor) push(ctx context.Context) {
	g := d.s.gitIn(d.repo.GitDir())
	if g.path == "" {
		d.say("push", "skipped", "without git the right to push shows only at the first push", "")
		return
	}
	// A dry run of git asks the server for the right to write, and sends nothing.
	if _, ok := g.output(ctx, "push", "--dry-run", "--porcelain", d.repo.Remote(), "HEAD:refs/heads/"+d.repo.Branch()); ok {
		d.ok("push", "the server takes pushes from you")
		return
	}
	d.say("push", "warning", "a trial push was not accepted; the right to push may be missing, or your branch is behind", "git push --dry-run origin HEAD:"+d.repo.Branch())
}

func (d *doctor) specs() {
	tree, done, err := d.s.treeAt(d.c, "")
	if err != nil {
		d.missing("platform", err, "modelops init")
		return
	}
	defer done()
	src, err := generate.New(tree)
	if err != nil {
		d.missing("platform", err, "modelops init, or correct modelops.yaml")
		return
	}
	d.src = src
	if src.Platform().Spec.Git.URL == scaffold.PlaceholderURL {
		d.say("platform", "missing", "spec.git.url in modelops.yaml is still the placeholder", "put in the URL that Argo CD clones from, then: modelops render")
	} else {
		d.ok("platform", "%s, environments %s", src.Platform().Metadata.Name, envNames(src.Platform()))
	}
	if d.teams, err = tree.Teams(); err == nil && len(d.teams) == 0 {
		d.say("teams", "missing", "there is no team yet", "modelops team add TEAM")
		return
	}
	d.generated(src)
}

func (d *doctor) generated(src *generate.Source) {
	folders, err := src.All()
	if err != nil {
		d.missing("specs", err, "")
		return
	}
	drift := generate.DriftOf(folders)
	if len(drift) == 0 {
		d.ok("specs", "every spec is valid, and %d generated folders are what they should be", len(folders))
		return
	}
	d.say("specs", "missing", fmt.Sprintf("%d generated files are not what they should be, the first: %s: %s", len(drift), drift[0].Path, drift[0].Why), "modelops render --check, then modelops render")
}

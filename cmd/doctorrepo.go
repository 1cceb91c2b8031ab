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
		d.ok("repository", "%s, branch %s", whereabouts(repo), repo.Branch())
	}
}

func whereabouts(r *gitops.Repo) string {
	switch {
	case r.WorkTree() != "":
		return "the work tree " + r.WorkTree()
	case r.GitDir() != "":
		return "a bare repository"
	}
	return "the remote itself, without a clone"
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

// hooks names what would check or write messages for git commit, and does not here.
func (d *doctor) hooks() {
	if d.repo == nil {
		return
	}
	if dir, names := d.repo.Hooks(); len(names) > 0 {
		d.say("hooks", "warning", joined(names)+" in "+dir+" do not run for commits of modelops, which are made beside the work tree",
			"have the server or CI check what they check; spec.git.commit, --signoff and --trailer write what they add to messages")
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

// push asks the server for the right to write, and sends nothing.
func (d *doctor) push(ctx context.Context) {
	if err := d.repo.MayPush(ctx); err != nil {
		d.missing("push", err, "a credential that may write to the repository")
		return
	}
	d.ok("push", "the server takes pushes from you; what its hooks and branch rules decide shows only at a push")
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
	if d.repo != nil && d.repo.Direct() {
		d.say("specs", "skipped", "checking every generated file needs a clone", "modelops render --check in a clone")
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

package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/registry"
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/spec"
)

// store is an open repository at its tip.
type store struct {
	repo     *gitops.Repo
	tip      *gitops.Snapshot
	platform *spec.Platform
	// done is called when the store is closed, for what is said of it then.
	done func(gitops.Traffic)
}

func (st *store) tree() workspace.Tree { return treeOf(st.tip) }

func treeOf(s *gitops.Snapshot) workspace.Tree {
	return workspace.Tree{FS: s, Name: "commit " + s.Commit().String()[:10]}
}

// close releases what the repository has open; nothing is left to be written then.
func (st *store) close() {
	st.done(st.repo.Traffic())
	_ = st.repo.Close()
}

// traffic says with -v what was exchanged with the remote.
func (s *session) traffic(url string) func(gitops.Traffic) {
	return func(t gitops.Traffic) {
		if !s.out.Verbose() || t.Requests == 0 {
			return
		}
		refs := ""
		if t.Refs > 0 {
			refs = fmt.Sprintf(" (%d of it its list of refs)", t.Refs)
		}
		fmt.Fprintf(s.env.Stderr, "%s: %d requests, %d bytes sent, %d received%s\n", url, t.Requests, t.Sent, t.Received, refs) //nolint:errcheck // progress only
	}
}

// open opens the repository at the branch that --branch names, else the one that the platform spec does, else the
// remote's HEAD. What is going to be read of the tip is named by patterns of gitops.Snapshot.Load. The caller closes it.
func (s *session) open(c *cli.Context, reads ...string) (*store, error) {
	st, err := s.openBranch(c, c.String("branch"), reads)
	if err != nil || c.String("branch") != "" {
		return st, err
	}
	named := st.platform.Spec.Git.Branch
	if named == "" || named == st.repo.Branch() {
		return st, nil
	}
	st.close()
	return s.openBranch(c, named, reads)
}

func (s *session) openBranch(c *cli.Context, branch string, reads []string) (*store, error) {
	repo, err := s.openRepo(c, branch)
	if err != nil {
		return nil, err
	}
	st := &store{repo: repo, done: s.traffic(repo.Remote())}
	if st.tip, err = repo.Tip(c.Context); err == nil {
		err = st.tip.Load(c.Context, append(reads, release.PlatformFile)...)
	}
	if err == nil {
		st.platform, err = release.NewReader(c.Context, st.tip).Platform()
	}
	if err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

func (s *session) openRepo(c *cli.Context, branch string) (*gitops.Repo, error) {
	path := s.repoPath(c)
	if !gitops.IsURL(path) {
		abs, err := s.env.path(path)
		if err != nil {
			return nil, err
		}
		path = abs
	}
	wd, err := s.env.Getwd()
	if err != nil {
		return nil, err
	}
	return gitops.Open(c.Context, gitops.Options{
		Path: path, Branch: branch, Progress: s.gitProgress(), Now: s.env.Now,
		Env: gitops.Env{Environ: s.env.Environ, Git: s.env.git(), Dir: wd, Interactive: s.interactive()},
	})
}

// interactive says whether a person can be asked and sees what is shown.
func (s *session) interactive() bool {
	return s.env.IsTerminal(s.env.Stdin) && s.env.IsTerminal(s.env.Stderr)
}

// gitProgress is where servers' messages go; they are only of interest with -v.
func (s *session) gitProgress() io.Writer {
	if !s.out.Verbose() || s.out.JSON() {
		return nil
	}
	return s.env.Stderr
}

// desk is what plans are made with, by the identity that the commit will carry.
func (s *session) desk(c *cli.Context, repo *gitops.Repo) (*release.Desk, gitops.Identity, error) {
	trailers, err := parseTrailers(c.StringSlice("trailer"))
	if err != nil {
		return nil, gitops.Identity{}, err
	}
	id, err := repo.Identity(c.Context)
	if err != nil {
		return nil, id, err
	}
	d := s.reader(repo)
	d.Now = id.Author.When.UTC().Truncate(time.Second)
	d.By = id.Author.String()
	d.Style = release.Style{Signoff: c.Bool("signoff"), Committer: id.Committer.String(), Trailers: trailers}
	return d, id, nil
}

// reader is a desk for commands that only read: nobody's name is needed.
func (s *session) reader(repo *gitops.Repo) *release.Desk {
	return &release.Desk{Repo: repo, Now: s.env.Now().UTC().Truncate(time.Second), Resolve: release.Memo(s.resolve), Rand: s.env.Rand}
}

// resolve asks the image's registry for the digest.
func (s *session) resolve(ctx context.Context, ref string) (spec.Image, error) {
	p := s.out.Progress()
	defer p.Done()
	if !strings.Contains(ref, "@") && s.env.IsTerminal(s.env.Stderr) {
		p.Update("asking the registry for the digest of %s", ref)
	}
	image, err := registry.Resolve(ctx, ref, registry.Options{})
	return spec.Image{Name: image.Name, Digest: image.Digest, Tag: image.Tag}, err
}

// models selects models on the tip. One that stands only in the user's work tree is told apart from one that is nowhere.
func (s *session) models(c *cli.Context, st *store, selectors []string) ([]string, error) {
	found, err := st.tree().Select(selectors)
	var none *workspace.SelectorError
	if !errors.As(err, &none) || st.repo.WorkTree() == "" {
		return found, err
	}
	here, herr := s.localModels(c, []string{none.Selector})
	if herr != nil || len(here) == 0 {
		return nil, err
	}
	return nil, &refusedError{
		Message: fmt.Sprintf("%s: only in your work tree, not on %s yet", strings.Join(here, ", "), st.repo.Branch()),
		Next:    []string{"git add --all && git commit -m \"add " + here[0] + "\"" + pushHint(st.repo), "or --with-spec, which commits model.yaml and patches/ along"},
	}
}

func pushHint(r *gitops.Repo) string {
	if r.Remote() == "" {
		return ""
	}
	return " && git push"
}

// change starts the view of what a command does to the repository.
func (st *store) change(p *release.Plan, dryRun bool) view.Change {
	ch := view.FromPlan(p)
	ch.DryRun, ch.Branch, ch.Remote = dryRun, st.repo.Branch(), st.repo.Remote()
	return ch
}

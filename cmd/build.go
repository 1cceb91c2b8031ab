package cmd

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/release"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/build"
)

func (s *session) buildCommand() *cli.Command {
	return s.command(entry{
		name: "build", args: "TEAM/MODEL", least: 1, most: 1, usage: "print the built manifests of an overlay",
		about: `Prints what kustomize build prints, from the work tree, or from a commit with --ref. TEAM alone prints what is built
for the tenant.`,
		examples: []string{"modelops build vision/resnet --env prod", "modelops build vision/resnet --env prod --ref HEAD~1 -o json", "modelops build vision --env prod"},
		flags:    []cli.Flag{envFlag(), &cli.StringFlag{Name: "ref", Usage: "`COMMIT` to build from, instead of the work tree"}},
		run:      s.build,
	})
}

func (s *session) build(c *cli.Context) error {
	s.target = c.Args().First()
	tree, done, err := s.treeAt(c, c.String("ref"), append(release.PlanReads([]string{s.target}), "tenants/"+s.target+"/**")...)
	if err != nil {
		return err
	}
	defer done()
	dir, err := buildDir(tree, s.target, c.String("env"))
	if err != nil {
		return err
	}
	files, err := tree.Folder(dir)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return &usageError{Message: "build " + dir + ": " + tree.Name + " has no such folder",
			Next: []string{"modelops promote " + s.target + " --env " + c.String("env") + " --version VERSION", "modelops status " + s.target}}
	}
	objects, err := build.Build(files)
	if err != nil {
		return err
	}
	if !s.out.JSON() {
		return s.out.Raw(objects.YAML())
	}
	v := view.Built{Path: dir, Objects: []map[string]any{}}
	for _, o := range objects {
		v.Objects = append(v.Objects, o.Content)
	}
	return s.out.Print(v)
}

// buildDir is the overlay's folder, or a tenant's.
func buildDir(tree workspace.Tree, who, env string) (string, error) {
	p, err := tree.Platform()
	if err != nil {
		return "", err
	}
	if env, err = (&store{platform: p}).oneEnvironment(env); err != nil {
		return "", err
	}
	if workspace.ParseTeam(who) == nil {
		if _, err := tree.Team(who); err != nil {
			return "", err
		}
		return workspace.TenantDir(who) + "/" + env, nil
	}
	t, err := workspace.ParseModel(who)
	if err != nil {
		return "", err
	}
	t.Env = env
	if _, err := tree.Select([]string{who}); err != nil {
		return "", err
	}
	return t.Dir(), nil
}

// treeAt is the work tree, or a commit where one is named; done releases it. What is going to be read is named by
// patterns of gitops.Snapshot.Load.
func (s *session) treeAt(c *cli.Context, ref string, reads ...string) (workspace.Tree, func(), error) {
	if ref != "" {
		return s.treeOfCommit(c, ref, reads)
	}
	if gitops.IsURL(s.repoPath(c)) {
		return s.treeOfTip(c, reads)
	}
	d, err := s.disk(c)
	var none *workspace.NoPlatformError
	if errors.As(err, &none) {
		return s.treeOfBare(c, err)
	}
	if err != nil {
		return workspace.Tree{}, nil, err
	}
	return d.Tree(), func() { _ = d.Close() }, nil
}

func (s *session) treeOfCommit(c *cli.Context, ref string, reads []string) (workspace.Tree, func(), error) {
	repo, err := s.openRepo(c, c.String("branch"))
	if err != nil {
		return workspace.Tree{}, nil, err
	}
	snap, err := repo.Local(c.Context, ref)
	if err == nil {
		err = snap.Load(c.Context, append(reads, release.PlatformFile)...)
	}
	if err != nil {
		_ = repo.Close()
		return workspace.Tree{}, nil, err
	}
	return treeOf(snap), func() { _ = repo.Close() }, nil
}

func (s *session) treeOfTip(c *cli.Context, reads []string) (workspace.Tree, func(), error) {
	st, err := s.open(c, reads...)
	if err != nil {
		return workspace.Tree{}, nil, err
	}
	return st.tree(), st.close, nil
}

// treeOfBare is the branch's tip, where there is no work tree to read; elsewhere the error stands.
func (s *session) treeOfBare(c *cli.Context, err error) (workspace.Tree, func(), error) {
	st, oerr := s.open(c)
	if oerr != nil {
		return workspace.Tree{}, nil, err
	}
	if st.repo.WorkTree() != "" {
		st.close()
		return workspace.Tree{}, nil, err
	}
	return st.tree(), st.close, nil
}

package cmd

import (
	"errors"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/generate"
	"github.com/modelops/modelops/internal/scaffold"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/build"
)

func (s *session) teamCommand() *cli.Command {
	return s.command(entry{
		name: "team", usage: "add or remove a tenant",
		about: "A team is a tenant: one namespace per environment, with quota, limits, network policies and access.",
		subs:  []*cli.Command{s.teamAddCommand(), s.teamRemoveCommand()},
	})
}

func (s *session) teamAddCommand() *cli.Command {
	return s.command(entry{
		name: "add", args: "TEAM", least: 1, most: 1, usage: "write a new tenant's spec and what is rendered from it",
		about:    "Writes into the work tree and commits nothing.",
		examples: []string{"modelops team add vision --owners vision-engineers"},
		exits:    []int{exitRefused},
		flags: []cli.Flag{
			&cli.StringFlag{Name: "owners", Usage: "`LIST` of the identity provider's groups that own the team's Applications"},
			dryRunFlag("show what would be written, and write nothing"),
		},
		run: s.teamAdd,
	})
}

func (s *session) teamAdd(c *cli.Context) error {
	team := c.Args().First()
	s.target = team
	if err := workspace.ParseTeam(team); err != nil {
		return err
	}
	d, err := s.disk(c)
	if err != nil {
		return err
	}
	defer d.Close()
	platform, err := d.Tree().Platform()
	if err != nil {
		return err
	}
	if err := d.Tree().Free(workspace.TeamFile(team)); err != nil {
		return err
	}
	data, err := scaffold.Team{Name: team, Owners: list(c.String("owners")), Environments: workspace.Environments(platform)}.File()
	if err != nil {
		return err
	}
	files := map[string][]byte{workspace.TeamFile(team): data}
	made, err := rendered(layered(d.Tree(), files), team)
	if err != nil {
		return err
	}
	w, err := write(d, join(files, made), c.Bool("dry-run"))
	if err != nil {
		return err
	}
	w.Next = []string{
		"edit " + workspace.TeamFile(team) + ", then modelops render " + team,
		"modelops model add " + team + "/MODEL --runtime RUNTIME --image REPOSITORY",
	}
	return s.out.Print(w)
}

func (s *session) teamRemoveCommand() *cli.Command {
	return s.command(entry{
		name: "remove", args: "TEAM", least: 1, most: 1, usage: "take a tenant away that has no models left",
		about: `Deletes the tenant's files in the work tree, commits nothing, and lists what Argo CD deletes once that is on the
branch. Namespaces stay: Argo CD never prunes them.`,
		examples: []string{"modelops team remove vision --dry-run", "modelops team remove vision"},
		exits:    []int{exitRefused},
		flags:    []cli.Flag{dryRunFlag("show what would be deleted, and delete nothing")},
		run:      s.teamRemove,
	})
}

func (s *session) teamRemove(c *cli.Context) error {
	team := c.Args().First()
	s.target = team
	d, err := s.disk(c)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := mayRemoveTeam(d.Tree(), team); err != nil {
		return err
	}
	src, err := generate.New(d.Tree())
	if err != nil {
		return err
	}
	argo, err := src.ArgoCDWithout(team)
	if err != nil {
		return err
	}
	tenant, err := d.Tree().Folder(workspace.TenantDir(team))
	if err != nil {
		return err
	}
	gone := generate.Folder{Dir: workspace.TenantDir(team), Have: tenant}
	files, err := generate.Changes([]generate.Folder{gone, argo})
	if err != nil {
		return err
	}
	w, err := write(d, files, c.Bool("dry-run"))
	if err != nil {
		return err
	}
	if w.Deletes, err = deleted(gone, argo); err != nil {
		return err
	}
	w.Next = []string{"git add --all && git commit -m \"remove the team " + team + "\"", "kubectl delete namespace " + team + "-ENVIRONMENT, by an administrator, when its data may go"}
	return s.out.Print(w)
}

func mayRemoveTeam(t workspace.Tree, team string) error {
	if err := workspace.ParseTeam(team); err != nil {
		return err
	}
	var none *workspace.SelectorError
	if _, err := t.Team(team); errors.As(err, &none) {
		return err
	}
	models, err := t.ModelsOf(team)
	if err != nil || len(models) == 0 {
		return err
	}
	e := &refusedError{Message: "remove team " + team + ": it still has models: " + strings.Join(models, ", ")}
	for _, m := range models {
		e.Next = append(e.Next, "modelops model remove "+team+"/"+m)
	}
	return e
}

// deleted are the objects that are no longer rendered: those of the tenant's namespaces, and the team's part of argocd/.
func deleted(tenant, argo generate.Folder) ([]view.Object, error) {
	before, err := tenant.Objects()
	if err != nil {
		return nil, err
	}
	was, err := generate.Folder{Have: argo.Have}.Objects()
	if err != nil {
		return nil, err
	}
	is, err := generate.Folder{Have: argo.Want}.Objects()
	if err != nil {
		return nil, err
	}
	var out []view.Object
	for _, d := range append(build.Diff(before, nil), build.Diff(was, is)...) {
		if d.Op == build.Removed && d.Kind != "Namespace" {
			out = append(out, view.Object{Kind: d.Kind, Namespace: d.Namespace, Name: d.Name})
		}
	}
	return out, nil
}

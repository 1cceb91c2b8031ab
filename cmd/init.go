package cmd

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/scaffold"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/internal/workspace"
)

func (s *session) initCommand() *cli.Command {
	return s.command(entry{
		name: "init", args: "[DIR]", most: 1, usage: "start a deployment repository",
		about: `Writes modelops.yaml, CODEOWNERS, .gitattributes, a README and Argo CD's objects into DIR (default: the current
folder), and makes it a Git repository if it is none. It commits nothing and keeps every file that is there already.`,
		examples: []string{
			"modelops init deploy --git-url https://git.example.com/ml/deploy.git",
			"modelops init . --environments dev,staging,prod --argocd-version 3",
		},
		exits: []int{exitRefused},
		flags: []cli.Flag{
			&cli.StringFlag{Name: "git-url", Usage: "`URL` of the repository as Argo CD reaches it (default: that of the remote origin)"},
			&cli.StringFlag{Name: "environments", Value: "staging,prod", Usage: "`LIST` of environments in promotion order"},
			&cli.IntFlag{Name: "argocd-version", Value: 3, Usage: "major `VERSION` of Argo CD, 2 or 3"},
			&cli.StringFlag{Name: "owners", Usage: "`LIST` of the platform's owners for CODEOWNERS, such as @organisation/platform"},
			&cli.StringFlag{Name: "name", Usage: "`NAME` of the platform (default: that of the folder)"},
			dryRunFlag("show what would be written, and write nothing"),
		},
		run: s.init,
	})
}

func (s *session) init(c *cli.Context) error {
	dir, err := s.initDir(c)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(dir, workspace.PlatformFile)); err == nil {
		return &refusedError{Message: "init " + dir + ": " + workspace.PlatformFile + " is there already", Next: []string{"modelops team add TEAM", "modelops doctor"}}
	}
	g := s.gitIn(dir)
	p := scaffold.Platform{
		Name: c.String("name"), GitURL: c.String("git-url"), Branch: c.String("branch"),
		Environments: list(c.String("environments")), ArgoCD: c.Int("argocd-version"), Owners: list(c.String("owners")),
	}
	if p.Name == "" {
		p.Name = nameOf(filepath.Base(dir))
	}
	if p.GitURL == "" {
		p.GitURL = g.originURL(c.Context)
	}
	if p.Branch == "" {
		p.Branch = g.currentBranch(c.Context, "main")
	}
	w, err := s.start(c, dir, p)
	if err != nil {
		return err
	}
	if !w.DryRun {
		w.Warnings = append(w.Warnings, g.ensureRepository(c.Context, p.Branch)...)
	}
	return s.out.Print(w)
}

func (s *session) initDir(c *cli.Context) (string, error) {
	if c.Args().Present() {
		return s.env.path(c.Args().First())
	}
	return s.folder(c)
}

// start writes the new repository's files, but for those that are there already.
func (s *session) start(c *cli.Context, dir string, p scaffold.Platform) (view.Written, error) {
	files, err := p.Files()
	if err != nil {
		return view.Written{}, err
	}
	dry := c.Bool("dry-run")
	target := dir
	if dry {
		if _, err := os.Stat(dir); err != nil {
			target = os.TempDir()
		}
	} else if err := os.MkdirAll(dir, 0o777); err != nil {
		return view.Written{}, err
	}
	d, err := workspace.OpenDisk(target)
	if err != nil {
		return view.Written{}, err
	}
	defer d.Close()
	var kept []view.File
	for path := range files {
		if _, err := os.Lstat(filepath.Join(dir, path)); err == nil {
			kept = append(kept, view.File{Path: path, Op: "keep"})
			delete(files, path)
		}
	}
	made, err := rendered(layered(d.Tree(), files))
	if err != nil {
		return view.Written{}, err
	}
	w, err := write(d, join(files, made), dry)
	w.Root, w.Files = dir, append(w.Files, kept...)
	if p.GitURL == "" {
		w.Warnings = append(w.Warnings, "spec.git.url in modelops.yaml is a placeholder: put in the URL that Argo CD clones from, then run modelops render")
	}
	w.Next = nextAfterInit(p)
	return w, err
}

func nextAfterInit(p scaffold.Platform) []string {
	return []string{
		"modelops team add TEAM",
		"modelops model add TEAM/MODEL --runtime RUNTIME --image REPOSITORY",
		"git add --all && git commit -m \"start the deployment repository\"",
		"modelops promote TEAM/MODEL --env " + p.Environments[0] + " --version VERSION",
		"modelops doctor",
	}
}

func list(s string) []string {
	var out []string
	for _, part := range strings.Split(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// nameOf makes a DNS label of a folder's name.
func nameOf(folder string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, folder)
	name = strings.Trim(name, "-")
	if name == "" {
		return "models"
	}
	return name[:min(len(name), 63)]
}

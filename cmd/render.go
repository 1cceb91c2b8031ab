package cmd

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/generate"
	"github.com/modelops/modelops/internal/view"
)

func (s *session) renderCommand() *cli.Command {
	return s.command(entry{
		name: "render", args: "[SELECTOR...]", most: -1, usage: "write generated folders anew, or check them",
		about: `Writes what the specs render to into the work tree: tenants, Argo CD's objects, and overlays, each from the
release in its own folder. A selector is TEAM, TEAM/MODEL or a glob of them; without one, everything is rendered.
--check writes nothing and reports every file that is not what it should be; it belongs into CI and pre-commit.`,
		examples: []string{"modelops render", "modelops render vision", "modelops render --check -o json"},
		exits:    []int{exitFindings},
		flags: []cli.Flag{
			&cli.BoolFlag{Name: "check", Usage: "write nothing, report edits and drift"},
			dryRunFlag("show what would be written, and write nothing"),
		},
		run: s.render,
	})
}

func (s *session) render(c *cli.Context) error {
	d, err := s.disk(c)
	if err != nil {
		return err
	}
	defer d.Close()
	src, err := generate.New(d.Tree())
	if err != nil {
		return err
	}
	folders, err := src.Selected(trimmed(c))
	if err != nil {
		return err
	}
	if c.Bool("check") {
		return s.checked(folders)
	}
	files, err := generate.Changes(folders)
	if err != nil {
		return leaving(err, "nothing was written", "modelops render --check")
	}
	w, err := write(d, files, c.Bool("dry-run"))
	if err != nil {
		return err
	}
	return s.out.Print(w)
}

func (s *session) checked(folders []generate.Folder) error {
	result := view.Checked{Folders: len(folders), Drift: []view.Drift{}}
	for _, d := range generate.DriftOf(folders) {
		result.Drift = append(result.Drift, view.Drift{Path: d.Path, Kind: string(d.Kind), Why: d.Why})
	}
	result.Clean = len(result.Drift) == 0
	if err := s.out.Print(result); err != nil || result.Clean {
		return err
	}
	return &findingsError{
		Message: fmt.Sprintf("render --check: %d of the generated files are not what they should be", len(result.Drift)),
		Next:    []string{"modelops render writes them anew", "git diff shows what was changed"},
	}
}

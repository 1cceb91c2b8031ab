package cmd

import (
	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/internal/generate"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/internal/workspace"
)

func (s *session) diffCommand() *cli.Command {
	return s.command(entry{
		name: "diff", args: "[REF [REF]]", most: 2, usage: "show what differs in the built manifests, by object",
		about: `Without REF the branch's tip is compared with the work tree, with one REF that commit with the work tree, with two
the first with the second. Each folder that Argo CD builds is built on both sides.`,
		examples: []string{"modelops diff", "modelops diff HEAD~1 HEAD", "modelops diff origin/main -o json"},
		exits:    []int{exitFindings, exitTransport},
		flags:    []cli.Flag{&cli.BoolFlag{Name: "exit-code", Usage: "exit 3 if anything differs"}},
		run:      s.diff,
	})
}

func (s *session) diff(c *cli.Context) error {
	before, closeBefore, err := s.diffBefore(c)
	if err != nil {
		return err
	}
	defer closeBefore()
	after, closeAfter, err := s.treeAt(c, c.Args().Get(1))
	if err != nil {
		return err
	}
	defer closeAfter()
	folders, err := generate.Compare(before, after)
	if err != nil {
		return err
	}
	v := view.Differences{Before: before.Name, After: after.Name, Folders: []view.FolderDiff{}}
	if c.Args().Len() < 2 {
		v.After = "the work tree"
	}
	for _, f := range folders {
		v.Folders = append(v.Folders, view.FolderDiff{Path: f.Dir, Target: f.TargetName(), Problem: f.Problem, Objects: view.FromDiff(f.Objects)})
	}
	if err := s.out.Print(v); err != nil {
		return err
	}
	if c.Bool("exit-code") && len(folders) > 0 {
		return shown(&findingsError{Message: "the manifests differ"})
	}
	return nil
}

// diffBefore is the first REF, else the branch's tip.
func (s *session) diffBefore(c *cli.Context) (workspace.Tree, func(), error) {
	if c.Args().Present() {
		return s.treeAt(c, c.Args().First())
	}
	st, err := s.open(c)
	if err != nil {
		return workspace.Tree{}, nil, err
	}
	return st.tree(), st.close, nil
}

package cmd

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/generate"
	"github.com/modelops/modelops/internal/view"
	"github.com/modelops/modelops/internal/workspace"
)

func (s *session) diffCommand() *cli.Command {
	return s.command(entry{
		name: "diff", args: "[REF [REF]]", most: 2, usage: "show what differs in the built manifests, by object",
		about: `Without REF the branch's tip is compared with the work tree, with one REF that commit with the work tree, with two
the first with the second. Where --repo is a URL, the branch's tip takes the work tree's place. Each folder that Argo CD
builds is built on both sides.`,
		examples: []string{"modelops diff", "modelops diff HEAD~1 HEAD", "modelops diff origin/main -o json"},
		exits:    []int{exitFindings, exitTransport},
		flags:    []cli.Flag{&cli.BoolFlag{Name: "exit-code", Usage: "exit 3 if anything differs"}},
		run:      s.diff,
	})
}

func (s *session) diff(c *cli.Context) error {
	both, err := s.diffSides(c)
	if err != nil {
		return err
	}
	defer both.done()
	folders, err := both.compare(c.Context)
	if err != nil {
		return err
	}
	v := view.Differences{Before: both.before.Name, After: both.after.Name, Folders: []view.FolderDiff{}}
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

// sides are the two trees of a diff.
type sides struct {
	before, after workspace.Tree
	done          func()
}

// compare looks only at the folders that differ where both sides are commits.
func (b sides) compare(ctx context.Context) ([]generate.Difference, error) {
	old, wasCommit := b.before.FS.(*gitops.Snapshot)
	now, isCommit := b.after.FS.(*gitops.Snapshot)
	if !wasCommit || !isCommit {
		return generate.Compare(b.before, b.after)
	}
	changes, err := now.Diff(ctx, old, ".")
	if err != nil {
		return nil, err
	}
	var paths, reads []string
	for _, c := range changes {
		paths = append(paths, c.Path)
	}
	folders := generate.FoldersOf(paths)
	for dir := range folders {
		reads = append(reads, dir+"/**")
	}
	if err := errors.Join(old.Load(ctx, reads...), now.Load(ctx, reads...)); err != nil {
		return nil, err
	}
	return generate.CompareFolders(b.before, b.after, folders)
}

// diffSides are the branch's tip and the work tree, unless commits are named; on a remote the tip stands for the work
// tree, which there is none of.
func (s *session) diffSides(c *cli.Context) (sides, error) {
	refs := trimmed(c)
	remote := gitops.IsURL(s.repoPath(c))
	if remote && len(refs) == 0 {
		return sides{}, &usageError{Message: "diff: without a clone there is no work tree to compare with: a REF is missing", Next: []string{"modelops diff REF compares it with the branch's tip"}}
	}
	if len(refs) == 0 {
		refs = append(refs, "")
	}
	st, err := s.open(c)
	if err != nil {
		return sides{}, err
	}
	out := sides{before: st.tree(), done: st.close}
	if refs[0] != "" {
		out.before, err = st.commitTree(c.Context, refs[0])
	}
	switch {
	case err != nil:
	case len(refs) == 2:
		out.after, err = st.commitTree(c.Context, refs[1])
	case remote:
		out.after = st.tree()
	default:
		var closeAfter func()
		if out.after, closeAfter, err = s.treeAt(c, ""); err == nil {
			out.after.Name = "the work tree"
			out.done = func() { closeAfter(); st.close() }
		}
	}
	if err != nil {
		st.close()
	}
	return out, err
}

func (st *store) commitTree(ctx context.Context, ref string) (workspace.Tree, error) {
	snap, err := st.repo.Local(ctx, ref)
	if err != nil {
		return workspace.Tree{}, err
	}
	return treeOf(snap), nil
}

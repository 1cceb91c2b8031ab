package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/validate/source"
	"github.com/modelops/modelops/internal/workspace"
)

// validateInput is what the arguments name.
func (s *session) validateInput(c *cli.Context) (source.Input, func(), error) {
	root, err := s.validateRoot(c)
	if err != nil {
		return source.Input{}, nil, err
	}
	in, done, err := s.validateTree(c, root)
	if err != nil {
		return in, nil, err
	}
	tree := workspace.Tree{FS: in.Tree, Name: root}
	for _, arg := range trimmed(c) {
		if err := s.addArgument(&in, tree, root, arg); err != nil {
			done()
			return in, nil, err
		}
	}
	return in, done, nil
}

// validateTree is the work tree, or what is committed of it.
func (s *session) validateTree(c *cli.Context, root string) (source.Input, func(), error) {
	staged, since := c.Bool("staged"), c.String("changed-since")
	if staged && since != "" {
		return source.Input{}, nil, &usageError{Message: "validate: --staged and --changed-since are two things", Next: []string{"--staged compares the index with HEAD, --changed-since REF compares HEAD with REF"}}
	}
	if !staged && since == "" {
		d, err := workspace.OpenDisk(root)
		if err != nil {
			return source.Input{}, nil, err
		}
		return source.Input{Tree: d.Tree().FS}, func() { _ = d.Close() }, nil
	}
	repo, err := gitops.Open(c.Context, gitops.Options{Path: root, Local: true, Env: gitops.Env{Environ: s.env.Environ, Git: s.env.git()}})
	if err != nil {
		return source.Input{}, nil, err
	}
	in, err := s.compared(c.Context, repo, root, since)
	if err != nil {
		_ = repo.Close()
		return in, nil, err
	}
	return in, func() { _ = repo.Close() }, nil
}

// compared are two snapshots and what differs: HEAD and the index, or where REF and HEAD parted, and HEAD.
func (s *session) compared(ctx context.Context, repo *gitops.Repo, root, since string) (source.Input, error) {
	var before, after *gitops.Snapshot
	var err error
	if since == "" {
		before, after, err = repo.Staged(ctx)
	} else {
		before, after, err = s.parted(ctx, repo, since)
	}
	if err != nil {
		return source.Input{}, err
	}
	prefix, err := filepath.Rel(real(repo.WorkTree()), real(root))
	if repo.WorkTree() == "" || err != nil {
		prefix = "."
	}
	return comparedBelow(ctx, before, after, filepath.ToSlash(prefix))
}

// comparedBelow looks at one folder of two snapshots: a deployment repository may lie in a folder of another.
func comparedBelow(ctx context.Context, before, after *gitops.Snapshot, prefix string) (source.Input, error) {
	changes, err := after.Diff(ctx, before, prefix)
	if err != nil {
		return source.Input{}, err
	}
	in := source.Input{Changed: make([]string, 0, len(changes))}
	for _, ch := range changes {
		in.Changed = append(in.Changed, strings.TrimPrefix(ch.Path, prefix+"/"))
	}
	if in.Tree, err = fs.Sub(after, prefix); err == nil && before != nil {
		in.Before, err = fs.Sub(before, prefix)
	}
	return in, err
}

// parted is where HEAD and a revision parted, and HEAD. Where the clone lacks the history that they share, the revision
// itself is what is compared with.
func (s *session) parted(ctx context.Context, repo *gitops.Repo, since string) (before, after *gitops.Snapshot, err error) {
	if after, err = repo.Head(ctx); err != nil {
		return nil, nil, err
	}
	if after == nil {
		return nil, nil, &usageError{Message: "validate --changed-since " + since + ": HEAD has no commit yet"}
	}
	other, err := repo.Local(ctx, since)
	if err != nil {
		return nil, nil, err
	}
	if before, err = repo.MergeBase(ctx, other.Commit(), after.Commit()); before == nil && err == nil {
		before = other
		s.out.Say("the clone does not hold where %s and HEAD parted: compared with %s itself", since, since)
	}
	return before, after, err
}

// validateRoot is the folder that nothing is read outside of: the deployment repository, else the Git repository, else
// the current folder or the one that is named.
func (s *session) validateRoot(c *cli.Context) (string, error) {
	at, err := s.folder(c)
	if err != nil {
		return "", err
	}
	for _, arg := range trimmed(c) {
		if p, ok := s.existing(arg); ok {
			at = p
			break
		}
	}
	if info, err := os.Stat(at); err == nil && !info.IsDir() {
		at = filepath.Dir(at)
	}
	if root, err := workspace.FindRoot(at); err == nil {
		return root, nil
	}
	if root, ok := gitRoot(at); ok {
		return root, nil
	}
	if wd, err := s.env.Getwd(); err == nil && inside(wd, at) {
		return wd, nil
	}
	return at, nil
}

// existing makes an argument that is a path absolute. A link stays one: it is for the tree to say where it may lead.
func (s *session) existing(arg string) (string, bool) {
	if arg == "-" {
		return "", false
	}
	p, err := s.env.path(arg)
	if err != nil {
		return "", false
	}
	_, err = os.Lstat(p)
	return p, err == nil
}

// pathFromHere is how people are shown the files of a tree: from the current folder where they lie below it, and whole
// elsewhere, so that an editor and a shell find them. What is no file there keeps its name.
func (s *session) pathFromHere(root string) func(file string) string {
	here, err := s.env.Getwd()
	return func(file string) string {
		p := filepath.Join(root, filepath.FromSlash(file))
		if _, there := os.Lstat(p); err != nil || there != nil {
			return file
		}
		if rel, err := filepath.Rel(here, p); err == nil && filepath.IsLocal(rel) {
			return rel
		}
		return p
	}
}

// real follows links.
func real(p string) string {
	if r, err := filepath.EvalSymlinks(p); err == nil {
		return r
	}
	return p
}

func gitRoot(dir string) (string, bool) {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at, true
		}
		if at == filepath.Dir(at) {
			return "", false
		}
	}
}

// inside says whether a path is a folder or lies in it.
func inside(dir, p string) bool {
	rel, err := filepath.Rel(dir, p)
	return err == nil && filepath.IsLocal(rel)
}

// addArgument adds what one argument means: a path, seen from the current folder or from the root, or a selector.
func (s *session) addArgument(in *source.Input, tree workspace.Tree, root, arg string) error {
	if arg == "-" {
		return s.addStdin(in)
	}
	p, err := s.env.path(arg)
	if err != nil {
		return err
	}
	for _, p := range []string{p, filepath.Join(root, arg)} {
		rel, err := filepath.Rel(root, p)
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		if _, err := fs.Stat(in.Tree, filepath.ToSlash(rel)); err == nil {
			in.Paths = append(in.Paths, filepath.ToSlash(rel))
			return nil
		}
	}
	if _, ok := s.existing(arg); ok && !inside(root, p) {
		return &usageError{Message: fmt.Sprintf("validate %s: it lies outside of %s, which the first path is in", arg, root), Next: []string{"validate it by a command of its own"}}
	}
	return s.addSelected(in, tree, arg)
}

// addSelected adds a team's tenants and models, or some models.
func (s *session) addSelected(in *source.Input, tree workspace.Tree, selector string) error {
	_, err := tree.Platform()
	var none *workspace.NoPlatformError
	if errors.As(err, &none) {
		return &usageError{Message: fmt.Sprintf("validate %s: there is no such file or folder, and %s is no deployment repository, where it could be a selector", selector, tree.Name)}
	}
	teams, err := tree.Teams()
	if err != nil {
		return err
	}
	if slices.Contains(teams, selector) {
		in.Paths = append(in.Paths, workspace.TenantDir(selector))
		if own, err := tree.ModelsOf(selector); err != nil || len(own) == 0 {
			return err
		}
	}
	models, err := tree.Select([]string{selector})
	for _, m := range models {
		in.Paths = append(in.Paths, "models/"+m)
	}
	return err
}

// maxStdin bytes are read of standard input.
const maxStdin = 64 << 20

func (s *session) addStdin(in *source.Input) error {
	data, err := io.ReadAll(io.LimitReader(s.env.Stdin, maxStdin+1))
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	if len(data) > maxStdin {
		return &usageError{Message: fmt.Sprintf("validate -: more than %d bytes", maxStdin)}
	}
	in.Texts = map[string][]byte{"-": data}
	return nil
}

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/modelops/modelops/gitops"
)

// local measures promote and revert on a large local repository beside git in a checkout of the same.
func (b *bench) local(ctx context.Context) error {
	bare, tree := filepath.Join(b.dir, "deploy.git"), filepath.Join(b.dir, "checkout")
	if err := generate(ctx, bare, large); err != nil {
		return err
	}
	if err := git(ctx, "", "clone", "-q", bare, tree); err != nil {
		return err
	}
	if err := b.promote(ctx, bare, tree); err != nil {
		return err
	}
	if err := b.revert(ctx, bare, tree); err != nil {
		return err
	}
	return b.gitPart(ctx, bare)
}

var identity = []string{"GIT_AUTHOR_NAME=Bench", "GIT_AUTHOR_EMAIL=bench@example.com", "GIT_COMMITTER_NAME=Bench", "GIT_COMMITTER_EMAIL=bench@example.com"}

func (b *bench) ours(bare string, args ...string) command {
	full := append([]string{b.modelops}, args...)
	return command{args: append(full, "--repo", bare), env: identity}
}

func version(run int) (string, string) {
	return fmt.Sprintf("1.0.%d", run), fmt.Sprintf("registry.example.com/bench/subject@sha256:%064x", run+1)
}

func (b *bench) promote(ctx context.Context, bare, tree string) error {
	file := "models/team007/model042/prod/release.yaml"
	s, err := sideBySide(ctx, b.runs,
		func(run int) (command, error) {
			v, image := version(run)
			return b.ours(bare, "promote", subject.ModelName(), "--env", "staging", "--version", v, "--image", image), nil
		},
		func(run int) (command, error) {
			err := os.WriteFile(filepath.Join(tree, file), fmt.Appendf(nil, "version: 1.0.%d\n", run), 0o644)
			return command{dir: tree, args: []string{"sh", "-c", "git add " + file + " && git commit -q -m promote"}, env: identity}, err
		})
	if err != nil {
		return err
	}
	b.ratio("local-promote", s[0].median(), s[1].median(), 0.4)
	b.bound("local-promote-memory", float64(s[0].peak())/1e6, 250, "MB")
	return nil
}

func (b *bench) revert(ctx context.Context, bare, tree string) error {
	s, err := sideBySide(ctx, b.runs,
		func(run int) (command, error) {
			v, image := version(1000 + run)
			if _, err := b.ours(bare, "promote", subject.ModelName(), "--env", "staging", "--version", v, "--image", image).run(ctx); err != nil {
				return command{}, err
			}
			return b.ours(bare, "revert", subject.ModelName(), "--env", "staging", "--bad", v, "--reason", "bench"), nil
		},
		always(command{dir: tree, args: []string{"git", "revert", "--no-edit", "HEAD"}, env: identity}))
	if err != nil {
		return err
	}
	b.ratio("local-revert", s[0].median(), s[1].median(), 0.4)
	b.bound("local-revert-memory", float64(s[0].peak())/1e6, 250, "MB")
	return nil
}

// gitPart measures what Git costs within one process: open, read the tip, write a change of an overlay, move the branch.
func (b *bench) gitPart(ctx context.Context, bare string) error {
	program, err := exec.LookPath("git")
	if err != nil {
		return err
	}
	var s series
	for run := range b.runs {
		start := time.Now()
		if err := commitOnce(ctx, bare, program, run); err != nil {
			return err
		}
		s = append(s, sample{took: time.Since(start)})
	}
	b.bound("local-git-part", float64(s.median().Microseconds())/1000, 15, "ms")
	return nil
}

func commitOnce(ctx context.Context, bare, program string, run int) error {
	repo, err := gitops.Open(ctx, gitops.Options{Path: bare, Env: gitops.Env{Environ: append(os.Environ(), identity...), Git: program}})
	if err != nil {
		return err
	}
	tip, err := repo.Tip(ctx)
	if err != nil {
		return err
	}
	id, err := repo.Identity(ctx)
	if err != nil {
		return err
	}
	dir := "models/team050/model050/prod"
	next, err := repo.Commit(ctx, tip, gitops.Change{
		Scope:   []string{dir},
		Files:   map[string][]byte{dir + "/release.yaml": fmt.Appendf(nil, "version: 2.0.%d\n", run), dir + "/kustomization.yaml": fmt.Appendf(nil, "# %d\n", run)},
		Message: gitops.Message{Subject: "bench"},
	}, id)
	if err != nil {
		return err
	}
	return repo.Push(ctx, tip, next)
}

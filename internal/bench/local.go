package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/modelops/modelops/gitops"
)

// The repository that local figures are measured on: 100 teams of 100 models in two environments with four files each
// are 80,000 files, and one model more is a real one.
const (
	teams   = 100
	models  = 100
	subject = "bench/subject"
)

const platformYAML = `apiVersion: modelops.dev/v1alpha1
kind: Platform
metadata:
  name: bench
spec:
  git:
    url: https://git.example.com/ml/deploy.git
    branch: main
  environments:
  - name: staging
  - name: prod
`

const teamYAML = `apiVersion: modelops.dev/v1alpha1
kind: Team
metadata:
  name: bench
spec:
  owners: [ml-bench]
  quota: {cpu: "64", memory: 256Gi, pods: 60}
`

const modelYAML = `apiVersion: modelops.dev/v1alpha1
kind: Model
metadata:
  name: subject
  team: bench
spec:
  runtime: custom
  image: registry.example.com/bench/subject
  ports: {http: 8080}
  health: {ready: /healthz, live: /healthz}
  resources: {cpu: "1", memory: 2Gi}
  scaling: {min: 2, max: 4}
`

// local measures promote and revert on a large local repository beside git in a checkout of the same.
func (b *bench) local(ctx context.Context) error {
	bare, tree := filepath.Join(b.dir, "deploy.git"), filepath.Join(b.dir, "checkout")
	if err := generate(ctx, bare); err != nil {
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
			return b.ours(bare, "promote", subject, "--env", "staging", "--version", v, "--image", image), nil
		},
		func(run int) (command, error) {
			err := os.WriteFile(filepath.Join(tree, file), fmt.Appendf(nil, "version: 1.0.%d\n", run), 0o644)
			return command{dir: tree, args: []string{"sh", "-c", "git add " + file + " && git commit -q -m promote"}, env: identity}, err
		})
	if err != nil {
		return err
	}
	b.ratio("local-promote", s[0].median(), s[1].median(), 0.5)
	b.bound("local-promote-memory", float64(s[0].peak())/1e6, 250, "MB")
	return nil
}

func (b *bench) revert(ctx context.Context, bare, tree string) error {
	s, err := sideBySide(ctx, b.runs,
		func(run int) (command, error) {
			v, image := version(1000 + run)
			if _, err := b.ours(bare, "promote", subject, "--env", "staging", "--version", v, "--image", image).run(ctx); err != nil {
				return command{}, err
			}
			return b.ours(bare, "revert", subject, "--env", "staging", "--bad", v, "--reason", "bench"), nil
		},
		always(command{dir: tree, args: []string{"git", "revert", "--no-edit", "HEAD"}, env: identity}))
	if err != nil {
		return err
	}
	b.ratio("local-revert", s[0].median(), s[1].median(), 0.5)
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

// generate writes the repository by one fast-import.
func generate(ctx context.Context, bare string) error {
	if err := git(ctx, "", "init", "-q", "--bare", "-b", "main", bare); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "git", "-C", bare, "fast-import", "--quiet")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	w := bufio.NewWriter(in)
	fmt.Fprint(w, "commit refs/heads/main\ncommitter Bench <bench@example.com> 1750000000 +0000\ndata 5\nfirst\n")
	file(w, "modelops.yaml", platformYAML)
	file(w, "tenants/bench/team.yaml", teamYAML)
	file(w, "models/bench/subject/model.yaml", modelYAML)
	for team := range teams {
		for model := range models {
			for _, env := range []string{"staging", "prod"} {
				for _, name := range []string{"release.yaml", "kustomization.yaml", "base/deployment.yaml", "base/kustomization.yaml"} {
					path := fmt.Sprintf("models/team%03d/model%03d/%s/%s", team, model, env, name)
					file(w, path, fmt.Sprintf("# %s\nname: model%03d\n", path, model))
				}
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := in.Close(); err != nil {
		return err
	}
	return cmd.Wait()
}

func file(w *bufio.Writer, path, content string) {
	fmt.Fprintf(w, "M 100644 inline %s\ndata %d\n%s\n", path, len(content), content)
}

func git(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

package sandbox

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/modelops/modelops/argocd/argotest"
	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/internal/workspace"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
)

// source gives the sandbox's Argo CD what a repo-server gives the real one: the built objects of a folder at a revision.
type source struct{ dir, url string }

func (s *source) at(ctx context.Context, revision string) (*gitops.Repo, *gitops.Snapshot, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, nil, err
	}
	repo, err := gitops.Open(ctx, gitops.Options{Path: s.dir, Env: gitops.Env{Environ: os.Environ(), Git: program}})
	if err != nil {
		return nil, nil, err
	}
	var snap *gitops.Snapshot
	if plumbing.IsHash(revision) {
		snap, err = repo.At(ctx, plumbing.NewHash(revision))
	} else {
		snap, err = repo.Tip(ctx)
	}
	if err != nil {
		_ = repo.Close()
		return nil, nil, err
	}
	return repo, snap, nil
}

func (s *source) build(ctx context.Context, _, revision, path string) ([]map[string]any, string, error) {
	repo, snap, err := s.at(ctx, revision)
	if err != nil {
		return nil, "", err
	}
	defer repo.Close() //nolint:errcheck // nothing was written
	commit := snap.Commit().String()
	files, err := workspace.Tree{FS: snap}.Folder(path)
	if err == nil && len(files) == 0 {
		return nil, commit, fmt.Errorf("%s: app path does not exist", path)
	}
	if err != nil {
		return nil, commit, err
	}
	built, err := build.Build(files)
	if err != nil {
		return nil, commit, err
	}
	objects := make([]map[string]any, 0, len(built))
	for _, o := range built {
		objects = append(objects, o.Content)
	}
	return objects, commit, nil
}

// discover lists an Application for every overlay, as the ApplicationSets that modelops renders do.
func (s *source) discover(ctx context.Context) ([]argotest.App, error) {
	repo, snap, err := s.at(ctx, "HEAD")
	if err != nil {
		return nil, nil // nothing was pushed yet
	}
	defer repo.Close() //nolint:errcheck // nothing was written
	data, err := snap.ReadFile("modelops.yaml")
	if err != nil {
		return nil, nil
	}
	platform, err := spec.DecodePlatform("modelops.yaml", data)
	if err != nil {
		return nil, nil
	}
	names, err := fs.Glob(snap, "models/*/*/*/release.yaml")
	if err != nil {
		return nil, err
	}
	var apps []argotest.App
	for _, name := range names {
		parts := strings.Split(name, "/")
		t := spec.Target{Team: parts[1], Model: parts[2], Env: parts[3]}
		auto := autoSync(platform, t.Env)
		apps = append(apps, argotest.App{Name: t.App(), Project: t.Project(), Namespace: t.Namespace(),
			RepoURL: s.url, Path: t.Dir(), Branch: "main", AutoSync: auto, SelfHeal: auto, Prune: true})
	}
	return apps, nil
}

func autoSync(p *spec.Platform, env string) bool {
	auto := p.Spec.ArgoCD.AutoSync == nil || *p.Spec.ArgoCD.AutoSync
	for _, e := range p.Spec.Environments {
		if e.Name == env && e.AutoSync != nil {
			auto = *e.AutoSync
		}
	}
	return auto
}

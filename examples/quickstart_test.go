// Package examples_test holds the examples to what the code renders.
package examples_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelops/modelops/gitops"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/check"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

var update = flag.Bool("update", false, "render the examples anew")

const repo = "quickstart"

// versions that run in both environments.
var versions = map[string]string{"vision/resnet": "1.4.2", "vision/scorer": "2026.11.1", "nlp/llama": "3.1.0", "nlp/sentiment": "0.9.0"}

// TestQuickstart renders the repository from its specs and compares every file that modelops owns.
func TestQuickstart(t *testing.T) {
	want := quickstart(t)
	if *update {
		for name, data := range want {
			path := filepath.Join(repo, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	have := tree(t, repo)
	for _, name := range want.Names() {
		if diff := cmp.Diff(string(want[name]), string(have[name])); diff != "" {
			t.Errorf("%s (-rendered +there):\n%s", name, diff)
		}
	}
	for _, name := range have.Names() {
		if _, ok := want[name]; !ok && !written(name) {
			t.Errorf("%s is there, but nobody renders it", name)
		}
	}
}

// written says whether people own a file.
func written(name string) bool {
	base := filepath.Base(name)
	return name == "README.md" || name == "modelops.yaml" || base == "team.yaml" || base == "model.yaml" ||
		strings.Count(name, "/") == 4 && strings.Contains(name, "/patches/")
}

func quickstart(t *testing.T) render.Files {
	t.Helper()
	p := decode(t, "modelops.yaml", spec.DecodePlatform)
	s, err := render.Standard(os.DirFS(repo), p.Spec.Standard)
	if err != nil {
		t.Fatal(err)
	}
	out := render.Files{}
	add := func(dir string, files render.Files, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range files {
			out[dir+"/"+name] = data
		}
	}
	var teams []*spec.Team
	for _, name := range []string{"nlp", "vision"} {
		team := decode(t, "tenants/"+name+"/team.yaml", spec.DecodeTeam)
		teams = append(teams, team)
		for _, env := range render.Environments(p, team) {
			files, err := render.Tenant(p, team, env, s)
			add("tenants/"+name+"/"+env, files, err)
		}
	}
	files, err := render.ArgoCD(p, teams, s)
	add("argocd", files, err)
	for name, version := range versions {
		for _, e := range p.Spec.Environments {
			overlay, state, target := deployed(t, p, s, name, version, e.Name)
			add(target.Dir(), overlay, nil)
			out[target.StateFile()] = state
		}
	}
	return out
}

// deployed is one model in one environment, as a promote leaves it.
func deployed(t *testing.T, p *spec.Platform, s *standard.Standard, name, version, env string) (render.Files, []byte, spec.Target) {
	t.Helper()
	team, model, _ := strings.Cut(name, "/")
	target := spec.Target{Team: team, Model: model, Env: env}
	in := render.OverlayInput{Target: target, Release: releaseOf(t, p, s, target, version), Standard: s, Patches: tree(t, filepath.Join(repo, target.PatchesDir()))}
	files, err := render.Overlay(in)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := build.Build(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range check.Overlay(check.Input{Target: target, Release: in.Release, After: objects, Standard: objects, Registries: p.Spec.Registries}) {
		t.Errorf("%s: %+v", target, f)
	}
	hash, err := gitops.HashTree(files)
	if err != nil {
		t.Fatal(err)
	}
	r := in.Release.Spec
	entry := &spec.Entry{ID: r.ID, Version: r.Version, Image: r.Image.Digest, Tree: hash.String(), Action: spec.ActionPromote,
		By: "ana@example.com", At: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)}
	if r.Artifact != nil {
		entry.Artifact = r.Artifact.URI
		if r.Artifact.Digest != "" {
			entry.Artifact += "@" + r.Artifact.Digest
		}
	}
	if env == "prod" {
		entry.From, entry.At = "staging", entry.At.Add(time.Hour)
	}
	change := sha256.Sum256([]byte(target.String()))
	data, err := spec.Encode(&spec.State{APIVersion: spec.APIVersion, Kind: spec.KindState, Metadata: target.Names(),
		Spec: spec.StateSpec{Change: hex.EncodeToString(change[:16]), Current: entry}})
	if err != nil {
		t.Fatal(err)
	}
	return files, data, target
}

func releaseOf(t *testing.T, p *spec.Platform, s *standard.Standard, target spec.Target, version string) *spec.Release {
	t.Helper()
	model := decode(t, target.ModelFile(), spec.DecodeModel)
	name, _, _ := strings.Cut(model.Spec.Image, ":")
	rel := spec.ReleaseSpec{Version: version, Image: spec.Image{Name: name, Digest: spec.Digest([]byte(name + version)), Tag: version},
		Standard: spec.StandardRef{Name: s.Name(), Digest: s.Digest()}, Model: model.Spec,
		Platform: spec.PlatformSnapshot{Gateways: p.Spec.Network.Gateways, PriorityClass: p.Spec.PriorityClass}}
	if a := model.Spec.Artifact; a != nil {
		rel.Artifact = &spec.ReleasedArtifact{URI: strings.ReplaceAll(a.URI, "{version}", version)}
		if strings.HasPrefix(a.URI, "oci://") {
			rel.Artifact.Digest = spec.Digest([]byte(rel.Artifact.URI))
		}
	}
	patches := tree(t, filepath.Join(repo, target.PatchesDir()))
	for _, n := range patches.Names() {
		rel.Patches = append(rel.Patches, spec.PatchRef{Path: n, Digest: spec.Digest(patches[n])})
	}
	rel.ID = spec.ReleaseID(rel)
	return &spec.Release{APIVersion: spec.APIVersion, Kind: spec.KindRelease, Metadata: target.Names(), Spec: rel}
}

func decode[T any](t *testing.T, name string, decode func(string, []byte) (*T, error)) *T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repo, name))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := decode(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func tree(t *testing.T, dir string) render.Files {
	t.Helper()
	files := render.Files{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) && path == dir {
			return filepath.SkipAll
		}
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

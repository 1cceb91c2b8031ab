package catalogue_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
)

const root = "../../../"

// TestQuickstartHasNothingToFind runs all checks on the example repository as a whole.
func TestQuickstartHasNothingToFind(t *testing.T) {
	dir := root + "examples/quickstart"
	set := &manifest.Set{Whole: true, States: map[string]*spec.State{}}
	data, err := os.ReadFile(dir + "/modelops.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set.Platform = must(spec.DecodePlatform("modelops.yaml", data))(t)
	for _, pattern := range []string{"models/*/*/*/release.yaml", "tenants/*/*/kustomization.yaml", "argocd/kustomization.yaml"} {
		paths, _ := filepath.Glob(filepath.Join(dir, pattern))
		if len(paths) == 0 {
			t.Fatal("nothing at", pattern)
		}
		for _, p := range paths {
			rel, _ := filepath.Rel(dir, filepath.Dir(p))
			set.Units = append(set.Units, unit(t, filepath.Dir(p), rel))
		}
	}
	states, _ := filepath.Glob(dir + "/models/*/*/state/*.yaml")
	for _, p := range states {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		s := must(spec.DecodeState(p, data))(t)
		set.States[s.Metadata.Target().String()] = s
	}
	if len(set.States) == 0 {
		t.Fatal("no states")
	}
	if found := all(set); len(found) > 0 {
		t.Errorf("%s", strings.Join(found, "\n"))
	}
}

// TestStandardHasNothingToFind runs all checks on what the standard renders for models of every runtime and shape, but
// for what somebody patched there on purpose. TorchServe is given up, and that is said.
func TestStandardHasNothingToFind(t *testing.T) {
	runtimes := map[string]bool{}
	cases, _ := filepath.Glob(root + "render/testdata/overlay/*/want")
	for _, dir := range cases {
		name := filepath.Base(filepath.Dir(dir))
		t.Run(name, func(t *testing.T) {
			u := unit(t, dir, "")
			u.Path = u.Target.Dir()
			runtimes[u.Release.Spec.Model.Runtime] = true
			var want []string
			if u.Release.Spec.Model.Runtime == "torchserve" {
				want = []string{"MO505 Deployment/" + u.Target.Model + ": container server runs TorchServe, which is no longer maintained"}
			}
			if diff := cmp.Diff(want, all(&manifest.Set{Units: []*manifest.Unit{u}})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	for _, r := range must(render.Standard(nil, "v1"))(t).Runtimes() {
		if !runtimes[r] {
			t.Errorf("no case has the runtime %s", r)
		}
	}
}

// all checks on a set.
func all(set *manifest.Set) []string {
	var out []string
	for _, c := range catalogue.All() {
		for _, f := range c.Run(set) {
			out = append(out, f.Check+" "+f.Object.Kind+"/"+f.Object.Name+": "+f.Message)
		}
	}
	slices.Sort(out)
	return out
}

// unit builds a folder.
func unit(t testing.TB, dir, path string) *manifest.Unit {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name], err = os.ReadFile(filepath.Join(dir, name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	u := &manifest.Unit{Kind: manifest.ArgoCD, Path: path}
	if data := files["release.yaml"]; data != nil {
		u.Kind, u.Release = manifest.Overlay, must(spec.DecodeRelease("release.yaml", data))(t)
		u.Target = u.Release.Metadata.Target()
	} else if parts := strings.Split(path, "/"); parts[0] == "tenants" {
		u.Kind, u.Target = manifest.Tenant, spec.Target{Team: parts[1], Env: parts[2]}
	}
	for _, b := range must(build.Build(files))(t) {
		u.Objects = append(u.Objects, &manifest.Object{Content: b.Content, Unit: u, Source: folder(dir),
			Object: finding.Object{APIVersion: b.APIVersion, Kind: b.Kind, Namespace: b.Namespace, Name: b.Name}})
	}
	return u
}

// folder is the source of objects whose lines do not matter.
type folder string

func (f folder) Position(...any) finding.Position { return finding.Position{File: string(f)} }

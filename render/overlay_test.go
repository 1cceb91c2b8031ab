package render_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/check"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
)

var update = flag.Bool("update", false, "write the golden files anew")

const imageDigest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"

// overlayCase is one folder of testdata/overlay: model.yaml and patches/ go in, want/ comes out.
type overlayCase struct {
	name string
	in   render.OverlayInput
}

func overlayCases(t testing.TB) []overlayCase {
	t.Helper()
	entries, err := os.ReadDir("testdata/overlay")
	if err != nil {
		t.Fatal(err)
	}
	s := v1(t)
	var out []overlayCase
	for _, e := range entries {
		dir := filepath.Join("testdata/overlay", e.Name())
		data, err := os.ReadFile(filepath.Join(dir, "model.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		model, err := spec.DecodeModel(filepath.Join(dir, "model.yaml"), data)
		if err != nil {
			t.Fatal(err)
		}
		in := input(s, model, "1.4.2", readTree(t, filepath.Join(dir, "patches")))
		in.Release.Spec.Retired = e.Name() == "retired"
		in.Release.Spec.ID = spec.ReleaseID(in.Release.Spec)
		out = append(out, overlayCase{e.Name(), in})
	}
	return out
}

func v1(t testing.TB) *standard.Standard {
	t.Helper()
	s, err := render.Standard(nil, "v1")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// input makes the release that a promote of this version would make.
func input(s *standard.Standard, model *spec.Model, version string, patches render.Files) render.OverlayInput {
	target := spec.Target{Team: model.Metadata.Team, Model: model.Metadata.Name, Env: "prod"}
	name, _, _ := strings.Cut(model.Spec.Image, ":")
	rel := spec.ReleaseSpec{
		Version: version, Image: spec.Image{Name: name, Digest: imageDigest, Tag: version},
		Standard: spec.StandardRef{Name: s.Name(), Digest: s.Digest()}, Model: model.Spec,
		Platform: spec.PlatformSnapshot{PriorityClass: "serving", Gateways: []spec.Peer{
			{Namespace: "gateways", PodLabels: map[string]string{"gateway.networking.k8s.io/gateway-name": "models"}}}},
	}
	if a := model.Spec.Artifact; a != nil {
		rel.Artifact = &spec.ReleasedArtifact{URI: strings.ReplaceAll(a.URI, "{version}", version)}
		if strings.Contains(a.URI, "oci://") && strings.Contains(a.URI, "{version}") {
			rel.Artifact.Digest = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
		}
	}
	for _, n := range patches.Names() {
		rel.Patches = append(rel.Patches, spec.PatchRef{Path: n, Digest: spec.Digest(patches[n])})
	}
	rel.ID = spec.ReleaseID(rel)
	release := &spec.Release{APIVersion: spec.APIVersion, Kind: spec.KindRelease, Metadata: target.Names(), Spec: rel}
	return render.OverlayInput{Target: target, Release: release, Standard: s, Patches: patches}
}

func readTree(t testing.TB, dir string) render.Files {
	t.Helper()
	files := render.Files{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(rel)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func writeTree(t testing.TB, dir string, files render.Files) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range files.Names() {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, files[name], 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func compareTree(t *testing.T, dir string, got render.Files) {
	t.Helper()
	if *update {
		writeTree(t, dir, got)
		return
	}
	want := readTree(t, dir)
	for _, name := range got.Names() {
		if diff := cmp.Diff(string(want[name]), string(got[name])); diff != "" {
			t.Errorf("%s/%s (-want +got):\n%s", dir, name, diff)
		}
	}
	for _, name := range want.Names() {
		if _, ok := got[name]; !ok {
			t.Errorf("%s/%s is no longer rendered", dir, name)
		}
	}
}

// TestOverlay renders, builds and checks every case, and compares the folder and what it builds with the golden files.
func TestOverlay(t *testing.T) {
	for _, c := range overlayCases(t) {
		t.Run(c.name, func(t *testing.T) {
			files, err := render.Overlay(c.in)
			if err != nil {
				t.Fatal(err)
			}
			compareTree(t, filepath.Join("testdata/overlay", c.name, "want"), files)
			objects, err := build.Build(files)
			if err != nil {
				t.Fatal(err)
			}
			compareTree(t, filepath.Join("testdata/overlay", c.name, "built"), render.Files{"objects.yaml": objects.YAML()})
			findings := check.Overlay(check.Input{Target: c.in.Target, Release: c.in.Release, After: objects, Standard: plain(t, c.in),
				Registries: []string{"registry.example.com"}})
			for _, f := range findings {
				t.Errorf("finding: %+v", f)
			}
		})
	}
}

func plain(t testing.TB, in render.OverlayInput) build.Objects {
	t.Helper()
	rel := *in.Release
	rel.Spec.Patches = nil
	in.Release, in.Patches = &rel, nil
	files, err := render.Overlay(in)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := build.Build(files)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// TestOverlayIsPure renders twice, the second time with a standard that was loaded anew.
func TestOverlayIsPure(t *testing.T) {
	again := overlayCases(t)
	for i, c := range overlayCases(t) {
		first, err := render.Overlay(c.in)
		if err != nil {
			t.Fatal(err)
		}
		second, err := render.Overlay(again[i].in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("%s differs:\n%s", c.name, diff)
		}
	}
}

// TestVersionLeavesBaseAlone promotes another version, image and artifact: what a reviewer sees is two files.
func TestVersionLeavesBaseAlone(t *testing.T) {
	for _, c := range overlayCases(t) {
		before, err := render.Overlay(c.in)
		if err != nil {
			t.Fatal(err)
		}
		model := &spec.Model{Metadata: spec.ModelMetadata{Name: c.in.Target.Model, Team: c.in.Target.Team}, Spec: c.in.Release.Spec.Model}
		next := input(c.in.Standard, model, "2.0", c.in.Patches)
		next.Release.Spec.Retired = c.in.Release.Spec.Retired
		next.Release.Spec.Image.Digest = strings.Replace(imageDigest, "1", "9", 4)
		next.Release.Spec.ID = spec.ReleaseID(next.Release.Spec)
		after, err := render.Overlay(next)
		if err != nil {
			t.Fatal(err)
		}
		var changed []string
		for _, name := range after.Names() {
			if !bytes.Equal(before[name], after[name]) {
				changed = append(changed, name)
			}
		}
		if diff := cmp.Diff([]string{"kustomization.yaml", "release.yaml"}, changed); diff != "" || len(before) != len(after) {
			t.Errorf("%s: changed files:\n%s", c.name, diff)
		}
	}
}

// TestOneStandardServesMany renders and builds in several goroutines with one standard that none of them has used yet.
func TestOneStandardServesMany(t *testing.T) {
	cases := overlayCases(t)
	s := v1(t)
	results := make(chan error, 4*len(cases))
	for range 4 {
		for _, c := range cases {
			c.in.Standard = s
			go func() {
				files, err := render.Overlay(c.in)
				if err == nil {
					_, err = build.Build(files)
				}
				results <- err
			}()
		}
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

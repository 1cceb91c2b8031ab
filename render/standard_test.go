package render_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
	"github.com/modelops/modelops/templates"
)

// repository copies the built-in standard to standards/own of a repository, and changes it.
func repository(t *testing.T, change map[string]string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(templates.FS, "v1", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(templates.FS, path)
		out["standards/own"+strings.TrimPrefix(path, "v1")] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range change {
		out["standards/own/"+name] = &fstest.MapFile{Data: []byte(data)}
	}
	return out
}

// TestStandardOfARepository renders every case by a copy of the built-in standard: all is the same but what names it.
func TestStandardOfARepository(t *testing.T) {
	own, err := render.Standard(repository(t, nil), "own")
	if err != nil {
		t.Fatal(err)
	}
	if own.Digest() != v1(t).Digest() {
		t.Error("a copy has another digest")
	}
	for _, c := range overlayCases(t) {
		want, err := render.Overlay(c.in)
		if err != nil {
			t.Fatal(err)
		}
		c.in.Standard = own
		got, err := render.Overlay(c.in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

// TestOwnStandardChangesWhatIsRendered follows docs/standards.md: a component and a runtime of the platform's own.
func TestOwnStandardChangesWhatIsRendered(t *testing.T) {
	repo := repository(t, map[string]string{
		"components/owner.yaml": "apiVersion: modelops.dev/v1alpha1\nkind: Component\nspec:\n  when: target.team == \"vision\"\n  manifests:\n  - file: service.yaml\n    merge:\n      metadata:\n        annotations:\n          example.com/cost-centre: \"42\"\n",
		"runtimes/echo.yaml":    "apiVersion: modelops.dev/v1alpha1\nkind: Runtime\nspec:\n  ports:\n    http: 9999\n  args:\n  - --listen={http}\n",
	})
	own, err := render.Standard(repo, "own")
	if err != nil {
		t.Fatal(err)
	}
	if err := own.Check(); err != nil {
		t.Fatal(err)
	}
	model := &spec.Model{Metadata: spec.ModelMetadata{Name: "m", Team: "vision"}, Spec: spec.ModelSpec{Runtime: "echo", Serving: spec.Serving{Image: "registry.example.com/m"}}}
	files, err := render.Overlay(input(own, model, "1", nil))
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"base/service.yaml": "example.com/cost-centre: \"42\"", "base/deployment.yaml": "- --listen=9999"} {
		if !strings.Contains(string(files[file]), want) {
			t.Errorf("no %s in %s:\n%s", want, file, files[file])
		}
	}
}

func TestStandardNotFound(t *testing.T) {
	for _, repo := range []fs.FS{nil, repository(t, nil)} {
		_, err := render.Standard(repo, "gone")
		var unknown *standard.UnknownError
		if !errors.As(err, &unknown) {
			t.Error(err)
		}
	}
	if s, err := render.Standard(repository(t, nil), "v1"); err != nil || s.Name() != "v1" {
		t.Errorf("the built-in one is hidden by the repository's: %v", err)
	}
}

// TestOverlayRefuses lists releases that are not rendered, with the words that say why.
func TestOverlayRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*render.OverlayInput)
		want   string
	}{
		{"another target", func(in *render.OverlayInput) { in.Target.Env = "qa" }, "render vision/m/qa: the release is of vision/m/prod"},
		{"another standard", func(in *render.OverlayInput) { in.Release.Spec.Standard.Digest = imageDigest },
			"render vision/m/prod: standard v1 has changed: the release was made with sha256:111111111111, here is sha256:"},
		{"a runtime that is not there", func(in *render.OverlayInput) { in.Release.Spec.Model.Runtime = "x" },
			`render vision/m/prod: runtime "x": standard v1 has none of this name; it has: custom, mlserver, tfserving, torchserve, triton, vllm`},
		{"a patch that the release does not name", func(in *render.OverlayInput) { in.Patches = render.Files{"x.yaml": nil} },
			"render vision/m/prod: patches/x.yaml: the release does not name it"},
		{"a patch that is gone", func(in *render.OverlayInput) { in.Release.Spec.Patches = []spec.PatchRef{{Path: "x.yaml"}} },
			"render vision/m/prod: patches/x.yaml: the release names it, but it is not there"},
		{"a patch that changed", func(in *render.OverlayInput) {
			in.Patches = render.Files{"x.yaml": nil}
			in.Release.Spec.Patches = []spec.PatchRef{{Path: "x.yaml", Digest: imageDigest}}
		}, "render vision/m/prod: patches/x.yaml: its content is not the one that the release names"},
		{"a patch beside the folder", func(in *render.OverlayInput) {
			in.Patches = render.Files{"../x.yaml": nil}
			in.Release.Spec.Patches = []spec.PatchRef{{Path: "../x.yaml", Digest: spec.Digest(nil)}}
		}, "render vision/m/prod: patches/../x.yaml: this is no path under patches/"},
		{"a JSON patch without a kind", func(in *render.OverlayInput) {
			in.Patches = render.Files{"x.yaml": []byte("- op: remove\n")}
			in.Release.Spec.Patches = []spec.PatchRef{{Path: "x.yaml", Digest: spec.Digest(in.Patches["x.yaml"])}}
		}, "render vision/m/prod: patches/x.yaml: a JSON patch is named after the kind that it changes, such as deployment-args.yaml; here are: serviceaccount, deployment, service, poddisruptionbudget, networkpolicy"},
		{"weights that nobody fetches", func(in *render.OverlayInput) { in.Release.Spec.Artifact = &spec.ReleasedArtifact{URI: "s3://a/b"} },
			`render vision/m/prod: artifact "s3://a/b" is fetched before the server starts, but spec.artifact.downloader names no image that does it`},
		{"weights from nowhere", func(in *render.OverlayInput) { in.Release.Spec.Artifact = &spec.ReleasedArtifact{URI: "weights"} },
			`render vision/m/prod: artifact "weights" is not SCHEME://PLACE`},
	} {
		t.Run(c.name, func(t *testing.T) {
			model := &spec.Model{Metadata: spec.ModelMetadata{Name: "m", Team: "vision"}, Spec: spec.ModelSpec{Runtime: "custom", Serving: spec.Serving{Image: "registry.example.com/m"}}}
			in := input(v1(t), model, "1", nil)
			c.change(&in)
			_, err := render.Overlay(in)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("\n got %v\nwant %s", err, c.want)
			}
		})
	}
}

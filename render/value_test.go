package render_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelops/modelops/render"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
	"github.com/modelops/modelops/render/standard"
	"gopkg.in/yaml.v3"
)

// nasty are values that text templates and careless YAML fall for.
var nasty = []string{
	"plain", "yes", "on", "N", "null", "~", "1.10", "1e3", "0x1F", "012", "1:20", "2026-11-25", ".inf", "=", "<<",
	"a: b", "- a", "#c", "a #c", "x\ny", "x\n---\nkind: Secret", "\n\n", " lead", "trail ", "\ttab", "'", "\"", "\\", "\\n", "{{.x}}", "${x}",
	"&a", "*a", "!!binary x", "%d", "@x", "`x`", "|", ">", "?", "[", "{", "a,b", "{version}", "{model}", "{path}", "$(HOME)", "\u00e9\u4e2d\U0001F600",
	"\u2028", "\u0085", "\ufeffx", "a\r\nb", "a\u0007b", "--flag", "---", "...", "-", "k=v", "x]", "name=server", strings.Repeat("long ", 400),
}

// TestValuesStayValues puts every nasty value into every place of a model.yaml that takes free text, renders and builds
// it, and looks for exactly that value in the built objects, whose structure must not differ.
func TestValuesStayValues(t *testing.T) {
	s := v1(t)
	want := shape(t, objectsWith(t, s, "plain"))
	for _, v := range nasty {
		objects := objectsWith(t, s, v)
		if diff := cmp.Diff(want, shape(t, objects)); diff != "" {
			t.Errorf("%q changes the structure:\n%s", v, diff)
		}
		found := map[string]bool{}
		d, _ := objects.Find("Deployment", "m")
		sa, _ := objects.Find("ServiceAccount", "m")
		collect(d.Content, found)
		collect(sa.Content, found)
		for _, prefix := range places {
			if !found[prefix+v] {
				t.Errorf("%q is not in the built objects", prefix+v)
			}
		}
	}
}

// places mark where a value was put; the mark is before the value, so that the value itself decides nothing.
var places = []string{"", "arg:", "command:", "annotation:"}

func objectsWith(t testing.TB, s *standard.Standard, v string) build.Objects {
	t.Helper()
	files, err := render.Overlay(input(s, valued(v), "1", nil))
	if err != nil {
		t.Fatalf("%q: %v", v, err)
	}
	objects, err := build.Build(files)
	if err != nil {
		t.Fatalf("%q: %v", v, err)
	}
	return objects
}

// valued is a model with a text in every place that takes free text.
func valued(v string) *spec.Model {
	return &spec.Model{Metadata: spec.ModelMetadata{Name: "m", Team: "vision"}, Spec: spec.ModelSpec{Runtime: "custom", Serving: spec.Serving{
		Image: "registry.example.com/m", Command: []string{"command:" + v}, Args: []string{"arg:" + v, v},
		Env:                       []spec.EnvVar{{Name: "A", Value: v}, {Name: "B", Value: "x" + v}},
		ServiceAccountAnnotations: map[string]string{"a": "annotation:" + v},
		Artifact: &spec.Artifact{URI: "s3://x", Downloader: &spec.Downloader{
			Image: "registry.example.com/d@" + imageDigest, Args: []string{v}, Env: []spec.EnvVar{{Name: "C", Value: v}}}},
	}}}
}

// shape is the structure of objects without their texts.
func shape(t testing.TB, objects build.Objects) []string {
	t.Helper()
	var out []string
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				walk(at+"."+k, e)
			}
		case []any:
			for i, e := range v {
				walk(fmt.Sprintf("%s[%d]", at, i), e)
			}
		default:
			out = append(out, fmt.Sprintf("%s %T", at, v))
		}
	}
	for _, o := range objects {
		walk(o.Kind, o.Content)
	}
	seen := map[string]any{}
	for _, line := range out {
		seen[line] = nil
	}
	data, err := yaml.Marshal(seen)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}

func collect(v any, found map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			collect(e, found)
		}
	case []any:
		for _, e := range v {
			collect(e, found)
		}
	case string:
		found[v] = true
	}
}

// FuzzValues does the same with whatever text there is.
func FuzzValues(f *testing.F) {
	for _, v := range nasty {
		f.Add(v)
	}
	s := v1(f)
	want := shape(f, objectsWith(f, s, "plain"))
	f.Fuzz(func(t *testing.T, v string) {
		data, err := spec.Encode(&spec.Model{APIVersion: spec.APIVersion, Kind: spec.KindModel, Metadata: spec.ModelMetadata{Name: "m", Team: "t"},
			Spec: spec.ModelSpec{Runtime: "custom", Serving: spec.Serving{Args: []string{v}}}})
		if err != nil {
			t.Skip("YAML cannot say it")
		}
		if m, err := spec.DecodeModel("model.yaml", data); err != nil || m.Spec.Args[0] != v {
			t.Skip("no spec can hold it")
		}
		if _, err := render.Overlay(input(s, valued(v), "1", nil)); err != nil {
			if !strings.Contains(err.Error(), "kustomize and kubectl cannot read") {
				t.Error(err)
			}
			return
		}
		if v == "" {
			t.Skip("a variable without a value is written without one, which Kubernetes takes for the same")
		}
		if diff := cmp.Diff(want, shape(t, objectsWith(t, s, v))); diff != "" {
			t.Errorf("%q changes the structure:\n%s", v, diff)
		}
	})
}

// TestNamesThatYAMLKnows renders a model and a team whose names YAML 1.1 takes for booleans.
func TestNamesThatYAMLKnows(t *testing.T) {
	model := &spec.Model{Metadata: spec.ModelMetadata{Name: "on", Team: "y"}, Spec: spec.ModelSpec{Runtime: "custom"}}
	model.Spec.Image = "registry.example.com/on"
	for _, version := range []string{"yes", "1.10", "1e5", "0123", "null", "2026-11-25"} {
		files, err := render.Overlay(input(v1(t), model, version, nil))
		if err != nil {
			t.Fatal(err)
		}
		objects, err := build.Build(files)
		if err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		d, ok := objects.Find("Deployment", "on")
		if !ok {
			t.Fatal("no Deployment/on")
		}
		found := map[string]bool{}
		collect(d.Content, found)
		if !found[version] || !found["on"] || !found["y"] {
			t.Errorf("%s: lost in %s", version, d.YAML())
		}
		if r, err := spec.DecodeRelease("release.yaml", files["release.yaml"]); err != nil || r.Spec.Version != version {
			t.Errorf("%s: release.yaml reads back as %v: %v", version, r, err)
		}
	}
}

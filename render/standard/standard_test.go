package standard_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/modelops/modelops/render/standard"
	"github.com/modelops/modelops/templates"
)

// frozen holds the digest of every released standard. A line is added for a new one, and none is ever changed.
var frozen = map[string]string{
	"v1": "sha256:82d1439155536c0c3de92b1643fa8095551c06766f542ab63f30373b5b568553",
}

func TestReleasedStandardsAreFrozen(t *testing.T) {
	for name, want := range frozen {
		s, err := standard.Load(templates.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Digest() != want {
			t.Errorf("standard %s has the digest %s, not %s: it was released, so make a new one (templates/CHANGELOG.md)", name, s.Digest(), want)
		}
	}
}

func TestRuntimes(t *testing.T) {
	s, err := standard.Load(templates.FS, "v1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"custom", "mlserver", "tfserving", "torchserve", "triton", "vllm"}, s.Runtimes()); diff != "" {
		t.Error(diff)
	}
	for _, name := range s.Runtimes() {
		r, err := s.Runtime(name)
		if err != nil {
			t.Fatal(err)
		}
		if r.Name != name || r.Description == "" || (r.Warning != "") != (name == "torchserve") {
			t.Errorf("%+v", r)
		}
	}
	_, err = s.Runtime("tritn")
	var unknown *standard.UnknownRuntimeError
	if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "triton") {
		t.Error(err)
	}
}

func TestUnknownStandard(t *testing.T) {
	_, err := standard.Load(templates.FS, "v9")
	var unknown *standard.UnknownError
	if !errors.As(err, &unknown) || err.Error() != `standard "v9": neither built in nor a folder under standards/; there are: v1` {
		t.Error(err)
	}
}

const manifest = `apiVersion: v1
kind: ConfigMap
metadata:
  name: x
data:
  keep: a
  drop: b
list:
- name: one
  n: 1
`

// fill loads a small standard and fills its overlay.
func fill(t *testing.T, sheet string, more map[string]string) (string, string, error) {
	t.Helper()
	fsys := fstest.MapFS{"s/overlay.yaml": {Data: []byte(sheet)}, "s/overlay/x.yaml": {Data: []byte(manifest)}}
	for name, data := range more {
		fsys["s/"+name] = &fstest.MapFile{Data: []byte(data)}
	}
	s, err := standard.Load(fsys, "s")
	if err != nil {
		return "", "", err
	}
	vars := standard.Vars{"model": map[string]any{"name": "m", "none": nil, "list": []any{"p", "q"}, "map": map[string]any{"k": "v", "on": "yes"}, "on": true}}
	m, p, err := s.Fill(standard.SheetOverlay, vars, standard.Vars{"release": map[string]any{"id": "abc"}})
	if err != nil {
		return "", "", err
	}
	return join(m), join(p), nil
}

func join(m []standard.Manifest) string {
	var out []string
	for _, f := range m {
		out = append(out, string(f.Data))
	}
	return strings.Join(out, "---\n")
}

const head = "apiVersion: modelops.dev/v1alpha1\nkind: Sheet\nspec:\n  manifests:\n  - file: x.yaml\n"

func TestFill(t *testing.T) {
	for _, c := range []struct{ name, sheet, component, want, patch string }{
		{"as it stands", head, "", manifest, ""},
		{"replace, remove, create", head + `    set:
    - path: data.keep
      value: model.name
    - path: data.drop
      value: model.none
    - path: data.[a.b/c]
      value: model.map.on
    - path: list.[name=one].n
      value: 1 + 1
    - path: list.[name=two].n
      value: size(model.list)
`, "", `apiVersion: v1
kind: ConfigMap
metadata:
  name: x
data:
  keep: m
  a.b/c: "yes"
list:
- name: one
  n: 2
- name: two
  "n": 2
`, ""},
		{"add to maps and lists, each", head + `    set:
    - path: data
      add: model.map
    - path: list
      add: '[{"name": "three"}]'
    - path: data
      each: model.list
      add: '{item + "1": "x"}'
    - path: data
      each: model.map
      add: '{"of-" + item.key: item.value}'
`, "", `apiVersion: v1
kind: ConfigMap
metadata:
  name: x
data:
  keep: a
  drop: b
  k: v
  "on": "yes"
  p1: x
  q1: x
  of-k: v
  of-on: "yes"
list:
- name: one
  n: 1
- name: three
`, ""},
		{"components", head, `apiVersion: modelops.dev/v1alpha1
kind: Component
spec:
  when: model.on
  values:
  - name: other
    value: model.name + "2"
  manifests:
  - file: x.yaml
    merge:
      data:
        keep: z
      list:
      - name: one
        m: 3
      - name: two
    set:
    - path: data.drop
      value: other
  release:
  - file: x.yaml
    set:
    - path: metadata.annotations.[a/id]
      value: release.id
`, `apiVersion: v1
kind: ConfigMap
metadata:
  name: x
data:
  keep: z
  drop: m2
list:
- name: one
  n: 1
  m: 3
- name: two
`, `apiVersion: v1
kind: ConfigMap
metadata:
  name: x
  annotations:
    a/id: abc
`},
		{"a component whose condition does not hold", head, "apiVersion: modelops.dev/v1alpha1\nkind: Component\nspec:\n  when: '!model.on'\n  manifests:\n  - file: x.yaml\n    merge: {data: {keep: z}}\n", manifest, ""},
		{"a manifest whose condition does not hold", head + "    when: model.name == \"n\"\n", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			more := map[string]string{}
			if c.component != "" {
				more["components/c.yaml"] = c.component
			}
			got, patch, err := fill(t, c.sheet, more)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(c.patch, patch); diff != "" {
				t.Errorf("patch: -want +got:\n%s", diff)
			}
		})
	}
}

// TestMistakes names the place of each, by file, line and column.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ name, sheet, want string }{
		{"not YAML", "a: [", "s/overlay.yaml:1:1: did not find expected node content"},
		{"empty", "", "s/overlay.yaml: the file holds no document"},
		{"two documents", head + "---\na: b\n", "one document is expected, here another begins"},
		{"kind", "apiVersion: modelops.dev/v1alpha1\nkind: Sheat\nspec: {}\n", `s/overlay.yaml:2:7: kind is Sheet, not "Sheat"`},
		{"unknown field", head + "    sett: []\n", `s/overlay.yaml:6:5: unknown field "sett"; possible here: file, when, merge, set`},
		{"key twice", head + "    when: 'true'\n    when: 'true'\n", `s/overlay.yaml:7:5: the key "when" is given twice`},
		{"anchor", head + "    when: &a 'true'\n", "s/overlay.yaml:6:11: anchors and aliases are not accepted in a standard"},
		{"no file", "apiVersion: modelops.dev/v1alpha1\nkind: Sheet\nspec:\n  manifests:\n  - file: y.yaml\n", "s/overlay.yaml:5:5: there is no file s/overlay/y.yaml"},
		{"value and add", head + "    set:\n    - path: data\n      value: '1'\n      add: '2'\n", "s/overlay.yaml:7:7: exactly one of value and add is needed"},
		{"no path", head + "    set:\n    - value: '1'\n", `s/overlay.yaml:7:7: the field "path" is missing`},
		{"syntax in a block", head + "    set:\n    - path: data\n      value: |\n        model.name +\n          + 'x'\n", "s/overlay.yaml:10:11: extraneous input '+'"},
		{"syntax in quotes", head + "    set:\n    - path: data\n      value: 'model.name +'\n", "s/overlay.yaml:8:27: mismatched input '<EOF>'"},
		{"the release in base", head + "    set:\n    - path: data.keep\n      value: release.id\n", "s/overlay.yaml:8:14: release.id: no such value: release"},
		{"scalar added", head + "    set:\n    - path: data\n      add: model.name\n", "s/overlay.yaml:8:12: data: a list or a map is added, not a single value"},
		{"into a scalar", head + "    set:\n    - path: data.keep.x\n      value: model.name\n", "s/overlay.yaml:8:14: data.keep.x: x cannot be set in something that has no fields"},
		{"reserved name", "apiVersion: modelops.dev/v1alpha1\nkind: Sheet\nspec:\n  values:\n  - name: model\n    value: '1'\n", `s/overlay.yaml:5:11: "model" cannot be a value's name`},
		{"manifest twice", head + "  - file: x.yaml\n", "s/overlay.yaml:6:5: the manifest x.yaml is given twice"},
		{"each of a text", head + "    set:\n    - path: data\n      each: model.name\n      add: '{}'\n", "s/overlay.yaml:8:13: model.name: a list or a map is expected, not text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := fill(t, c.sheet, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("\n got %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestManifestMustBeOne(t *testing.T) {
	_, _, err := fill(t, head, map[string]string{"overlay/x.yaml": "a: b\n"})
	if err == nil || err.Error() != "s/overlay/x.yaml:1:1: this is no Kubernetes manifest: it lacks apiVersion, kind or metadata.name" {
		t.Error(err)
	}
}

func TestDigestSeesEveryByte(t *testing.T) {
	load := func(files map[string]string) string {
		fsys := fstest.MapFS{}
		for n, d := range files {
			fsys["s/"+n] = &fstest.MapFile{Data: []byte(d)}
		}
		s, err := standard.Load(fsys, "s")
		if err != nil {
			t.Fatal(err)
		}
		return s.Digest()
	}
	seen := map[string]bool{}
	for _, files := range []map[string]string{{"a": "bc"}, {"ab": "c"}, {"a": "b", "c": ""}, {"a": "", "bc": ""}, {"x/a": "bc"}} {
		seen[load(files)] = true
	}
	if len(seen) != 5 {
		t.Errorf("%d different digests of 5 standards", len(seen))
	}
	with := load(map[string]string{"a": "bc", "argocd/applicationset.yaml": "x", "tenant.yaml": "y"})
	if without := load(map[string]string{"a": "bc"}); with != without {
		t.Error("what is rendered for tenants and Argo CD counts for releases")
	}
}

func TestALinkIsNoStandard(t *testing.T) {
	fsys := fstest.MapFS{"s/a": {Mode: 1 << 27 /* fs.ModeSymlink */}}
	if _, err := standard.Load(fsys, "s"); err == nil || !strings.Contains(err.Error(), "s/a is not a plain file") {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	s, err := standard.Load(templates.FS, "v1")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	fsys := fstest.MapFS{
		"s/overlay.yaml":      {Data: []byte(head)},
		"s/overlay/x.yaml":    {Data: []byte(manifest)},
		"s/components/a.yaml": {Data: []byte("apiVersion: modelops.dev/v1alpha1\nkind: Component\nspec:\n  when: 1 +\n")},
		"s/runtimes/r.yaml":   {Data: []byte("apiVersion: modelops.dev/v1alpha1\nkind: Runtime\nspec:\n  portss: {}\n")},
	}
	if s, err = standard.Load(fsys, "s"); err != nil {
		t.Fatal(err)
	}
	err = s.Check()
	for _, want := range []string{"s/components/a.yaml:4:12: mismatched input", "s/runtimes/r.yaml: unmarshal errors:\n  line 4: field portss not found"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

package build_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelops/modelops/render/build"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: m
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: server
        image: placeholder
      - name: side
        image: registry.example.com/side:1
`

// folder makes an overlay with one base; files replace or add to it, and an empty one takes away.
func folder(kustomization string, more map[string]string) map[string][]byte {
	files := map[string][]byte{
		"kustomization.yaml":      []byte(kustomization),
		"base/kustomization.yaml": []byte("resources:\n- d.yaml\n"),
		"base/d.yaml":             []byte(deployment),
		"release.yaml":            []byte("whatever: lies beside\n"),
	}
	for name, data := range more {
		files[name] = []byte(data)
		if data == "" {
			delete(files, name)
		}
	}
	return files
}

const top = "namespace: ns\nresources:\n- base\nimages:\n- name: placeholder\n  newName: registry.example.com/m\n  digest: sha256:aa\n"

func TestBuild(t *testing.T) {
	objects, err := build.Build(folder(top, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(strings.ReplaceAll(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: m
  namespace: ns
spec:
  replicas: 2
  template:
    spec:
      containers:
      - image: IMAGE
        name: server
      - image: registry.example.com/side:1
        name: side
`, "IMAGE", "registry.example.com/m@sha256:aa"), "\t", "")
	if diff := cmp.Diff(want, string(objects.YAML())); diff != "" {
		t.Error(diff)
	}
	o, ok := objects.Find("Deployment", "m")
	if !ok || o.String() != "Deployment/m" || o.Namespace != "ns" || o.APIVersion != "apps/v1" {
		t.Errorf("%+v", o)
	}
	if diff := cmp.Diff([]string{"registry.example.com/m@sha256:aa", "registry.example.com/side:1"}, o.Images()); diff != "" {
		t.Error(diff)
	}
}

// TestRefused lists what never reaches kustomize, and what kustomize would do without a word.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, kustomization string
		more                map[string]string
		want                string
	}{
		{"no kustomization", "", map[string]string{"kustomization.yaml": ""}, "kustomization.yaml: there is no such file"},
		{"two", top, map[string]string{"kustomization.yml": top}, "kustomization.yml: it stands beside kustomization.yaml: keep one of them"},
		{"a URL", "resources:\n- https://example.com/x.yaml\n", nil, `kustomization.yaml: "https://example.com/x.yaml" is not a path in the overlay's folder`},
		{"a Git URL", "resources:\n- git@example.com:a/b\n", nil, `"git@example.com:a/b" is not a path`},
		{"a Git host", "resources:\n- github.com/a/b\n", map[string]string{"github.com/a/b/kustomization.yaml": "resources: []\n"}, `"github.com/a/b" is not a path`},
		{"a query", "resources:\n- base?ref=main\n", nil, `"base?ref=main" is not a path`},
		{"outside", "resources:\n- ../other\n", nil, `kustomization.yaml: "../other" lies outside of the overlay's folder`},
		{"outside by a detour", "resources:\n- base/../../other\n", nil, `"base/../../other" lies outside`},
		{"absolute", "resources:\n- /etc\n", nil, `"/etc" is not a path`},
		{"a nested URL", top, map[string]string{"base/kustomization.yaml": "resources:\n- d.yaml\n- ssh://x/y\n"}, `base/kustomization.yaml: "ssh://x/y" is not a path`},
		{"a component outside", top + "components:\n- ../c\n", nil, `"../c" lies outside`},
		{"a patch outside", top + "patches:\n- path: ../p.yaml\n", nil, `"../p.yaml" lies outside`},
		{"a file outside", top + "configMapGenerator:\n- name: c\n  files:\n  - k=../../etc/passwd\n", nil, `"../../etc/passwd" lies outside`},
		{"a missing file", top + "patches:\n- path: p.yaml\n", nil, "kustomization.yaml: p.yaml: there is no such file"},
		{"a missing folder", "resources:\n- gone\n", nil, "gone/kustomization.yaml: there is no such file"},
		{"a circle", top, map[string]string{"base/kustomization.yaml": "resources:\n- d.yaml\n- ../base\n"}, "base/kustomization.yaml: it is reached twice"},
		{"helm", top + "helmCharts:\n- name: x\n", nil, `kustomization.yaml:8:1: the field "helmCharts" is not accepted in an overlay`},
		{"generators", top + "generators:\n- g.yaml\n", nil, `the field "generators" is not accepted`},
		{"transformers", top + "transformers:\n- g.yaml\n", nil, `the field "transformers" is not accepted`},
		{"validators", top + "validators:\n- g.yaml\n", nil, `the field "validators" is not accepted`},
		{"common labels", top + "commonLabels:\n  a: b\n", nil, `the field "commonLabels" is not accepted`},
		{"secrets", top + "secretGenerator:\n- name: s\n", nil, `the field "secretGenerator" is not accepted`},
		{"bases", "bases:\n- base\n", nil, `the field "bases" is not accepted`},
		{"a schema", top + "openapi:\n  path: s.json\n", nil, `the field "openapi" is not accepted`},
		{"a helm chart in base", top, map[string]string{"base/kustomization.yaml": "resources:\n- d.yaml\nhelmCharts: []\n"}, `base/kustomization.yaml:3:1: the field "helmCharts"`},
		{"a key twice", top + "namespace: other\n", nil, `kustomization.yaml:8:1: the key "namespace" is given twice`},
		{"a key twice in a resource", top, map[string]string{"base/d.yaml": deployment + "spec: {}\n"}, `base/d.yaml:14:1: the key "spec" is given twice`},
		{"a key twice in a patch", top + "patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: m, name: m}\n", nil, `the key "name" is given twice`},
		{"no YAML", "a: [", nil, "kustomization.yaml: line 1: did not find expected node content"},
		{"a list", "- a\n", nil, "kustomization.yaml:1:1: fields are expected in it"},
		{"an image that matches nothing", strings.Replace(top, "placeholder", "other", 1), nil,
			"kustomization.yaml: images: no container has the image other: a patch may have replaced it"},
		{"a patch took the image away", top + "patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: m}\n    spec: {template: {spec: {containers: [{name: server, image: evil}]}}}\n", nil,
			"images: no container has the image placeholder"},
		{"a patch without an object", top + "patches:\n- target: {kind: Deployment, name: other}\n  patch: '[{\"op\": \"remove\", \"path\": \"/spec/replicas\"}]'\n", nil,
			"kustomization.yaml: patches: a patch: its target Deployment other is not there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := build.Build(folder(c.kustomization, c.more))
			var refused *build.RefusedError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("\n got %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestAccepted is what people may use in an overlay beside what is rendered.
func TestAccepted(t *testing.T) {
	more := map[string]string{
		"extra/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nreplicas:\n- name: m\n  count: 5\n",
		"files/a.conf":             "x\n",
		"replicas.yaml":            "- op: replace\n  path: /spec/template/spec/containers/1/image\n  value: registry.example.com/side:2\n",
	}
	objects, err := build.Build(folder(top+`components:
- extra
configMapGenerator:
- name: conf
  files:
  - files/a.conf
generatorOptions:
  disableNameSuffixHash: true
patches:
- path: replicas.yaml
  target:
    kind: Deployment
`, more))
	if err != nil {
		t.Fatal(err)
	}
	out := string(objects.YAML())
	for _, want := range []string{"replicas: 5", "registry.example.com/side:2", "name: conf", "a.conf: |\n    x\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestKustomizeErrorIsShown(t *testing.T) {
	_, err := build.Build(folder(top+"patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: gone}\n", nil))
	if err == nil || !strings.Contains(err.Error(), "kustomize: ") || !strings.Contains(err.Error(), "gone") {
		t.Error(err)
	}
}

func TestDiff(t *testing.T) {
	before, err := build.Build(folder(top, nil))
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer("replicas: 2", "paused: true", "side:1", "side:2").Replace(deployment)
	after, err := build.Build(folder(strings.Replace(top, "sha256:aa", "sha256:bb", 1)+"labels:\n- pairs:\n    a.b/c: <d>\n", map[string]string{
		"base/d.yaml": changed, "base/kustomization.yaml": "resources:\n- d.yaml\n- s.yaml\n",
		"base/s.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: m\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	diffs := build.Diff(before, after)
	if len(diffs) != 2 || diffs[0].Op != build.Added || diffs[0].Kind != "ServiceAccount" || len(diffs[0].Fields) != 0 {
		t.Fatalf("%+v", diffs)
	}
	want := build.ObjectDiff{Kind: "Deployment", Name: "m", Namespace: "ns", Op: build.Changed, Fields: []build.FieldChange{
		{Path: "metadata.labels", After: `{"a.b/c":"<d>"}`},
		{Path: "spec.paused", After: "true"},
		{Path: "spec.replicas", Before: "2"},
		{Path: "spec.template.spec.containers[server].image", Before: `"registry.example.com/m@sha256:aa"`, After: `"registry.example.com/m@sha256:bb"`},
		{Path: "spec.template.spec.containers[side].image", Before: `"registry.example.com/side:1"`, After: `"registry.example.com/side:2"`},
	}, Unified: `--- Deployment/m
+++ Deployment/m
@@ -1,14 +1,16 @@
 apiVersion: apps/v1
 kind: Deployment
 metadata:
+  labels:
+    a.b/c: <d>
   name: m
   namespace: ns
 spec:
-  replicas: 2
+  paused: true
   template:
     spec:
       containers:
-      - image: registry.example.com/m@sha256:aa
+      - image: registry.example.com/m@sha256:bb
         name: server
-      - image: registry.example.com/side:1
+      - image: registry.example.com/side:2
         name: side
`}
	if diff := cmp.Diff(want, diffs[1]); diff != "" {
		t.Error(diff)
	}
	if back := build.Diff(after, before); len(back) != 2 || back[1].Op != build.Removed || !strings.Contains(back[1].Unified, "+++ /dev/null") {
		t.Errorf("%+v", back)
	}
	if same := build.Diff(after, after); len(same) != 0 {
		t.Errorf("%+v", same)
	}
}

// FuzzBuild feeds strangers' kustomizations: whatever they say, there is no panic, and what builds came from the folder.
func FuzzBuild(f *testing.F) {
	f.Add(top, deployment)
	f.Add(top+"patches:\n- path: base/d.yaml\n", deployment)
	f.Add("resources:\n- base\n- base/d.yaml\nlabels:\n- pairs: {a: b}\n  includeSelectors: true\n", deployment)
	f.Fuzz(func(t *testing.T, kustomization, resource string) {
		objects, err := build.Build(folder(kustomization, map[string]string{"base/d.yaml": resource + "\n"}))
		if err == nil {
			_ = build.Diff(nil, objects)
		}
	})
}

// What YAML can say and JSON cannot is refused where it is built, not first where it is printed.
func TestWhatJSONCannotSay(t *testing.T) {
	for _, value := range []string{".nan", ".inf"} {
		objects, err := build.Build(folder(top, map[string]string{"base/d.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n  x: " + value + "\n"}))
		if err == nil {
			t.Errorf("%s was built: %s", value, objects.YAML())
		}
	}
}

func TestWarm(t *testing.T) {
	build.Warm()
	if _, err := build.Build(folder(top, nil)); err != nil {
		t.Error(err)
	}
}

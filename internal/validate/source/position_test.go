package source_test

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/source"
)

// tree makes a file system of a text archive.
func tree(text string) fstest.MapFS {
	out := fstest.MapFS{}
	for _, f := range txtar.Parse([]byte(text)).Files {
		out[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	return out
}

// read reads a tree without a finding.
func read(t *testing.T, fsys fs.FS, paths ...string) *source.Result {
	t.Helper()
	r, err := source.Read(t.Context(), source.Input{Tree: fsys, Paths: paths})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		t.Errorf("%s: %s: %s", f.At, f.Check, f.Message)
	}
	return r
}

// where shows a position by its file and the text of its line, so that a test says what it means.
func where(t *testing.T, fsys fs.FS, o *manifest.Object, path ...any) string {
	t.Helper()
	p := o.Source.Position(path...)
	data, err := fs.ReadFile(fsys, p.File)
	if err != nil {
		return p.String() + ": no such file"
	}
	lines := strings.Split(string(data), "\n")
	if p.Line < 1 || p.Line > len(lines) {
		return p.String()
	}
	line := lines[p.Line-1]
	if p.Column < 1 || p.Column > len(line) {
		return fmt.Sprintf("%s: column %d of %q", p, p.Column, line)
	}
	return p.File + ": " + line[p.Column-1:]
}

func object(t *testing.T, set *manifest.Set, name string) *manifest.Object {
	t.Helper()
	var found *manifest.Object
	set.Objects(func(o *manifest.Object) {
		if o.Kind+"/"+o.Name == name || o.Unit.Path+" "+o.Kind+"/"+o.Name == name {
			found = o
		}
	})
	if found == nil {
		t.Fatalf("there is no %s", name)
	}
	return found
}

const shop = `
-- base/kustomization.yaml --
resources:
- web.yaml
- more/list.yaml
configMapGenerator:
- name: settings
  literals:
  - a=b
-- base/web.yaml --
# the shop
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  ports:
  - name: http
    port: 80
  - name: https
    port: 443
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    tier: front
spec:
  replicas: 1
  template:
    spec:
      serviceAccountName: default
      containers:
      - name: side
        image: registry.example.com/side:1
        args: [--one, --two]
      - name: web
        image: placeholder
        env:
        - name: A
          value: a
        - name: B
          value: b
        readinessProbe:
          httpGet: {path: /, port: 80}
        livenessProbe:
          httpGet: {path: /, port: 80}
-- base/more/list.yaml --
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ServiceAccount
  metadata:
    name: one
- apiVersion: v1
  kind: ServiceAccount
  metadata:
    name: two
  automountServiceAccountToken: true
-- components/safe/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources:
- policy.yaml
patches:
- target:
    kind: Deployment
  patch: |-
    - op: add
      path: /spec/template/spec/securityContext
      value:
        runAsNonRoot: true
-- components/safe/policy.yaml --
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: deny
spec:
  podSelector: {}
-- overlays/prod/kustomization.yaml --
namespace: shop-prod
namePrefix: eu-
resources:
- ../../base
components:
- ../../components/safe
labels:
- pairs:
    stage: prod
commonAnnotations:
  owner: shop
images:
- name: placeholder
  newName: registry.example.com/web
  newTag: "2"
replicas:
- name: web
  count: 3
patches:
- path: memory.yaml
- target: {kind: Deployment, name: w.b}
  path: env.json
- patch: |

    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      template:
        spec:
          hostNetwork: true
          containers:
          - name: web
            livenessProbe: null
- patch: '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "NodePort"}}'
-- overlays/prod/memory.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: web
        resources:
          limits:
            memory: 1Gi
      - name: new
        image: new
-- overlays/prod/env.json --
[{"op": "replace", "path": "/spec/template/spec/containers/0/env/1/value", "value": "c"},
 {"op": "remove", "path": "/spec/template/spec/containers/0/readinessProbe"},
 {"op": "test", "path": "/kind", "value": "Deployment"}]
`

// TestPositions asks where fields of built objects were written. The patch of the environment is applied to the list as
// it stands then: web is its first container, since kustomize puts what a patch names before the rest.
func TestPositions(t *testing.T) {
	t.Parallel()
	fsys := tree(shop)
	set := read(t, fsys).Set
	if len(set.Units) != 1 || set.Units[0].Path != "overlays/prod" {
		t.Fatalf("%+v", set.Units)
	}
	pod := func(path ...any) []any { return append([]any{"spec", "template", "spec"}, path...) }
	containers := map[string]int{}
	for i, c := range object(t, set, "Deployment/eu-web").At(pod("containers")...).([]any) {
		containers[c.(map[string]any)["name"].(string)] = i
	}
	in := func(name string, path ...any) []any {
		return pod(append([]any{"containers", containers[name]}, path...)...)
	}
	for _, c := range []struct {
		object string
		path   []any
		want   string
	}{
		{"Deployment/eu-web", nil, "base/web.yaml: apiVersion: apps/v1"},
		{"Deployment/eu-web", []any{"metadata", "labels", "tier"}, "base/web.yaml: tier: front"},
		{"Deployment/eu-web", []any{"metadata", "labels", "stage"}, "overlays/prod/kustomization.yaml: stage: prod"},
		{"Deployment/eu-web", []any{"metadata", "annotations", "owner"}, "overlays/prod/kustomization.yaml: owner: shop"},
		{"Deployment/eu-web", []any{"metadata", "namespace"}, "overlays/prod/kustomization.yaml: namespace: shop-prod"},
		{"Deployment/eu-web", []any{"metadata", "name"}, "base/web.yaml: name: web"},
		{"Deployment/eu-web", []any{"spec", "replicas"}, "overlays/prod/kustomization.yaml: count: 3"},
		{"Deployment/eu-web", []any{"spec", "strategy", "type"}, "base/web.yaml: spec:"},
		{"Deployment/eu-web", pod("hostNetwork"), "overlays/prod/kustomization.yaml: hostNetwork: true"},
		{"Deployment/eu-web", pod("serviceAccountName"), "base/web.yaml: serviceAccountName: default"},
		{"Deployment/eu-web", pod("securityContext", "runAsNonRoot"), "components/safe/kustomization.yaml: runAsNonRoot: true"},
		{"Deployment/eu-web", in("web"), "base/web.yaml: name: web"},
		{"Deployment/eu-web", in("web", "image"), `overlays/prod/kustomization.yaml: newTag: "2"`},
		{"Deployment/eu-web", in("side", "image"), "base/web.yaml: image: registry.example.com/side:1"},
		{"Deployment/eu-web", in("side", "args", 1), "base/web.yaml: --two]"},
		{"Deployment/eu-web", in("new", "image"), "overlays/prod/memory.yaml: image: new"},
		{"Deployment/eu-web", in("new", "resources"), "overlays/prod/memory.yaml: name: new"},
		{"Deployment/eu-web", in("web", "resources", "limits", "memory"), "overlays/prod/memory.yaml: memory: 1Gi"},
		{"Deployment/eu-web", in("web", "resources", "requests"), "overlays/prod/memory.yaml: resources:"},
		{"Deployment/eu-web", in("web", "env", 0, "value"), "base/web.yaml: value: a"},
		{"Deployment/eu-web", in("web", "env", 1, "value"), `overlays/prod/env.json: "value": "c"},`},
		{"Deployment/eu-web", in("web", "readinessProbe"), `overlays/prod/env.json: {"op": "remove", "path": "/spec/template/spec/containers/0/readinessProbe"},`},
		{"Deployment/eu-web", in("web", "livenessProbe"), "overlays/prod/kustomization.yaml: livenessProbe: null"},
		{"Service/eu-web", []any{"spec", "ports", 1, "port"}, "base/web.yaml: port: 443"},
		{"Service/eu-web", []any{"spec", "type"}, `overlays/prod/kustomization.yaml: '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "NodePort"}}'`},
		{"ServiceAccount/eu-two", []any{"automountServiceAccountToken"}, "base/more/list.yaml: automountServiceAccountToken: true"},
		{"NetworkPolicy/eu-deny", []any{"spec", "podSelector"}, "components/safe/policy.yaml: podSelector: {}"},
	} {
		if got := where(t, fsys, object(t, set, c.object), c.path...); got != c.want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.object, manifest.Field(c.path...), got, c.want)
		}
	}
	set.Objects(func(o *manifest.Object) {
		if o.Kind != "ConfigMap" {
			return
		}
		if got := where(t, fsys, o, "data", "a"); got != "base/kustomization.yaml: name: settings" {
			t.Errorf("a generated object: %s", got)
		}
	})
}

// TestPositionsInSpecs asks the same of what modelops renders: the place is in the file that people write.
func TestPositionsInSpecs(t *testing.T) {
	t.Parallel()
	fsys := os.DirFS("../../../examples/quickstart")
	set := read(t, fsys).Set
	server := func(path ...any) []any {
		return append([]any{"spec", "template", "spec", "containers", 0}, path...)
	}
	const overlay = "models/vision/resnet/staging "
	for _, c := range []struct {
		object string
		path   []any
		want   string
	}{
		{overlay + "Deployment/resnet", server("resources", "requests", "cpu"), "models/vision/resnet/model.yaml: cpu: 4"},
		{overlay + "Deployment/resnet", server("resources", "limits", "nvidia.com/gpu"), "models/vision/resnet/model.yaml: count: 1"},
		{overlay + "Deployment/resnet", server("image"), "models/vision/resnet/model.yaml: image: registry.example.com/serving/triton"},
		{overlay + "Deployment/resnet", []any{"metadata", "namespace"}, "models/vision/resnet/model.yaml: team: vision"},
		{overlay + "Deployment/resnet", []any{"spec", "replicas"}, "models/vision/resnet/model.yaml: min: 1"},
		{"models/vision/resnet/prod HorizontalPodAutoscaler/resnet", []any{"spec", "maxReplicas"}, "models/vision/resnet/model.yaml: max: 4"},
		{"tenants/vision/staging ResourceQuota/team-quota", []any{"spec", "hard", "requests.memory"}, "tenants/vision/team.yaml: memory: 96Gi"},
		{"tenants/vision/prod ResourceQuota/team-quota", []any{"spec", "hard", "requests.nvidia.com/gpu"}, "tenants/vision/team.yaml: gpus:"},
		{"argocd AppProject/modelops-platform", []any{"spec", "sourceRepos", 0}, "modelops.yaml: url: https://git.example.com/ml/deploy.git"},
	} {
		if got := where(t, fsys, object(t, set, c.object), c.path...); got != c.want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.object, manifest.Field(c.path...), got, c.want)
		}
	}
}

// TestEveryPosition asks for every value of every object: the place is always there, and in a tree that is not generated
// its line names the field or holds the value.
func TestEveryPosition(t *testing.T) {
	t.Parallel()
	for name, fsys := range map[string]fs.FS{"by hand": tree(shop), "generated": os.DirFS("../../../examples/quickstart")} {
		read(t, fsys).Set.Objects(func(o *manifest.Object) {
			leaves(o.Content, nil, func(path []any, v any) {
				got := where(t, fsys, o, path...)
				file, line, ok := strings.Cut(got, ": ")
				field, _ := path[len(path)-1].(string)
				if !ok || strings.HasPrefix(line, "column") || strings.HasSuffix(got, "no such file") {
					t.Errorf("%s: %s %s: %s", name, o, manifest.Field(path...), got)
				}
				if name == "by hand" && o.Kind != "ConfigMap" && !strings.Contains(line, field) && !strings.Contains(line, fmt.Sprint(v)) && field != "image" && field != "replicas" {
					t.Errorf("%s %s = %v: %s: %s", o, manifest.Field(path...), v, file, line)
				}
			})
		})
	}
}

func leaves(v any, path []any, f func([]any, any)) {
	at := func(p any) []any { return append(append([]any(nil), path...), p) }
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			leaves(e, at(k), f)
		}
	case []any:
		for i, e := range v {
			leaves(e, at(i), f)
		}
	default:
		f(path, v)
	}
}

// TestPositionOfAPatchOfThePeople: an overlay holds copies of patches, and the fix goes into the one that people write.
func TestPositionOfAPatchOfThePeople(t *testing.T) {
	t.Parallel()
	fsys := os.DirFS("../../../examples/quickstart")
	o := object(t, read(t, fsys, "models/vision/resnet/staging").Set, "Deployment/resnet")
	args, _ := o.At("spec", "template", "spec", "containers", 0, "args").([]any)
	got := where(t, fsys, o, "spec", "template", "spec", "containers", 0, "args", len(args)-1)
	if !strings.HasPrefix(got, "models/vision/resnet/patches/deployment-log.yaml: ") {
		t.Error(got)
	}
}

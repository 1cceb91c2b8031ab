package check_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/check"
	"github.com/modelops/modelops/render/spec"
)

const (
	digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	other  = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
)

var target = spec.Target{Team: "vision", Model: "m", Env: "prod"}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: m
  annotations:
    modelops.dev/release: abc
spec:
  selector:
    matchLabels:
      app: m
  template:
    metadata:
      labels:
        app: m
        modelops.dev/managed: "true"
    spec:
      containers:
      - name: server
        image: registry.example.com/ml/m@` + digest + `
      volumes:
      - name: artifact
        image:
          reference: registry.example.com/ml/w@` + digest + `
`

const scaler = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: m
spec:
  scaleTargetRef:
    kind: Deployment
    name: m
  minReplicas: 1
  maxReplicas: 2
`

const policy = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: m
spec:
  podSelector:
    matchLabels:
      app: m
  policyTypes:
  - Ingress
  - Egress
  ingress:
  - from:
    - podSelector:
        matchLabels:
          client: "true"
    - namespaceSelector:
        matchLabels:
          name: gateways
    ports:
    - port: http
    - port: grpc
`

const service = `apiVersion: v1
kind: Service
metadata:
  name: m
spec:
  selector:
    app: m
`

const top = `namespace: vision-prod
resources:
- base
labels:
- pairs:
    app.kubernetes.io/name: m
    app.kubernetes.io/part-of: vision
    app.kubernetes.io/component: server
    app.kubernetes.io/managed-by: modelops
    modelops.dev/team: vision
    modelops.dev/model: m
    modelops.dev/environment: prod
`

func folder(kustomization string, objects ...string) map[string][]byte {
	files := map[string][]byte{"kustomization.yaml": []byte(kustomization)}
	resources := "resources:\n"
	for i, o := range objects {
		name := fmt.Sprintf("%d.yaml", i)
		files["base/"+name] = []byte(o)
		resources += "- " + name + "\n"
	}
	files["base/kustomization.yaml"] = []byte(resources)
	return files
}

func built(t *testing.T, files map[string][]byte) build.Objects {
	t.Helper()
	objects, err := build.Build(files)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func release() *spec.Release {
	return &spec.Release{Spec: spec.ReleaseSpec{ID: "abc", Version: "1", Image: spec.Image{Name: "registry.example.com/ml/m", Digest: digest}}}
}

func standardOverlay() map[string][]byte { return folder(top, deployment, scaler, policy, service) }

func TestNothingToFind(t *testing.T) {
	objects := built(t, standardOverlay())
	in := check.Input{Target: target, Release: release(), Before: objects, After: objects, Standard: objects, Registries: []string{"registry.example.com/ml"}}
	if found := check.Overlay(in); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

// patched is the standard's overlay under one patch.
func patched(patch string) map[string][]byte {
	files := standardOverlay()
	files["kustomization.yaml"] = []byte(top + "patches:\n- patch: |-\n    " + strings.ReplaceAll(strings.TrimSpace(patch), "\n", "\n    ") + "\n")
	return files
}

const kindDeployment = "apiVersion: apps/v1\nkind: Deployment\n"
const ofDeployment = kindDeployment + "metadata:\n  name: m\n"
const ofPolicy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: m\n"

// TestPatches lists patches that must not pass, with the rule that finds each, and some that may.
func TestPatches(t *testing.T) {
	for _, c := range []struct {
		name, patch string
		want        []string
	}{
		{"an image", ofDeployment + "spec: {template: {spec: {containers: [{name: server, image: registry.example.com/ml/m@" + other + "}]}}}",
			[]string{"server-image Deployment/m"}},
		{"a renamed container", "- op: replace\n  path: /spec/template/spec/containers/0/name\n  value: predictor", []string{"server-image Deployment/m"}},
		{"a sidecar by tag", ofDeployment + "spec: {template: {spec: {containers: [{name: side, image: 'registry.example.com/ml/side:1'}]}}}",
			[]string{"image-digests Deployment/m"}},
		{"a sidecar from elsewhere", ofDeployment + "spec: {template: {spec: {initContainers: [{name: side, image: 'evil.example.com/side@" + digest + "'}]}}}",
			[]string{"registries Deployment/m"}},
		{"a sidecar from a neighbour", ofDeployment + "spec: {template: {spec: {containers: [{name: side, image: 'registry.example.com/mlx/side@" + digest + "'}]}}}",
			[]string{"registries Deployment/m"}},
		{"weights from elsewhere", ofDeployment + "spec: {template: {spec: {volumes: [{name: artifact, image: {reference: 'evil.example.com/w'}}]}}}",
			[]string{"registries Deployment/m"}},
		{"a good sidecar", ofDeployment + "spec: {template: {spec: {containers: [{name: side, image: 'registry.example.com/ml/side@" + digest + "'}]}}}", nil},
		{"another release's id", "- op: replace\n  path: /metadata/annotations/modelops.dev~1release\n  value: xyz", []string{"release-id Deployment/m"}},
		{"the id in the pods", ofDeployment + "spec: {template: {metadata: {annotations: {x: abc}}}}", []string{"release-id Deployment/m"}},
		{"a selector", ofDeployment + "spec: {selector: {matchLabels: {more: x}}, template: {metadata: {labels: {more: x}}}}",
			[]string{"selectors Deployment/m", "selectors Deployment/m"}},
		{"a pod's label", ofDeployment + "spec: {template: {metadata: {labels: {modelops.dev/managed: 'false'}}}}", []string{"labels Deployment/m"}},
		{"a label of its own", kindDeployment + "metadata: {name: m, labels: {mine: x}}", nil},
		{"an annotation of its own", kindDeployment + "metadata: {name: m, annotations: {mine: x}}", nil},
		{"an annotation of Argo CD", kindDeployment + "metadata: {name: m, annotations: {argocd.argoproj.io/ignore-healthcheck: 'true'}}",
			[]string{"argocd-annotations Deployment/m"}},
		{"replicas beside an autoscaler", ofDeployment + "spec: {replicas: 3}", []string{"replicas Deployment/m"}},
		{"a deleted workload", ofDeployment + "$patch: delete", []string{"workload Deployment/m"}},
		{"another kind", "- op: replace\n  path: /kind\n  value: DaemonSet", []string{"kinds DaemonSet/m", "workload Deployment/m"}},
		{"another name", "- op: replace\n  path: /metadata/name\n  value: neighbour", []string{"names Deployment/neighbour", "workload Deployment/m"}},
		{"a wider policy", ofPolicy + "spec: {ingress: [{from: [{namespaceSelector: {}}], ports: [{port: http}]}]}", []string{"network-policies NetworkPolicy/m"}},
		{"a policy for everybody", ofPolicy + "spec: {ingress: [{ports: [{port: http}]}]}", []string{"network-policies NetworkPolicy/m"}},
		{"a policy for every port", ofPolicy + "spec: {ingress: [{from: [{podSelector: {matchLabels: {client: 'true'}}}]}]}", []string{"network-policies NetworkPolicy/m"}},
		{"an egress", ofPolicy + "spec: {egress: [{}]}", []string{"network-policies NetworkPolicy/m"}},
		{"a policy of other pods", ofPolicy + "spec: {podSelector: {$patch: replace}}", []string{"network-policies NetworkPolicy/m"}},
		{"a policy that forgets egress", ofPolicy + "spec: {policyTypes: [Ingress]}", []string{"network-policies NetworkPolicy/m"}},
		{"a narrower policy", ofPolicy + "spec: {ingress: [{from: [{podSelector: {matchLabels: {client: 'true'}}}], ports: [{port: grpc}]}]}", nil},
		{"no policy at all", ofPolicy + "$patch: delete", nil},
		{"a service that leads elsewhere", "apiVersion: v1\nkind: Service\nmetadata: {name: m}\nspec: {selector: {app: other}}", []string{"selectors Service/m"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := patched(c.patch)
			if strings.HasPrefix(c.patch, "- op") {
				files["kustomization.yaml"] = append(files["kustomization.yaml"], "  target:\n    kind: Deployment\n"...)
			}
			standard := built(t, standardOverlay())
			found := check.Overlay(check.Input{Target: target, Release: release(), Before: standard, After: built(t, files), Standard: standard,
				Registries: []string{"registry.example.com/ml/"}})
			if diff := cmp.Diff(c.want, rules(found)); diff != "" {
				t.Errorf("-want +got:\n%s\n%+v", diff, found)
			}
		})
	}
}

func rules(found []check.Finding) []string {
	var out []string
	for _, f := range found {
		out = append(out, f.Rule+" "+f.Object)
		if f.Message == "" || f.Fix == "" {
			out = append(out, "without words")
		}
	}
	return out
}

func TestFoldersByHand(t *testing.T) {
	standard := built(t, standardOverlay())
	in := check.Input{Target: target, Release: release(), Before: standard, Standard: standard}
	for _, c := range []struct {
		name  string
		files map[string][]byte
		want  []string
	}{
		{"another namespace", folder(strings.Replace(top, "vision-prod", "vision-staging", 1), deployment, scaler),
			[]string{"names Deployment/m", "names HorizontalPodAutoscaler/m"}},
		{"another team's label", folder(strings.Replace(top, "team: vision", "team: nlp", 1), deployment, scaler),
			[]string{"labels Deployment/m", "labels HorizontalPodAutoscaler/m"}},
		{"an object of the whole cluster", folder(top, deployment, scaler, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: m\n"),
			[]string{"kinds ClusterRole/m", "names ClusterRole/m"}},
		{"a second policy", folder(top, deployment, scaler, policy, strings.Replace(policy, "name: m", "name: m-wide", 1)), []string{"network-policies NetworkPolicy/m-wide"}},
		{"nobody counts", folder(top, deployment), []string{"replicas Deployment/m"}},
		{"it scales another", folder(top, deployment, strings.Replace(scaler, "    name: m", "    name: x", 1)), []string{"replicas HorizontalPodAutoscaler/m"}},
		{"less than the least", folder(top, deployment, strings.Replace(scaler, "minReplicas: 1", "minReplicas: 3", 1)), []string{"replicas HorizontalPodAutoscaler/m"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in.After = built(t, c.files)
			if diff := cmp.Diff(c.want, rules(check.Overlay(in))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRetiredHasNoReplicas(t *testing.T) {
	rel := release()
	rel.Spec.Retired = true
	none := strings.Replace(deployment, "spec:\n  selector", "spec:\n  replicas: 0\n  selector", 1)
	for _, c := range []struct {
		objects []string
		want    []string
	}{
		{[]string{none}, nil},
		{[]string{none, scaler}, []string{"replicas Deployment/m"}},
		{[]string{deployment}, []string{"replicas Deployment/m"}},
	} {
		objects := built(t, folder(top, c.objects...))
		found := check.Overlay(check.Input{Target: target, Release: rel, After: objects, Standard: objects})
		if diff := cmp.Diff(c.want, rules(found)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func TestArgoAnnotationsMayBeAllowed(t *testing.T) {
	standard := built(t, standardOverlay())
	after := built(t, patched(kindDeployment+"metadata: {name: m, annotations: {argocd.argoproj.io/sync-wave: '1'}}"))
	in := check.Input{Target: target, Release: release(), After: after, Standard: standard, AllowArgoAnnotations: true}
	if found := check.Overlay(in); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

// TestEveryRuleIsTried demands a case above for every rule.
func TestEveryRuleIsTried(t *testing.T) {
	want := []string{"kinds", "names", "labels", "workload", "server-image", "image-digests", "registries", "release-id", "selectors",
		"network-policies", "argocd-annotations", "replicas"}
	if diff := cmp.Diff(want, check.Rules()); diff != "" {
		t.Errorf("a rule came or went: add its case above, and its line here:\n%s", diff)
	}
}

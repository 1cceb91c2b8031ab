//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/modelops/modelops/e2e/stack"
)

// tenantOfAll is the tenant whose models use every runtime and every kind of artifact.
const tenantOfAll = "catalogue"

// variant is what a model's spec says beyond its name.
type variant struct{ name, spec string }

// variants lists a model for each runtime, each kind of artifact and each thing that changes a pod's shape. Together
// they are within the tenant's quota, the pod that a rollout adds included.
func variants() []variant {
	const small = "resources: {cpu: 500m, memory: 1Gi}\n"
	return []variant{
		{"plain", "runtime: custom\n  ports: {http: 8080}\n  health: {ready: /ready, live: /live}\n  " + small},
		{"scaled", "runtime: custom\n  ports: {http: 8080, metrics: 9090}\n  metricsPath: /metrics\n  health: {ready: /ready}\n  scaling: {min: 2, max: 4, cpuUtilization: 60}\n  " + small},
		{"images", "runtime: triton\n  artifact: {uri: \"oci://registry.example/weights/images@" + digest("600d") + "\"}\n  resources: {cpu: 1, memory: 4Gi, gpu: {count: 1}}\n"},
		{"words", "runtime: vllm\n  artifact: {uri: pvc://weights/words}\n  sharedMemory: 1Gi\n  resources: {cpu: 2, memory: 8Gi, ephemeralStorage: 8Gi, gpu: {count: 2, product: NVIDIA-H100-80GB-HBM3}}\n"},
		{"tables", "runtime: mlserver\n  artifact: {uri: \"s3://models/tables/{version}\", downloader: {image: \"registry.example/fetch@" + digest("600d") + "\", size: 2Gi}}\n  " + small},
		{"graphs", "runtime: tfserving\n  artifact: {uri: pvc://weights/graphs}\n  " + small},
		{"legacy", "runtime: torchserve\n  artifact: {uri: pvc://weights/legacy}\n  " + small},
	}
}

const platformOfAll = `apiVersion: modelops.dev/v1alpha1
kind: Platform
metadata: {name: catalogue}
spec:
  git: {url: https://git.example/catalogue.git, branch: main}
  environments: [{name: staging}]
  registries: [registry.example/]
  priorityClass: model-serving
  network: {monitoring: {namespace: monitoring}, modelStores: [{cidr: 192.0.2.0/24}]}
`

const teamOfAll = `apiVersion: modelops.dev/v1alpha1
kind: Team
metadata: {name: catalogue}
spec:
  owners: [catalogue-owners]
  quota: {cpu: 40, memory: 80Gi, ephemeralStorage: 100Gi, pods: 40, claims: 2, storage: 20Gi, gpus: {nvidia.com/gpu: 8}}
  limits: {maxMemory: 32Gi}
`

// claim is the volume that some models' weights lie on.
const claim = `apiVersion: v1
kind: PersistentVolume
metadata: {name: weights}
spec:
  capacity: {storage: 10Gi}
  accessModes: [ReadOnlyMany]
  storageClassName: ""
  hostPath: {path: /srv/weights}
  claimRef: {namespace: catalogue-staging, name: weights}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: weights, namespace: catalogue-staging}
spec: {accessModes: [ReadOnlyMany], storageClassName: "", volumeName: weights, resources: {requests: {storage: 10Gi}}}
`

// admitEverything sees that the API server takes everything that is rendered, and that its pods are admitted under the
// restricted Pod Security standard, the quota and the limits that are rendered for the tenant, and find a node.
func admitEverything(t *testing.T, s *stack.Stack) {
	p := &platform{stack: s, home: t.TempDir()}
	w := person{t: t, p: p, dir: t.TempDir(), quit: within(t, 5*time.Minute)}
	w.git("init", "-q", "-b", "main")
	w.ok(staging, "init", ".")
	write(t, w.dir, map[string]string{"modelops.yaml": platformOfAll})
	w.ok(staging, "team", "add", tenantOfAll)
	write(t, w.dir, map[string]string{"tenants/" + tenantOfAll + "/team.yaml": teamOfAll})
	for _, v := range variants() {
		write(t, w.dir, map[string]string{"models/" + tenantOfAll + "/" + v.name + "/model.yaml": v.file()})
	}
	w.ok(staging, "render")
	w.git("add", "--all")
	w.git("commit", "-q", "-m", "one model of each kind")
	apply(w, "tenants/"+tenantOfAll+"/"+staging)
	if err := s.Cluster.Apply(w.quit, claim); err != nil {
		t.Fatal(err)
	}
	for _, v := range variants() {
		w.ok(staging, "promote", tenantOfAll+"/"+v.name, "--env", staging, "--version", "1.0.0", "--image", image(v.name, "600d"))
		apply(w, "models/"+tenantOfAll+"/"+v.name+"/"+staging)
	}
	expectAvailable(w.quit, t, s)
}

// file is the variant's model.yaml.
func (v variant) file() string {
	return fmt.Sprintf("apiVersion: modelops.dev/v1alpha1\nkind: Model\nmetadata: {name: %s, team: %s}\nspec:\n  image: registry.example/models/%[1]s\n  %[3]s",
		v.name, tenantOfAll, v.spec)
}

// apply builds a folder with the kustomize command and applies the result.
func apply(w person, folder string) {
	w.t.Helper()
	cmd := exec.CommandContext(w.quit, w.p.stack.Kustomize(), "build", folder)
	cmd.Dir = w.dir
	manifests, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("kustomize build %s: %v", folder, err)
	}
	if err := w.p.stack.Cluster.Apply(w.quit, string(manifests)); err != nil {
		w.t.Errorf("%s: %v", folder, err)
	}
}

// expectAvailable waits until all Deployments have their replicas, and otherwise tells what the cluster says of those
// that have not.
func expectAvailable(ctx context.Context, t *testing.T, s *stack.Stack) {
	t.Helper()
	namespace := tenantOfAll + "-" + staging
	limit, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	missing := map[string]string{}
	err := stack.Poll(limit, time.Second, func(ctx context.Context) (bool, error) {
		list, err := s.Cluster.Client.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		clear(missing)
		for _, d := range list.Items {
			if problem := lacks(&d, image(d.Name, "600d")); problem != "" {
				missing[d.Name] = problem
			}
		}
		return len(list.Items) == len(variants()) && len(missing) == 0, nil
	})
	if err == nil {
		return
	}
	t.Errorf("not available: %v (%v)", missing, err)
	events, err := s.Cluster.Client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "type=Warning"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events.Items {
		t.Logf("%s %s: %s: %s", e.InvolvedObject.Kind, e.InvolvedObject.Name, e.Reason, e.Message)
	}
}

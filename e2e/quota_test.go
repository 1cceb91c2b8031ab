//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/modelops/modelops/e2e/stack"
	"github.com/modelops/modelops/internal/validate/isolation"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/internal/validate/source"
)

// quotaCase is a deployment in a namespace with a LimitRange and a quota.
type quotaCase struct {
	name string
	// limits of the LimitRange, keys of the quota, the pod's spec, and fields of the deployment's spec before its template.
	limits, keys, pod, deployment string
	// refused says that no pod of it can be.
	refused bool
}

const (
	someLimits = "[{type: Container, default: {memory: 512Mi}, defaultRequest: {cpu: 100m, memory: 256Mi}}]"
	someKeys   = "requests.cpu requests.memory limits.memory pods count/pods"
	server     = "{name: server, image: x, resources: {requests: {cpu: 300m, memory: 1Gi}, limits: {memory: 2Gi}}}"
)

func quotaCases() []quotaCase {
	return []quotaCase{
		{name: "plain", limits: someLimits, keys: someKeys, pod: "containers: [" + server + "]", deployment: "replicas: 2"},
		{name: "surge in percent", limits: someLimits, keys: someKeys, pod: "containers: [" + server + "]", deployment: "replicas: 3, strategy: {rollingUpdate: {maxSurge: 34%}}"},
		{name: "recreate", limits: someLimits, keys: someKeys, pod: "containers: [" + server + "]", deployment: "replicas: 2, strategy: {type: Recreate}"},
		{name: "defaults", limits: someLimits, keys: someKeys, pod: "containers: [{name: server, image: x}]", deployment: "replicas: 2"},
		{name: "request from limit", limits: "[{type: Container, default: {memory: 1Gi}}]", keys: "requests.memory limits.memory", pod: "containers: [{name: a, image: x, resources: {limits: {memory: 3Gi}}}, {name: b, image: x}]"},
		{name: "most as default", limits: "[{type: Container, max: {memory: 4Gi, cpu: 2}}]", keys: "requests.cpu limits.cpu requests.memory limits.memory", pod: "containers: [{name: server, image: x}]"},
		{name: "least as default", limits: "[{type: Container, min: {cpu: 250m}}]", keys: "requests.cpu", pod: "containers: [{name: server, image: x}]"},
		{name: "large init container", limits: someLimits, keys: someKeys, pod: "initContainers: [{name: load, image: x, resources: {requests: {cpu: 2, memory: 4Gi}, limits: {memory: 4Gi}}}], containers: [" + server + "]"},
		{name: "small init container", limits: someLimits, keys: someKeys, pod: "initContainers: [{name: load, image: x, resources: {requests: {cpu: 10m, memory: 10Mi}, limits: {memory: 10Mi}}}], containers: [" + server + "]"},
		{name: "sidecar", limits: someLimits, keys: someKeys, pod: "initContainers: [{name: proxy, image: x, restartPolicy: Always, resources: {requests: {cpu: 200m, memory: 1Gi}, limits: {memory: 1Gi}}}, {name: load, image: x, resources: {requests: {cpu: 400m, memory: 1Gi}, limits: {memory: 3Gi}}}], containers: [" + server + "]"},
		{name: "pod as a whole", limits: "[]", keys: "requests.cpu requests.memory limits.memory", pod: "resources: {requests: {cpu: 1, memory: 2Gi}, limits: {memory: 2Gi}}, containers: [{name: a, image: x}, {name: b, image: x}]"},
		{name: "devices and disks", limits: someLimits, keys: someKeys + " requests.nvidia.com/gpu requests.ephemeral-storage limits.ephemeral-storage", pod: "containers: [{name: server, image: x, resources: {requests: {cpu: 1, memory: 1Gi, ephemeral-storage: 2Gi, nvidia.com/gpu: 2}, limits: {memory: 1Gi, ephemeral-storage: 4Gi, nvidia.com/gpu: 2}}}]"},
		{name: "huge pages", limits: "[]", keys: "requests.hugepages-2Mi", pod: "containers: [{name: server, image: x, resources: {requests: {cpu: 1, memory: 1Gi, hugepages-2Mi: 4Mi}, limits: {memory: 1Gi, hugepages-2Mi: 4Mi}}}]"},
		{name: "within pod bounds", limits: "[{type: Pod, max: {memory: 4Gi}, min: {cpu: 500m}}]", keys: "requests.cpu pods", pod: "containers: [" + server + ", {name: b, image: x, resources: {requests: {cpu: 200m, memory: 1Gi}, limits: {memory: 2Gi}}}]"},

		{name: "above the most", limits: "[{type: Container, max: {memory: 1Gi}}]", keys: "pods", pod: "containers: [" + server + "]", refused: true},
		{name: "below the least", limits: "[{type: Container, min: {cpu: 1}}]", keys: "pods", pod: "containers: [" + server + "]", refused: true},
		{name: "limit below the least", limits: "[{type: Container, min: {memory: 3Gi}, defaultRequest: {memory: 3Gi}}]", keys: "pods", pod: "containers: [{name: server, image: x, resources: {requests: {memory: 3Gi}, limits: {memory: 2Gi}}}]", refused: true},
		{name: "init container above the most", limits: "[{type: Container, max: {memory: 2Gi}}]", keys: "pods", pod: "initContainers: [{name: load, image: x, resources: {limits: {memory: 3Gi}}}], containers: [" + server + "]", refused: true},
		{name: "ratio", limits: "[{type: Container, maxLimitRequestRatio: {memory: 1.5}}]", keys: "pods", pod: "containers: [" + server + "]", refused: true},
		{name: "ratio without limit", limits: "[{type: Container, maxLimitRequestRatio: {cpu: 4}}]", keys: "pods", pod: "containers: [" + server + "]", refused: true},
		{name: "pod above the most", limits: "[{type: Pod, max: {memory: 3Gi}}]", keys: "pods", pod: "containers: [" + server + ", {name: b, image: x, resources: {requests: {memory: 1Gi}, limits: {memory: 2Gi}}}]", refused: true},
		{name: "pod without a limit", limits: "[{type: Pod, max: {cpu: 3}}]", keys: "pods", pod: "containers: [" + server + "]", refused: true},
		{name: "default below the request", limits: someLimits, keys: "pods", pod: "containers: [{name: server, image: x, resources: {requests: {memory: 1Gi}}}]", refused: true},
		{name: "quota of CPU limits", limits: "[]", keys: "limits.cpu", pod: "containers: [" + server + "]", refused: true},
		{name: "quota of CPU, init container without", limits: "[]", keys: "cpu", pod: "initContainers: [{name: load, image: x}], containers: [" + server + "]", refused: true},
		{name: "quota of memory limits", limits: "[]", keys: "limits.memory", pod: "containers: [{name: server, image: x, resources: {requests: {memory: 1Gi}}}]", refused: true},
		{name: "GPU by a LimitRange of pods", limits: "[{type: Pod, max: {nvidia.com/gpu: 4}}]", keys: "pods", pod: "containers: [" + server + "]", refused: true},
	}
}

// quotaAgrees compares what validation says of quotas and LimitRanges with what the API server does: with a quota of just
// what was added up, all pods of the deployment at its most are admitted and not one more; where validation says that a
// pod is refused, it is.
func quotaAgrees(t *testing.T, s *stack.Stack) {
	quit := within(t, 10*time.Minute)
	for i, c := range quotaCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.agrees(quit, t, s.Cluster, fmt.Sprintf("quota-%d", i))
		})
	}
}

// manifests of the case, with a quota of some amounts.
func (c quotaCase) manifests(namespace string, hard map[string]string) string {
	deployment := c.deployment
	if deployment != "" {
		deployment += ", "
	}
	amounts := make([]string, 0, len(hard))
	for key, amount := range hard {
		amounts = append(amounts, fmt.Sprintf("%s: %q", key, amount))
	}
	bounds := fmt.Sprintf("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: quota, namespace: %s}\nspec: {hard: {%s}}\n", namespace, strings.Join(amounts, ", "))
	if c.limits != "[]" {
		bounds += fmt.Sprintf("---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: limits, namespace: %s}\nspec: {limits: %s}\n", namespace, c.limits)
	}
	return bounds + fmt.Sprintf("---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: model, namespace: %s}\nspec: {%sselector: {matchLabels: {app: model}}, template: {metadata: {labels: {app: model}}, spec: {%s}}}\n",
		namespace, deployment, c.pod)
}

// set is the case as validation reads it.
func (c quotaCase) set(t *testing.T, text string) *manifest.Set {
	t.Helper()
	objects, err := source.Manifests("case.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	u := &manifest.Unit{Kind: manifest.File, Path: "case.yaml", Objects: objects}
	u.Own(objects)
	return &manifest.Set{Units: []*manifest.Unit{u}}
}

func (c quotaCase) agrees(ctx context.Context, t *testing.T, cluster *stack.Cluster, namespace string) {
	plenty, hard := map[string]string{}, map[string]string{}
	for _, key := range strings.Fields(c.keys) {
		plenty[key] = "1k"
		if strings.Contains(key, "memory") || strings.Contains(key, "storage") || strings.Contains(key, "hugepages") {
			plenty[key] = "1Ti"
		}
	}
	set := c.set(t, c.manifests(namespace, plenty))
	pods := int64(1)
	for _, u := range isolation.Quota(set) {
		hard[u.Resource] = u.Most
		for _, p := range u.Parts {
			pods = max(pods, p.Pods)
		}
	}
	saysRefused := false
	found, _ := isolation.Judge(set)
	for _, f := range found {
		saysRefused = saysRefused || f.Check == "MO303"
	}
	if saysRefused != c.refused {
		t.Errorf("validation says that pods are refused: %v", saysRefused)
	}
	if c.refused {
		hard = plenty
	}
	c.prepare(ctx, t, cluster, namespace, hard)
	for n := range pods {
		switch err := c.create(ctx, cluster, namespace, fmt.Sprint("pod-", n)); {
		case c.refused && err == nil:
			t.Fatal("the API server admits a pod that is said to be refused")
		case c.refused:
			t.Logf("refused as said: %v", err)
			return
		case err != nil:
			t.Fatalf("pod %d of %d with a quota of %v: %v", n+1, pods, hard, err)
		}
	}
	if err := c.create(ctx, cluster, namespace, "one-more"); err == nil || !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "exceeded quota") {
		t.Errorf("one pod more than fits by the sum: %v, want exceeded quota", err)
	}
	c.used(ctx, t, cluster, namespace, hard)
}

// prepare makes the namespace, and waits until its quota is counted and its account is there.
func (c quotaCase) prepare(ctx context.Context, t *testing.T, cluster *stack.Cluster, namespace string, hard map[string]string) {
	t.Helper()
	bounds, _, _ := strings.Cut(c.manifests(namespace, hard), "---\napiVersion: apps/v1")
	if err := cluster.Apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+namespace+"}\n---\n"+bounds); err != nil {
		t.Fatal(err)
	}
	err := stack.Poll(ctx, 100*time.Millisecond, func(ctx context.Context) (bool, error) {
		if _, err := cluster.Client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{}); err != nil {
			return false, nil
		}
		q, err := cluster.Client.CoreV1().ResourceQuotas(namespace).Get(ctx, "quota", metav1.GetOptions{})
		return err == nil && len(q.Status.Used) == len(hard), err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// create starts one pod of the deployment by hand.
func (c quotaCase) create(ctx context.Context, cluster *stack.Cluster, namespace, name string) error {
	return cluster.Apply(ctx, fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: %s, labels: {app: model}}\nspec: {%s}\n", name, namespace, c.pod))
}

// used compares what the API server counted with the sum.
func (c quotaCase) used(ctx context.Context, t *testing.T, cluster *stack.Cluster, namespace string, want map[string]string) {
	t.Helper()
	q, err := cluster.Client.CoreV1().ResourceQuotas(namespace).Get(ctx, "quota", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for key, amount := range want {
		got := q.Status.Used[corev1.ResourceName(key)]
		if got.Cmp(resource.MustParse(amount)) != 0 {
			t.Errorf("%s: the API server counts %s, validation adds up %s", key, got.String(), amount)
		}
	}
}

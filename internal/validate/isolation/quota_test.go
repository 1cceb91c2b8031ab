package isolation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/modelops/modelops/internal/validate/manifest"
)

// hard is a quota of namespace a that has room for everything.
func hard(keys ...string) string {
	return "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: a}\nspec: {hard: {" + strings.Join(keys, ": 1M, ") + ": 1M}}\n"
}

// object of namespace a.
func object(apiVersion, kind, name, spec string) string {
	return fmt.Sprintf("---\napiVersion: %s\nkind: %s\nmetadata: {name: %s, namespace: a}\nspec: {%s}\n", apiVersion, kind, name, spec)
}

const podTemplate = "template: {metadata: {labels: {app: x}}, spec: {containers: [{name: c, image: x, resources: {requests: {cpu: 2}}}]}}"

// TestMostAtOnce counts what the kinds of objects take of a quota; what pods take is compared with the API server in e2e.
func TestMostAtOnce(t *testing.T) {
	t.Parallel()
	hpa := func(kind string) string {
		return object("autoscaling/v2", "HorizontalPodAutoscaler", "h", "maxReplicas: 5, scaleTargetRef: {kind: "+kind+", name: x}")
	}
	for name, c := range map[string]struct{ manifests, want string }{
		"Deployment":                       {object("apps/v1", "Deployment", "x", "replicas: 4, "+podTemplate), "pods 5 requests.cpu 10"},
		"Deployment without replicas":      {object("apps/v1", "Deployment", "x", podTemplate), "pods 2 requests.cpu 4"},
		"Deployment with a surge of none":  {object("apps/v1", "Deployment", "x", "replicas: 4, strategy: {rollingUpdate: {maxSurge: 0}}, "+podTemplate), "pods 4 requests.cpu 8"},
		"Deployment with a surge of more":  {object("apps/v1", "Deployment", "x", "replicas: 2, strategy: {rollingUpdate: {maxSurge: 300%}}, "+podTemplate), "pods 4 requests.cpu 8"},
		"Deployment scaled to nothing":     {object("apps/v1", "Deployment", "x", "replicas: 0, "+podTemplate) + hpa("Deployment"), "pods 0 requests.cpu 0"},
		"Deployment with an autoscaler":    {object("apps/v1", "Deployment", "x", podTemplate) + hpa("Deployment"), "pods 7 requests.cpu 14"},
		"autoscaler of something else":     {object("apps/v1", "Deployment", "x", podTemplate) + hpa("StatefulSet"), "pods 2 requests.cpu 4"},
		"KEDA":                             {object("apps/v1", "Deployment", "x", "strategy: {type: Recreate}, "+podTemplate) + object("keda.sh/v1alpha1", "ScaledObject", "k", "maxReplicaCount: 7, scaleTargetRef: {name: x}"), "pods 7 requests.cpu 14"},
		"KEDA by default":                  {object("apps/v1", "Deployment", "x", "strategy: {type: Recreate}, "+podTemplate) + object("keda.sh/v1alpha1", "ScaledObject", "k", "scaleTargetRef: {name: x}"), "pods 100 requests.cpu 200"},
		"Flagger":                          {object("apps/v1", "Deployment", "x", "replicas: 2, "+podTemplate) + object("flagger.app/v1beta1", "Canary", "f", "targetRef: {kind: Deployment, name: x}"), "pods 6 requests.cpu 12"},
		"Rollout":                          {object("argoproj.io/v1alpha1", "Rollout", "x", "replicas: 5, strategy: {canary: {}}, "+podTemplate), "pods 7 requests.cpu 14"},
		"Rollout with a router":            {object("argoproj.io/v1alpha1", "Rollout", "x", "replicas: 5, strategy: {canary: {maxSurge: 1, trafficRouting: {nginx: {}}}}, "+podTemplate), "pods 10 requests.cpu 20"},
		"Rollout of blue and green":        {object("argoproj.io/v1alpha1", "Rollout", "x", "replicas: 5, strategy: {blueGreen: {activeService: x}}, "+podTemplate), "pods 10 requests.cpu 20"},
		"StatefulSet with claims":          {object("apps/v1", "StatefulSet", "x", "replicas: 3, volumeClaimTemplates: [{spec: {storageClassName: ssd, resources: {requests: {storage: 1500m}}}}], "+podTemplate), "persistentvolumeclaims 3 pods 3 requests.cpu 6 requests.storage 6 ssd.storageclass.storage.k8s.io/requests.storage 6"},
		"Job":                              {object("batch/v1", "Job", "x", "parallelism: 5, completions: 3, "+podTemplate), "pods 3 requests.cpu 6"},
		"CronJob":                          {object("batch/v1", "CronJob", "x", "jobTemplate: {spec: {parallelism: 2, "+podTemplate+"}}"), "pods 2 requests.cpu 4"},
		"Pod":                              {object("v1", "Pod", "x", "containers: [{name: c, image: x, resources: {limits: {cpu: 500m}}}]"), "pods 1 requests.cpu 500m"},
		"ReplicationController":            {object("v1", "ReplicationController", "x", "replicas: 2, selector: {app: x}, "+podTemplate), "pods 2 requests.cpu 4"},
		"Service":                          {object("v1", "Service", "x", "ports: [{port: 1}]"), "services 1"},
		"Service on node ports":            {object("v1", "Service", "x", "type: NodePort, ports: [{port: 1}, {port: 2}]"), "services 1 services.nodeports 2"},
		"Service with a load balancer":     {object("v1", "Service", "x", "type: LoadBalancer, ports: [{port: 1}]"), "services 1 services.loadbalancers 1 services.nodeports 1"},
		"load balancer without node ports": {object("v1", "Service", "x", "type: LoadBalancer, allocateLoadBalancerNodePorts: false, ports: [{port: 1}, {port: 2, nodePort: 30000}]"), "services 1 services.loadbalancers 1 services.nodeports 1"},
		"ConfigMap beside the cluster's":   {object("v1", "ConfigMap", "x", ""), "configmaps 2 count/configmaps 2"},
		"Secrets":                          {object("v1", "Secret", "x", "") + object("v1", "Secret", "y", ""), "secrets 2"},
		"other kinds":                      {object("networking.k8s.io/v1", "NetworkPolicy", "x", "podSelector: {}") + object("networking.k8s.io/v1", "Ingress", "x", ""), "count/ingresses.networking.k8s.io 1 count/networkpolicies.networking.k8s.io 1"},
		"another namespace":                {strings.ReplaceAll(object("apps/v1", "Deployment", "x", podTemplate), "namespace: a", "namespace: b"), "pods 0 requests.cpu 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := strings.Fields(c.want)
			var keys []string
			for i := 0; i < len(want); i += 2 {
				keys = append(keys, want[i])
			}
			var got []string
			for _, u := range Quota(setOf(t, hard(keys...)+c.manifests)) {
				got = append(got, u.Resource, u.Most)
				if !u.Fits || !u.Known {
					t.Errorf("%+v does not fit", u)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestScopes: a quota with scopes counts the pods in all of them, and nothing else.
func TestScopes(t *testing.T) {
	t.Parallel()
	online := object("v1", "Pod", "online", "priorityClassName: online, containers: [{name: c, image: x, resources: {requests: {cpu: 1}}}]")
	batch := object("v1", "Pod", "batch", "activeDeadlineSeconds: 60, containers: [{name: c, image: x}]")
	near := object("v1", "Pod", "near", "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: x, namespaceSelector: {}}]}}, containers: [{name: c, image: x}]")
	for scope, want := range map[string]string{
		"scopes: [Terminating]":                "batch",
		"scopes: [NotTerminating]":             "near online",
		"scopes: [BestEffort]":                 "batch near",
		"scopes: [NotBestEffort]":              "online",
		"scopes: [BestEffort, NotTerminating]": "near",
		"scopes: [CrossNamespacePodAffinity]":  "near",
		"scopes: [PriorityClass]":              "online",
		"scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [online]}]}":    "online",
		"scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: NotIn, values: [online]}]}": "batch near",
		"scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: DoesNotExist}]}":            "batch near",
	} {
		quota := strings.Replace(hard("pods"), "spec: {", "spec: {"+scope+", ", 1)
		var got []string
		for _, u := range Quota(setOf(t, quota+online+batch+near)) {
			for _, p := range u.Parts {
				got = append(got, strings.TrimPrefix(p.Object, "Pod/"))
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s counts %q, want %q", scope, got, want)
		}
	}
}

// TestCulprit: where a change is what breaks a quota, the finding is in what was changed and not in the quota.
func TestCulprit(t *testing.T) {
	t.Parallel()
	r := five(t)
	r.replace(hpa, "maxReplicas: 3", "maxReplicas: 9")
	set := r.read()
	for _, u := range set.Units {
		if u.Path == resnet {
			u.Before = unit(t, unbroken(), resnet).Objects
		}
	}
	found, _ := Judge(set)
	if len(found) == 0 {
		t.Fatal("nothing is found")
	}
	for _, f := range found {
		if f.Check != "MO303" || f.Object.Kind != "Deployment" || f.Object.Name != "resnet" {
			t.Errorf("the change is in resnet, and the finding is in %s %s: %s", f.Object, f.Field, f.Message)
		}
	}

	// What was too much before is nobody's fault of now.
	before := *unit(t, set, resnet)
	before.Before = before.Objects
	for i, u := range set.Units {
		if u.Path == resnet {
			set.Units[i] = &before
		}
	}
	found, _ = Judge(set)
	for _, f := range found {
		if f.Object.Kind != "ResourceQuota" {
			t.Errorf("nothing changed, and the finding is in %s: %s", f.Object, f.Message)
		}
	}
}

func unit(t *testing.T, set *manifest.Set, path string) *manifest.Unit {
	t.Helper()
	for _, u := range set.Units {
		if u.Path == path {
			return u
		}
	}
	t.Fatalf("no unit %s", path)
	return nil
}

// TestUnknownIsNotFine: what cannot be known is told.
func TestUnknownIsNotFine(t *testing.T) {
	t.Parallel()
	text := hard("pods", "count/replicasets.apps", "count/events") + object("apps/v1", "DaemonSet", "x", podTemplate) +
		object("rbac.authorization.k8s.io/v1", "RoleBinding", "x", "") + "roleRef: {kind: ClusterRole, name: unheard-of}\nsubjects: [{kind: Group, name: g}]\n"
	set := setOf(t, text)
	set.Whole = false
	_, gaps := Judge(set)
	told := map[string]bool{}
	for _, g := range gaps {
		told[g.What] = true
	}
	want := []string{"count/events in ResourceQuota q of namespace a", "count/replicasets.apps in ResourceQuota q of namespace a",
		"the share of a DaemonSet/x in the quota", "what ClusterRole unheard-of allows in namespace a",
		"what else is in the quota of namespace a", "who reaches pods of namespace a, and whom they reach"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(told))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

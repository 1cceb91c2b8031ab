package isolation

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
	podresources "k8s.io/component-helpers/resource"

	"github.com/modelops/modelops/internal/validate/manifest"
)

// requestsPrefix stands before what is requested of a resource in the keys of a quota.
const requestsPrefix = corev1.DefaultResourceRequestsPrefix

// podUsage is what one pod takes of a quota, by the quota's keys: the sum of its containers, or what the largest of those
// that run before them needs, and the runtime's overhead.
func podUsage(pod *corev1.Pod) corev1.ResourceList {
	options := podresources.PodResourcesOptions{}
	requests, limits := podresources.PodRequests(pod, options), podresources.PodLimits(pod, options)
	out := corev1.ResourceList{corev1.ResourcePods: one(), "count/pods": one()}
	for name, q := range requests {
		switch {
		case name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage || strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix):
			out[name], out[requestsPrefix+name] = q, q
		case extended(name):
			out[requestsPrefix+name] = q
		}
	}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		if q, ok := limits[name]; ok {
			out["limits."+name] = q
		}
	}
	return out
}

// extended resources are those of devices: names with a domain that is not Kubernetes' own.
func extended(name corev1.ResourceName) bool {
	s := string(name)
	return strings.Contains(s, "/") && !strings.Contains(s, corev1.ResourceDefaultNamespacePrefix) && !strings.HasPrefix(s, requestsPrefix)
}

func one() resource.Quantity { return number(1) }

func number(n int64) resource.Quantity { return *resource.NewQuantity(n, resource.DecimalSI) }

// lacking names the containers that do not say what a quota obliges them to, as "limits.memory for: a, b". The obligation
// is of CPU and memory alone, and is lifted where the pod as a whole says it.
func lacking(q corev1.ResourceQuota, pod *corev1.Pod) []string {
	if podresources.IsPodLevelResourcesSet(pod) {
		return nil
	}
	var out []string
	for _, key := range names(q.Spec.Hard) {
		plain, limit := strings.CutPrefix(strings.TrimPrefix(string(key), requestsPrefix), "limits.")
		name := corev1.ResourceName(plain)
		if name != corev1.ResourceCPU && name != corev1.ResourceMemory {
			continue
		}
		var who []string
		each(pod, func(c *corev1.Container) {
			given := c.Resources.Requests
			if limit {
				given = c.Resources.Limits
			}
			if _, ok := given[name]; !ok {
				who = append(who, c.Name)
			}
		})
		if len(who) > 0 {
			out = append(out, fmt.Sprintf("%s for: %s", key, strings.Join(who, ", ")))
		}
	}
	return out
}

// counts says whether a quota is for a pod: its scopes narrow it.
func counts(q corev1.ResourceQuota, pod *corev1.Pod) bool {
	scopes := []corev1.ScopedResourceSelectorRequirement{}
	for _, s := range q.Spec.Scopes {
		scopes = append(scopes, corev1.ScopedResourceSelectorRequirement{ScopeName: s, Operator: corev1.ScopeSelectorOpExists})
	}
	if q.Spec.ScopeSelector != nil {
		scopes = append(scopes, q.Spec.ScopeSelector.MatchExpressions...)
	}
	for _, s := range scopes {
		if !inScope(s, pod) {
			return false
		}
	}
	return true
}

func inScope(s corev1.ScopedResourceSelectorRequirement, pod *corev1.Pod) bool {
	terminating := pod.Spec.ActiveDeadlineSeconds != nil
	switch s.ScopeName {
	case corev1.ResourceQuotaScopeTerminating:
		return terminating
	case corev1.ResourceQuotaScopeNotTerminating:
		return !terminating
	case corev1.ResourceQuotaScopeBestEffort:
		return bestEffort(pod)
	case corev1.ResourceQuotaScopeNotBestEffort:
		return !bestEffort(pod)
	case corev1.ResourceQuotaScopePriorityClass:
		return hasClass(s, pod.Spec.PriorityClassName)
	case corev1.ResourceQuotaScopeCrossNamespacePodAffinity:
		return affineElsewhere(pod)
	}
	return false
}

// bestEffort pods ask for no CPU and no memory.
func bestEffort(pod *corev1.Pod) bool {
	asks := func(l corev1.ResourceList) bool {
		cpu, memory := l[corev1.ResourceCPU], l[corev1.ResourceMemory]
		return !cpu.IsZero() || !memory.IsZero()
	}
	any := pod.Spec.Resources != nil && (asks(pod.Spec.Resources.Requests) || asks(pod.Spec.Resources.Limits))
	each(pod, func(c *corev1.Container) { any = any || asks(c.Resources.Requests) || asks(c.Resources.Limits) })
	return !any
}

func hasClass(s corev1.ScopedResourceSelectorRequirement, class string) bool {
	switch s.Operator {
	case corev1.ScopeSelectorOpIn:
		return slices.Contains(s.Values, class)
	case corev1.ScopeSelectorOpNotIn:
		return !slices.Contains(s.Values, class)
	case corev1.ScopeSelectorOpDoesNotExist:
		return class == ""
	}
	return class != ""
}

// affineElsewhere says whether a pod wants to be near, or far from, pods of other namespaces.
func affineElsewhere(pod *corev1.Pod) bool {
	a := pod.Spec.Affinity
	if a == nil {
		return false
	}
	var terms []corev1.PodAffinityTerm
	weighted := func(list []corev1.WeightedPodAffinityTerm) {
		for _, t := range list {
			terms = append(terms, t.PodAffinityTerm)
		}
	}
	if a.PodAffinity != nil {
		terms = append(terms, a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution...)
		weighted(a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if a.PodAntiAffinity != nil {
		terms = append(terms, a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution...)
		weighted(a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	return slices.ContainsFunc(terms, func(t corev1.PodAffinityTerm) bool { return len(t.Namespaces) > 0 || t.NamespaceSelector != nil })
}

// objectUsage is what an object itself takes of a quota, whatever pods it makes.
func objectUsage(o *manifest.Object) (corev1.ResourceList, error) {
	out := corev1.ResourceList{countOf(o): one()}
	switch group(o) + "/" + o.Kind {
	case "/Service":
		return serviceUsage(o, out)
	case "/PersistentVolumeClaim":
		claim, err := decode[corev1.PersistentVolumeClaim](o)
		addClaim(out, claim, 1)
		return out, err
	case "/ConfigMap", "/Secret", "/ReplicationController", "/ResourceQuota":
		out[corev1.ResourceName(strings.ToLower(o.Kind)+"s")] = one()
	case "apps/StatefulSet":
		return statefulUsage(o, out)
	}
	return out, nil
}

// countOf is the key by which a quota counts the objects of a kind.
func countOf(o *manifest.Object) corev1.ResourceName {
	gv, _ := schema.ParseGroupVersion(o.APIVersion)
	plural, _ := meta.UnsafeGuessKindToResource(gv.WithKind(o.Kind))
	return corev1.ResourceName("count/" + plural.GroupResource().String())
}

func serviceUsage(o *manifest.Object, out corev1.ResourceList) (corev1.ResourceList, error) {
	s, err := decode[corev1.Service](o)
	if err != nil {
		return nil, err
	}
	nodePorts := int64(0)
	switch s.Spec.Type {
	case corev1.ServiceTypeNodePort:
		nodePorts = int64(len(s.Spec.Ports))
	case corev1.ServiceTypeLoadBalancer:
		out[corev1.ResourceServicesLoadBalancers] = one()
		for _, p := range s.Spec.Ports {
			if s.Spec.AllocateLoadBalancerNodePorts == nil || *s.Spec.AllocateLoadBalancerNodePorts || p.NodePort != 0 {
				nodePorts++
			}
		}
	}
	out[corev1.ResourceServices], out[corev1.ResourceServicesNodePorts] = one(), number(nodePorts)
	return out, nil
}

func addClaim(out corev1.ResourceList, c corev1.PersistentVolumeClaim, n int64) {
	const perClass = ".storageclass.storage.k8s.io/"
	storage := c.Spec.Resources.Requests[corev1.ResourceStorage]
	storage.RoundUp(0)
	storage.Mul(n)
	keys := map[corev1.ResourceName]resource.Quantity{corev1.ResourcePersistentVolumeClaims: number(n), corev1.ResourceRequestsStorage: storage}
	class := c.Annotations[corev1.BetaStorageClassAnnotation]
	if c.Spec.StorageClassName != nil && class == "" {
		class = *c.Spec.StorageClassName
	}
	for key, q := range keys {
		add(out, key, q)
		if class != "" {
			add(out, corev1.ResourceName(class+perClass)+key, q)
		}
	}
}

// statefulUsage counts the claims that each replica gets.
func statefulUsage(o *manifest.Object, out corev1.ResourceList) (corev1.ResourceList, error) {
	type stateful struct {
		Spec struct {
			Replicas             *int32                         `json:"replicas"`
			VolumeClaimTemplates []corev1.PersistentVolumeClaim `json:"volumeClaimTemplates"`
		} `json:"spec"`
	}
	s, err := decode[stateful](o)
	if err != nil {
		return nil, err
	}
	n := int64(1)
	if s.Spec.Replicas != nil {
		n = int64(*s.Spec.Replicas)
	}
	for _, c := range s.Spec.VolumeClaimTemplates {
		addClaim(out, c, n)
		add(out, "count/persistentvolumeclaims", number(n))
	}
	return out, nil
}

func add(list corev1.ResourceList, key corev1.ResourceName, q resource.Quantity) {
	sum := list[key]
	sum.Add(q)
	list[key] = sum
}

// inCluster are the objects that Kubernetes itself puts into each namespace, and that quotas count.
var inCluster = corev1.ResourceList{"configmaps": one(), "count/configmaps": one(), "count/serviceaccounts": one()}

// made are the kinds that controllers make as things go, so that no manifest says how many there are.
var made = []string{"count/events", "count/endpoints", "count/endpointslices.discovery.k8s.io", "count/controllerrevisions.apps",
	"count/leases.coordination.k8s.io", "count/replicasets.apps", ".deviceclass.resource.k8s.io/", "count/resourceclaims.resource.k8s.io"}

// known says whether the manifests decide how much of a quota's key is used.
func known(key corev1.ResourceName) bool {
	return !slices.ContainsFunc(made, func(m string) bool { return strings.Contains(string(key), m) })
}

package isolation

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	podresources "k8s.io/component-helpers/resource"
)

// filledIn is a LimitRange as the API server stores it: what is most for a container is also its default limit, a
// default limit also its default request, and what is least the request of last resort.
func filledIn(r corev1.LimitRange) corev1.LimitRange {
	for i := range r.Spec.Limits {
		item := &r.Spec.Limits[i]
		if item.Type != corev1.LimitTypeContainer {
			continue
		}
		item.Default = complete(item.Default, item.Max)
		item.DefaultRequest = complete(complete(item.DefaultRequest, item.Default), item.Min)
	}
	return r
}

// complete adds to a list what another one has beside.
func complete(list, from corev1.ResourceList) corev1.ResourceList {
	out := maps.Clone(list)
	if out == nil {
		out = corev1.ResourceList{}
	}
	for name, q := range from {
		if _, ok := out[name]; !ok {
			out[name] = q
		}
	}
	return out
}

// admitted is a pod as it is after the API server's defaults and the namespace's LimitRanges, in this order.
func admitted(pod *corev1.Pod, ranges []corev1.LimitRange) *corev1.Pod {
	out := pod.DeepCopy()
	each(out, func(c *corev1.Container) { c.Resources.Requests = complete(c.Resources.Requests, c.Resources.Limits) })
	if r := out.Spec.Resources; r != nil && len(r.Limits) > 0 {
		r.Requests = complete(r.Requests, supported(podresources.AggregateContainerRequests(out, podresources.PodResourcesOptions{})))
		r.Requests = complete(r.Requests, supported(r.Limits))
	}
	for _, l := range ranges {
		for _, item := range l.Spec.Limits {
			if item.Type != corev1.LimitTypeContainer {
				continue
			}
			each(out, func(c *corev1.Container) {
				c.Resources.Limits = complete(c.Resources.Limits, item.Default)
				c.Resources.Requests = complete(c.Resources.Requests, item.DefaultRequest)
			})
		}
	}
	return out
}

func each(pod *corev1.Pod, f func(*corev1.Container)) {
	for i := range pod.Spec.InitContainers {
		f(&pod.Spec.InitContainers[i])
	}
	for i := range pod.Spec.Containers {
		f(&pod.Spec.Containers[i])
	}
}

// supported leaves what can be said for a pod as a whole.
func supported(list corev1.ResourceList) corev1.ResourceList {
	out := corev1.ResourceList{}
	for name, q := range list {
		if podresources.IsSupportedPodLevelResource(name) {
			out[name] = q
		}
	}
	return out
}

// refusal is one reason for which a pod is not admitted, with the field that it is about.
type refusal struct {
	path []any
	why  string
}

// refusals are the reasons for which LimitRanges do not admit a pod that was filled in, and those that come of filling it
// in: a default limit below a request that the container makes.
func refusals(k *workload, pod *corev1.Pod, ranges []corev1.LimitRange) []refusal {
	var out []refusal
	filled := workload{Object: k.Object, template: k.template, pod: *pod}
	filled.containers(func(c *corev1.Container, path []any) {
		path = in(path, "resources")
		for _, name := range names(c.Resources.Requests) {
			request, limit := c.Resources.Requests[name], c.Resources.Limits[name]
			if _, ok := c.Resources.Limits[name]; ok && request.Cmp(limit) > 0 {
				out = append(out, refusal{path, fmt.Sprintf("container %s requests %s of %s, above its limit %s (the default of the namespace's LimitRange where it names none)",
					c.Name, request.String(), name, limit.String())})
			}
		}
		for _, item := range items(ranges, corev1.LimitTypeContainer) {
			for _, why := range bounds(item, c.Resources.Requests, c.Resources.Limits) {
				out = append(out, refusal{path, "container " + c.Name + ": " + why})
			}
		}
	})
	options := podresources.PodResourcesOptions{ExcludeOverhead: true}
	for _, item := range items(ranges, corev1.LimitTypePod) {
		for _, why := range bounds(item, podresources.PodRequests(pod, options), podresources.PodLimits(pod, options)) {
			out = append(out, refusal{k.spec(), "the pod: " + why})
		}
	}
	return out
}

func items(ranges []corev1.LimitRange, of corev1.LimitType) []corev1.LimitRangeItem {
	var out []corev1.LimitRangeItem
	for _, r := range ranges {
		for _, item := range r.Spec.Limits {
			if item.Type == of {
				out = append(out, item)
			}
		}
	}
	return out
}

// bounds compares requests and limits with one item of a LimitRange.
func bounds(item corev1.LimitRangeItem, requests, limits corev1.ResourceList) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, name := range names(item.Min) {
		least := item.Min[name]
		request, ok := requests[name]
		limit, limited := limits[name]
		switch {
		case !ok:
			say("it requests no %s, and the least is %s", name, least.String())
		case request.Cmp(least) < 0:
			say("it requests %s of %s, and the least is %s", request.String(), name, least.String())
		case limited && limit.Cmp(least) < 0:
			say("its limit of %s is %s, and the least is %s", name, limit.String(), least.String())
		}
	}
	for _, name := range names(item.Max) {
		most := item.Max[name]
		request := requests[name]
		limit, limited := limits[name]
		switch {
		case !limited:
			say("it has no limit of %s, and the most is %s", name, most.String())
		case limit.Cmp(most) > 0:
			say("its limit of %s is %s, and the most is %s", name, limit.String(), most.String())
		case request.Cmp(most) > 0:
			say("it requests %s of %s, and the most is %s", request.String(), name, most.String())
		}
	}
	for _, name := range names(item.MaxLimitRequestRatio) {
		most, request, limit := item.MaxLimitRequestRatio[name], requests[name], limits[name]
		switch {
		case request.IsZero() || limit.IsZero():
			say("its limit of %s may be at most %s times its request, and it lacks one of them", name, most.String())
		case limit.AsApproximateFloat64()/request.AsApproximateFloat64() > most.AsApproximateFloat64():
			say("its limit of %s is %s and its request %s, and the limit may be at most %s times the request", name, limit.String(), request.String(), most.String())
		}
	}
	return out
}

// claimRefusals are the reasons for which LimitRanges do not admit a claim on a volume.
func claimRefusals(requests corev1.ResourceList, ranges []corev1.LimitRange) []string {
	var out []string
	for _, item := range items(ranges, corev1.LimitTypePersistentVolumeClaim) {
		for _, name := range names(item.Min) {
			least, request := item.Min[name], requests[name]
			if request.Cmp(least) < 0 {
				out = append(out, fmt.Sprintf("it requests %s of %s, and the least is %s", request.String(), name, least.String()))
			}
		}
		for _, name := range names(item.Max) {
			most, request := item.Max[name], requests[name]
			if request.Cmp(most) > 0 {
				out = append(out, fmt.Sprintf("it requests %s of %s, and the most is %s", request.String(), name, most.String()))
			}
		}
	}
	return out
}

func names(list map[corev1.ResourceName]resource.Quantity) []corev1.ResourceName {
	return slices.Sorted(maps.Keys(list))
}

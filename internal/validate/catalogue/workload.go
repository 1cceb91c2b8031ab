package catalogue

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/modelops/modelops/internal/validate/manifest"
)

// podSpecs are the places of the pod's spec in the kinds that run pods.
var podSpecs = map[string][]any{
	"Pod":         {"spec"},
	"Deployment":  {"spec", "template", "spec"},
	"StatefulSet": {"spec", "template", "spec"},
	"DaemonSet":   {"spec", "template", "spec"},
	"ReplicaSet":  {"spec", "template", "spec"},
	"Job":         {"spec", "template", "spec"},
	"Rollout":     {"spec", "template", "spec"},
	"CronJob":     {"spec", "jobTemplate", "spec", "template", "spec"},
}

// workload is an object that runs pods.
type workload struct {
	*manifest.Object
	pod []any // path of the pod's spec
	// ofPods are the labels of the pods, where the workload comes from the index.
	ofPods labels.Set
}

// workloadOf gives the object as one that runs pods.
func workloadOf(o *manifest.Object) (workload, bool) {
	path, ok := podSpecs[o.Kind]
	if o.Kind == "Rollout" && fields(o.At("spec", "workloadRef")) != nil {
		return workload{}, false // its pods are written in the Deployment that it refers to
	}
	return workload{Object: o, pod: path}, ok
}

// servingWorkload gives the object as one that serves for as long as it is there.
func servingWorkload(o *manifest.Object) (workload, bool) {
	w, ok := workloadOf(o)
	return w, ok && w.serves()
}

// serves says whether the workload serves for as long as it is there, unlike a job that ends.
func (w workload) serves() bool { return w.Kind != "Job" && w.Kind != "CronJob" && w.Kind != "Pod" }

// servers are the containers that take requests.
func (w workload) servers() []container {
	var out []container
	for _, c := range w.list("containers") {
		if len(list(c.content["ports"])) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// container is one container of a workload.
type container struct {
	path    []any
	content map[string]any
}

func (c container) name() string { return text(c.content["name"]) }

// in is the path of a field of the container.
func (c container) in(path ...any) []any { return append(append([]any(nil), c.path...), path...) }

// containers are those that run for as long as the pod does: the plain ones, and init containers that are always restarted.
func (w workload) containers() []container {
	var out []container
	for _, c := range w.list("initContainers") {
		if text(c.content["restartPolicy"]) == "Always" {
			out = append(out, c)
		}
	}
	return append(out, w.list("containers")...)
}

// port is the container's port of that name or number.
func (c container) port(want any) (map[string]any, bool) {
	n, isNumber := number(want)
	for _, p := range list(c.content["ports"]) {
		f := fields(p)
		if have, ok := number(f["containerPort"]); isNumber && ok && have == n {
			return f, true
		}
		if name, ok := want.(string); ok && name != "" && text(f["name"]) == name {
			return f, true
		}
	}
	return nil, false
}

// everyContainer are all of them, in the order in which they start.
func (w workload) everyContainer() []container {
	return append(w.list("initContainers"), w.list("containers")...)
}

func (w workload) list(field string) []container {
	var out []container
	path := append(append([]any(nil), w.pod...), field)
	for i, c := range list(w.At(path...)) {
		if m, ok := c.(map[string]any); ok {
			out = append(out, container{append(append([]any(nil), path...), i), m})
		}
	}
	return out
}

// within is the path of a field of the pod's spec.
func (w workload) within(path ...any) []any { return append(append([]any(nil), w.pod...), path...) }

func text(v any) string {
	s, _ := v.(string)
	return s
}

// number reads a whole number, as JSON or YAML has it.
func number(v any) (int64, bool) {
	switch n := v.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case uint64:
		return int64(n), n <= math.MaxInt64 //nolint:gosec // the second value says whether it fits
	case float64:
		return int64(n), n == math.Trunc(n) && math.Abs(n) < 1<<53
	}
	return 0, false
}

// numberOr is a number, or the default of the API where it is left out.
func numberOr(v any, otherwise int64) int64 {
	if n, ok := number(v); ok {
		return n
	}
	return otherwise
}

// quantity reads an amount such as 500m or 2Gi.
func quantity(v any) (resource.Quantity, bool) {
	if v == nil {
		return resource.Quantity{}, false
	}
	q, err := resource.ParseQuantity(fmt.Sprint(v))
	return q, err == nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func fields(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

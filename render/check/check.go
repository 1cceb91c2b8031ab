// Package check judges what an overlay builds before it is committed. It looks at built manifests and not at files, so
// that it does not matter whether a spec, a patch or a hand made them what they are.
package check

import (
	"fmt"

	"github.com/modelops/modelops/render/build"
	"github.com/modelops/modelops/render/spec"
)

// Finding is one thing that must not be.
type Finding struct {
	// Rule that found it, one of the names in Rules.
	Rule string
	// Object that it is in, as Kind/name.
	Object string
	// Path of the field in the object; empty where the whole object is meant.
	Path string
	// Message says what is wrong.
	Message string
	// Fix says what to do about it.
	Fix string
}

// Input is what the checks look at.
type Input struct {
	// Target of the overlay.
	Target spec.Target
	// Release that the overlay is rendered from.
	Release *spec.Release
	// Before is what the overlay built until now; empty for a new one.
	Before build.Objects
	// After is what it will build.
	After build.Objects
	// Standard is what the release builds without any patch: the measure of what a patch changed.
	Standard build.Objects
	// Registries that images may come from, as prefixes; empty allows all.
	Registries []string
	// AllowArgoAnnotations lets patches set annotations of Argo CD.
	AllowArgoAnnotations bool
}

// rule is one check by its name.
type rule struct {
	name  string
	check func(Input, func(build.Object, string, string, string))
}

// rules in the order in which they are reported. A new rule is a function and a line here.
func rules() []rule {
	return []rule{
		{"kinds", kinds},
		{"names", names},
		{"labels", labels},
		{"workload", workload},
		{"server-image", serverImage},
		{"image-digests", imageDigests},
		{"registries", registries},
		{"release-id", releaseID},
		{"selectors", selectors},
		{"network-policies", networkPolicies},
		{"argocd-annotations", argoAnnotations},
		{"replicas", replicas},
	}
}

// Rules lists the names of the checks.
func Rules() []string {
	var out []string
	for _, r := range rules() {
		out = append(out, r.name)
	}
	return out
}

// Overlay checks what an overlay builds. No findings means that it may be committed.
func Overlay(in Input) []Finding {
	var out []Finding
	for _, r := range rules() {
		r.check(in, func(o build.Object, path, message, fix string) {
			out = append(out, Finding{Rule: r.name, Object: o.String(), Path: path, Message: message, Fix: fix})
		})
	}
	return out
}

// Server is the name of the container that serves the model.
const Server = "server"

// deployment gives the workload of an overlay.
func deployment(in Input, objects build.Objects) (build.Object, bool) {
	return objects.Find("Deployment", in.Target.Model)
}

// same finds the object in another build.
func same(objects build.Objects, o build.Object) (build.Object, bool) {
	for _, other := range objects {
		if other.Kind == o.Kind && other.Name == o.Name && other.Namespace == o.Namespace {
			return other, true
		}
	}
	return build.Object{}, false
}

// at walks down the fields of an object.
func at(v any, path ...string) any {
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func texts(v any) map[string]string {
	out := map[string]string{}
	m, _ := v.(map[string]any)
	for k, e := range m {
		out[k] = fmt.Sprint(e)
	}
	return out
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO301", Name: "resources-set", Severity: finding.Error, Object: resourcesSet,
		What:    "Every container, init containers included, has a limit of memory, and requests cpu: by itself, or by the default of a LimitRange of its namespace.",
		Why:     "Without requests the scheduler packs the node until it breaks; without a memory limit one model takes the memory of its neighbours; and a namespace with a quota refuses such pods.",
		Fix:     "Set resources.requests.cpu, resources.requests.memory and resources.limits.memory; a cpu limit is not asked for, since it slows a server down while the node is idle. In a deployment repository: spec.resources in model.yaml.",
		Sources: []string{"https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/", "https://kubernetes.io/docs/concepts/policy/resource-quotas/"},
		Guard: &Guard{Kinds: []string{PodSpec}, Message: "a container has no limit of memory",
			Expression: containers + `.all(c, has(c.resources) && has(c.resources.limits) && "memory" in c.resources.limits)`}})
}

func resourcesSet(p *Pass, o *manifest.Object) {
	w, ok := workloadOf(o)
	if !ok {
		return
	}
	for _, c := range w.everyContainer() {
		r := fields(c.content["resources"])
		requests, limits := fields(r["requests"]), fields(r["limits"])
		if limits["memory"] == nil {
			p.Report(o, fmt.Sprintf("container %s has no limit of memory", c.name()), "set resources.limits.memory", c.in("resources", "limits", "memory")...)
		}
		// A limit is the request where that is left out.
		if requests["cpu"] == nil && limits["cpu"] == nil && !p.requestedByDefault(o, "cpu") {
			p.Report(o, fmt.Sprintf("container %s requests no cpu", c.name()), "set resources.requests.cpu", c.in("resources", "requests", "cpu")...)
		}
	}
}

// requestedByDefault says whether a LimitRange gives a request to containers that have none. Every tenant's does; it is
// not there where an overlay is looked at alone.
func (p *Pass) requestedByDefault(o *manifest.Object, resource string) bool {
	seen := false
	for _, r := range p.around(o, "LimitRange") {
		seen = true
		for _, l := range list(r.At("spec", "limits")) {
			item := fields(l)
			for _, field := range []string{"defaultRequest", "default", "max"} {
				if text(item["type"]) == "Container" && fields(item[field])[resource] != nil {
					return true
				}
			}
		}
	}
	return !seen && !p.Set.Whole && o.Unit.Kind == manifest.Overlay
}

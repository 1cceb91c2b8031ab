package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO212", Name: "service-resolves", Severity: finding.Error, Object: serviceResolves,
		What:    "The selector of a Service means pods that exist, and its targetPorts are ports of their containers; a number that the containers do not list is a warning.",
		Why:     "A Service without endpoints is accepted, and refuses every request.",
		Fix:     "Use the labels of the pod template, and the name of a port in the container's ports.",
		Sources: []string{"https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service"}})
}

func serviceResolves(p *Pass, o *manifest.Object) {
	if o.Kind != "Service" || o.APIVersion != "v1" {
		return
	}
	s, ok := p.selects(o)
	if !ok || text(o.At("spec", "type")) == "ExternalName" {
		return
	}
	pods := p.workloads(o, s)
	if len(pods) == 0 {
		if p.completePods(o) {
			p.Report(o, "it selects no pods: "+s.String(), "use the labels of a pod template", "spec", "selector")
		}
		return
	}
	for i, port := range list(o.At("spec", "ports")) {
		f := fields(port)
		target, path := f["targetPort"], []any{"spec", "ports", i, "targetPort"}
		if target == nil {
			target, path = f["port"], path[:3]
		}
		if served(pods, target) {
			continue
		}
		if name := text(target); name != "" {
			p.Report(o, fmt.Sprintf("%s %s has no port named %s", pods[0].Kind, pods[0].Name, name), "use the name of a port in the container's ports", path...)
		} else if listsPorts(pods) {
			p.Warn(o, fmt.Sprintf("%s %s lists no port %v", pods[0].Kind, pods[0].Name, target), "use one of the container's ports, or list this one there", path...)
		}
	}
}

// served says whether any of the workloads has the port.
func served(pods []workload, port any) bool {
	for _, w := range pods {
		for _, c := range w.containers() {
			if _, ok := c.port(port); ok {
				return true
			}
		}
	}
	return false
}

func listsPorts(pods []workload) bool {
	for _, w := range pods {
		if len(w.servers()) > 0 {
			return true
		}
	}
	return false
}

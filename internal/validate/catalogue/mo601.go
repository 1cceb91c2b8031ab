package catalogue

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO601", Name: "monitor-selects", Severity: finding.Error, Object: monitorSelects,
		What: "A ServiceMonitor selects a Service, a PodMonitor pods, by labels that they have; its ports are names of ports there. " +
			"Where it scrapes a stable and a canary, it carries the label that tells them apart into the series (a warning).",
		Why:     "A monitor that selects nothing is no error anywhere: the metrics are just missing, and every alert and gate on them is quiet. Series of stable and canary that look alike cannot be compared.",
		Fix:     "A ServiceMonitor selects by the Service's own labels, not by those of its pods; ports are given by name. Add a relabeling from __meta_kubernetes_pod_label_modelops_dev_track to track.",
		Sources: []string{"https://prometheus-operator.dev/docs/developer/getting-started/", "https://prometheus-operator.dev/docs/platform/troubleshooting/"}})
}

func monitorSelects(p *Pass, o *manifest.Object) {
	if o.Kind != "ServiceMonitor" && o.Kind != "PodMonitor" || !ownNamespace(o) {
		return
	}
	s, ok := p.selects(o)
	if !ok {
		return
	}
	if o.Kind == "PodMonitor" {
		pods := p.workloads(o, s)
		monitored(p, o, "podMetricsEndpoints", len(pods) > 0, "pod", func(port string) bool { return served(pods, port) })
		tracksScraped(p, o, "podMetricsEndpoints", pods)
		return
	}
	var services []*manifest.Object
	var pods []workload
	for _, other := range p.around(o, "Service") {
		if s.Matches(metaLabels(other)) {
			services = append(services, other)
			if sel, ok := p.selects(other); ok && len(pods) <= few {
				pods = append(pods, p.workloads(o, sel)...)
			}
		}
	}
	monitored(p, o, "endpoints", len(services) > 0, "Service", func(port string) bool {
		return slices.ContainsFunc(services, func(s *manifest.Object) bool { return hasNamedPort(s, port) })
	})
	tracksScraped(p, o, "endpoints", pods)
}

// ownNamespace says whether a monitor looks into its own namespace alone.
func ownNamespace(o *manifest.Object) bool {
	if o.At("spec", "namespaceSelector", "any") == true {
		return false
	}
	names := list(o.At("spec", "namespaceSelector", "matchNames"))
	return len(names) == 0 || len(names) == 1 && text(names[0]) == o.Namespace
}

func monitored(p *Pass, o *manifest.Object, endpoints string, any bool, what string, has func(port string) bool) {
	if !any {
		if p.completePods(o) {
			s, _ := p.selects(o)
			p.Report(o, fmt.Sprintf("it selects no %s: %s", what, s), "use labels that the "+what+" has", "spec", "selector")
		}
		return
	}
	for i, e := range list(o.At("spec", endpoints)) {
		if port := text(fields(e)["port"]); port != "" && !has(port) {
			p.Report(o, fmt.Sprintf("no %s that it selects has a port named %s", what, port), "use the name of a port there", "spec", endpoints, i, "port")
		}
	}
}

func tracksScraped(p *Pass, o *manifest.Object, endpoints string, pods []workload) {
	if !tracksDiffer(pods) {
		return
	}
	for _, l := range list(o.At("spec", "podTargetLabels")) {
		if strings.HasSuffix(text(l), "track") {
			return
		}
	}
	for i, e := range list(o.At("spec", endpoints)) {
		if !relabelsTrack(fields(e)) {
			p.Warn(o, fmt.Sprintf("the series of %s cannot be told apart", names(pods)), "add a relabeling of the pod's track label", "spec", endpoints, i)
		}
	}
}

func relabelsTrack(endpoint map[string]any) bool {
	for _, r := range list(endpoint["relabelings"]) {
		for _, source := range list(fields(r)["sourceLabels"]) {
			if strings.HasSuffix(text(source), "track") {
				return true
			}
		}
	}
	return false
}

func hasNamedPort(service *manifest.Object, name string) bool {
	for _, p := range list(service.At("spec", "ports")) {
		if text(fields(p)["name"]) == name {
			return true
		}
	}
	return false
}

// metaLabels are an object's own labels.
func metaLabels(o *manifest.Object) labels.Set {
	out := labels.Set{}
	for k, v := range fields(o.At("metadata", "labels")) {
		out[k] = text(v)
	}
	return out
}

package catalogue

import (
	"fmt"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO208", Name: "autoscaler", Severity: finding.Error, Object: autoscaler,
		What: "A HorizontalPodAutoscaler scales a workload that exists, and alone; a metric in percent of a request finds that request in every container; " +
			"and it says how it scales down (behavior.scaleDown, a warning).",
		Why: "An autoscaler without a target, or without the request that it measures by, does nothing and says so only in its status; two of them fight; " +
			"and by default all pods but the least may go at once, which for a model that loads for minutes means an outage at the next request.",
		Fix:     "Name the workload in spec.scaleTargetRef, set requests on its containers, and bound scaleDown: {stabilizationWindowSeconds: 600, policies: [{type: Pods, value: 1, periodSeconds: 300}]}.",
		Sources: []string{"https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/"}})
}

func autoscaler(p *Pass, o *manifest.Object) {
	if o.Kind != "HorizontalPodAutoscaler" {
		return
	}
	if o.At("spec", "behavior", "scaleDown") == nil {
		p.Warn(o, "it does not say how it scales down: all pods but the least may go at once", "set behavior.scaleDown", "spec", "behavior", "scaleDown")
	}
	kind, name := text(o.At("spec", "scaleTargetRef", "kind")), text(o.At("spec", "scaleTargetRef", "name"))
	target := p.named(o, kind, name)
	if target == nil {
		if p.complete(o) {
			p.Report(o, fmt.Sprintf("there is no %s %s to scale", kind, name), "name the workload beside it", "spec", "scaleTargetRef", "name")
		}
		return
	}
	w, ok := workloadOf(target)
	if !ok {
		return
	}
	if all := p.scalers(w); len(all) > 1 && all[0] != o {
		p.Report(o, fmt.Sprintf("%s scales %s %s too", all[0].Name, kind, name), "keep one of them", "spec", "scaleTargetRef")
	}
	measured(p, o, w)
}

// measured looks whether metrics in percent have the requests that they are percents of.
func measured(p *Pass, o *manifest.Object, w workload) {
	metrics := list(o.At("spec", "metrics"))
	for i, m := range metrics {
		for _, source := range []string{"resource", "containerResource"} {
			r := fields(fields(m)[source])
			if text(fields(r["target"])["type"]) != "Utilization" {
				continue
			}
			if missing := withoutRequest(w, text(r["name"]), text(r["container"])); len(missing) > 0 {
				p.Report(o, fmt.Sprintf("it measures %s in percent of the request, which %s of %s %s does not have", text(r["name"]), strings.Join(missing, ", "), w.Kind, w.Name),
					"set resources.requests."+text(r["name"])+" there", "spec", "metrics", i, source)
			}
		}
	}
	if missing := withoutRequest(w, "cpu", ""); len(metrics) == 0 && len(missing) > 0 {
		p.Report(o, fmt.Sprintf("without metrics it measures cpu in percent of the request, which %s of %s %s does not have", strings.Join(missing, ", "), w.Kind, w.Name),
			"name a metric, or set resources.requests.cpu there", "spec", "metrics")
	}
}

// withoutRequest names the containers that do not request a resource; a limit counts as a request.
func withoutRequest(w workload, resource, only string) []string {
	var out []string
	for _, c := range w.containers() {
		r := fields(c.content["resources"])
		if (only == "" || only == c.name()) && fields(r["requests"])[resource] == nil && fields(r["limits"])[resource] == nil {
			out = append(out, "container "+c.name())
		}
	}
	return out
}

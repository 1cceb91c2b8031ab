package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO703", Name: "scaled-down", Severity: finding.Error, Object: scaledDown,
		What: "A change does not take spec.replicas of two or more out of a workload, nor set it to 0 unless the model is retired. Where an autoscaler takes over it is a warning.",
		Why: "A field that is taken out gets its default, which is 1: all pods but one stop at once, and stay stopped where nothing scales; " +
			"an autoscaler brings them back, but only after the models have loaded again.",
		Fix:     "Keep replicas. To hand over to an autoscaler: make the change when one replica is enough for some minutes, or first let the live object be owned by the autoscaler, as the source below describes.",
		Sources: []string{"https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling"}})
}

func scaledDown(p *Pass, o *manifest.Object) {
	w, ok := servingWorkload(o)
	old := p.before(o)
	if !ok || old == nil || o.Kind == "DaemonSet" {
		return
	}
	was, had := number(old.At("spec", "replicas"))
	is, has := number(o.At("spec", "replicas"))
	path := []any{"spec", "replicas"}
	switch scalers := p.scalers(w); {
	case had && was >= 2 && o.At("spec", "replicas") == nil && len(scalers) > 0:
		p.Warn(o, fmt.Sprintf("replicas: %d is taken out: there is one pod until %s %s adds more", was, scalers[0].Kind, scalers[0].Name),
			"make the change when one pod is enough for as long as a model takes to load", path...)
	case had && was >= 2 && o.At("spec", "replicas") == nil:
		p.Report(o, fmt.Sprintf("replicas: %d is taken out, and nothing scales it: one pod is left", was), "keep replicas", path...)
	case has && is == 0 && numberOr(old.At("spec", "replicas"), 1) > 0 && !retired(o.Unit):
		p.Report(o, "replicas is 0: nothing serves any more", "keep replicas, or retire the model by modelops model remove", path...)
	}
}

func retired(u *manifest.Unit) bool { return u.Release != nil && u.Release.Spec.Retired }

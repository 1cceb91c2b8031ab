package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO209", Name: "autoscaler-owns-replicas", Severity: finding.Error, Object: ownsReplicas,
		What:    "A workload that an autoscaler scales does not say spec.replicas.",
		Why:     "Every sync sets the number back to what Git says, against the autoscaler, under load: Argo CD's diff stays quiet with ignoreDifferences alone, and the sync resets it still.",
		Fix:     "Leave spec.replicas out, and say the least and the most in the autoscaler. Where the number was in Git before, see MO703 for the moment of taking it out.",
		Sources: []string{"https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/#leaving-room-for-imperativeness", "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/"}})
}

func ownsReplicas(p *Pass, o *manifest.Object) {
	w, ok := workloadOf(o)
	if !ok || o.At("spec", "replicas") == nil {
		return
	}
	// Nothing is scaled while the number is 0: so are models switched off.
	if n, isNumber := number(o.At("spec", "replicas")); isNumber && n == 0 {
		return
	}
	if all := p.scalers(w); len(all) > 0 {
		p.Report(o, fmt.Sprintf("replicas is %v, and %s %s scales it too", o.At("spec", "replicas"), all[0].Kind, all[0].Name), "leave spec.replicas out", "spec", "replicas")
	}
}

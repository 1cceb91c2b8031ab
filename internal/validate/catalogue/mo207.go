package catalogue

import (
	"fmt"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO207", Name: "disruption-budget", Severity: finding.Error, Object: disruption,
		What: "A workload of two or more replicas has a PodDisruptionBudget, and just one. A budget lets a node be drained: maxUnavailable is not 0, and minAvailable is less than the number of replicas. " +
			"It says unhealthyPodEvictionPolicy: AlwaysAllow (a warning).",
		Why:     "Without a budget a drain takes all pods of a model at once; one that allows nothing blocks every upgrade of the nodes, and so do two budgets over the same pods, which the eviction API refuses.",
		Fix:     "Use maxUnavailable: 1 with unhealthyPodEvictionPolicy: AlwaysAllow, so that a pod that crashes does not hold a node.",
		Sources: []string{"https://kubernetes.io/docs/tasks/run-application/configure-pdb/", "https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy"},
		Guard: &Guard{Kinds: []string{"policy/PodDisruptionBudget"}, Message: "no pod may ever be evicted",
			Expression: `!has(object.spec.maxUnavailable) || !(string(object.spec.maxUnavailable) in ["0", "0%"])`}})
}

func disruption(p *Pass, o *manifest.Object) {
	if o.Kind == "PodDisruptionBudget" {
		drainable(p, o)
		return
	}
	w, ok := servingWorkload(o)
	if !ok || o.Kind == "DaemonSet" || o.Kind == "ReplicaSet" {
		return
	}
	var budgets []*manifest.Object
	pods := w.labels()
	for _, other := range p.near(o, "PodDisruptionBudget") {
		if s, ok := p.selects(other); ok && s.Matches(pods) {
			budgets = append(budgets, other)
		}
	}
	switch {
	case len(budgets) > 1:
		p.Report(budgets[1], fmt.Sprintf("%s and %s mean the same pods, those of %s: the eviction API refuses such pods", budgets[0].Name, budgets[1].Name, o.Name), "keep one of them", "spec", "selector")
	case len(budgets) == 0 && p.complete(o) && p.least(w) >= 2 && !p.budgetAround(o, pods):
		p.Report(o, fmt.Sprintf("it has %d replicas and no PodDisruptionBudget: a drain may take them all", p.least(w)), "add one with maxUnavailable: 1")
	}
}

func (p *Pass) budgetAround(o *manifest.Object, pods labels.Set) bool {
	for _, budget := range p.around(o, "PodDisruptionBudget") {
		if s, ok := p.selects(budget); ok && s.Matches(pods) {
			return true
		}
	}
	return false
}

func drainable(p *Pass, o *manifest.Object) {
	const policy = "unhealthyPodEvictionPolicy"
	if is := text(o.At("spec", policy)); is != "AlwaysAllow" {
		f := p.Warn(o, "a pod that is not healthy can hold a node that is drained", "set unhealthyPodEvictionPolicy: AlwaysAllow", "spec", policy)
		if is != "" {
			rewrite(f, policy, is, "AlwaysAllow")
		}
	}
	if most := o.At("spec", "maxUnavailable"); most != nil {
		// Percentages of what may be unavailable are rounded up: only 0 is none.
		if n, ok := share(most, 100, ""); ok && n == 0 {
			rewrite(p.Report(o, "no pod may ever be evicted: nodes cannot be drained", "set maxUnavailable: 1", "spec", "maxUnavailable"), "maxUnavailable", fmt.Sprint(most), "1")
		}
		return
	}
	least := o.At("spec", "minAvailable")
	s, ok := p.selects(o)
	if least == nil || !ok {
		return
	}
	for _, w := range p.workloads(o, s) {
		replicas := p.least(w)
		n, isPercent := share(least, 100, "")
		if _, isNumber := number(least); isNumber {
			isPercent = false
		} else if isPercent {
			n = (n*replicas + 99) / 100
		}
		if replicas > 0 && n >= replicas {
			p.Report(o, fmt.Sprintf("minAvailable %v of the %d pods of %s leaves none to evict: nodes cannot be drained", least, replicas, w.Name), "use maxUnavailable: 1 instead", "spec", "minAvailable")
			return
		}
	}
}

package catalogue

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO211", Name: "stable-selector", Severity: finding.Error, Object: stableSelector,
		What: "The selector of a workload has no label that a version changes (app.kubernetes.io/version, helm.sh/chart, modelops.dev/version, modelops.dev/release), " +
			"and it is what it was in the commit that is compared with.",
		Why:     "The selector of a Deployment, StatefulSet, DaemonSet or ReplicaSet cannot be changed: the API server refuses the next version, and every sync fails until somebody deletes the workload.",
		Fix:     "Select by names that stay: app.kubernetes.io/name and what tells a canary from its stable. With kustomize: `labels` without includeSelectors, never commonLabels.",
		Sources: []string{"https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#label-selector-updates"},
		Guard: &Guard{Kinds: []string{"apps/Deployment", "apps/StatefulSet", "apps/DaemonSet"}, Message: "the selector has a label that every version changes",
			Expression: `!has(object.spec.selector.matchLabels) || !object.spec.selector.matchLabels.exists(k, k in ["app.kubernetes.io/version", "helm.sh/chart", "modelops.dev/version", "modelops.dev/release"])`}})
}

var volatile = []string{"app.kubernetes.io/version", "helm.sh/chart", "modelops.dev/version", "modelops.dev/release"}

func stableSelector(p *Pass, o *manifest.Object) {
	if !slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout"}, o.Kind) {
		return
	}
	for _, k := range sorted(fields(o.At("spec", "selector", "matchLabels"))) {
		if slices.Contains(volatile, k) {
			p.Report(o, fmt.Sprintf("it selects by %s, which every version changes", k), "take the label out of the selector; it may stay on the pods", "spec", "selector", "matchLabels", k)
		}
	}
	// Argo Rollouts lets its selector be changed.
	if old := p.before(o); old != nil && o.Kind != "Rollout" && !reflect.DeepEqual(old.At("spec", "selector"), o.At("spec", "selector")) {
		p.Report(o, "the selector is not what it was, and Kubernetes does not let it be changed", "keep the old selector, or give the workload a new name", "spec", "selector")
	}
}

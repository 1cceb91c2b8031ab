package catalogue

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO503", Name: "canary-replica-ratio", Severity: finding.Error, Object: replicaRatio,
		What: "Where one Service shares its requests between the pods of a stable and of a canary (told apart by a label that ends in `track`) and no route has weights, both have fixed replicas, no autoscaler, " +
			"and their ratio is what the canary's annotation modelops.dev/canary-weight says in percent, where there is one.",
		Why:     "Then the numbers of pods are the weights: an autoscaler moves requests to the canary whenever it adds a pod there.",
		Fix:     "Take the autoscalers out and set replicas 9 and 1 for a tenth; or split by weights, with two Services and an HTTPRoute.",
		Sources: []string{"https://kubernetes.io/docs/concepts/workloads/management/#canary-deployments", "https://argo-rollouts.readthedocs.io/en/stable/features/canary/"}})
}

// few is how many workloads or backends share the requests of one model at most.
const few = 16

const canaryWeight = "modelops.dev/canary-weight"

func replicaRatio(p *Pass, o *manifest.Object) {
	if o.Kind != "Service" || o.APIVersion != "v1" || p.splitsByWeight(o) {
		return
	}
	s, ok := p.selects(o)
	if !ok {
		return
	}
	pods := p.workloadsNear(o, s)
	if !tracksDiffer(pods) {
		return
	}
	for _, w := range pods {
		for _, scaler := range p.scalers(w) {
			p.Report(scaler, fmt.Sprintf("it changes how %s shares its requests between %s", o.Name, names(pods)), "set fixed replicas, or split by weights with an HTTPRoute", "spec", "scaleTargetRef")
		}
	}
	var all int64
	for _, w := range pods {
		all += p.least(w)
	}
	for _, w := range pods {
		percent, err := strconv.ParseInt(text(w.At("metadata", "annotations", canaryWeight)), 10, 32)
		have := p.least(w)
		if err == nil && all > 0 && (have*100+all/2)/all != percent {
			p.Report(w.Object, fmt.Sprintf("%d of %d pods are no %d %% of the requests, which %s says", have, all, percent, canaryWeight), "set replicas in that ratio", "spec", "replicas")
		}
	}
}

// splitsByWeight says whether something near shares requests by weights, so that the numbers of pods do not.
func (p *Pass) splitsByWeight(o *manifest.Object) bool {
	for _, kind := range []string{"VirtualService", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "TrafficSplit"} {
		if len(p.near(o, kind)) > 0 {
			return true
		}
	}
	return slices.ContainsFunc(p.near(o, "Ingress"), isCanaryIngress)
}

// tracksDiffer says whether these are a stable and its canaries. More than a few workloads are something else, and are
// not compared.
func tracksDiffer(pods []workload) bool {
	if len(pods) > few {
		return false
	}
	tracks := map[string]bool{}
	for _, w := range pods {
		tracks[track(w)] = true
	}
	return len(tracks) > 1 && !tracks[""]
}

// track is what tells a canary's pods from those of the stable.
func track(w workload) string {
	l := w.ofPods
	for _, k := range sorted(l) {
		if k == "track" || strings.HasSuffix(k, "/track") {
			return l[k]
		}
	}
	return ""
}

func names(pods []workload) string {
	var out []string
	for _, w := range pods {
		out = append(out, w.Name)
	}
	return strings.Join(out, " and ")
}

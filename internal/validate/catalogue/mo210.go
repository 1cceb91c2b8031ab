package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO210", Name: "spread", Severity: finding.Warning, Object: spread,
		What:    "A workload of two or more replicas is spread over nodes, by topologySpreadConstraints or podAntiAffinity whose selector means its own pods.",
		Why:     "The scheduler may put all replicas on one node, and the node takes them all with it; a constraint that counts other pods spreads nothing.",
		Fix:     "Add a constraint over kubernetes.io/hostname with whenUnsatisfiable: ScheduleAnyway, and one over topology.kubernetes.io/zone, with the workload's labels.",
		Sources: []string{"https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/"}})
}

func spread(p *Pass, o *manifest.Object) {
	w, ok := servingWorkload(o)
	if !ok || o.Kind == "DaemonSet" {
		return
	}
	path := w.within("topologySpreadConstraints")
	constraints := list(w.At(path...))
	for i, c := range constraints {
		if s, ok := selector(fields(c)["labelSelector"]); ok && !s.Matches(w.labels()) {
			p.Report(o, fmt.Sprintf("the constraint counts pods that %s has none of: %s", o.Name, s), "use the labels of its own pods", append(path, i, "labelSelector")...)
		}
	}
	if len(constraints) == 0 && w.At(w.within("affinity", "podAntiAffinity")...) == nil && p.least(w) >= 2 {
		p.Report(o, fmt.Sprintf("its %d replicas may all run on one node", p.least(w)), "add topologySpreadConstraints", path...)
	}
}

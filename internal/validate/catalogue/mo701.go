package catalogue

import (
	"fmt"
	"slices"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO701", Name: "workload-deleted", Severity: finding.Error, Set: workloadDeleted,
		What:    "A change does not take away a workload, a PersistentVolumeClaim or a Namespace that the commit that is compared with builds. One that another folder builds now was moved, not taken away.",
		Why:     "Argo CD prunes what Git no longer has: the pods stop, a claim goes with its data, and a Namespace with everything in it. A patch or a renaming does it as easily as a removal.",
		Fix:     "Put it back. To take a model out of service use `modelops model remove`, which first stops it and proves that it is gone.",
		Sources: []string{"https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/#automatic-pruning"}})
}

// lasting are the kinds whose deletion is an outage or a loss.
var lasting = []string{"Deployment", "StatefulSet", "DaemonSet", "Rollout", "InferenceService", "PersistentVolumeClaim", "Namespace"}

func workloadDeleted(p *Pass) {
	there := map[finding.Object]bool{}
	p.Set.Objects(func(o *manifest.Object) { there[o.Object] = true })
	for _, u := range p.Set.Units {
		for _, old := range u.Before {
			if !slices.Contains(lasting, old.Kind) || there[old.Object] {
				continue
			}
			// It has no place any more: the folder or file that should build it, or the spec that should make it, is the nearest.
			at := finding.Position{File: u.Path}
			if u.Pending {
				at.File = u.Target.ModelFile()
			}
			f := p.ReportFile(at, fmt.Sprintf("%s is no longer built: Argo CD deletes it", old.Object),
				"put it back, or take the model out of service by modelops model remove")
			f.Object = old.Object
		}
	}
}

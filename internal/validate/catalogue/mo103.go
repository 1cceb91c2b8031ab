package catalogue

import (
	"fmt"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO103", Name: "run-as-uid", Severity: finding.Warning, Object: runAsUID,
		What:    "Every container runs as a user and a group that are written down, by itself or by its pod, and that are neither 0 nor 1337.",
		Why:     "Without them the image decides, so that a new image can turn it into root; 1337 is the sidecar's of Istio, whose traffic is not intercepted.",
		Fix:     "Set runAsUser and runAsGroup in the pod's securityContext. In a deployment repository: spec.user in model.yaml.",
		Sources: []string{"https://kubernetes.io/docs/tasks/configure-pod-container/security-context/", "https://istio.io/latest/docs/ops/deployment/application-requirements/"}})
}

func runAsUID(p *Pass, o *manifest.Object) {
	w, ok := workloadOf(o)
	if !ok || text(w.At(w.within("os", "name")...)) == "windows" {
		return
	}
	pod := fields(w.At(w.within("securityContext")...))
	badIDs(p, o, "the pod", pod, w.within("securityContext"))
	for _, c := range w.everyContainer() {
		own := fields(c.content["securityContext"])
		badIDs(p, o, "container "+c.name(), own, c.in("securityContext"))
		var missing []string
		for _, field := range ids {
			if own[field] == nil && pod[field] == nil {
				missing = append(missing, field)
			}
		}
		if len(missing) > 0 {
			what := strings.Join(missing, " and ")
			p.Report(o, fmt.Sprintf("container %s has no %s: the image decides", c.name(), what), fmt.Sprintf("set %s in the pod's securityContext", what), c.in("securityContext", missing[0])...)
		}
	}
}

var ids = []string{"runAsUser", "runAsGroup"}

func badIDs(p *Pass, o *manifest.Object, who string, context map[string]any, path []any) {
	for _, field := range ids {
		id, ok := number(context[field])
		if why := badID(id); ok && why != "" {
			p.Report(o, fmt.Sprintf("%s: %s is %d: %s", who, field, id, why), "choose another id, such as 1000", append(path[:len(path):len(path)], field)...)
		}
	}
}

func badID(id int64) string {
	switch id {
	case 0:
		return "that is root"
	case 1337:
		return "Istio's sidecar has this id, and its traffic is not intercepted"
	}
	return ""
}

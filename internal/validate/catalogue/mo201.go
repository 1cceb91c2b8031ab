package catalogue

import (
	"fmt"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO201", Name: "readiness-probe", Severity: finding.Error, Object: readiness,
		What:    "Every container that has ports, in a workload that serves, has a readinessProbe.",
		Fix:     "Add a readinessProbe on the endpoint that answers 200 once the model is loaded, such as /v2/health/ready of Triton and MLServer or /health of vLLM. In a deployment repository: spec.health in model.yaml.",
		Sources: []string{"https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/"},
		Why:     "Without it a pod takes requests before its model is loaded, and a rollout replaces all pods by ones that cannot answer.",
		Guard: &Guard{Kinds: []string{"apps/Deployment", "apps/StatefulSet", "apps/DaemonSet"}, Message: "a container with ports has no readinessProbe",
			Expression: `object.spec.template.spec.containers.all(c, !has(c.ports) || size(c.ports) == 0 || has(c.readinessProbe))`}})
}

func readiness(p *Pass, o *manifest.Object) {
	w, ok := servingWorkload(o)
	if !ok {
		return
	}
	for _, c := range w.servers() {
		if c.content["readinessProbe"] == nil {
			p.Report(o, fmt.Sprintf("container %s has no readinessProbe", c.name()), "add one on the endpoint that answers once the model is loaded", c.in("readinessProbe")...)
		}
	}
}

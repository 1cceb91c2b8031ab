package catalogue

import (
	"fmt"
	"reflect"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO202", Name: "liveness-probe", Severity: finding.Warning, Object: liveness,
		What:    "Every container that has ports, in a workload that serves, has a livenessProbe, and it is not the readinessProbe again while there is no startupProbe.",
		Why:     "Without it a server that hangs stays hung; and one that restarts whatever is not ready restarts every server that is only busy, all at once under load.",
		Fix:     "Add a livenessProbe on an endpoint that fails only when the process cannot recover, with a higher failureThreshold than readiness has; a tcpSocket probe where there is no such endpoint.",
		Sources: []string{"https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/"},
		Guard: &Guard{Kinds: []string{"apps/Deployment", "apps/StatefulSet", "apps/DaemonSet"}, Message: "a container with ports has no livenessProbe",
			Expression: `object.spec.template.spec.containers.all(c, !has(c.ports) || size(c.ports) == 0 || has(c.livenessProbe))`}})
}

func liveness(p *Pass, o *manifest.Object) {
	w, ok := servingWorkload(o)
	if !ok {
		return
	}
	for _, c := range w.servers() {
		live, has := c.probe("livenessProbe")
		_, starts := c.probe("startupProbe")
		switch {
		case !has:
			p.Report(o, fmt.Sprintf("container %s has no livenessProbe", c.name()), "add one that fails only when a restart helps", c.in("livenessProbe")...)
		case !starts && reflect.DeepEqual(live.content, c.content["readinessProbe"]):
			p.Report(o, fmt.Sprintf("the livenessProbe of container %s is its readinessProbe again: it restarts a server that is only busy or still loading", c.name()),
				"add a startupProbe, and give liveness a higher failureThreshold", c.in("livenessProbe")...)
		}
	}
}

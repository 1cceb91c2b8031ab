package catalogue

import (
	"fmt"
	"time"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO203", Name: "startup-budget", Severity: finding.Error, Object: startupBudget,
		What: "A model has the time that it needs to load. The startupProbe's failureThreshold times periodSeconds is at least spec.startupTimeout of model.yaml, where there is one, " +
			"and less than the workload's progressDeadlineSeconds (600 where it is left out); and where there is a livenessProbe and no startupProbe, liveness lets a start take five minutes or longer (a warning, unless the server or a GPU says that a model is loaded).",
		Why:     "A liveness probe that begins with the container kills a server that is still loading, for ever; and a deadline that ends before the budget calls a good rollout failed.",
		Fix:     "Add a startupProbe with failureThreshold × periodSeconds above the slowest load, and a progressDeadlineSeconds above that. In a deployment repository: spec.startupTimeout in model.yaml sets both.",
		Sources: []string{"https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#define-startup-probes", "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds"}})
}

// patience is what a livenessProbe alone must leave for a start.
const patience = 300

func startupBudget(p *Pass, o *manifest.Object) {
	w, ok := servingWorkload(o)
	if !ok {
		return
	}
	for _, c := range w.servers() {
		start, has := c.probe("startupProbe")
		if !has {
			if live, lives := c.probe("livenessProbe"); lives && live.allows() < patience {
				f := p.Report(o, fmt.Sprintf("container %s has no startupProbe, and its livenessProbe restarts it when it is not up after %d s", c.name(), live.allows()),
					"add a startupProbe that leaves time for loading the model", c.in("startupProbe")...)
				if runtimeOf(w, c) == nil && c.gpus() == 0 && o.Unit.Kind != manifest.Overlay {
					f.Severity = finding.Warning // it may be something that starts in a moment
				}
			}
			continue
		}
		budget := start.allows()
		deadline := numberOr(o.At("spec", "progressDeadlineSeconds"), 600)
		if (o.Kind == "Deployment" || o.Kind == "Rollout") && budget >= deadline {
			p.Report(o, fmt.Sprintf("container %s may take %d s to start, but the rollout is called failed after %d s", c.name(), budget, deadline),
				fmt.Sprintf("set progressDeadlineSeconds above %d", budget), "spec", "progressDeadlineSeconds")
		}
		if wanted := declaredStartup(o); c.name() == server && wanted > budget {
			p.Report(o, fmt.Sprintf("container %s is restarted when it is not up after %d s, but startupTimeout of its release is %d s", c.name(), budget, wanted),
				fmt.Sprintf("set failureThreshold to %d or more", (wanted+start.period()-1)/start.period()), c.in("startupProbe", "failureThreshold")...)
		}
	}
}

// server is the container that serves the model in an overlay.
const server = "server"

// declaredStartup is how many seconds the release says that a start may take; 0 where it does not say.
func declaredStartup(o *manifest.Object) int64 {
	return declared(o, func(s serving) string { return s.StartupTimeout })
}

// declared is a time that the release says, in seconds: for its environment, or for all of them.
func declared(o *manifest.Object, field func(serving) string) int64 {
	if o.Unit.Release == nil {
		return 0
	}
	model := &o.Unit.Release.Spec.Model
	said := field(model.Environments[o.Unit.Target.Env])
	if said == "" {
		said = field(model.Serving)
	}
	d, err := time.ParseDuration(said)
	if err != nil {
		return 0
	}
	return int64(d / time.Second)
}

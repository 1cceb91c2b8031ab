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
	register(Check{ID: "MO206", Name: "graceful-termination", Severity: finding.Error, Object: gracefulTermination,
		What: "A container that has ports, in a Deployment, StatefulSet or Rollout that a Service leads to, has a preStop hook, and terminationGracePeriodSeconds (30 where it is left out) is longer than the hook and the time for which the server " +
			"finishes requests: spec.drainTimeout of model.yaml, or the server's own option (--exit-timeout-secs of Triton).",
		Why:     "A pod is told to stop and taken out of the endpoints at the same time: without a pause it stops while requests still come in, and a grace period that ends early cuts off those that are running.",
		Fix:     "Add lifecycle: {preStop: {sleep: {seconds: 15}}} and set terminationGracePeriodSeconds above 15 plus the drain. In a deployment repository: spec.drainTimeout in model.yaml.",
		Sources: []string{"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination"}})
}

func gracefulTermination(p *Pass, o *manifest.Object) {
	w, ok := servingWorkload(o)
	if !ok || o.Kind == "DaemonSet" {
		return
	}
	if !p.behindService(w) {
		return
	}
	path := w.within("terminationGracePeriodSeconds")
	grace := numberOr(w.At(path...), 30)
	for _, c := range w.servers() {
		hook := fields(fields(c.content["lifecycle"])["preStop"])
		if hook == nil {
			p.Report(o, fmt.Sprintf("container %s has no preStop hook: it stops while requests still reach it", c.name()),
				"add lifecycle.preStop.sleep.seconds: 15", c.in("lifecycle", "preStop")...)
			continue
		}
		pause, drain := paused(hook), c.drain()
		if c.name() == server {
			drain = max(drain, declared(o, func(s serving) string { return s.DrainTimeout }))
		}
		if pause+drain >= grace {
			p.Report(o, fmt.Sprintf("container %s is killed after %d s: its preStop hook takes %d s, and finishing requests may take %d s", c.name(), grace, pause, drain),
				fmt.Sprintf("set terminationGracePeriodSeconds above %d", pause+drain), path...)
		}
	}
}

// behindService says whether a Service leads to the workload's pods: nobody else is told when one of them goes.
func (p *Pass) behindService(w workload) bool {
	pods := w.labels()
	return slices.ContainsFunc(p.around(w.Object, "Service"), func(o *manifest.Object) bool {
		s, ok := p.selects(o)
		return ok && s.Matches(pods)
	})
}

var sleeps = lazily(`\bsleep (\d{1,5})\b`)

// paused is for how many seconds a preStop hook waits, as far as it says.
func paused(hook map[string]any) int64 {
	if n, ok := number(fields(hook["sleep"])["seconds"]); ok {
		return n
	}
	var words []string
	for _, w := range list(fields(hook["exec"])["command"]) {
		words = append(words, text(w))
	}
	if m := sleeps().FindStringSubmatch(strings.Join(words, " ")); m != nil {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		return n
	}
	return 0
}

var exitTimeout = lazily(`^--exit-timeout-secs=(\d{1,5})$`)

// drain is for how many seconds the server is told to finish requests.
func (c container) drain() int64 {
	for _, a := range list(c.content["args"]) {
		if m := exitTimeout().FindStringSubmatch(text(a)); m != nil {
			n, _ := strconv.ParseInt(m[1], 10, 64)
			return n
		}
	}
	return 0
}

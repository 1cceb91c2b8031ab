package catalogue

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO205", Name: "zero-downtime-rollout", Severity: finding.Error, Object: zeroDowntime,
		What: "A Deployment is rolled (strategy RollingUpdate), and no old pod is taken before a new one is ready: maxUnavailable is 0, or rounds down to 0. " +
			"It is an error where the rollout may take all pods at once, and a warning where it may take some.",
		Why:     "A new pod of a model takes minutes to load; what was taken for it is missing for that long.",
		Fix:     "Set strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}. Where a second pod does not fit, because of GPUs or a volume that is mounted once, waive the check and say so.",
		Sources: []string{"https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment"},
		Guard: &Guard{Kinds: []string{"apps/Deployment"}, Message: "every rollout stops all pods first",
			Expression: `!has(object.spec.strategy) || !has(object.spec.strategy.type) || object.spec.strategy.type != "Recreate" || (has(object.spec.replicas) && object.spec.replicas == 0)`}})
}

func zeroDowntime(p *Pass, o *manifest.Object) {
	if o.Kind != "Deployment" {
		return
	}
	if text(o.At("spec", "strategy", "type")) == "Recreate" {
		if numberOr(o.At("spec", "replicas"), 1) > 0 {
			p.Report(o, "every rollout stops all pods before it starts new ones", "use the strategy RollingUpdate with maxUnavailable: 0 and maxSurge: 1", "spec", "strategy", "type")
		}
		return
	}
	w, _ := workloadOf(o)
	replicas := p.least(w)
	const fix = "set maxUnavailable: 0 and maxSurge: 1"
	path := []any{"spec", "strategy", "rollingUpdate", "maxUnavailable"}
	taken, ok := share(o.At(path...), replicas, "25%")
	switch {
	case !ok || taken == 0 || replicas == 0:
	case taken >= replicas:
		p.Report(o, fmt.Sprintf("a rollout may take all of the %d pods at once", replicas), fix, path...)
	default:
		p.Warn(o, fmt.Sprintf("a rollout may take %d of %d pods before new ones are ready", taken, replicas), fix, path...)
	}
}

// share is a number or a percentage of a number, rounded down as Kubernetes does for what may be unavailable.
func share(v any, of int64, otherwise string) (int64, bool) {
	if v == nil {
		v = otherwise
	}
	if n, ok := number(v); ok {
		return n, true
	}
	percent, ok := strings.CutSuffix(text(v), "%")
	n, err := strconv.ParseInt(percent, 10, 32)
	return n * of / 100, ok && err == nil
}

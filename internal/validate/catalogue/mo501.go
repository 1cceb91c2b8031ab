package catalogue

import (
	"fmt"
	"strconv"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

const nginx = "nginx.ingress.kubernetes.io/"

func init() {
	register(Check{ID: "MO501", Name: "canary-weights", Severity: finding.Error, Object: canaryWeights,
		What: "The weights of a split add up: to 100 in a VirtualService with several destinations, to more than 0 in a rule of the Gateway API; " +
			"canary-weight of ingress-nginx lies between 0 and canary-weight-total (100), and canaryTrafficPercent of KServe between 0 and 100.",
		Why:     "Istio and the Gateway API share requests by weight over sum, so that 90 and 20 is no tenth; a sum of 0 answers every request with 500; and ingress-nginx drops a weight that it cannot read, and with it the canary.",
		Fix:     "Write the shares in percent, and let them add up to 100.",
		Sources: []string{"https://gateway-api.sigs.k8s.io/guides/traffic-splitting/", "https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRouteDestination", "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#canary"}})
}

func canaryWeights(p *Pass, o *manifest.Object) {
	for _, s := range splits(o) {
		sum, ok := s.sum()
		switch {
		case !ok:
		case o.Kind == "VirtualService" && len(s.backends) > 1 && sum != 100:
			p.Report(o, fmt.Sprintf("the weights of the %d destinations add up to %d", len(s.backends), sum), "let them add up to 100", s.path...)
		case o.Kind != "VirtualService" && len(s.backends) > 0 && sum == 0:
			p.Report(o, "no backend has a weight: every request is answered with an error", "give one of them a weight above 0", s.path...)
		}
	}
	switch o.Kind {
	case "Ingress":
		ingressWeight(p, o)
	case "InferenceService":
		if n, ok := number(o.At("spec", "predictor", "canaryTrafficPercent")); ok && (n < 0 || n > 100) {
			p.Report(o, fmt.Sprintf("canaryTrafficPercent is %d", n), "set a share between 0 and 100", "spec", "predictor", "canaryTrafficPercent")
		}
	}
}

func ingressWeight(p *Pass, o *manifest.Object) {
	value := o.At("metadata", "annotations", nginx+"canary-weight")
	if value == nil {
		return
	}
	total, err := strconv.ParseInt(text(o.At("metadata", "annotations", nginx+"canary-weight-total")), 10, 32)
	if err != nil {
		total = 100
	}
	if n, err := strconv.ParseInt(text(value), 10, 32); err != nil || n < 0 || n > total {
		p.Report(o, fmt.Sprintf("canary-weight is %q, and should be a number from 0 to %d", fmt.Sprint(value), total), "write the canary's share", "metadata", "annotations", nginx+"canary-weight")
	}
}

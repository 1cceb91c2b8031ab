package catalogue

import (
	"fmt"
	"maps"
	"reflect"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO502", Name: "canary-references", Severity: finding.Error, Object: canaryReferences,
		What: "What a canary is split over exists and differs: the Services of a route with their ports, the subsets of a DestinationRule with pods that have their labels, " +
			"the canaryService and stableService of a Rollout; the Services of one split do not select the same pods (but for those of a Rollout, which Argo Rollouts tells apart); and a canary Ingress has one main Ingress of its host and path, which has no other canary.",
		Why:     "A route to a Service, port or subset that is not there answers its share of the requests with 503; a canary that is the stable by another name tests nothing and passes every gate; ingress-nginx takes one canary for each rule and drops the others.",
		Fix:     "Name the Services that are there, and select stable and canary pods by a label that tells them apart, such as modelops.dev/track.",
		Sources: []string{"https://istio.io/latest/docs/ops/common-problems/network-issues/#503-errors-after-setting-destination-rule", "https://argo-rollouts.readthedocs.io/en/stable/features/traffic-management/", "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#canary"}})
}

func canaryReferences(p *Pass, o *manifest.Object) {
	for _, s := range splits(o) {
		if len(s.backends) > few {
			continue // no canary, and each is compared with all
		}
		for _, b := range s.backends {
			backendExists(p, o, b)
		}
		backendsDiffer(p, o, s)
	}
	switch o.Kind {
	case "DestinationRule":
		subsetsHavePods(p, o)
	case "Rollout":
		rolloutServices(p, o)
	case "Ingress":
		// All of a place are looked at together, when the first of them comes.
		if all := p.near(o, "Ingress"); all[0] == o {
			canaryIngresses(p, all)
		}
	}
}

func backendExists(p *Pass, o *manifest.Object, b backend) {
	if b.service == "" || !p.completePods(o) {
		return
	}
	service := p.named(o, "Service", b.service)
	if service == nil {
		p.Report(o, "there is no Service "+b.service, "name a Service that is there", b.path...)
		return
	}
	if n, ok := number(b.port); ok && !hasServicePort(service, n) {
		p.Report(o, fmt.Sprintf("the Service %s has no port %d", b.service, n), "use a port of the Service", b.path...)
	}
	if b.subset != "" && !p.subsetExists(o, b) {
		p.Report(o, fmt.Sprintf("no DestinationRule of %s has a subset %s", b.service, b.subset), "add the subset, or name one that is there", b.path...)
	}
}

func hasServicePort(service *manifest.Object, n int64) bool {
	for _, p := range list(service.At("spec", "ports")) {
		if have, ok := number(fields(p)["port"]); ok && have == n {
			return true
		}
	}
	return false
}

func (p *Pass) subsetExists(o *manifest.Object, b backend) bool {
	for _, r := range p.around(o, "DestinationRule") {
		if ownService(r, text(r.At("spec", "host"))) != b.service {
			continue
		}
		for _, s := range list(r.At("spec", "subsets")) {
			if text(fields(s)["name"]) == b.subset {
				return true
			}
		}
	}
	return false
}

// backendsDiffer compares what the Services select, since two names for the same pods are no split. Argo Rollouts adds
// what tells them apart to the Services in the cluster, where they are alike in Git.
func backendsDiffer(p *Pass, o *manifest.Object, s split) {
	if len(p.around(o, "Rollout")) > 0 {
		return
	}
	seen := map[string]any{}
	for _, b := range s.backends {
		service := p.named(o, "Service", b.service)
		if b.service == "" || b.subset != "" || service == nil || service.At("spec", "selector") == nil {
			continue
		}
		selects := service.At("spec", "selector")
		for _, other := range sorted(seen) {
			if other != b.service && reflect.DeepEqual(seen[other], selects) {
				p.Report(o, fmt.Sprintf("the Services %s and %s select the same pods", other, b.service), "select stable and canary pods by a label that tells them apart", b.path...)
			}
		}
		seen[b.service] = selects
	}
}

func subsetsHavePods(p *Pass, o *manifest.Object) {
	service := p.named(o, "Service", ownService(o, text(o.At("spec", "host"))))
	if service == nil {
		return
	}
	selects := fields(service.At("spec", "selector"))
	if len(selects) == 0 {
		return
	}
	for i, s := range list(o.At("spec", "subsets")) {
		both := maps.Clone(selects)
		maps.Copy(both, fields(fields(s)["labels"]))
		sel, ok := equals(both)
		if ok && p.completePods(o) && len(p.workloads(o, sel)) == 0 {
			p.Report(o, fmt.Sprintf("no pods of the Service %s have the labels of subset %s: %s", service.Name, text(fields(s)["name"]), describeLabels(fields(fields(s)["labels"]))),
				"use labels of the pods", "spec", "subsets", i, "labels")
		}
	}
}

func describeLabels(m map[string]any) string {
	out := labels.Set{}
	for k, v := range m {
		out[k] = text(v)
	}
	return out.String()
}

func rolloutServices(p *Pass, o *manifest.Object) {
	strategy := []any{"spec", "strategy", "canary"}
	stable, canary := text(o.At(append(strategy, "stableService")...)), text(o.At(append(strategy, "canaryService")...))
	if stable != "" && stable == canary {
		p.Report(o, "stableService and canaryService are both "+stable, "give the canary a Service of its own", append(strategy, "canaryService")...)
	}
	for _, field := range []string{"stableService", "canaryService"} {
		path := append(strategy[:3:3], field)
		if name := text(o.At(path...)); name != "" && p.complete(o) && p.named(o, "Service", name) == nil {
			p.Report(o, "there is no Service "+name, "add it beside the Rollout", path...)
		}
	}
}

// canaryIngresses looks for the main Ingress of each canary, and for a second canary.
func canaryIngresses(p *Pass, all []*manifest.Object) {
	mains, canaries := map[string]bool{}, map[string]*manifest.Object{}
	for _, o := range all {
		if !isCanaryIngress(o) {
			for rule := range ingressRules(o) {
				mains[rule] = true
			}
		}
	}
	for _, o := range all {
		if !isCanaryIngress(o) {
			continue
		}
		rules := ingressRules(o)
		for _, rule := range sorted(rules) {
			if !mains[rule] && p.complete(o) {
				p.Report(o, fmt.Sprintf("there is no Ingress for %s that this could be a canary of", rule), "use the host and path of the main Ingress", rules[rule]...)
			}
			if first := canaries[rule]; first != nil {
				p.Report(o, fmt.Sprintf("%s is a canary of %s too, and ingress-nginx takes one", first.Name, rule), "keep one of them", rules[rule]...)
			} else {
				canaries[rule] = o
			}
		}
	}
}

func isCanaryIngress(o *manifest.Object) bool {
	return text(o.At("metadata", "annotations", nginx+"canary")) == "true"
}

// ingressRules are the hosts and paths of an Ingress, with the places of them.
func ingressRules(o *manifest.Object) map[string][]any {
	out := map[string][]any{}
	for i, r := range list(o.At("spec", "rules")) {
		for j, h := range list(fields(fields(r)["http"])["paths"]) {
			out[text(fields(r)["host"])+text(fields(h)["path"])] = []any{"spec", "rules", i, "http", "paths", j, "path"}
		}
	}
	return out
}

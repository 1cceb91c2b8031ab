package catalogue

import (
	"fmt"
	"slices"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO310", Name: "service-exposure", Severity: finding.Error, Object: exposure,
		What:    "A model is reached through the platform's gateways: no Service of type NodePort, LoadBalancer or ExternalName, no externalIPs, and no hostPort.",
		Why:     "Each of these is a way around the gateway's sign-in and limits; externalIPs and ExternalName also let a team take over traffic that is meant for others.",
		Fix:     "Use type ClusterIP behind a route of the gateway, or have the platform expose it.",
		Sources: []string{"https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types", "https://github.com/kubernetes/kubernetes/issues/97076"},
		Guard: &Guard{Kinds: []string{"/Service"}, Message: "a Service is exposed past the gateways",
			Expression: `(!has(object.spec.type) || object.spec.type == "ClusterIP") && (!has(object.spec.externalIPs) || size(object.spec.externalIPs) == 0)`}})
}

func exposure(p *Pass, o *manifest.Object) {
	if o.Kind == "Service" && o.APIVersion == "v1" {
		if kind := text(o.At("spec", "type")); slices.Contains([]string{"NodePort", "LoadBalancer", "ExternalName"}, kind) {
			p.Report(o, "a Service of type "+kind+" leads past the platform's gateways", "use type ClusterIP", "spec", "type")
		}
		if ips := list(o.At("spec", "externalIPs")); len(ips) > 0 {
			p.Report(o, fmt.Sprintf("it takes the traffic of the addresses %v", ips), "take externalIPs out", "spec", "externalIPs")
		}
	}
	w, ok := workloadOf(o)
	if !ok {
		return
	}
	for _, c := range w.everyContainer() {
		for i, port := range list(c.content["ports"]) {
			if n, ok := number(fields(port)["hostPort"]); ok && n > 0 {
				p.Report(o, fmt.Sprintf("container %s listens on port %d of its node", c.name(), n), "take hostPort out", c.in("ports", i, "hostPort")...)
			}
		}
	}
}

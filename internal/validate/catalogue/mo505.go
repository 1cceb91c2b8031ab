package catalogue

import (
	"strings"

	"github.com/modelops/modelops/internal/validate/finding"
	"github.com/modelops/modelops/internal/validate/manifest"
)

func init() {
	register(Check{ID: "MO505", Name: "legacy-runtime", Severity: finding.Warning, Object: legacy,
		What:    "Nothing is used that its authors have given up: ingress-nginx, TorchServe, and the TrafficSplit of SMI.",
		Why:     "They get no fixes of security holes any more, and all of them take requests from outside.",
		Fix:     "Use a route of the Gateway API instead of an Ingress of ingress-nginx or a TrafficSplit; serve by Triton, vLLM, MLServer or a container of your own instead of TorchServe.",
		Sources: []string{"https://github.com/kubernetes/ingress-nginx", "https://github.com/pytorch/serve", "https://github.com/servicemeshinterface/smi-spec"}})
}

func legacy(p *Pass, o *manifest.Object) {
	switch {
	case o.Kind == "TrafficSplit":
		p.Report(o, "SMI is archived, and meshes drop it", "use an HTTPRoute", "kind")
	case o.Kind == "Ingress":
		if path := ofIngressNginx(o); path != nil {
			p.Report(o, "ingress-nginx is retired: it gets no more fixes", "use an HTTPRoute", path...)
		}
	}
	w, ok := servingWorkload(o)
	if !ok {
		return
	}
	for _, c := range w.list("containers") {
		if r := runtimeOf(w, c); r != nil && r.name == "torchserve" {
			p.Report(o, "container "+c.name()+" runs TorchServe, which is no longer maintained", "serve by another runtime", c.in("image")...)
		}
	}
}

// ofIngressNginx is the field that says so: the class, or one of its annotations.
func ofIngressNginx(o *manifest.Object) []any {
	if text(o.At("spec", "ingressClassName")) == "nginx" {
		return []any{"spec", "ingressClassName"}
	}
	for _, k := range sorted(fields(o.At("metadata", "annotations"))) {
		if strings.HasPrefix(k, nginx) || k == "kubernetes.io/ingress.class" && text(o.At("metadata", "annotations", k)) == "nginx" {
			return []any{"metadata", "annotations", k}
		}
	}
	return nil
}

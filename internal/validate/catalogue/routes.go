package catalogue

import (
	"strings"

	"github.com/modelops/modelops/internal/validate/manifest"
)

// backend is one of the Services that a route leads to.
type backend struct {
	service, subset string
	port, weight    any
	path            []any // of the backend in its object
}

// split is one rule of a route: the backends that share its requests.
type split struct {
	backends []backend
	path     []any // of the list of backends
}

// splits of a VirtualService or of a route of the Gateway API.
func splits(o *manifest.Object) []split {
	switch {
	case o.Kind == "VirtualService" && strings.HasPrefix(o.APIVersion, "networking.istio.io/"):
		return istioSplits(o)
	case strings.HasPrefix(o.APIVersion, "gateway.networking.k8s.io/"):
		return gatewaySplits(o)
	}
	return nil
}

func istioSplits(o *manifest.Object) []split {
	var out []split
	for _, protocol := range []string{"http", "tls", "tcp"} {
		for i, rule := range list(o.At("spec", protocol)) {
			s := split{path: []any{"spec", protocol, i, "route"}}
			for j, r := range list(fields(rule)["route"]) {
				d := fields(fields(r)["destination"])
				s.backends = append(s.backends, backend{service: ownService(o, text(d["host"])), subset: text(d["subset"]), port: fields(d["port"])["number"],
					weight: fields(r)["weight"], path: append(s.path[:4:4], j)})
			}
			out = append(out, s)
		}
	}
	return out
}

// ownService is the Service of the object's namespace that a host of Istio means; empty for any other host.
func ownService(o *manifest.Object, host string) string {
	name, rest, qualified := strings.Cut(host, ".")
	if !qualified {
		return name
	}
	namespace, domain, _ := strings.Cut(rest, ".")
	if namespace == o.Namespace && strings.HasPrefix(domain+".", "svc.") {
		return name
	}
	return ""
}

func gatewaySplits(o *manifest.Object) []split {
	var out []split
	for i, rule := range list(o.At("spec", "rules")) {
		s := split{path: []any{"spec", "rules", i, "backendRefs"}}
		for j, r := range list(fields(rule)["backendRefs"]) {
			f := fields(r)
			b := backend{port: f["port"], weight: f["weight"], path: append(s.path[:4:4], j)}
			kind, namespace := text(f["kind"]), text(f["namespace"])
			if (kind == "" || kind == "Service") && text(f["group"]) == "" && (namespace == "" || namespace == o.Namespace) {
				b.service = text(f["name"])
			}
			if b.weight == nil {
				b.weight = 1
			}
			s.backends = append(s.backends, b)
		}
		out = append(out, s)
	}
	return out
}

// sum of the weights; ok is false where one is no number.
func (s split) sum() (int64, bool) {
	var sum int64
	for _, b := range s.backends {
		n, ok := number(b.weight)
		if !ok {
			return 0, false
		}
		sum += n
	}
	return sum, true
}

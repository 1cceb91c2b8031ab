package isolation

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/render/spec"
)

// metricsPort is the label by which pods say which of their ports is scraped.
const metricsPort = "modelops.dev/metrics-port"

// podIsolated is MO306: policies select every pod on both sides, and let in whom they should.
func (w *world) podIsolated(p *catalogue.Pass) {
	for _, n := range w.namespaces {
		// Where the tenant was not read, the policies that count are not known.
		known := n.tenant != nil || w.set.Whole
		unknown := false
		for _, pod := range n.pods {
			k := pod.work
			switch {
			case k.replicas <= 0 || k.Unit.Kind == manifest.ArgoCD:
			case pod.hostNetwork:
				p.Report(k.Object, k.title()+" uses its node's network: no policy holds there, and it reaches what its node reaches", "leave hostNetwork out", k.spec("hostNetwork")...)
			case !known:
				unknown = unknown || !k.Unit.Context
			default:
				w.selected(p, pod)
				w.reached(p, n, pod)
			}
		}
		if unknown {
			w.gap("who reaches pods of namespace "+n.name+", and whom they reach", notRead)
		}
	}
}

func (w *world) selected(p *catalogue.Pass, pod *node) {
	for _, s := range []side{ingress, egress} {
		if !isolated(pod, s) {
			p.Report(pod.work.Object, fmt.Sprintf("no NetworkPolicy selects the pods of %s for %s, so that they are open", pod.work.title(), s),
				"the tenant's default-deny must select every pod, or a policy of the model these", in(pod.work.template, "metadata", "labels")...)
		}
	}
}

// way is a connection that somebody asked for.
type way struct {
	other *node
	side  side
	ports Ports
	what  string
	from  string // where it is asked for
}

// reached reports the ways that are asked for and closed.
func (w *world) reached(p *catalogue.Pass, n *namespace, pod *node) {
	if n.tenant != nil && isolated(pod, egress) && !w.resolves(pod) {
		p.Report(pod.work.Object, pod.work.title()+" cannot ask DNS", "allow it in the tenant's policies: spec.network.dns in modelops.yaml", pod.work.spec()...)
	}
	for _, d := range w.ways(n, pod) {
		if open := allowed(pod, d.other, d.side); !open.covers(d.ports) {
			p.Report(pod.work.Object, fmt.Sprintf("%s %s on %s, and the policies of namespace %s allow %s", pod.work.title(), d.what, d.ports, n.name, orNothing(open)),
				"render anew what "+d.from+" asks for; patches must not close it", pod.work.spec("containers")...)
		}
	}
}

func orNothing(p Ports) string {
	if p.Empty() {
		return "nothing"
	}
	return p.String()
}

// ways are those that specs ask for of a pod of a model.
func (w *world) ways(n *namespace, pod *node) []way {
	var out []way
	served := pod.named("http", "").union(pod.named("grpc", ""))
	network := w.network()
	u := pod.work.Unit
	release := u.Release
	if release == nil || pod.work.Name != u.Target.Model {
		return nil
	}
	serving := w.serving(u)
	callers := func(list []spec.Peer, from string) {
		for _, peer := range list {
			out = append(out, way{peerNode("", peer), ingress, served, "must let in the pods of " + peer.Namespace, from})
		}
	}
	callers(release.Spec.Platform.Gateways, "spec.network.gateways of modelops.yaml")
	callers(serving.Clients, "spec.clients of model.yaml")
	stores := func(list []spec.Store, from string) {
		for _, s := range list {
			out = append(out, storeWay(s, from))
		}
	}
	stores(serving.Egress, "spec.egress of model.yaml")
	if n.tenant == nil {
		return out
	}
	stores(network.ModelStores, "spec.network.modelStores of modelops.yaml")
	stores(w.tenancy(n.target).Network.ModelStores, "spec.network.modelStores of team.yaml")
	if scraped := pod.named(pod.labels[metricsPort], ""); network.Monitoring != nil && !scraped.Empty() {
		out = append(out, way{peerNode("", *network.Monitoring), ingress, scraped, "must let in the scrapes of " + network.Monitoring.Namespace, "spec.network.monitoring of modelops.yaml"})
	}
	return out
}

func storeWay(s spec.Store, from string) way {
	port := int32(s.Port)
	if port == 0 {
		port = 443
	}
	d := way{side: egress, ports: somePorts(corev1.ProtocolTCP, port, port), from: from}
	if s.Peer != nil {
		d.other, d.what = peerNode("", *s.Peer), "must reach the pods of "+s.Peer.Namespace
	} else {
		d.other, d.what = &node{addresses: cidr(s.CIDR)}, "must reach "+s.CIDR
	}
	return d
}

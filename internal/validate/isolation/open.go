package isolation

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/modelops/modelops/internal/validate/catalogue"
	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/render/spec"
)

const declare = "name whom the model talks to in model.yaml: spec.clients and spec.egress"

// policiesOpen is MO307: what each policy adds is what specs declare, and ends before other teams, the nodes, the metadata
// service and the internet.
func (w *world) policiesOpen(p *catalogue.Pass) {
	for _, n := range w.namespaces {
		for _, np := range n.policies {
			for _, s := range []side{ingress, egress} {
				d := w.declared(np.Unit, n, s)
				for i, r := range np.rules[s] {
					w.ruleOpen(p, n, np, s, d, i, r)
				}
			}
		}
		for _, o := range n.objects {
			if foreignPolicies[group(o)] && strings.HasSuffix(o.Kind, "Policy") {
				p.Warn(o, o.Kind+" of "+group(o)+" is not judged: what it opens is not known", "say it as a NetworkPolicy of networking.k8s.io, which every network plugin understands")
			}
		}
	}
}

// foreignPolicies are the groups of policies that Kubernetes itself does not have. They may open what others close.
var foreignPolicies = map[string]bool{"cilium.io": true, "projectcalico.org": true, "crd.projectcalico.org": true, "policy.networking.k8s.io": true, "security.antrea.io": true, "crd.antrea.io": true}

func (w *world) ruleOpen(p *catalogue.Pass, n *namespace, np *policy, s side, d declaration, i int, r rule) {
	path := []any{"spec", string(s), i}
	if len(r.peers) == 0 {
		p.Report(np.Object, fmt.Sprintf("the rule names nobody under %q, which means everybody: every pod, every node and the internet", s.peers()), declare, path...)
		return
	}
	for j, peer := range r.peers {
		at := in(path, s.peers(), j)
		switch {
		case peer.block:
			w.blockOpen(p, np, s, peer, d, in(at, "ipBlock"))
		case peer.namespaces != nil && !d.has(peer):
			w.namespacesOpen(p, n, np, peer, in(at, "namespaceSelector"))
		}
	}
}

// declaration is what specs allow on one side of a policy.
type declaration struct {
	peers     []spec.Peer
	addresses addresses
	// special addresses are named by themselves, such as that of a node-local DNS cache.
	special addresses
}

func (d *declaration) stores(list []spec.Store) {
	for _, s := range list {
		if s.Peer != nil {
			d.peers = append(d.peers, *s.Peer)
			continue
		}
		d.cidr(s.CIDR)
	}
}

func (d *declaration) cidr(s string) {
	a := cidr(s)
	d.addresses = d.addresses.union(a)
	if len(a.without(linkLocal)) == 0 {
		d.special = d.special.union(a)
	}
}

// has says whether a peer is one of those declared, or a part of one.
func (d declaration) has(p peer) bool {
	return slices.ContainsFunc(d.peers, func(of spec.Peer) bool {
		if name, ok := p.namespaces.RequiresExactMatch(metadataName); !ok || name != of.Namespace {
			return false
		}
		for k, v := range of.PodLabels {
			if got, ok := p.pods.RequiresExactMatch(k); !ok || got != v {
				return false
			}
		}
		return true
	})
}

// declared joins what the platform, the team and the model's release declare.
func (w *world) declared(u *manifest.Unit, n *namespace, s side) declaration {
	var d declaration
	network := w.network()
	serving := w.serving(u)
	if s == ingress {
		d.peers = slices.Concat(network.Gateways, serving.Clients)
		if u.Release != nil {
			d.peers = append(d.peers, u.Release.Spec.Platform.Gateways...)
		}
		if network.Monitoring != nil {
			d.peers = append(d.peers, *network.Monitoring)
		}
		return d
	}
	d.peers = []spec.Peer{dnsPeer(network.DNS)}
	d.cidr(network.NodeLocalDNS)
	d.stores(slices.Concat(network.ModelStores, w.tenancy(n.target).Network.ModelStores, serving.Egress))
	return d
}

// blockOpen judges a range of addresses. What is declared may be reached, but never the metadata service along with it.
func (w *world) blockOpen(p *catalogue.Pass, np *policy, s side, peer peer, d declaration, path []any) {
	rest := peer.addresses.without(d.addresses)
	if w.set.Platform == nil && !wide(peer.addresses) {
		rest = nil // nobody could have declared it
	}
	var covered []string
	for _, c := range []struct {
		what string
		of   addresses
	}{
		{"the metadata service, which gives out the node's credentials", peer.addresses.intersect(linkLocal).without(d.special)},
		{"pods of other teams, nodes and the API server", rest.intersect(private)},
		{"the internet", rest.intersect(public)},
	} {
		if len(c.of) > 0 {
			covered = append(covered, c.what+c.of.note())
		}
	}
	if len(covered) == 0 {
		return
	}
	reach := "reach"
	if s == ingress {
		reach = "be reached from"
	}
	p.Report(np.Object, fmt.Sprintf("by these addresses the pods can %s %s", reach, strings.Join(covered, ", ")),
		"narrow the range to what is needed, with except where it must be wide; "+declare, path...)
}

// wide ranges are those of which nobody owns all: more than a /8 of IPv4 or a /32 of IPv6.
func wide(a addresses) bool {
	return slices.ContainsFunc(a, func(r addressRange) bool {
		from, to := r.from.AsSlice(), r.to.AsSlice()
		if len(from) == 4 {
			return from[0] != to[0]
		}
		return string(from[:4]) != string(to[:4])
	})
}

// namespacesOpen judges a peer in other namespaces that nobody declared.
func (w *world) namespacesOpen(p *catalogue.Pass, n *namespace, np *policy, peer peer, path []any) {
	var others []string
	for _, o := range w.namespaces {
		if o != n && o.cluster == n.cluster && (o.target.Team != "" || w.set.Platform == nil) && peer.namespaces.Matches(labels.Set(o.labels)) {
			others = append(others, o.name)
		}
	}
	name, named := peer.namespaces.RequiresExactMatch(metadataName)
	if len(others) == 0 && named && name != n.name && w.tenantOf(name) != "" {
		others = append(others, name)
	}
	switch {
	case peer.namespaces.Empty():
		p.Report(np.Object, "the empty namespaceSelector takes in every namespace"+also(others), "select the namespace by the label "+metadataName+"; "+declare, path...)
	case peer.namespaces.Matches(labels.Set{}) || peer.namespaces.Matches(labels.Set{metadataName: "-"}):
		p.Report(np.Object, "the namespaceSelector takes in namespaces that nobody named"+also(others), "select the namespace by the label "+metadataName+"; "+declare, path...)
	case len(others) > 0:
		p.Report(np.Object, "it opens the way between the tenants "+n.name+" and "+some(others)+", which no spec declares", declare, path...)
	case np.Unit.Kind == manifest.Overlay && w.set.Platform != nil && name != n.name:
		p.Warn(np.Object, "no spec declares the peer "+peer.namespaces.String(), declare, path...)
	}
}

func also(others []string) string {
	if len(others) == 0 {
		return ""
	}
	return ", among them the tenants " + some(others)
}

// tenantOf gives the team of a namespace, or of a project of the same name; empty where it is no team's.
func (w *world) tenantOf(namespace string) string { return w.tenants[namespace] }

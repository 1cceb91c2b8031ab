package isolation

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/modelops/modelops/internal/validate/manifest"
)

// side of a connection that a policy judges.
type side string

const (
	ingress side = "ingress"
	egress  side = "egress"
)

// peers is the name of the field of a rule that lists the other ends.
func (s side) peers() string {
	if s == ingress {
		return "from"
	}
	return "to"
}

// policy is one NetworkPolicy, ready to be asked.
type policy struct {
	*manifest.Object
	pods  labels.Selector
	rules map[side][]rule // a side that the policy does not judge is missing
}

// rule allows; its position in the list is its place in the policy.
type rule struct {
	peers []peer // none means everybody
	// open are the ports by number, named those by name.
	open  Ports
	named []namedPort
}

type namedPort struct {
	name     string
	protocol corev1.Protocol
}

// peer is one other end: addresses, or pods.
type peer struct {
	addresses  addresses
	block      bool
	namespaces labels.Selector // nil means the policy's own namespace
	pods       labels.Selector
}

// compile reads a policy as the API server fills it in and as network plugins apply it.
func compile(o *manifest.Object, np networkingv1.NetworkPolicy) *policy {
	p := &policy{Object: o, pods: selector(&np.Spec.PodSelector), rules: map[side][]rule{}}
	types := np.Spec.PolicyTypes
	if len(types) == 0 {
		types = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(np.Spec.Egress) > 0 {
			types = append(types, networkingv1.PolicyTypeEgress)
		}
	}
	if slices.Contains(types, networkingv1.PolicyTypeIngress) {
		p.rules[ingress] = []rule{}
		for _, r := range np.Spec.Ingress {
			p.rules[ingress] = append(p.rules[ingress], compileRule(r.From, r.Ports))
		}
	}
	if slices.Contains(types, networkingv1.PolicyTypeEgress) {
		p.rules[egress] = []rule{}
		for _, r := range np.Spec.Egress {
			p.rules[egress] = append(p.rules[egress], compileRule(r.To, r.Ports))
		}
	}
	return p
}

func compileRule(peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) rule {
	r := rule{peers: compilePeers(peers)}
	if len(ports) == 0 {
		r.open = allPorts()
	}
	for _, p := range ports {
		var protocol corev1.Protocol
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		from, to := int32(1), int32(lastPort)
		switch {
		case p.Port == nil:
		case p.Port.Type == intstr.String:
			r.named = append(r.named, namedPort{p.Port.StrVal, protocol})
			continue
		default:
			from, to = p.Port.IntVal, p.Port.IntVal
			if p.EndPort != nil {
				to = *p.EndPort
			}
		}
		for i, some := range somePorts(protocol, from, to) {
			r.open[i] = append(r.open[i], some...)
		}
	}
	r.open = r.open.sorted()
	slices.SortFunc(r.named, func(a, b namedPort) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.protocol, b.protocol))
	})
	r.named = slices.Compact(r.named)
	return r
}

func compilePeers(list []networkingv1.NetworkPolicyPeer) []peer {
	var out []peer
	for _, np := range list {
		switch {
		case np.IPBlock != nil:
			out = append(out, peer{block: true, addresses: cidr(np.IPBlock.CIDR).without(cidrs(np.IPBlock.Except...))})
		case np.NamespaceSelector != nil:
			p := peer{namespaces: selector(np.NamespaceSelector), pods: labels.Everything()}
			if np.PodSelector != nil {
				p.pods = selector(np.PodSelector)
			}
			out = append(out, p)
		case np.PodSelector != nil:
			out = append(out, peer{pods: selector(np.PodSelector)})
		default:
			// The API server refuses a peer that names nothing. It is kept as one that matches nothing, since a rule
			// without peers would mean everybody.
			out = append(out, peer{pods: labels.Nothing()})
		}
	}
	return out
}

// selector reads a label selector: an empty one selects everything. What the API server refuses counts as everything
// too, as it is the careful answer to what a peer or a policy might take in.
func selector(s *metav1.LabelSelector) labels.Selector {
	out, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return labels.Everything()
	}
	return out
}

// selecting are the policies for pods with some labels.
func selecting(all []*policy, pod map[string]string) []*policy {
	var out []*policy
	for _, p := range all {
		if p.pods.Matches(labels.Set(pod)) {
			out = append(out, p)
		}
	}
	return out
}

// matches says whether a peer takes in a node, seen from a policy in a namespace.
func (p peer) matches(n *node, home string) bool {
	switch {
	case p.block:
		return n.addresses != nil && len(p.addresses.intersect(n.addresses)) > 0
	case n.addresses != nil:
		return false
	case p.namespaces == nil:
		return n.namespace == home && p.pods.Matches(labels.Set(n.labels))
	}
	return p.namespaces.Matches(labels.Set(n.namespaceLabels)) && p.pods.Matches(labels.Set(n.labels))
}

// takes says whether a rule takes in a node as its other end.
func (r rule) takes(n *node, home string) bool {
	for _, p := range r.peers {
		if p.matches(n, home) {
			return true
		}
	}
	return len(r.peers) == 0
}

// portsAt are the ports that a rule allows at the end where a connection arrives. The name of a port is that of a
// container's port there; where the containers are not known, it may be any.
func (r rule) portsAt(to *node) Ports {
	out := r.open
	if to.addresses == nil {
		for _, p := range r.named {
			out = out.union(to.named(p.name, p.protocol))
		}
	}
	return out
}

// isolated says whether any of the policies judges this side of a pod. One that none judges is open.
func isolated(n *node, s side) bool {
	if n.hostNetwork {
		return false
	}
	for _, p := range n.policies {
		if _, judges := p.rules[s]; judges {
			return true
		}
	}
	return false
}

// allowed are the ports on which the policies of a pod let it be connected with another node, on the pod's side alone.
func allowed(pod, other *node, s side) Ports {
	to := pod
	if s == egress {
		to = other
	}
	if pod.home == nil || !isolated(pod, s) {
		return allPorts()
	}
	var out Ports
	for _, p := range pod.policies {
		for _, r := range p.rules[s] {
			if r.takes(other, pod.namespace) {
				out = out.union(r.portsAt(to))
			}
		}
	}
	return out
}

// connected are the ports on which one node reaches another: what both ends allow. Policies only ever add.
func connected(from, to *node) Ports {
	if from.home != nil && to.home != nil && from.home.cluster != to.home.cluster {
		return Ports{}
	}
	return allowed(from, to, egress).intersect(allowed(to, from, ingress))
}

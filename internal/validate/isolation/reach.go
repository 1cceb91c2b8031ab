package isolation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/modelops/modelops/internal/validate/manifest"
	"github.com/modelops/modelops/render/spec"
)

// node is one end of connections: the pods of a workload, pods that the set does not contain, or addresses.
type node struct {
	name            string
	namespace       string
	namespaceLabels map[string]string
	labels          map[string]string
	// home and work of pods in the set; nil for what is outside of it.
	home        *namespace
	work        *workload
	ports       []corev1.ContainerPort
	hostNetwork bool
	// policies that select the pods.
	policies []*policy
	// dns says that it answers to DNS.
	dns bool
	// addresses of what is no pod.
	addresses addresses
}

// named are the container ports of a name. Those of pods outside of the set are not known, and may be any.
func (n *node) named(name string, protocol corev1.Protocol) Ports {
	if n.work == nil {
		return somePorts(protocol, 1, lastPort)
	}
	var out Ports
	for _, p := range n.ports {
		if p.Name == name && cmp.Or(p.Protocol, corev1.ProtocolTCP) == cmp.Or(protocol, corev1.ProtocolTCP) {
			out = out.union(somePorts(p.Protocol, p.ContainerPort, p.ContainerPort))
		}
	}
	return out
}

// The ends outside of the set that are there for every platform.
const (
	anyNamespace = "other namespaces"
	metadataEnd  = "metadata service"
	privateEnd   = "nodes and API server"
	internetEnd  = "internet"
)

// outsiders are the ends outside of the set: what the platform and its teams declare, an arbitrary pod of a namespace that
// nobody named, and the addresses that matter everywhere.
func (w *world) outsiders() []*node {
	network := w.network()
	dns := peerNode("DNS", dnsPeer(network.DNS))
	dns.dns = true
	out := []*node{dns}
	declared := cidrs(network.NodeLocalDNS)
	if declared != nil {
		out = append(out, &node{name: "node-local DNS", addresses: declared, dns: true})
	}
	if network.Monitoring != nil {
		out = append(out, peerNode("monitoring", *network.Monitoring))
	}
	for _, g := range network.Gateways {
		out = append(out, peerNode("gateway", g))
	}
	for _, s := range w.stores() {
		if s.Peer != nil {
			out = append(out, peerNode("store", *s.Peer))
		} else {
			out = append(out, &node{name: "store " + s.CIDR, addresses: cidr(s.CIDR)})
			declared = declared.union(cidr(s.CIDR))
		}
	}
	return append(out,
		&node{name: anyNamespace, namespace: "-", namespaceLabels: map[string]string{}, labels: map[string]string{}},
		&node{name: metadataEnd, addresses: linkLocal.without(declared)},
		&node{name: privateEnd, addresses: private.without(declared)},
		&node{name: internetEnd, addresses: public.without(declared)})
}

// network is what the platform declares; nothing where there is no platform.
func (w *world) network() spec.NetworkSpec {
	if w.set.Platform == nil {
		return spec.NetworkSpec{}
	}
	return w.set.Platform.Spec.Network
}

// dnsPeer is the cluster's DNS as the platform's spec documents its default.
func dnsPeer(p *spec.Peer) spec.Peer {
	if p != nil {
		return *p
	}
	return spec.Peer{Namespace: "kube-system", PodLabels: map[string]string{"k8s-app": "kube-dns"}}
}

// stores of the platform and of all teams, each once.
func (w *world) stores() []spec.Store {
	var out []spec.Store
	add := func(list []spec.Store) {
		for _, s := range list {
			if !slices.ContainsFunc(out, func(o spec.Store) bool { return storeKey(o) == storeKey(s) }) {
				out = append(out, s)
			}
		}
	}
	add(w.network().ModelStores)
	for _, n := range w.namespaces {
		add(w.tenancy(n.target).Network.ModelStores)
	}
	return out
}

func storeKey(s spec.Store) string {
	if s.Peer == nil {
		return s.CIDR
	}
	return s.Peer.Namespace + fmt.Sprint(s.Peer.PodLabels)
}

// tenancy is what a team may use in an environment, as far as its spec was read.
func (w *world) tenancy(t spec.Target) spec.Tenancy {
	team := w.set.Teams[t.Team]
	if team == nil {
		return spec.Tenancy{}
	}
	out, err := team.Spec.For(t.Env)
	if err != nil {
		return spec.Tenancy{}
	}
	return out
}

// peerNode is any pod of a declared peer.
func peerNode(what string, p spec.Peer) *node {
	return &node{name: what + " (" + p.Namespace + ")", namespace: p.Namespace, namespaceLabels: map[string]string{metadataName: p.Namespace}, labels: p.PodLabels}
}

// Connection is one way that the policies leave open: by the policies of both ends, where both are pods of the set.
type Connection struct {
	From  string
	To    string
	Ports Ports
	// Addresses that are reached, where the end is not reached as a whole.
	Addresses string

	from, to *node
}

// Matrix says who reaches whom.
type Matrix struct {
	// Ends are the pods of the set, as NAMESPACE/WORKLOAD, and then what is outside of it.
	Ends []string
	// Connections that are open, by their ends. What is not listed is closed.
	Connections []Connection
	// Cut says that there are more connections than are listed: the set is as good as open.
	Cut bool

	ends []*node
}

// maxConnections bounds a matrix: a thousand models that all reach each other are a million ways, which nobody reads.
const maxConnections = 1 << 17

// Reachability computes who reaches whom from the NetworkPolicies of the set, as a network plugin applies them.
func Reachability(set *manifest.Set) *Matrix { return newWorld(set).matrix() }

func (w *world) matrix() *Matrix {
	m := &Matrix{}
	for _, n := range w.namespaces {
		m.ends = append(m.ends, n.pods...)
	}
	m.ends = append(m.ends, w.outside...)
	for _, n := range m.ends {
		m.Ends = append(m.Ends, n.name)
	}
	var doors []door
	for _, n := range w.namespaces {
		doors = append(doors, n.door())
	}
	for _, n := range w.namespaces {
		var candidates []*node
		for _, d := range doors {
			if d.letsIn(n) {
				candidates = append(candidates, d.pods...)
			}
		}
		candidates = append(candidates, w.outside...)
		for _, from := range n.pods {
			m.add(from, candidates)
		}
	}
	for _, from := range w.outside {
		for _, n := range w.namespaces {
			m.add(from, n.pods)
		}
	}
	return m
}

// add lists the ways from one end to some others.
func (m *Matrix) add(from *node, candidates []*node) {
	for _, to := range candidates {
		open := connected(from, to)
		switch {
		case from == to || open.Empty():
		case len(m.Connections) == maxConnections:
			m.Cut = true
			return
		default:
			m.Connections = append(m.Connections, Connection{From: from.name, To: to.name, Ports: open, Addresses: partOf(from, to), from: from, to: to})
		}
	}
}

// door is how a namespace is open to others: to all of them, or to those that a peer of a policy selects. Most namespaces
// let in nobody of most others, which shows without a look at each pod.
type door struct {
	*namespace
	all   bool
	peers []labels.Selector
}

func (n *namespace) door() door {
	d := door{namespace: n, all: slices.ContainsFunc(n.pods, func(pod *node) bool { return !isolated(pod, ingress) })}
	for _, p := range n.policies {
		for _, r := range p.rules[ingress] {
			d.all = d.all || len(r.peers) == 0
			for _, peer := range r.peers {
				if peer.namespaces != nil {
					d.peers = append(d.peers, peer.namespaces)
				}
			}
		}
	}
	return d
}

// letsIn says whether any pod might let in one of another namespace.
func (d door) letsIn(from *namespace) bool {
	return d.all || d.namespace == from || slices.ContainsFunc(d.peers, func(s labels.Selector) bool { return s.Matches(labels.Set(from.labels)) })
}

// partOf says which addresses of an end are reached, where it is not all of them.
func partOf(from, to *node) string {
	pod, end, s := from, to, egress
	if to.addresses == nil {
		pod, end, s = to, from, ingress
	}
	if end.addresses == nil || !isolated(pod, s) {
		return ""
	}
	var reached addresses
	for _, p := range pod.policies {
		for _, r := range p.rules[s] {
			if len(r.peers) == 0 {
				return ""
			}
			for _, peer := range r.peers {
				reached = reached.union(peer.addresses.intersect(end.addresses))
			}
		}
	}
	if len(end.addresses.without(reached)) == 0 {
		return ""
	}
	return reached.String()
}

// Text is the matrix for people: first namespaces against each other and what is outside, with the number of ways between
// them, then each way that leads out of or into a namespace.
func (m *Matrix) Text() string {
	var places []string
	count := map[[2]string]int{}
	for _, n := range m.ends {
		if p := n.place(); !slices.Contains(places, p) {
			places = append(places, p)
		}
	}
	for _, c := range m.Connections {
		count[[2]string{c.from.place(), c.to.place()}]++
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "FROM \\ TO")
	for i := range places {
		fmt.Fprintf(t, "\t%d", i+1)
	}
	fmt.Fprintln(t, "\t")
	for i, from := range places {
		fmt.Fprintf(t, "%d %s", i+1, from)
		for _, to := range places {
			cell := "."
			if n := count[[2]string{from, to}]; n > 0 {
				cell = fmt.Sprint(n)
			}
			fmt.Fprintf(t, "\t%s", cell)
		}
		fmt.Fprintln(t, "\t")
	}
	fmt.Fprintln(t)
	for _, c := range m.Connections {
		way := c.To
		if c.Addresses != "" {
			way += " (" + c.Addresses + ")"
		}
		fmt.Fprintf(t, "%s\t-> %s\t%s\t\n", c.From, way, c.Ports)
	}
	t.Flush()
	if m.Cut {
		b.WriteString("... and more: everybody reaches everybody\n")
	}
	return trimmed(b.String())
}

// place is the namespace of pods in the set, and otherwise the end itself.
func (n *node) place() string {
	if n.home != nil {
		return n.namespace
	}
	return n.name
}

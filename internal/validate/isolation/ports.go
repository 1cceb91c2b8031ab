package isolation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Ports are sets of ports, one for each protocol that network policies know.
type Ports [3][]portRange

type portRange struct{ from, to int32 }

var protocols = [3]corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}

const lastPort = 65535

// allPorts of all protocols.
func allPorts() Ports {
	every := []portRange{{1, lastPort}}
	return Ports{every, every, every}
}

// somePorts of one protocol; TCP where none is named, as in a policy. A protocol that policies do not know has none.
func somePorts(protocol corev1.Protocol, from, to int32) Ports {
	var out Ports
	if i := slices.Index(protocols[:], cmp.Or(protocol, corev1.ProtocolTCP)); i >= 0 && from <= to {
		out[i] = []portRange{{from, to}}
	}
	return out
}

// Empty says that there is none.
func (p Ports) Empty() bool { return len(p[0])+len(p[1])+len(p[2]) == 0 }

func (p Ports) union(q Ports) Ports {
	for i := range p {
		p[i] = slices.Concat(p[i], q[i])
	}
	return p.sorted()
}

// sorted joins ranges that touch.
func (p Ports) sorted() Ports {
	var out Ports
	for i, all := range p {
		slices.SortFunc(all, func(a, b portRange) int { return cmp.Compare(a.from, b.from) })
		for _, r := range all {
			if n := len(out[i]); n > 0 && r.from <= out[i][n-1].to+1 {
				out[i][n-1].to = max(out[i][n-1].to, r.to)
			} else {
				out[i] = append(out[i], r)
			}
		}
	}
	return out
}

func (p Ports) intersect(q Ports) Ports {
	var out Ports
	for i := range p {
		for a, b := p[i], q[i]; len(a) > 0 && len(b) > 0; {
			if r := (portRange{max(a[0].from, b[0].from), min(a[0].to, b[0].to)}); r.from <= r.to {
				out[i] = append(out[i], r)
			}
			if a[0].to < b[0].to {
				a = a[1:]
			} else {
				b = b[1:]
			}
		}
	}
	return out
}

// covers says whether all ports of q are in p.
func (p Ports) covers(q Ports) bool { return p.intersect(q).String() == q.union(Ports{}).String() }

// String is "TCP 53,8080-8090 UDP 53", or "all".
func (p Ports) String() string {
	if slices.EqualFunc(p[:], ports(allPorts()), slices.Equal) {
		return "all"
	}
	var out []string
	for i, ranges := range p {
		var names []string
		for _, r := range ranges {
			switch {
			case r == portRange{1, lastPort}:
				names = append(names, "all")
			case r.from == r.to:
				names = append(names, fmt.Sprint(r.from))
			default:
				names = append(names, fmt.Sprintf("%d-%d", r.from, r.to))
			}
		}
		if len(names) > 0 {
			out = append(out, string(protocols[i])+" "+strings.Join(names, ","))
		}
	}
	return strings.Join(out, " ")
}

func ports(p Ports) [][]portRange { return p[:] }

package isolation

import (
	"cmp"
	"net/netip"
	"slices"
)

// addresses is a set of IP addresses: ranges of one family each, in order, that do not touch.
type addresses []addressRange

type addressRange struct{ from, to netip.Addr }

// cidr gives the addresses of a range in CIDR notation, and none for what is no such range.
func cidr(s string) addresses {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return nil
	}
	p = p.Masked()
	last := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(last)*8; bit++ {
		last[bit/8] |= 1 << (7 - bit%8)
	}
	to, _ := netip.AddrFromSlice(last)
	return addresses{{p.Addr(), to}}
}

func cidrs(list ...string) addresses {
	var out addresses
	for _, s := range list {
		out = append(out, cidr(s)...)
	}
	return out.union(nil)
}

func (a addresses) union(b addresses) addresses {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y addressRange) int { return cmp.Or(x.from.Compare(y.from), x.to.Compare(y.to)) })
	var out addresses
	for _, r := range all {
		n := len(out) - 1
		if n >= 0 && out[n].from.BitLen() == r.from.BitLen() && (out[n].to.Compare(r.from) >= 0 || out[n].to.Next() == r.from) {
			if out[n].to.Less(r.to) {
				out[n].to = r.to
			}
			continue
		}
		out = append(out, r)
	}
	return out
}

// intersect walks along both sets, which are in order: addresses of IPv4 come before those of IPv6.
func (a addresses) intersect(b addresses) addresses {
	var out addresses
	for len(a) > 0 && len(b) > 0 {
		r := addressRange{later(a[0].from, b[0].from), a[0].to}
		if b[0].to.Less(r.to) {
			r.to = b[0].to
		}
		if a[0].from.BitLen() == b[0].from.BitLen() && !r.to.Less(r.from) {
			out = append(out, r)
		}
		if a[0].to.Less(b[0].to) {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return out
}

func later(a, b netip.Addr) netip.Addr {
	if a.Less(b) {
		return b
	}
	return a
}

// without takes the addresses of b out.
func (a addresses) without(b addresses) addresses { return a.intersect(b.others()) }

// others are all addresses that are not in the set.
func (a addresses) others() addresses {
	var out addresses
	for _, of := range everywhere {
		next := of.from
		for _, r := range a {
			if r.from.BitLen() != of.from.BitLen() {
				continue
			}
			if next.Less(r.from) {
				out = append(out, addressRange{next, r.from.Prev()})
			}
			next = r.to.Next() // not valid after the last one
		}
		if next.IsValid() {
			out = append(out, addressRange{next, of.to})
		}
	}
	return out
}

// String lists the ranges.
func (a addresses) String() string {
	var out []string
	for _, r := range a {
		if r.from == r.to {
			out = append(out, r.from.String())
		} else {
			out = append(out, r.from.String()+"-"+r.to.String())
		}
	}
	return some(out)
}

// note is what is said of addresses in brackets; nothing where there are too many ranges to be told.
func (a addresses) note() string {
	const few = 2
	if len(a) > few {
		return ""
	}
	return " (" + a.String() + ")"
}

// The ranges that have a meaning everywhere.
var (
	everywhere = slices.Concat(cidr("0.0.0.0/0"), cidr("::/0"))
	// linkLocal holds the metadata services of the clouds, which give out the node's credentials: 169.254.169.254 and
	// its like; those of Alibaba and of AWS over IPv6 lie elsewhere.
	linkLocal = cidrs("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32")
	// private ranges hold nodes, pods, Services and mostly the API server.
	private = cidrs("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7").without(linkLocal)
	// nowhere is what no packet is routed to: this host, documentation is left in, as examples use it.
	nowhere = cidrs("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "ff00::/8")
	public  = everywhere.without(linkLocal).without(private).without(nowhere)
)

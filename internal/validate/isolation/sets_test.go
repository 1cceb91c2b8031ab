package isolation

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// TestPortSets compares the sets of ports with plain maps.
func TestPortSets(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	members := func(p Ports) map[[2]int32]bool {
		out := map[[2]int32]bool{}
		for i, ranges := range p {
			for _, x := range ranges {
				for n := x.from; n <= x.to; n++ {
					out[[2]int32{int32(i), n}] = true
				}
			}
		}
		return out
	}
	random := func() Ports {
		var p Ports
		for range r.IntN(5) {
			from := r.Int32N(30)
			p = p.union(somePorts(protocols[r.IntN(3)], from, from+r.Int32N(6)-1))
		}
		return p
	}
	for range 200 {
		a, b := random(), random()
		union, both := members(a.union(b)), members(a.intersect(b))
		for i := range int32(3) {
			for n := range int32(40) {
				k := [2]int32{i, n}
				if union[k] != (members(a)[k] || members(b)[k]) || both[k] != (members(a)[k] && members(b)[k]) {
					t.Fatalf("%s and %s: union %s, both %s", a, b, a.union(b), a.intersect(b))
				}
			}
		}
		if a.covers(b) != (len(members(a.intersect(b))) == len(members(b))) {
			t.Fatalf("%s covers %s: %v", a, b, a.covers(b))
		}
	}
}

// TestAddressSets compares the sets of addresses with the library's own answer for each address of a small world.
func TestAddressSets(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	prefix := func() netip.Prefix {
		if r.IntN(4) == 0 {
			return netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 15: byte(r.IntN(256))}), 120+r.IntN(9))
		}
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(256))}), 24+r.IntN(9))
	}
	for range 20 {
		var sets [2]addresses
		var prefixes [2][]netip.Prefix
		for i := range sets {
			for range r.IntN(4) {
				p := prefix()
				sets[i], prefixes[i] = sets[i].union(cidr(p.String())), append(prefixes[i], p)
			}
		}
		has := func(set addresses, a netip.Addr) bool {
			return len(set.intersect(cidr(netip.PrefixFrom(a, a.BitLen()).String()))) > 0
		}
		in := func(i int, a netip.Addr) bool {
			for _, p := range prefixes[i] {
				if p.Contains(a) {
					return true
				}
			}
			return false
		}
		for n := range 256 {
			for _, a := range []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), netip.AddrFrom16([16]byte{0xfd, 15: byte(n)})} {
				if has(sets[0].union(sets[1]), a) != (in(0, a) || in(1, a)) || has(sets[0].intersect(sets[1]), a) != (in(0, a) && in(1, a)) || has(sets[0].without(sets[1]), a) != (in(0, a) && !in(1, a)) {
					t.Fatalf("%s of %v and %v", a, prefixes[0], prefixes[1])
				}
			}
		}
	}
}

package odb

import (
	"math/bits"
	"strings"
)

// bloomLayer are the filters of changed paths in one commit-graph file. For each commit there is one that holds every
// path that differs from its first parent, and every folder above them: what it does not hold did not change.
type bloomLayer struct {
	version, hashes uint32
	index, data     []byte
}

const bloomHeader = 12

// parseBlooms returns nil where there are no filters, or none that can be read.
func parseBlooms(index, data []byte, count uint32) *bloomLayer {
	if uint64(len(index)) != 4*uint64(count) || len(data) < bloomHeader {
		return nil
	}
	b := &bloomLayer{version: be32(data), hashes: be32(data[4:]), index: index, data: data[bloomHeader:]}
	if b.version != 1 && b.version != 2 || b.hashes == 0 || b.hashes > 64 {
		return nil
	}
	return b
}

// filter returns the bits of one commit; none where git wrote no filter for it.
func (b *bloomLayer) filter(i uint32) []byte {
	from, to := uint32(0), be32(b.index[4*i:])
	if i > 0 {
		from = be32(b.index[4*(i-1):])
	}
	if from > to || uint64(to) > uint64(len(b.data)) {
		return nil
	}
	return b.data[from:to]
}

// bloomKey is a path as the filters know it.
type bloomKey struct {
	first, step uint32
	ascii       bool
}

func newBloomKey(path string) bloomKey {
	k := bloomKey{murmur3(0x293ae76f, path), murmur3(0x7e646e2c, path), true}
	for i := range len(path) {
		k.ascii = k.ascii && path[i] < 0x80
	}
	return k
}

// holds says whether the path may be in a filter.
func (k bloomKey) holds(filter []byte, hashes uint32) bool {
	size := uint64(len(filter)) * 8
	for i := range hashes {
		bit := uint64(k.first+i*k.step) % size
		if filter[bit/8]>>(bit%8)&1 == 0 {
			return false
		}
	}
	return true
}

// BloomPaths are watched paths, each with every folder above it.
type BloomPaths [][]bloomKey

// NewBloomPaths takes the paths that a walk looks at; the root among them makes the filters of no use.
func NewBloomPaths(paths []string) BloomPaths {
	var out BloomPaths
	for _, p := range paths {
		if p == "" || p == "." {
			return nil // everything is below the root
		}
		keys := []bloomKey{newBloomKey(p)}
		for i := strings.LastIndexByte(p, '/'); i > 0; i = strings.LastIndexByte(p[:i], '/') {
			keys = append(keys, newBloomKey(p[:i]))
		}
		out = append(out, keys)
	}
	return out
}

// Unchanged says that a commit certainly left all the paths as its first parent has them.
func (ps BloomPaths) Unchanged(l Link) bool {
	if l.graph == nil || len(ps) == 0 {
		return false
	}
	layer, i, ok := l.graph.layer(l.at)
	if !ok || layer.blooms == nil {
		return false
	}
	filter := layer.blooms.filter(i)
	if len(filter) == 0 {
		return false
	}
	for _, keys := range ps {
		if layer.blooms.mayHold(filter, keys) {
			return false
		}
	}
	return true
}

// mayHold is true unless one of the keys is missing. Filters of version 1 hashed other bytes than ASCII wrongly, and
// differently on machines with other chars; they are not asked about such paths.
func (b *bloomLayer) mayHold(filter []byte, keys []bloomKey) bool {
	for _, k := range keys {
		if (k.ascii || b.version > 1) && !k.holds(filter, b.hashes) {
			return false
		}
	}
	return true
}

// murmur3 is the hash that the filters are made with, in its form for 32 bits.
func murmur3(seed uint32, s string) uint32 {
	const c1, c2 = 0xcc9e2d51, 0x1b873593
	mix := func(k uint32) uint32 { return bits.RotateLeft32(k*c1, 15) * c2 }
	h, rest := seed, s
	for ; len(rest) >= 4; rest = rest[4:] {
		k := uint32(rest[0]) | uint32(rest[1])<<8 | uint32(rest[2])<<16 | uint32(rest[3])<<24
		h = bits.RotateLeft32(h^mix(k), 13)*5 + 0xe6546b64
	}
	var k uint32
	for i := len(rest) - 1; i >= 0; i-- {
		k = k<<8 | uint32(rest[i])
	}
	h ^= mix(k)
	h ^= uint32(len(s))
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}
